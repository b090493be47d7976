# SPDX-License-Identifier: Apache-2.0
install(TARGETS asrun_program asrun)
install(DIRECTORY include/asrun TYPE INCLUDE)
file(GLOB MAN_PAGES CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${MAN_PAGES} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY schema/ DESTINATION ${CMAKE_INSTALL_DATADIR}/asrun/schema)
install(DIRECTORY targets/llm DESTINATION ${CMAKE_INSTALL_DATADIR}/asrun/targets)
# Relative to where the file itself is found, so that the tree can be installed under any prefix.
file(RELATIVE_PATH PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
configure_file(cmake/asrun.pc.in asrun.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/asrun.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
