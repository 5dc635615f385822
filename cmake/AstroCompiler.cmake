# SPDX-License-Identifier: BSD-3-Clause
# How everything of this project is compiled, as one target that all others link.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# All programs and libraries lie where an installed tree would have them, so that a build tree is
# found by the same rules: plugins beside libastro in astro/plugins.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(ASTRO_PLUGIN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/astro/plugins)

find_program(ASTRO_CCACHE ccache)
if(ASTRO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND PROJECT_IS_TOP_LEVEL)
  # ccache takes a build with precompiled headers only so (its manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ASTRO_CCACHE})
endif()

add_library(astro_compiler INTERFACE)
target_compile_features(astro_compiler INTERFACE cxx_std_20)
target_compile_options(astro_compiler INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns inside its own std::string and std::vector when it optimises (GCC bugs 105329, 105651, 107852).
  target_compile_options(astro_compiler INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # In a unity build g++ takes the anonymous namespaces of included sources for those of a header.
  target_compile_options(astro_compiler INTERFACE -Wno-subobject-linkage)
endif()
if(ASTRO_WARNINGS_AS_ERRORS)
  target_compile_options(astro_compiler INTERFACE -Werror)
endif()
if(ASTRO_SANITIZE)
  # A target with ASTRO_IS_ASIDE is not what is tested: it is not looked through for undefined behaviour, since that
  # doubles its compile time.
  string(REGEX REPLACE ",?undefined" "" aside "${ASTRO_SANITIZE}")
  set(is_aside $<BOOL:$<TARGET_PROPERTY:ASTRO_IS_ASIDE>>)
  target_compile_options(astro_compiler INTERFACE -fno-omit-frame-pointer $<$<NOT:${is_aside}>:-fsanitize=${ASTRO_SANITIZE}>)
  if(aside)
    target_compile_options(astro_compiler INTERFACE $<${is_aside}:-fsanitize=${aside}>)
  endif()
  target_link_options(astro_compiler INTERFACE -fsanitize=${ASTRO_SANITIZE})
  if(ASTRO_SANITIZE MATCHES undefined)
    target_compile_options(astro_compiler INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # What the sanitizers insert makes g++ see uninitialised members in its own library (GCC bug 105616).
    target_compile_options(astro_compiler INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
