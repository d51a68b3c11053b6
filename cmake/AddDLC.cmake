# The only place that knows how MLIR, LLVM and ONNX are found and linked.
# One mode: Debian's shared libMLIR and libLLVM. The static .a files must never
# be linked beside them (two copies of every global).

find_package(MLIR 22.1 REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Debian's protobuf has no CMake config, which ONNXConfig.cmake insists on: find
# protobuf by CMake's module and take ONNX's targets themselves.
find_package(Protobuf REQUIRED MODULE)
find_file(DLC_ONNX_TARGETS ONNXTargets.cmake REQUIRED PATH_SUFFIXES lib/cmake/ONNX cmake/ONNX
          DOC "ONNXTargets.cmake of an installed libonnx (tools/setup.sh builds one)")
include(${DLC_ONNX_TARGETS})
find_package(Threads REQUIRED)

option(DLC_USE_CCACHE "Compile through ccache when it is installed" ON)
find_program(DLC_CCACHE ccache)
if(DLC_USE_CCACHE AND DLC_CCACHE)
  set(DLC_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                   CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${DLC_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${DLC_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DLC_LAUNCHER})
endif()
set(DLC_SANITIZE "" CACHE STRING "Value for -fsanitize= (for example address,undefined)")

separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_definitions(${LLVM_DEFINITIONS_LIST})

# Compile options that every C++ target of the project shares.
add_library(dlc_options INTERFACE)
target_compile_options(dlc_options INTERFACE -Wall -Wextra -Wno-unused-parameter
  -Wno-deprecated-declarations # libstdc++'s stable_sort
  $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
if(DLC_SANITIZE)
  target_compile_options(dlc_options INTERFACE -fsanitize=${DLC_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(dlc_options INTERFACE -fsanitize=${DLC_SANITIZE})
endif()

# Everything that includes MLIR headers: no RTTI, no exceptions (as Debian's
# libraries), one precompiled header for all.
add_library(dlc_mlir INTERFACE)
target_include_directories(dlc_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
# -O1: the compiler's time is spent in libMLIR and libLLVM, not in our code, and
# builds take half as long.
target_compile_options(dlc_mlir INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -fno-exceptions>
                       $<$<CONFIG:Release>:-O1>)
target_link_libraries(dlc_mlir INTERFACE dlc_options MLIR LLVM)

add_library(dlc_pch STATIC ${PROJECT_SOURCE_DIR}/cmake/Pch.cpp)
target_link_libraries(dlc_pch PRIVATE dlc_mlir)
target_compile_options(dlc_pch PRIVATE -Xclang -fno-pch-timestamp)
# Several checkouts on one machine may share a prebuilt header (same flags), so
# that ccache finds what another one has compiled.
find_file(DLC_PREBUILT_PCH Pch.h.pch PATHS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES pch NO_DEFAULT_PATH)
if(DLC_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  set(DLC_PREBUILT_PCH "")
endif()
if(NOT DLC_PREBUILT_PCH)
  target_precompile_headers(dlc_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Pch.h)
endif()

# Gives a target the options and the header of the compiler libraries.
function(dlc_use_pch name)
  # -fPIC also where CMake says -fPIE (executables): the header is shared
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fPIC>
                         $<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>)
  if(DLC_PREBUILT_PCH)
    target_compile_options(${name} PRIVATE
      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -include-pch -Xclang ${DLC_PREBUILT_PCH}>")
  else()
    target_precompile_headers(${name} REUSE_FROM dlc_pch)
  endif()
endfunction()

add_custom_target(dlc-headers) # all TableGen output
add_custom_target(dlc-tools)   # all programs that the lit tests run
add_custom_target(dlc-unit-tests)
add_custom_target(dlc-docs)    # all generated reference documents

# dlc_tablegen(<file.td> TARGET <t> OUTPUTS <out> <mlir-tblgen args> ...)
# Each output is "<file name>=<args with ;>", for example "NNOps.h.inc=-gen-op-decls".
function(dlc_tablegen td)
  cmake_parse_arguments(ARG "" "TARGET" "OUTPUTS" ${ARGN})
  set(LLVM_TARGET_DEFINITIONS ${td})
  foreach(spec IN LISTS ARG_OUTPUTS)
    string(REGEX MATCH "^([^=]+)=(.*)$" _ "${spec}")
    set(out ${CMAKE_MATCH_1})
    separate_arguments(args NATIVE_COMMAND "${CMAKE_MATCH_2}")
    mlir_tablegen(${out} ${args})
  endforeach()
  add_public_tablegen_target(${ARG_TARGET})
  add_dependencies(dlc-headers ${ARG_TARGET})
endfunction()

# dlc_add_doc(<file.td> <docs/Name.md> <mlir-tblgen args>): a reference document.
# `cmake --build build --target dlc-docs` writes it into docs/; CI compares.
function(dlc_add_doc td output)
  string(MAKE_C_IDENTIFIER "doc_${output}" tgt)
  get_filename_component(folder ${PROJECT_SOURCE_DIR}/${output} DIRECTORY)
  add_custom_target(${tgt}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND mlir-tblgen ${ARGN} -I ${PROJECT_SOURCE_DIR}/include -I ${MLIR_INCLUDE_DIRS}
            ${td} -o ${PROJECT_SOURCE_DIR}/${output}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} VERBATIM)
  add_dependencies(dlc-docs ${tgt})
endfunction()

# dlc_add_library(<name> [LINK <libs...>]): a compiler library on MLIR, made of
# all .cpp files of the folder (no list of sources is kept by hand).
function(dlc_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC dlc_mlir ${ARG_LINK})
  dlc_use_pch(${name})
  add_dependencies(${name} dlc-headers)
endfunction()

# dlc_add_llvm_library(<name> [LINK <libs...>]): a library on LLVM alone, without
# MLIR, made of all .cpp files of the folder. Optimised: its code is what runs.
function(dlc_add_llvm_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -fno-exceptions>)
  target_link_libraries(${name} PUBLIC dlc_options LLVM ${ARG_LINK})
endfunction()

# dlc_add_tool(<name> <sources...> [LINK <libs...>]): a thin main on MLIR.
function(dlc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE dlc_mlir ${ARG_LINK})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  dlc_use_pch(${name})
  add_dependencies(${name} dlc-headers)
  add_dependencies(dlc-tools ${name})
endfunction()

# dlc_add_unittest(<Name>Tests [PLAIN] [LINK <libs...>]): a GoogleTest program of
# all .cpp files of the folder; lit finds it by its name. PLAIN: without MLIR.
find_package(GTest REQUIRED)
function(dlc_add_unittest name)
  cmake_parse_arguments(ARG "PLAIN" "" "LINK" ${ARGN})
  if(NOT name MATCHES "Tests$")
    message(FATAL_ERROR "dlc_add_unittest: '${name}' must end in 'Tests'")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} EXCLUDE_FROM_ALL ${sources})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} POSITION_INDEPENDENT_CODE OFF)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  if(ARG_PLAIN)
    target_link_libraries(${name} PRIVATE dlc_options)
  else()
    target_link_libraries(${name} PRIVATE dlc_mlir)
    dlc_use_pch(${name})
    add_dependencies(${name} dlc-headers)
  endif()
  add_dependencies(dlc-unit-tests ${name})
endfunction()
