# SPDX-License-Identifier: Apache-2.0
# One executable a test file; every file found is a test: none can be forgotten.
#   tests/unit/MODULE/test_X.c -> unit.MODULE.X      tests/sim/test_X.c -> sim.X
#   tests/fuzz/fuzz_X.c        -> fuzz.X (replays tests/fuzz/corpus/X; libFuzzer in preset fuzz)
#   tests/e2e/X.sh             -> e2e.X              tools/check-X      -> check.X
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

add_library(harness STATIC tests/harness/fault.c)
target_include_directories(harness PUBLIC tests)
target_link_libraries(harness PUBLIC asrun collect PkgConfig::CMOCKA)
target_link_options(harness PUBLIC -Wl,-u,__wrap_malloc # or a test that makes nothing fail does not link
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup,--wrap=aligned_alloc)

# Libraries that tests load in place of one that may not be here.
foreach(name blas cuda)
  add_library(${name}_double MODULE tests/doubles/${name}.c)
  target_link_libraries(${name}_double PRIVATE project_flags)
endforeach()
# GPU libraries with planted values, found by their soname.
add_library(nvml_double SHARED tests/doubles/nvml.c)
set_target_properties(nvml_double PROPERTIES OUTPUT_NAME nvidia-ml SOVERSION 1)
add_library(rsmi_double SHARED tests/doubles/rsmi.c)
set_target_properties(rsmi_double PROPERTIES OUTPUT_NAME rocm_smi64 SOVERSION 7)
foreach(name nvml rsmi)
  target_link_libraries(${name}_double PRIVATE project_flags)
  set_target_properties(${name}_double PROPERTIES C_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/gpu_doubles)
  add_dependencies(harness ${name}_double)
endforeach()
if(ASRUN_CUPTI)
  add_library(cupti_double SHARED tests/doubles/cupti.c)
  target_include_directories(cupti_double SYSTEM PRIVATE ${CUPTI_INCLUDE} ${CUDA_INCLUDE})
  target_link_libraries(cupti_double PRIVATE project_flags)
  set_target_properties(cupti_double PROPERTIES OUTPUT_NAME cupti SOVERSION 13
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/gpu_doubles)
endif()
target_compile_definitions(harness PUBLIC GPU_DOUBLES="${PROJECT_BINARY_DIR}/gpu_doubles")

set(TEST_ENV
  BLAS_DOUBLE=$<TARGET_FILE:blas_double> CUDA_DOUBLE=$<TARGET_FILE:cuda_double>
  ASRUN=$<TARGET_FILE:asrun_program> SOURCE=${PROJECT_SOURCE_DIR} BUILD=${PROJECT_BINARY_DIR}
  SHARED=${PROJECT_SOURCE_DIR}/../shared REFSERVER=${PROJECT_BINARY_DIR}/refserver
  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
  TSAN_OPTIONS=halt_on_error=1:suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp
  LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp)

function(unit_test file name)
  string(REPLACE "." "_" target ${name})
  add_executable(test_${target} ${file})
  target_link_libraries(test_${target} PRIVATE harness)
  add_test(NAME ${name} COMMAND test_${target})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS unit
    ENVIRONMENT "${TEST_ENV}")
endfunction()

file(GLOB UNIT_TESTS CONFIGURE_DEPENDS tests/unit/*/test_*.c)
foreach(file ${UNIT_TESTS})
  get_filename_component(dir ${file} DIRECTORY)
  get_filename_component(module ${dir} NAME)
  get_filename_component(base ${file} NAME_WE)
  string(REGEX REPLACE "^test_" "" base ${base})
  unit_test(${file} unit.${module}.${base})
endforeach()

file(GLOB SIM_TESTS CONFIGURE_DEPENDS tests/sim/test_*.c)
foreach(file ${SIM_TESTS})
  get_filename_component(base ${file} NAME_WE)
  string(REGEX REPLACE "^test_" "" base ${base})
  unit_test(${file} sim.${base})
endforeach()

# Another HTTP parser to compare with, built from source (Debian: node-llhttp); without it, less is tested.
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp)
find_path(LLHTTP_SOURCE api.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)

file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
if(LLHTTP_INCLUDE AND LLHTTP_SOURCE)
  add_library(llhttp STATIC ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c ${LLHTTP_SOURCE}/llhttp.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  target_compile_options(llhttp PRIVATE -w)
else()
  list(FILTER FUZZ_TARGETS EXCLUDE REGEX llhttp)
  message(STATUS "no llhttp sources (node-llhttp): HTTP parsing is not compared with another parser")
endif()
foreach(file ${FUZZ_TARGETS})
  get_filename_component(target ${file} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" base ${target})
  add_executable(${target} ${file})
  target_link_libraries(${target} PRIVATE asrun $<$<STREQUAL:${base},http1_llhttp>:llhttp>)
  if(ASRUN_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE tests/fuzz/replay.c)
    add_test(NAME fuzz.${base} COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${base})
    set_tests_properties(fuzz.${base} PROPERTIES TIMEOUT 120 LABELS fuzz ENVIRONMENT "${TEST_ENV}")
  endif()
endforeach()

file(GLOB SERVER_SOURCES CONFIGURE_DEPENDS tests/server/*.c)
if(SERVER_SOURCES)
  add_executable(refserver ${SERVER_SOURCES})
  target_link_libraries(refserver PRIVATE asrun)
endif()

file(GLOB E2E_TESTS CONFIGURE_DEPENDS tests/e2e/*.sh)
foreach(file ${E2E_TESTS})
  get_filename_component(base ${file} NAME_WE)
  file(STRINGS ${file} timed REGEX "^# timed")
  if(timed)
    set(alone ON)
  else()
    set(alone OFF)
  endif()
  add_test(NAME e2e.${base} COMMAND bash ${file})
  set_tests_properties(e2e.${base} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 LABELS e2e
    ENVIRONMENT "${TEST_ENV}" RUN_SERIAL ${alone})
endforeach()

file(GLOB CHECKS CONFIGURE_DEPENDS tools/check-*)
foreach(file ${CHECKS})
  get_filename_component(base ${file} NAME)
  string(REGEX REPLACE "^check-" "" base ${base})
  add_test(NAME check.${base} COMMAND ${file} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(check.${base} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS check
    ENVIRONMENT "${TEST_ENV}")
endforeach()

file(GLOB BENCHES CONFIGURE_DEPENDS bench/*.c)
foreach(file ${BENCHES})
  get_filename_component(base ${file} NAME_WE)
  add_executable(bench_${base} ${file})
  target_link_libraries(bench_${base} PRIVATE asrun)
endforeach()
# As STREAM is built; and it is not to be compared with a build without optimisation.
set_source_files_properties(bench/envelope_reference.c PROPERTIES COMPILE_OPTIONS -O3)
