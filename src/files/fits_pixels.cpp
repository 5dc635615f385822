// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_pixels.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "files/big_endian.hpp"

namespace astro::files {
namespace {

constexpr std::size_t numbers_at_once = std::size_t{1} << 16;

template <class Stored, class T>
void decode_as(const std::byte* bytes, const FitsNumbers& how, std::span<T> into) {
  if (how.scale == 1.0 && how.zero == 0.0 && !how.has_blank) {
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = static_cast<T>(big_endian<Stored>(bytes + i * sizeof(Stored)));
    }
    return;
  }
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto stored = static_cast<double>(big_endian<Stored>(bytes + i * sizeof(Stored)));
    const bool is_blank = how.has_blank && stored == how.blank;
    into[i] = is_blank ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(stored * how.scale + how.zero);
  }
}

}  // namespace

FitsNumbers numbers_of(const FitsHeader& header, const char* bits_card) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  FitsNumbers how;
  how.bits = header.integer(bits_card, -64, 64);
  if (how.bits != 8 && how.bits != 16 && how.bits != 32 && how.bits != 64 && how.bits != -32 && how.bits != -64) {
    header.refuse(bits_card, "8, 16, 32, 64, -32 or -64");
  }
  how.scale = header.number_or("BSCALE", 1.0);
  how.zero = header.number_or("BZERO", 0.0);
  how.has_blank = how.bits > 0 && header.has("BLANK");
  how.blank = static_cast<double>(how.has_blank ? header.integer("BLANK", -most, most) : 0);
  return how;
}

template <class T>
void decode(std::span<const std::byte> bytes, const FitsNumbers& how, std::span<T> into) {
  switch (how.bits) {
    case 8:
      return decode_as<std::uint8_t>(bytes.data(), how, into);
    case 16:
      return decode_as<std::int16_t>(bytes.data(), how, into);
    case 32:
      return decode_as<std::int32_t>(bytes.data(), how, into);
    case 64:
      return decode_as<std::int64_t>(bytes.data(), how, into);
    case -32:
      return decode_as<float>(bytes.data(), how, into);
    default:
      return decode_as<double>(bytes.data(), how, into);
  }
}

template <class T>
void read_numbers(FitsFile& file, const FitsUnit& unit, const FitsNumbers& how, std::uint64_t first,
                  std::span<T> into) {
  std::vector<std::byte> bytes;
  for (std::size_t done = 0; done < into.size(); done += numbers_at_once) {
    const std::size_t some = std::min(numbers_at_once, into.size() - done);
    bytes.resize(some * how.bytes_each());
    file.read(unit.data + (first + done) * how.bytes_each(), bytes);
    decode(bytes, how, into.subspan(done, some));
  }
}

template void decode(std::span<const std::byte>, const FitsNumbers&, std::span<float>);
template void decode(std::span<const std::byte>, const FitsNumbers&, std::span<double>);
template void read_numbers(FitsFile&, const FitsUnit&, const FitsNumbers&, std::uint64_t, std::span<float>);
template void read_numbers(FitsFile&, const FitsUnit&, const FitsNumbers&, std::uint64_t, std::span<double>);

}  // namespace astro::files
