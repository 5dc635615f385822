# SPDX-License-Identifier: BSD-3-Clause
# A room is a folder of src/ and an object library astro_room_NAME; all rooms together are the
# shared library libastro. A room sees the third-party headers that it names here and no others.

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

# astro_test_server(NAME [USES library...]): tests/servers/NAME starts and stops a real server in a folder; ctest does
# so around the tests that need it, and tests/servers/NAME.cpp tells them where it is.
function(astro_test_server name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  if(TARGET astro_server_${name})
    return()
  endif()
  string(MD5 build ${PROJECT_BINARY_DIR})
  string(SUBSTRING ${build} 0 8 build)
  set(folder /tmp/astro-servers-${build})  # short, as the name of a socket must be, and open to another user
  set(script ${PROJECT_SOURCE_DIR}/tests/servers/${name})
  add_library(astro_server_${name} STATIC ${script}.cpp)
  target_compile_definitions(astro_server_${name}
    PRIVATE ASTRO_TEST_SERVERS="${PROJECT_SOURCE_DIR}/tests/servers" ASTRO_TEST_SERVERS_FOLDER="${folder}")
  target_link_libraries(astro_server_${name} PUBLIC astro_testing PRIVATE astro_compiler GTest::gtest ${ARG_USES})
  add_test(NAME start_${name} COMMAND ${script} start ${folder}/${name})
  add_test(NAME stop_${name} COMMAND ${script} stop ${folder}/${name})
  set_tests_properties(start_${name} PROPERTIES FIXTURES_SETUP ${name} TIMEOUT 120)
  set_tests_properties(stop_${name} PROPERTIES FIXTURES_CLEANUP ${name} TIMEOUT 120)
endfunction()

# astro_room_tests(NAME [USES library...] [NEEDS server...]): tests/NAME/*_test.cpp become one program, test_NAME.
function(astro_room_tests name)
  cmake_parse_arguments(ARG "" "" "USES;NEEDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
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
  foreach(server IN LISTS ARG_NEEDS)
    target_link_libraries(test_${name} PRIVATE astro_server_${server})
  endforeach()
  gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600 FIXTURES_REQUIRED "${ARG_NEEDS}"
    ENVIRONMENT "ASTRO_PLUGIN_PATH=${ASTRO_PLUGIN_OUTPUT_DIRECTORY}")
endfunction()
