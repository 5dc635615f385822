// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include "astro/block.hpp"
#include "client.hpp"

namespace alpaca {

/// Reads an image, ImageBytes or JSON, into a buffer of exactly one item of these settings. Alpaca sends it column by
/// column; the item is row by row, its first row the first. Throws the refusal that stands in its place, and
/// `device_fault` for what is broken or of another shape.
void read_image(const Client& client, const ImageAnswer& answer, const astro::StreamSettings& expected,
                std::span<std::byte> into);

}  // namespace alpaca
