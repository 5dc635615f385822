// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_tiles.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "files/big_endian.hpp"
#include "files/fail.hpp"
#include "files/gzip.hpp"
#include "files/rice.hpp"

namespace astro::files {
namespace {

constexpr std::int64_t most_side = std::int64_t{1} << 31;
constexpr double most_compression = 1100.0;  ///< pixels a byte: deflate reaches 1032, Rice's code less
constexpr std::size_t most_random = 10'000;

/// Random numbers that everybody draws alike (FITS standard 4.0, appendix I; Park and Miller 1988, CACM 31, 1192).
const std::array<float, most_random>& random_numbers() {
  static const auto numbers = [] {
    std::array<float, most_random> drawn{};
    std::uint64_t seed = 1;
    for (float& number : drawn) {
      seed = seed * 16807 % 2147483647;
      number = static_cast<float>(static_cast<double>(seed) / 2147483647.0);
    }
    return drawn;
  }();
  return numbers;
}

/// Inflates to exactly so many bytes; empty when the stream is something else.
Bytes inflated(std::span<const std::byte> packed, std::size_t size) {
  try {
    Bytes bytes = decompressed(packed, Compression::gzip_or_zlib, size);
    return bytes.size() == size ? bytes : Bytes();
  } catch (const Error&) {
    return {};
  }
}

/// GZIP_2 puts all first bytes before all second ones.
std::vector<std::byte> unshuffled(const std::vector<std::byte>& bytes, std::size_t each) {
  const std::size_t count = bytes.size() / each;
  std::vector<std::byte> sorted(bytes.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < each; ++k) sorted[i * each + k] = bytes[k * count + i];
  }
  return sorted;
}

}  // namespace

FitsTiles::FitsTiles(FitsFile& file, const FitsUnit& unit)
    : unit_(unit), table_(file, unit), how_(numbers_of(unit.header, "ZBITPIX")) {
  const FitsHeader& header = unit.header;
  const std::int64_t axes = header.integer("ZNAXIS", 0, 999);
  if (axes != 2) header.refuse("ZNAXIS", "an image of 2 axes");
  columns_ = static_cast<std::size_t>(header.integer("ZNAXIS1", 1, most_side));
  rows_ = static_cast<std::size_t>(header.integer("ZNAXIS2", 1, most_side));
  tile_columns_ =
      static_cast<std::size_t>(header.integer_or("ZTILE1", 1, most_side, static_cast<std::int64_t>(columns_)));
  tile_rows_ = static_cast<std::size_t>(header.integer_or("ZTILE2", 1, most_side, 1));
  tile_columns_ = std::min(tile_columns_, columns_);
  tile_rows_ = std::min(tile_rows_, rows_);
  algorithm_ = header.text("ZCMPTYPE");
  if (algorithm_ == "RICE_ONE") algorithm_ = "RICE_1";
  if (algorithm_ != "RICE_1" && algorithm_ != "GZIP_1" && algorithm_ != "GZIP_2") {
    header.refuse("ZCMPTYPE", "RICE_1, GZIP_1 or GZIP_2; undo another one with funpack");
  }
  for (int i = 1; i <= 9; ++i) {
    const std::string name = header.text("ZNAME" + std::to_string(i));
    if (name == "BLOCKSIZE")
      rice_block_ = static_cast<std::size_t>(header.integer("ZVAL" + std::to_string(i), 1, 4096));
    if (name == "BYTEPIX") rice_bytes_ = static_cast<std::size_t>(header.integer("ZVAL" + std::to_string(i), 1, 4));
  }
  if (rice_bytes_ == 3) header.refuse("ZVAL2", "1, 2 or 4 bytes a pixel");
  const std::string dither = header.text("ZQUANTIZ");
  dither_ = dither == "SUBTRACTIVE_DITHER_1" ? 1 : dither == "SUBTRACTIVE_DITHER_2" ? 2 : 0;
  seed_ = static_cast<std::size_t>(header.integer_or("ZDITHER0", 1, most_random, 1));
  check_size();
}

void FitsTiles::check_size() const {
  const FitsHeader& header = unit_.header;
  const double pixels = static_cast<double>(columns_) * static_cast<double>(rows_);
  if (pixels > most_compression * static_cast<double>(unit_.bytes)) {
    header.refuse("ZNAXIS2", "no more rows than can be compressed into " + std::to_string(unit_.bytes) + " bytes");
  }
  const std::size_t across = (columns_ + tile_columns_ - 1) / tile_columns_;
  const std::size_t up = (rows_ + tile_rows_ - 1) / tile_rows_;
  if (table_.rows() / across < up) {
    header.refuse("NAXIS2", "a row for each of " + std::to_string(across) + " x " + std::to_string(up) + " tiles");
  }
}

void FitsTiles::read(std::size_t first, std::span<double> into) {
  for (std::size_t row = first, at = 0; at < into.size(); ++row, at += columns_) {
    const std::size_t strip = row / tile_rows_;
    if (strip_pixels_.empty() || strip != strip_) read_strip(strip);
    const auto begin = strip_pixels_.begin() + static_cast<std::ptrdiff_t>((row % tile_rows_) * columns_);
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(columns_), into.data() + at);
  }
}

