// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "astro/block.hpp"
#include "astro/time.hpp"
#include "xml.hpp"

namespace indi {

/// Reads a frame as INDI sends it, ".fits", ".fits.fz", or either in zlib (".z"), into a buffer of exactly one item of
/// these settings; rows as the file has them. Returns when its exposure began, where it says so (DATE-OBS). What is
/// broken, or of another shape, is `device_fault`.
std::optional<astro::Time> read_frame(const Element& blob, const astro::StreamSettings& expected,
                                      std::span<std::byte> into);

}  // namespace indi
