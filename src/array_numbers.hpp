// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "astro/value.hpp"

namespace astro {

bool is_real(Dtype dtype) noexcept;
bool is_consistent(const Array& array) noexcept;  ///< its shape fits its bytes

/// One element of a real array, by its place in memory.
double number_at(const Array& array, std::size_t index) noexcept;

/// Lists of numbers, nested as deep as the array has axes; null is NaN. Nothing when the lists are
/// ragged, or when a number does not fit the type.
std::optional<Array> array_from(const List& list, Dtype dtype);

/// A one-dimensional real array as integers or numbers.
List list_from(const Array& array);

}  // namespace astro
