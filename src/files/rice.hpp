// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace astro::files {

/// Whole numbers of `bytes_each` (1, 2 or 4) from Rice's code as FITS has it (FITS standard 4.0, section 10.4.1; Rice,
/// Yeh and Miller 1993, AIAA-93-4541), in blocks of so many; nothing when the code ends too early.
std::optional<std::vector<std::int32_t>> rice_decoded(std::span<const std::byte> code, std::size_t count,
                                                      std::size_t bytes_each, std::size_t block);

}  // namespace astro::files
