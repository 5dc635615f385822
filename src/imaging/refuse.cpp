// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/refuse.hpp"

#include "astro/error.hpp"

namespace astro::imaging {

void refuse(const std::string& doing, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, doing + ": " + why);
}

std::string size_text(std::size_t rows, std::size_t columns) {
  return std::to_string(rows) + " rows of " + std::to_string(columns) + " columns";
}

}  // namespace astro::imaging
