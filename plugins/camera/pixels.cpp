// SPDX-License-Identifier: BSD-3-Clause
#include "pixels.hpp"

#include <linux/videodev2.h>

#include <algorithm>
#include <cstring>

#include "astro/error.hpp"

namespace camera {

namespace {

// Of sensors with colours the plane as it is, with its mosaic: that is what stacking and photometry want.
constexpr PixelFormat formats[] = {
    {V4L2_PIX_FMT_Y16, Layout::words},     {V4L2_PIX_FMT_Y14, Layout::words},     {V4L2_PIX_FMT_Y12, Layout::words},
    {V4L2_PIX_FMT_Y10, Layout::words},     {V4L2_PIX_FMT_SBGGR16, Layout::words}, {V4L2_PIX_FMT_SGBRG16, Layout::words},
    {V4L2_PIX_FMT_SGRBG16, Layout::words}, {V4L2_PIX_FMT_SRGGB16, Layout::words}, {V4L2_PIX_FMT_SBGGR12, Layout::words},
    {V4L2_PIX_FMT_SGBRG12, Layout::words}, {V4L2_PIX_FMT_SGRBG12, Layout::words}, {V4L2_PIX_FMT_SRGGB12, Layout::words},
    {V4L2_PIX_FMT_SBGGR10, Layout::words}, {V4L2_PIX_FMT_SGBRG10, Layout::words}, {V4L2_PIX_FMT_SGRBG10, Layout::words},
    {V4L2_PIX_FMT_SRGGB10, Layout::words}, {V4L2_PIX_FMT_GREY, Layout::bytes},    {V4L2_PIX_FMT_SBGGR8, Layout::bytes},
    {V4L2_PIX_FMT_SGBRG8, Layout::bytes},  {V4L2_PIX_FMT_SGRBG8, Layout::bytes},  {V4L2_PIX_FMT_SRGGB8, Layout::bytes},
    {V4L2_PIX_FMT_RGB24, Layout::rgb},     {V4L2_PIX_FMT_BGR24, Layout::bgr},     {V4L2_PIX_FMT_YUYV, Layout::yuyv},
    {V4L2_PIX_FMT_UYVY, Layout::uyvy},     {V4L2_PIX_FMT_MJPEG, Layout::jpeg},    {V4L2_PIX_FMT_JPEG, Layout::jpeg}};

std::uint8_t clipped(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

/// ITU-R BT.601, 16 to 235 and 16 to 240, in 1/256.
void put_rgb(std::uint8_t* into, int y, int cb, int cr) {
  const int light = 298 * (y - 16) + 128;
  into[0] = clipped((light + 409 * (cr - 128)) >> 8);
  into[1] = clipped((light - 100 * (cb - 128) - 208 * (cr - 128)) >> 8);
  into[2] = clipped((light + 516 * (cb - 128)) >> 8);
}

/// Two pixels in four bytes; `first`: where the light of the left one is.
void row_of_yuv(const std::uint8_t* from, std::size_t columns, std::size_t first, std::uint8_t* into) {
  const std::size_t colour = 1 - first;
  for (std::size_t i = 0; i + 1 < columns; i += 2, from += 4, into += 6) {
    put_rgb(into, from[first], from[colour], from[colour + 2]);
    put_rgb(into + 3, from[first + 2], from[colour], from[colour + 2]);
  }
}

void convert_row(const std::uint8_t* from, Layout layout, const Size& size, std::uint8_t* into) {
  switch (layout) {
    case Layout::yuyv:
      return row_of_yuv(from, size.columns, 0, into);
    case Layout::uyvy:
      return row_of_yuv(from, size.columns, 1, into);
    case Layout::bgr:
      for (std::size_t i = 0; i < size.columns; ++i, from += 3, into += 3) std::reverse_copy(from, from + 3, into);
      return;
    default:
      std::memcpy(into, from, row_bytes_of(layout, size.columns));
  }
}

}  // namespace

PixelFormat format_of(std::uint32_t code) {
  for (const PixelFormat& format : formats) {
    if (format.code == code) return format;
  }
  return {};
}

std::size_t rank_of(std::uint32_t code) {
  return static_cast<std::size_t>(std::ranges::find(formats, code, &PixelFormat::code) - std::begin(formats));
}

std::string text_of(std::uint32_t code) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>((code >> shift) & 0x7f);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::uint32_t code_of(const std::string& text) {
  if (text.empty() || text.size() > 4) return 0;
  std::string padded = text;
  padded.resize(4, ' ');
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i)
    code |= static_cast<std::uint32_t>(static_cast<unsigned char>(padded[i])) << (8 * i);
  return code;
}

std::string known_formats() {
  std::string text;
  for (const PixelFormat& format : formats) text += (text.empty() ? "" : ", ") + text_of(format.code);
  return text;
}

astro::Dtype dtype_of(Layout layout) { return layout == Layout::words ? astro::Dtype::u16 : astro::Dtype::u8; }

std::size_t planes_of(Layout layout) { return layout == Layout::bytes || layout == Layout::words ? 1 : 3; }

std::size_t row_bytes_of(Layout layout, std::size_t columns) {
  switch (layout) {
    case Layout::bytes:
      return columns;
    case Layout::rgb:
    case Layout::bgr:
      return 3 * columns;
    case Layout::jpeg:
      return 0;
    default:
      return 2 * columns;
  }
}

void convert(std::span<const std::byte> frame, Layout layout, std::size_t stride, const Size& size,
             std::span<std::byte> into, Jpeg& jpeg) {
  auto* to = reinterpret_cast<std::uint8_t*>(into.data());
  if (layout == Layout::jpeg) return jpeg.decode(frame, size, {to, size.values()});
  const std::size_t row = row_bytes_of(layout, size.columns);
  if (frame.size() < stride * (size.rows - 1) + row) {
    throw astro::Error(astro::ErrorCode::invalid_file, "reading a frame: it has " + std::to_string(frame.size()) +
                                                           " bytes, expected " +
                                                           std::to_string(stride * (size.rows - 1) + row));
  }
  const auto* from = reinterpret_cast<const std::uint8_t*>(frame.data());
  const std::size_t row_out = size.columns * size.planes * astro::size_of(dtype_of(layout));
  for (std::size_t i = 0; i < size.rows; ++i) convert_row(from + i * stride, layout, size, to + i * row_out);
}

}  // namespace camera
