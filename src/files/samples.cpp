// SPDX-License-Identifier: BSD-3-Clause
#include "files/samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "astro/error.hpp"

namespace astro::files {
namespace {

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t index) noexcept {
  T value{};
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// One number of a pair, in -1 to 1.
float to_float(std::span<const std::byte> bytes, Dtype dtype, std::size_t index) noexcept {
  switch (dtype) {
    case Dtype::cu8:
      return (static_cast<float>(number_at<std::uint8_t>(bytes, index)) - 127.5F) / 127.5F;
    case Dtype::ci8:
      return static_cast<float>(number_at<std::int8_t>(bytes, index)) / 128.0F;
    case Dtype::ci16:
      return static_cast<float>(number_at<std::int16_t>(bytes, index)) / 32768.0F;
    default:
      return number_at<float>(bytes, index);
  }
}

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t index, T value) noexcept {
  std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof(T));
}

/// What is not a number is silence.
template <class T>
T rounded(float value, float least, float most) noexcept {
  return std::isnan(value) ? T{0} : static_cast<T>(std::lround(std::clamp(value, least, most)));
}

void put_float(std::vector<std::byte>& bytes, Dtype dtype, std::size_t index, float value) noexcept {
  switch (dtype) {
    case Dtype::cu8:
      return put(bytes, index,
                 rounded<std::uint8_t>((std::isnan(value) ? 0.0F : value) * 127.5F + 127.5F, 0.0F, 255.0F));
    case Dtype::ci8:
      return put(bytes, index, rounded<std::int8_t>(value * 128.0F, -128.0F, 127.0F));
    case Dtype::ci16:
      return put(bytes, index, rounded<std::int16_t>(value * 32768.0F, -32768.0F, 32767.0F));
    default:
      return put(bytes, index, value);
  }
}

}  // namespace

std::vector<std::byte> converted(std::span<const std::byte> samples, Dtype from, Dtype to) {
  const std::size_t each = size_of(from);
  if (samples.size() % each != 0) {
    throw Error(ErrorCode::invalid_argument, "writing samples: " + std::to_string(samples.size()) +
                                                 " bytes are no whole samples of " + std::to_string(each));
  }
  if (from == to) return {samples.begin(), samples.end()};
  const std::size_t numbers = 2 * (samples.size() / each);
  std::vector<std::byte> result(numbers / 2 * size_of(to));
  for (std::size_t i = 0; i < numbers; ++i) put_float(result, to, i, to_float(samples, from, i));
  return result;
}

}  // namespace astro::files
