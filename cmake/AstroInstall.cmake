# SPDX-License-Identifier: BSD-3-Clause
include(CMakePackageConfigHelpers)

install(TARGETS astro EXPORT astroTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/astro DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT astroTargets NAMESPACE astro:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
configure_package_config_file(cmake/astroConfig.cmake.in ${PROJECT_BINARY_DIR}/astroConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/astroConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/astroConfig.cmake ${PROJECT_BINARY_DIR}/astroConfigVersion.cmake
  cmake/AstroPlugin.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
