// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/command.hpp"
#include "astro/value.hpp"

namespace astro::cli {

/// What a run of the program ends with.
enum ExitCode : int {
  done = 0,
  failed = 1,        ///< the device, the disk or the data
  wrong_use = 2,     ///< arguments, a site file or a request with problems
  refused = 3,       ///< not visible, outside limits, held by somebody else
  interrupted = 130  ///< by a signal
};

/// What a command came to, for whoever waited so long for its end: `failed`, and a sentence, where it has none yet. Who
/// did not want to wait is done.
ExitCode exit_code_of(const Acknowledgment& told, double waited_s);

/// Prints a result: one line of JSON, or "key: value" lines for people.
void print(const Value& result, bool json);

/// Columns under a headline, padded to their widest cell.
void print_table(const std::vector<std::vector<std::string>>& rows);

/// A number for people: "41.6", "-6.3".
std::string number(double value, int digits);

}  // namespace astro::cli
