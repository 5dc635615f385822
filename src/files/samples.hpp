// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "astro/value.hpp"

namespace astro::files {

/// Samples of IQ of one kind as those of another: full scale to full scale, rounded and cut.
std::vector<std::byte> converted(std::span<const std::byte> samples, Dtype from, Dtype to);

}  // namespace astro::files
