// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "files/big_endian.hpp"
#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::size_t most_row_bytes = std::size_t{1} << 30;

/// Bytes of one element; 0: no such type. (X counts bits and is treated where it is met.)
std::size_t width_of(char type) noexcept {
  switch (type) {
    case 'L':
    case 'B':
    case 'A':
      return 1;
    case 'I':
      return 2;
    case 'J':
    case 'E':
      return 4;
    case 'K':
    case 'D':
    case 'C':
    case 'P':
      return 8;
    case 'M':
    case 'Q':
      return 16;
    default:
      return 0;
  }
}

std::size_t bytes_of(const FitsColumn& column) noexcept {
  return column.type == 'X' ? (column.repeat + 7) / 8 : column.repeat * width_of(column.type);
}

}  // namespace

bool is_numeric(const FitsColumn& column) noexcept {
  return std::string_view("BIJKED").find(column.type) != std::string_view::npos;
}

FitsTable::FitsTable(FitsFile& file, const FitsUnit& unit) : file_(file), unit_(unit) {
  const FitsHeader& header = unit.header;
  if (header.text("XTENSION") != "BINTABLE" || unit.shape.size() != 2) header.refuse("XTENSION", "a binary table");
  if (header.integer("BITPIX", -64, 64) != 8) header.refuse("BITPIX", "8 in a binary table");
  const auto width = static_cast<std::size_t>(header.integer("NAXIS1", 0, most_row_bytes));
  rows_ = static_cast<std::size_t>(unit.shape[1]);
  // A file cannot hold more rows than bytes; a row of no bytes would be none.
  if (width == 0 && rows_ > 0) header.refuse("NAXIS1", "the bytes of a row");
  const auto count = static_cast<std::size_t>(header.integer("TFIELDS", 0, 999));
  std::size_t offset = 0;
  for (std::size_t number = 1; number <= count; ++number) {
    columns_.push_back(read_column(number, offset));
    offset += bytes_of(columns_.back());
    if (offset > width) {
      header.refuse("TFORM" + std::to_string(number),
                    "columns that fit the " + std::to_string(width) + " bytes of a row");
    }
  }
  bytes_.resize(width);
}

FitsColumn FitsTable::read_column(std::size_t number, std::size_t offset) const {
  const FitsHeader& header = unit_.header;
  const std::string suffix = std::to_string(number);
  const std::string form = header.text("TFORM" + suffix);
  const std::size_t digits = std::min(form.find_first_not_of("0123456789"), form.size());
  const auto repeat = digits == 0 ? std::optional<double>(1.0) : text::number(form.substr(0, digits));
  const char type = digits < form.size() ? form[digits] : ' ';
  if ((width_of(type) == 0 && type != 'X') || !repeat || *repeat > 8.0 * static_cast<double>(most_row_bytes)) {
    header.refuse("TFORM" + suffix, "the format of a column, like 1024E or 32A");
  }
  return {.name = header.text("TTYPE" + suffix),
          .unit = header.text("TUNIT" + suffix),
          .number = number,
          .type = type,
          .repeat = static_cast<std::size_t>(*repeat),
          .offset = offset,
          .scale = header.number_or("TSCAL" + suffix, 1.0),
          .zero = header.number_or("TZERO" + suffix, 0.0),
          .element = (type == 'P' || type == 'Q') && digits + 1 < form.size() ? form[digits + 1] : ' '};
}

const FitsColumn* FitsTable::find(std::string_view name) const noexcept {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == name; });
  return found == columns_.end() ? nullptr : &*found;
}

void FitsTable::load(std::size_t row) {
  row_ = row;
  file_.read(unit_.data + static_cast<std::uint64_t>(row) * bytes_.size(), bytes_);
}

void FitsTable::refuse(const FitsColumn& column, const std::string& problem) const {
  fail(file_.path(), "row " + std::to_string(row_ + 1) + ", column " + text::quoted(column.name), problem);
}

double FitsTable::element(const FitsColumn& column, std::size_t index) const {
  const std::byte* at = bytes_.data() + column.offset + index * width_of(column.type);
  switch (column.type) {
    case 'B':
      return static_cast<double>(std::to_integer<unsigned>(*at));
    case 'I':
      return big_endian<std::int16_t>(at);
    case 'J':
      return big_endian<std::int32_t>(at);
    case 'K':
      return static_cast<double>(big_endian<std::int64_t>(at));
    case 'E':
      return static_cast<double>(big_endian<float>(at));
    case 'D':
      return big_endian<double>(at);
    default:
      refuse(column, "expected numbers, and its format is " + std::string(1, column.type));
  }
}

std::string FitsTable::text(const FitsColumn& column) const {
  std::string text(reinterpret_cast<const char*>(bytes_.data() + column.offset), column.repeat);
  text.erase(std::min(text.find('\0'), text.size()));
  text.erase(std::min(text.find_last_not_of(' ') + 1, text.size()));
  return text;
}

Value FitsTable::value(const FitsColumn& column) const {
  if (column.type == 'A') return text(column);
  if (column.repeat != 1) return {};
  if (column.type == 'L') return static_cast<char>(bytes_[column.offset]) == 'T';
  if (!is_numeric(column)) return {};
  const double number = element(column, 0);
  if (column.type == 'E' || column.type == 'D' || column.scale != 1.0 || column.zero != 0.0) {
    return number * column.scale + column.zero;
  }
  if (column.type == 'K') return big_endian<std::int64_t>(bytes_.data() + column.offset);
  return static_cast<std::int64_t>(number);
}

void FitsTable::numbers(const FitsColumn& column, std::size_t first, std::span<float> into) const {
  if (!is_numeric(column)) refuse(column, "expected numbers, and its format is " + std::string(1, column.type));
  if (first > column.repeat || into.size() > column.repeat - first) {
    refuse(column,
           "it holds " + std::to_string(column.repeat) + " numbers, expected " + std::to_string(first + into.size()));
  }
  for (std::size_t i = 0; i < into.size(); ++i) {
    into[i] = static_cast<float>(element(column, first + i) * column.scale + column.zero);
  }
}

std::vector<std::byte> FitsTable::heap(const FitsColumn& column) const {
  const std::size_t each = width_of(column.element);
  if ((column.type != 'P' && column.type != 'Q') || column.repeat == 0 || each == 0) {
    refuse(column, "expected an array of variable length, like 1PB");
  }
  const std::byte* at = bytes_.data() + column.offset;
  const bool is_wide = column.type == 'Q';
  const std::uint64_t count = is_wide ? big_endian<std::uint64_t>(at) : big_endian<std::uint32_t>(at);
  const std::uint64_t place = is_wide ? big_endian<std::uint64_t>(at + 8) : big_endian<std::uint32_t>(at + 4);
  const std::uint64_t table = static_cast<std::uint64_t>(rows_) * bytes_.size();
  const auto begin = static_cast<std::uint64_t>(
      header().integer_or("THEAP", 0, std::numeric_limits<std::int64_t>::max(), static_cast<std::int64_t>(table)));
  const std::uint64_t room = begin > unit_.bytes ? 0 : unit_.bytes - begin;
  if (place > room || count > (room - place) / each) {
    refuse(column, "its " + std::to_string(count) + " elements at byte " + std::to_string(place) +
                       " of the heap lie outside it; the file is damaged");
  }
  std::vector<std::byte> found(static_cast<std::size_t>(count * each));
  file_.read(unit_.data + begin + place, found);
  return found;
}

}  // namespace astro::files
