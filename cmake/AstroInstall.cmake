# SPDX-License-Identifier: BSD-3-Clause
include(CMakePackageConfigHelpers)

install(TARGETS astro EXPORT astroTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/astro DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT astroTargets NAMESPACE astro:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
# In a folder of their own: beside bin/ they would be found through the PATH, and a build tree is no package.
configure_package_config_file(cmake/astroConfig.cmake.in ${PROJECT_BINARY_DIR}/package/astroConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/astroConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/astroConfig.cmake ${PROJECT_BINARY_DIR}/package/astroConfigVersion.cmake
  cmake/AstroPlugin.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/astro)
