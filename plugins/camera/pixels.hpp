// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "astro/value.hpp"
#include "jpeg.hpp"

namespace camera {

/// How the pixels of a format lie in the camera's buffer.
enum class Layout : std::uint8_t { bytes, words, rgb, bgr, yuyv, uyvy, jpeg };

/// A format of V4L2 that can be read, by its four characters.
struct PixelFormat {
  std::uint32_t code = 0;
  Layout layout = Layout::bytes;
};

/// Nothing (code 0) for one that cannot.
PixelFormat format_of(std::uint32_t code);
/// 0 for the one that is taken first when nobody says which.
std::size_t rank_of(std::uint32_t code);
std::string text_of(std::uint32_t code);         ///< "YUYV"
std::uint32_t code_of(const std::string& text);  ///< 0: no text of up to four characters
std::string known_formats();

/// What becomes of it: sixteen bits of `words`, eight of all others; three planes of colours.
astro::Dtype dtype_of(Layout layout);
std::size_t planes_of(Layout layout);
/// Bytes of a row in the camera's buffer, without what may follow behind it; 0 for JPEG.
std::size_t row_bytes_of(Layout layout, std::size_t columns);

/// One frame from the camera's buffer, whose rows lie `stride` bytes apart. Throws `invalid_file` for one that is too
/// short or cannot be decoded.
void convert(std::span<const std::byte> frame, Layout layout, std::size_t stride, const Size& size,
             std::span<std::byte> into, Jpeg& jpeg);

}  // namespace camera
