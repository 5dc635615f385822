// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace astro::cli {

ExitCode exit_code_of(const Acknowledgment& told, double waited_s) {
  if (told.state == CommandState::completed) return done;
  if (told.state == CommandState::rejected) return refused;
  if (is_final(told.state)) return failed;
  if (waited_s <= 0.0) return done;
  std::cerr << (told.state == CommandState::unanswered ? "astro: no answer to command " : "astro: no end of command ")
            << told.command_id << " within " << number(waited_s, 0) << " s; what became of it: astro commands"
            << std::endl;
  return failed;
}

void print(const Value& result, bool json) {
  if (json) {
    std::cout << to_json(result) << std::endl;
    return;
  }
  std::size_t width = 0;
  for (const auto& [key, value] : result.as_map()) width = std::max(width, key.size());
  for (const auto& [key, value] : result.as_map()) {
    if (value.is_null()) continue;  // JSON keeps its keys; people are told what there is
    const auto* text = value.get_if<std::string>();
    const auto* real = value.get_if<double>();
    std::cout << key << std::string(width - key.size() + 2, ' ')
              << (text != nullptr   ? *text
                  : real != nullptr ? number(*real, 4)
                                    : to_json(value))
              << '\n';
  }
  std::cout.flush();
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::cout << row[i];
      if (i + 1 < row.size()) std::cout << std::string(widths[i] - row[i].size() + 2, ' ');
    }
    std::cout << '\n';
  }
  std::cout.flush();
}

std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace astro::cli
