# SPDX-License-Identifier: Apache-2.0
# What every target is compiled with, and the sanitizer and fuzzing switches of the presets.
set(CMAKE_C_STANDARD 17 CACHE STRING "17 or 23 (gnu2x)")
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(ASRUN_SANITIZE "" CACHE STRING "passed to -fsanitize=, for instance address,undefined")
option(ASRUN_COVERAGE "instrument for gcov" OFF)
option(ASRUN_FUZZ "build fuzz targets with libFuzzer (clang)" OFF)

add_library(project_flags INTERFACE)
target_compile_definitions(project_flags INTERFACE _GNU_SOURCE)
target_compile_options(project_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith
  -Wcast-qual -Wwrite-strings -Wundef -Wformat=2
  # clang takes the NAN and INFINITY of math.h for floats that grow
  $<$<C_COMPILER_ID:GNU>:-Wdouble-promotion>
  -fno-strict-aliasing -ffp-contract=off -fno-common)
if(ASRUN_SANITIZE)
  target_compile_options(project_flags INTERFACE
    -fsanitize=${ASRUN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(project_flags INTERFACE -fsanitize=${ASRUN_SANITIZE})
endif()
if(ASRUN_COVERAGE)
  target_compile_options(project_flags INTERFACE --coverage)
  target_link_options(project_flags INTERFACE --coverage)
endif()
if(ASRUN_FUZZ)
  target_compile_options(project_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
