# SPDX-License-Identifier: BSD-3-Clause
# Runs PROGRAM in FOLDER, with a copy of the SITES, and compares with the output that STEP ends with.
file(REMOVE_RECURSE ${FOLDER})
file(COPY ${SITES} DESTINATION ${FOLDER}/examples)
set(ENV{XDG_STATE_HOME} ${FOLDER}/state)
execute_process(COMMAND ${PROGRAM} WORKING_DIRECTORY ${FOLDER}
  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "It ended with ${result}.\n${output}${errors}")
endif()

# Words are compared, and numbers as such: their values are compared by test_tutorial.py.
file(READ ${STEP} text)
string(REGEX MATCH "\n// Output(, about)?:\n(.*)$" found "${text}")
if(NOT found)
  message(FATAL_ERROR "${STEP} does not end with a comment \"// Output:\"")
endif()
string(REGEX REPLACE "(^|\n)//   " "\\1" expected "${CMAKE_MATCH_2}")
foreach(each expected output)
  string(REGEX REPLACE "-?[0-9]+(\\.[0-9]+)?" "#" ${each}_words "${${each}}")
endforeach()
if(NOT output_words STREQUAL expected_words)
  message(FATAL_ERROR "Expected:\n${expected}\nCame:\n${output}")
endif()
