# What `cmake --install` puts where: programs, the graph API and the runtimes
# with their headers, and what find_package(dlc CONFIG) needs. The build folder
# can be used in the same way: -Ddlc_ROOT=<build>.
# The graph API finds the program dlc beside its own folder.
set(CMAKE_INSTALL_LIBDIR lib)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(dlc_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/dlc)
# Debian's LLVM lies in a folder of its own.
set(dlc_rpath "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LLVM_LIBRARY_DIR}")

install(TARGETS dlc dlc-opt dlc-plan dlc-sim EXPORT dlcTargets RUNTIME)
set_target_properties(dlc dlc-opt dlc-plan dlc-sim dlc_graph PROPERTIES
                      INSTALL_RPATH "${dlc_rpath}")
set_target_properties(dlc PROPERTIES EXPORT_NAME compiler)
# dlc-sim looks for it there
install(TARGETS dlc_sim_driver LIBRARY DESTINATION lib/dlc-sim)
set_target_properties(dlc_sim_driver PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
install(TARGETS dlc_graph dlc_rt dlc_rt_cuda EXPORT dlcTargets)
set_target_properties(dlc_rt PROPERTIES EXPORT_NAME runtime)
set_target_properties(dlc_rt_cuda PROPERTIES EXPORT_NAME runtime_cuda)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/dlc/Frontend ${PROJECT_SOURCE_DIR}/include/dlc/Runtime
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dlc)
install(FILES ${PROJECT_BINARY_DIR}/include/dlc/Frontend/Ops.h.inc
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dlc/Frontend)

install(EXPORT dlcTargets NAMESPACE dlc:: DESTINATION ${dlc_cmake_folder})
export(EXPORT dlcTargets NAMESPACE dlc:: FILE ${PROJECT_BINARY_DIR}/dlcTargets.cmake)
foreach(folder IN ITEMS ${PROJECT_BINARY_DIR} ${PROJECT_BINARY_DIR}/install)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/dlcConfig.cmake ${folder}/dlcConfig.cmake COPYONLY)
  write_basic_package_version_file(${folder}/dlcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/install/dlcConfig.cmake
              ${PROJECT_BINARY_DIR}/install/dlcConfigVersion.cmake
        DESTINATION ${dlc_cmake_folder})
