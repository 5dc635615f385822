// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/refuse.hpp"

#include <array>
#include <cstdio>

#include "astro/error.hpp"

namespace astro::imaging {

void refuse(const std::string& doing, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, doing + ": " + why);
}

std::string shown(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string size_text(std::size_t rows, std::size_t columns) {
  return std::to_string(rows) + " rows of " + std::to_string(columns) + " columns";
}

}  // namespace astro::imaging
