// SPDX-License-Identifier: BSD-3-Clause
#include "files/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <string_view>

#include "astro/error.hpp"
#include "files/big_endian.hpp"

namespace astro::files {
namespace {

constexpr std::size_t fits_block = 2880;
constexpr std::size_t fits_card = 80;
constexpr double most_stamp_side = 4096.0;
constexpr int gzip_window = 15 + 16;  // zlib's way to say so

[[noreturn]] void no_stamp(const std::string& why) { throw Error(ErrorCode::invalid_file, "reading a stamp: " + why); }

Bytef* zlib_bytes(const std::byte* bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));  // zlib does not write there
}

/// Cards `NAME = number` until END; `data` becomes what follows the header.
std::map<std::string, double> numbers_of_header(std::span<const std::byte> from, std::span<const std::byte>& data) {
  std::map<std::string, double> numbers;
  for (std::size_t at = 0; at + fits_card <= from.size(); at += fits_card) {
    const std::string_view card(reinterpret_cast<const char*>(from.data()) + at, fits_card);
    if (card.substr(0, 8) == "END     ") {
      const std::size_t header = (at / fits_block + 1) * fits_block;
      data = from.subspan(std::min(header, from.size()));
      return numbers;
    }
    if (card[8] != '=') continue;
    const std::size_t first = card.find_first_not_of(' ', 9);
    if (first == std::string_view::npos) continue;
    double number = 0.0;
    if (std::from_chars(card.data() + first, card.data() + fits_card, number).ec != std::errc()) continue;
    numbers[std::string(card.substr(0, card.find_first_of(" =")))] = number;
  }
  no_stamp("its FITS header has no end");
}

template <class T>
void read_pixels(std::span<const std::byte> data, double scale, double zero, imaging::Plane<float>& to) {
  if (data.size() / sizeof(T) < to.size()) no_stamp("its FITS data are cut off");
  for (std::size_t i = 0; i < to.size(); ++i) {
    to.data()[i] = static_cast<float>(zero + scale * static_cast<double>(big_endian<T>(data.data() + i * sizeof(T))));
  }
}

}  // namespace

Bytes decompressed(std::span<const std::byte> from, Compression how, std::size_t most) {
  z_stream stream{};
  // zlib's ways to say so
  const int window = how == Compression::raw ? -MAX_WBITS : (how == Compression::gzip ? gzip_window : 32 + MAX_WBITS);
  if (inflateInit2(&stream, window) != Z_OK) throw std::bad_alloc();
  const std::size_t first = std::min<std::size_t>(most, 65535) + 1;
  Bytes made;
  stream.next_in = zlib_bytes(from.data());
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(from.size(), std::numeric_limits<uInt>::max()));
  int state = Z_OK;
  while (state == Z_OK && made.size() <= most) {
    const std::size_t before = made.size();
    made.resize(before + std::max(first, before));
    stream.next_out = reinterpret_cast<Bytef*>(made.data() + before);
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(made.size() - before, std::numeric_limits<uInt>::max()));
    const uInt room = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    made.resize(before + (room - stream.avail_out));
    if (state == Z_OK && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END)
    throw Error(ErrorCode::invalid_file, "decompressing: the data are damaged, cut off or too large");
  return made;
}

Bytes gzipped(std::span<const std::byte> from) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  Bytes made(deflateBound(&stream, from.size()));
  stream.next_in = zlib_bytes(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  deflate(&stream, Z_FINISH);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  return made;
}

imaging::Plane<float> read_fits_stamp(std::span<const std::byte> from) {
  std::span<const std::byte> data;
  std::map<std::string, double> header = numbers_of_header(from, data);
  const auto number = [&](const char* name, double otherwise) {
    const auto found = header.find(name);
    return found == header.end() ? otherwise : found->second;
  };
  const double columns = number("NAXIS1", 0.0);
  const double rows = number("NAXIS2", 0.0);
  const auto is_side = [](double side) { return side >= 1.0 && side <= most_stamp_side && side == std::floor(side); };
  if (number("NAXIS", 0.0) != 2.0 || !is_side(columns) || !is_side(rows)) no_stamp("it is no FITS image of two axes");
  imaging::Plane<float> made(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
  const double scale = number("BSCALE", 1.0);
  const double zero = number("BZERO", 0.0);
  const double bits = number("BITPIX", 0.0);
  if (bits == -32.0) read_pixels<float>(data, scale, zero, made);
  else if (bits == -64.0) read_pixels<double>(data, scale, zero, made);
  else if (bits == 16.0) read_pixels<std::int16_t>(data, scale, zero, made);
  else if (bits == 32.0) read_pixels<std::int32_t>(data, scale, zero, made);
  else no_stamp("its BITPIX is none of 16, 32, -32 and -64");
  return made;
}

Bytes fits_stamp(const imaging::Plane<float>& pixels) {
  std::string header;
  const auto card = [&](const char* name, const std::string& value) {
    std::array<char, fits_card + 1> line{};
    std::snprintf(line.data(), line.size(), "%-8s= %20s%50s", name, value.c_str(), "");
    header.append(line.data(), fits_card);
  };
  card("SIMPLE", "T");
  card("BITPIX", "-32");
  card("NAXIS", "2");
  card("NAXIS1", std::to_string(pixels.columns()));
  card("NAXIS2", std::to_string(pixels.rows()));
  header += "END";
  header.resize(fits_block, ' ');
  const auto* first = reinterpret_cast<const std::byte*>(header.data());
  Bytes made(first, first + header.size());
  for (const float value : pixels.values()) {
    std::array<std::byte, sizeof(float)> bytes = std::bit_cast<std::array<std::byte, sizeof(float)>>(value);
    if constexpr (std::endian::native == std::endian::little) std::reverse(bytes.begin(), bytes.end());
    made.insert(made.end(), bytes.begin(), bytes.end());
  }
  made.resize((made.size() + fits_block - 1) / fits_block * fits_block);
  return made;
}

}  // namespace astro::files
