// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// Throws `invalid_argument`: "doing: why".
[[noreturn]] void refuse(const std::string& doing, const std::string& why);

/// Three digits of a number, for messages.
std::string shown(double value);

/// "2048 rows of 1024 columns".
std::string size_text(std::size_t rows, std::size_t columns);
template <class T>
std::string size_of(const Plane<T>& plane) {
  return size_text(plane.rows(), plane.columns());
}

}  // namespace astro::imaging
