# One installed package: find_package(okibi) gives okibi::okibi, okibi::okibi_checkpoint and okibi::okibi_s3.
include(CMakePackageConfigHelpers)

install(TARGETS okibi okibi_checkpoint okibi_s3 EXPORT okibiTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS okibi_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS okibi_compute LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/okibi)
install(DIRECTORY include/okibi DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT okibiTargets NAMESPACE okibi:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/okibi)

file(WRITE ${CMAKE_BINARY_DIR}/okibiConfig.cmake.in
  "@PACKAGE_INIT@\ninclude(\"\${CMAKE_CURRENT_LIST_DIR}/okibiTargets.cmake\")\n")
configure_package_config_file(${CMAKE_BINARY_DIR}/okibiConfig.cmake.in ${CMAKE_BINARY_DIR}/okibiConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/okibi)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/okibiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/okibiConfig.cmake ${CMAKE_BINARY_DIR}/okibiConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/okibi)
