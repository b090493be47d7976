# SPDX-License-Identifier: Apache-2.0
# generated/build_info.h: version, commit, compiler; refreshed at each build.
add_custom_target(build_info
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    "-DBUILD=${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${ASRUN_SANITIZE}"
    -DOUT=${PROJECT_BINARY_DIR}/generated/build_info.h
    -P ${PROJECT_SOURCE_DIR}/cmake/build_info.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/build_info.h)
add_dependencies(asrun build_info)

# generated/NAME.h for each data file that the program carries: tools/embed turns it into an array.
function(embed file name)
  set(out ${PROJECT_BINARY_DIR}/generated/${name}.h)
  add_custom_command(OUTPUT ${out}
    COMMAND ${PROJECT_SOURCE_DIR}/tools/embed ${PROJECT_SOURCE_DIR}/${file} ${name} ${out}
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/tools/embed)
  target_sources(asrun PRIVATE ${out})
endfunction()
include(cmake/embedded.cmake)
