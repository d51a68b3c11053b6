# find_package(dlc CONFIG):
#   dlc::graph         the graph API, #include <dlc/Frontend/Graph.h>
#   dlc::runtime       what objects of `dlc --emit=obj` are linked with,
#   dlc::runtime_cuda  for the host and for cuda
#   dlc::compiler      the program dlc
#   dlc_add_model(<target> <model> [arguments of dlc ...])
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/dlcTargets.cmake)

# Compiles a model when the project is built. The target is a library with the
# header <target>.h, which says how to call it.
function(dlc_add_model target model)
  string(MAKE_C_IDENTIFIER ${target} name)
  if(NOT name STREQUAL target)
    message(FATAL_ERROR "dlc_add_model: '${target}' is the prefix of C functions and can not be")
  endif()
  get_filename_component(model ${model} ABSOLUTE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}-model)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${folder}/lib${target}.a ${folder}/lib${target}.so ${folder}/${target}.h
    COMMAND dlc::compiler ${model} --emit=lib -o ${folder}/${target} ${ARGN}
    DEPENDS ${model} VERBATIM)
  add_custom_target(${target}-compile DEPENDS ${folder}/lib${target}.a ${folder}/${target}.h)
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}-compile)
  target_include_directories(${target} INTERFACE ${folder})
  target_link_libraries(${target} INTERFACE ${folder}/lib${target}.a ${CMAKE_DL_LIBS})
endfunction()