void FitsTiles::read_strip(std::size_t strip) {
  const std::size_t across = (columns_ + tile_columns_ - 1) / tile_columns_;
  const std::size_t height = std::min(tile_rows_, rows_ - strip * tile_rows_);
  std::vector<double> made(height * columns_);
  std::vector<double> tile;
  for (std::size_t i = 0; i < across; ++i) {
    const std::size_t left = i * tile_columns_;
    const std::size_t width = std::min(tile_columns_, columns_ - left);
    tile.resize(width * height);
    read_tile(strip * across + i, tile);
    for (std::size_t row = 0; row < height; ++row) {
      std::copy_n(tile.data() + row * width, width, made.data() + row * columns_ + left);
    }
  }
  strip_pixels_ = std::move(made);
  strip_ = strip;
}

const FitsColumn* FitsTiles::filled(const char* name) const {
  const FitsColumn* column = table_.find(name);
  return column == nullptr || table_.heap(*column).empty() ? nullptr : column;
}

void FitsTiles::read_tile(std::size_t tile, std::span<double> into) {
  table_.load(tile);
  if (const FitsColumn* column = filled("COMPRESSED_DATA")) {
    if (how_.bits < 0 && has_parameter("ZSCALE")) return undo_quantisation(tile, *column, into);
    return decode<double>(unpacked(*column, into.size(), how_), how_, into);
  }
  if (const FitsColumn* column = filled("GZIP_COMPRESSED_DATA")) {
    const std::vector<std::byte> bytes = inflated(table_.heap(*column), into.size() * how_.bytes_each());
    if (bytes.empty()) table_.refuse(*column, "its gzip stream does not hold a tile; the file is damaged");
    return decode<double>(bytes, how_, into);
  }
  if (const FitsColumn* column = filled("UNCOMPRESSED_DATA")) {
    const std::vector<std::byte> bytes = table_.heap(*column);
    if (bytes.size() < into.size() * how_.bytes_each()) table_.refuse(*column, "it holds less than a tile");
    return decode<double>(bytes, how_, into);
  }
  const FitsColumn* column = table_.find("COMPRESSED_DATA");
  if (column == nullptr) unit_.header.refuse("TTYPE1", "a column COMPRESSED_DATA");
  table_.refuse(*column, "the tile is empty; the file is damaged");
}

/// The bytes of a tile as they were before they were compressed.
std::vector<std::byte> FitsTiles::unpacked(const FitsColumn& column, std::size_t count, const FitsNumbers& how) const {
  const std::vector<std::byte> packed = table_.heap(column);
  const std::size_t each = how.bytes_each();
  if (static_cast<double>(count) > most_compression * static_cast<double>(packed.size())) {
    table_.refuse(column, "a tile of " + std::to_string(count) + " pixels cannot be compressed into " +
                              std::to_string(packed.size()) + " bytes");
  }
  if (algorithm_ != "RICE_1") {
    const std::vector<std::byte> bytes = inflated(packed, count * each);
    if (bytes.empty()) table_.refuse(column, "its gzip stream does not hold a tile; the file is damaged");
    return algorithm_ == "GZIP_2" ? unshuffled(bytes, each) : bytes;
  }
  if (how.bits < 0 || how.bits == 64) unit_.header.refuse("ZCMPTYPE", "not RICE_1 for such numbers");
  const auto numbers = rice_decoded(packed, count, rice_bytes_, rice_block_);
  if (!numbers) table_.refuse(column, "its Rice code ends too early; the file is damaged");
  std::vector<std::byte> bytes(count * each);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < each; ++k) {
      bytes[i * each + k] = static_cast<std::byte>(static_cast<std::uint32_t>((*numbers)[i]) >> 8 * (each - 1 - k));
    }
  }
  return bytes;
}

void FitsTiles::undo_quantisation(std::size_t tile, const FitsColumn& column, std::span<double> into) const {
  constexpr double zero_itself = -2147483646.0;  // of SUBTRACTIVE_DITHER_2
  FitsNumbers whole;
  whole.bits = 32;
  decode<double>(unpacked(column, into.size(), whole), whole, into);
  const double scale = parameter("ZSCALE", 1.0);
  const double zero = parameter("ZZERO", 0.0);
  const bool has_blank = has_parameter("ZBLANK");
  const double blank = parameter("ZBLANK", 0.0);
  const auto& random = random_numbers();
  std::size_t seed = (tile + seed_ - 1) % most_random;
  auto next = static_cast<std::size_t>(random[seed] * 500.0F);
  for (double& value : into) {
    const double noise = dither_ > 0 ? static_cast<double>(random[next]) - 0.5 : 0.0;
    if (has_blank && value == blank) {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (dither_ == 2 && value == zero_itself) {
      value = 0.0;
    } else {
      value = (value - noise) * scale + zero;
    }
    if (++next < most_random) continue;
    seed = (seed + 1) % most_random;
    next = static_cast<std::size_t>(random[seed] * 500.0F);
  }
}

bool FitsTiles::has_parameter(const char* name) const { return table_.find(name) != nullptr || unit_.header.has(name); }

/// A column, for each tile, or a card for all.
double FitsTiles::parameter(const char* name, double otherwise) const {
  const FitsColumn* column = table_.find(name);
  if (column == nullptr) return unit_.header.number_or(name, otherwise);
  std::array<float, 1> unused{};
  table_.numbers(*column, 0, unused);  // refuses what is no number
  const Value value = table_.value(*column);
  const double number = value.is_null() ? std::nan("") : value.as_number();
  if (!std::isfinite(number)) table_.refuse(*column, "expected a finite number");
  return number;
}

}  // namespace astro::files
