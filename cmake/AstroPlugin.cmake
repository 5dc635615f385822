# SPDX-License-Identifier: BSD-3-Clause
# astro_add_plugin(NAME source... [LINK library...]): a plugin's whole build file. Installed with
# libastro, so that a vendor's project has it from find_package(astro).
function(astro_add_plugin name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(astro_plugin_${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(astro_plugin_${name} PRIVATE cxx_std_20)
  target_link_libraries(astro_plugin_${name} PRIVATE astro::astro ${ARG_LINK})
  # What was loaded stays loaded: objects of a plugin may outlive the last handle.
  target_link_options(astro_plugin_${name} PRIVATE -Wl,-z,nodelete -Wl,-z,now -Wl,--no-undefined)
  set_target_properties(astro_plugin_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME astro_${name} CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(DEFINED ASTRO_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(astro_plugin_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${ASTRO_PLUGIN_OUTPUT_DIRECTORY})
  endif()
endfunction()

# astro_plugin_folder(NAME [LINK library...]): a plugin of this project, from all sources of its folder.
function(astro_plugin_folder name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  astro_add_plugin(${name} ${sources} ${ARGN})
  target_link_libraries(astro_plugin_${name} PRIVATE astro_compiler)
  target_precompile_headers(astro_plugin_${name} REUSE_FROM astro_precompiled)
  # libastro lies two folders above: in a build tree, an installed tree and a wheel alike.
  set_target_properties(astro_plugin_${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../..")
  add_dependencies(plugins astro_plugin_${name})
  install(TARGETS astro_plugin_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/astro/plugins)
endfunction()
