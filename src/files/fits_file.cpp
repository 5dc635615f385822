// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_file.hpp"

#include <array>
#include <limits>
#include <string>

#include "files/fail.hpp"

namespace astro::files {
namespace {

constexpr std::uint64_t block_bytes = 2880;
constexpr std::uint64_t most_header_bytes = 4U << 20;
constexpr std::size_t most_units = 10'000;
constexpr std::int64_t most_axes = 99;
constexpr std::int64_t most_number = std::numeric_limits<std::int64_t>::max();

std::uint64_t whole_blocks(std::uint64_t bytes) { return (bytes + block_bytes - 1) / block_bytes * block_bytes; }

}  // namespace

FitsFile::FitsFile(const std::filesystem::path& path)
    : path_(path),
      size_(size_of_file(path, std::numeric_limits<std::int64_t>::max() / 2)),
      stream_(path, std::ios::binary) {
  std::uint64_t at = 0;
  // What follows the last unit and is no extension is a special record, which readers pass by.
  while (at + block_bytes <= size_ && units_.size() < most_units) {
    std::array<std::byte, 8> start{};
    read(at, start);
    const std::string_view name(reinterpret_cast<const char*>(start.data()), start.size());
    if (units_.empty() && name != "SIMPLE  ") fail(path_, "byte 0", "expected \"SIMPLE  =\", as a FITS file begins");
    if (!units_.empty() && name != "XTENSION") break;
    units_.push_back(read_unit(at, units_.empty()));
    at = units_.back().data + whole_blocks(units_.back().bytes);
  }
  if (units_.empty()) {
    fail(path_, "byte 0", "it has " + std::to_string(size_) + " bytes, expected a FITS header of at least 2880");
  }
}

void FitsFile::read(std::uint64_t at, std::span<std::byte> into) {
  if (at > size_ || into.size() > size_ - at) {
    fail(path_, "byte " + std::to_string(size_),
         "it ends where " + std::to_string(at + into.size() - size_) +
             " more bytes were expected; the file is truncated");
  }
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(at));
  stream_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
  if (!stream_) fail(path_, "byte " + std::to_string(at), "it cannot be read; did it shrink since it was opened?");
}

FitsUnit FitsFile::read_unit(std::uint64_t at, bool is_first) {
  FitsUnit unit{FitsHeader(path_), at};
  unit.data = read_header(unit.header, at);
  if (is_first) {
    const Value* simple = unit.header.find("SIMPLE");
    if (simple == nullptr || simple->get_if<bool>() == nullptr || !simple->as_bool()) unit.header.refuse("SIMPLE", "T");
  }
  measure(unit);
  return unit;
}

/// Where the data begin.
std::uint64_t FitsFile::read_header(FitsHeader& header, std::uint64_t at) {
  std::array<std::byte, block_bytes> block{};
  for (std::uint64_t begin = at; begin - at < most_header_bytes; begin += block_bytes) {
    if (begin > size_ || size_ - begin < block_bytes) {
      fail(path_, "byte " + std::to_string(begin), "it ends within a header; there is no card END");
    }
    read(begin, block);
    const std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
    for (std::size_t i = 0; i < block_bytes; i += FitsHeader::card_bytes) {
      if (!header.add_card(text.substr(i, FitsHeader::card_bytes), begin + i)) return begin + block_bytes;
    }
  }
  fail(path_, "byte " + std::to_string(at), "its header has no card END within 4 MiB");
}

/// FITS standard 4.0, equations 1 and 2.
void FitsFile::measure(FitsUnit& unit) const {
  const FitsHeader& header = unit.header;
  const std::int64_t bits = header.integer("BITPIX", -64, 64);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64 && bits != -32 && bits != -64) {
    header.refuse("BITPIX", "8, 16, 32, 64, -32 or -64");
  }
  const auto each = static_cast<std::uint64_t>(bits < 0 ? -bits : bits) / 8;
  const std::int64_t axes = header.integer("NAXIS", 0, most_axes);
  std::uint64_t items = axes == 0 ? 0 : 1;
  for (std::int64_t axis = 1; axis <= axes; ++axis) {
    const std::string name = "NAXIS" + std::to_string(axis);
    const auto length = static_cast<std::uint64_t>(header.integer(name, 0, most_number));
    if (length > 0 && items > size_ / length) {
      header.refuse(
          name, "no more than the file's " + std::to_string(size_) + " bytes can hold; it is truncated, or wrong here");
    }
    items *= length;
    unit.shape.push_back(length);
  }
  const auto behind = static_cast<std::uint64_t>(header.integer_or("PCOUNT", 0, most_number, 0));
  const auto groups = header.integer_or("GCOUNT", 0, most_number, 1);
  if (groups != 1) header.refuse("GCOUNT", "1 (random groups are not read)");
  const std::uint64_t left = unit.data > size_ ? 0 : size_ - unit.data;
  if (behind > left || items > left / each || items + behind > left / each) {
    fail(path_, "byte " + std::to_string(size_),
         "it ends within the data that begin at byte " + std::to_string(unit.data) + "; the file is truncated");
  }
  unit.bytes = (items + behind) * each;
}

}  // namespace astro::files
