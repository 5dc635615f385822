# SPDX-License-Identifier: BSD-3-Clause
# A room is a folder of src/ and an object library astro_room_NAME; all rooms together are the
# shared library libastro. A room sees the third-party headers that it names here and no others.

set(ASTRO_TEST_TIMEOUT 600 CACHE STRING "Seconds after which ctest ends a test: more for full counts (ASTRO_LONG=1)")

# astro_room(NAME [USES library...])
function(astro_room name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(astro_room_${name} OBJECT ${sources})
  target_include_directories(astro_room_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(astro_room_${name} PRIVATE astro_compiler ${ARG_USES})
  target_precompile_headers(astro_room_${name} REUSE_FROM astro_precompiled)
  target_link_libraries(astro PRIVATE $<BUILD_INTERFACE:astro_room_${name}> ${ARG_USES})
endfunction()

# astro_room_tests(NAME [USES library...] [SOURCES file...] [PARTS part...]): tests/NAME/*_test.cpp, or these files, become
# one program, test_NAME. ctest runs each of its tests by itself; those that share servers in PARTS: all at once that
# have the part in their name, so that a server is started once a part and not once a test.
function(astro_room_tests name)
  cmake_parse_arguments(ARG "" "" "USES;SOURCES;PARTS" ${ARGN})
  set(sources ${ARG_SOURCES})
  if(NOT sources)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  endif()
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  add_dependencies(tests test_${name})
  target_link_libraries(test_${name} PRIVATE astro_compiler astro::astro astro_testing GTest::gmock_main ${ARG_USES})
  set_target_properties(test_${name} PROPERTIES ASTRO_IS_ASIDE ON)
  if(name STREQUAL "core")
    target_precompile_headers(test_core PRIVATE <gmock/gmock.h> ${PROJECT_SOURCE_DIR}/src/precompiled.hpp)
  else()
    target_precompile_headers(test_${name} REUSE_FROM test_core)
  endif()
  set(environment "ASTRO_PLUGIN_PATH=${ASTRO_PLUGIN_OUTPUT_DIRECTORY}")
  if(NOT ARG_PARTS)
    gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${ASTRO_TEST_TIMEOUT} ENVIRONMENT "${environment}")
  endif()
  foreach(part IN LISTS ARG_PARTS)
    add_test(NAME ${name}.${part} COMMAND test_${name} --gtest_filter=*${part}*)
    set_tests_properties(${name}.${part} PROPERTIES TIMEOUT ${ASTRO_TEST_TIMEOUT} ENVIRONMENT "${environment}")
  endforeach()
endfunction()
