# SPDX-License-Identifier: Apache-2.0
# libasrun-cupti.so, loaded into CUDA processes (docs/gpu.md). Only headers are needed: CUPTI and the driver are
# opened at run time. Its part that knows no CUDA is built, and tested, everywhere.
add_library(collect STATIC inject/collect.c lib/record/kernels.c)
set_target_properties(collect PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(collect PUBLIC inject PRIVATE lib)
target_link_libraries(collect PRIVATE project_flags Threads::Threads)

find_path(CUPTI_INCLUDE cupti.h PATHS $ENV{CUDA_HOME}/include $ENV{CUDA_HOME}/extras/CUPTI/include
  /usr/local/cuda/include /usr/local/cuda/extras/CUPTI/include)
find_path(CUDA_INCLUDE cuda.h PATHS $ENV{CUDA_HOME}/include /usr/local/cuda/include)
if(CUPTI_INCLUDE AND CUDA_INCLUDE)
  option(ASRUN_CUPTI "build libasrun-cupti.so" ON)
else()
  option(ASRUN_CUPTI "build libasrun-cupti.so" OFF)
  message(STATUS "no cupti.h or no cuda.h (CUPTI_INCLUDE, CUDA_INCLUDE): libasrun-cupti.so is not built")
endif()
if(ASRUN_CUPTI)
  add_library(asrun_cupti MODULE inject/cupti.c)
  set_target_properties(asrun_cupti PROPERTIES OUTPUT_NAME asrun-cupti C_VISIBILITY_PRESET hidden)
  target_include_directories(asrun_cupti SYSTEM PRIVATE ${CUPTI_INCLUDE} ${CUDA_INCLUDE})
  target_link_libraries(asrun_cupti PRIVATE collect project_flags Threads::Threads ${CMAKE_DL_LIBS})
endif()
