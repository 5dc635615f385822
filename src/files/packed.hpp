// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace astro::files {

/// Whether SIGPROC's numbers can have so many bits.
bool is_packed_width(long long bits) noexcept;

/// Numbers of 1, 2 or 4 bits, the first in the lowest bits of a byte; of 8 or 16 bits unsigned; of 32
/// bits as float. Little endian. `packed` holds at least as many as `into` takes.
void unpack(std::span<const std::byte> packed, int bits, std::span<float> into);

/// The inverse: rounded, and cut to what fits; what is not a number is zero.
std::vector<std::byte> pack(std::span<const float> numbers, int bits);

}  // namespace astro::files
