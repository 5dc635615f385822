// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "astro/error.hpp"
#include "astro/value.hpp"

namespace astro::signal {

/// Sums spectra that a receiver made itself. What is not finite is left out of its channel's mean.
class SpectraMean {
 public:
  /// Spectra of another shape begin anew.
  void expect(Dtype dtype, std::size_t channels) {
    dtype_ = dtype;
    sum_.assign(channels, 0.0);
    count_.assign(channels, 0);
    spectra_ = 0;
  }

  void add(std::span<const std::byte> bytes) noexcept {
    switch (dtype_) {
      case Dtype::u8:
        return add_as<std::uint8_t>(bytes);
      case Dtype::i8:
        return add_as<std::int8_t>(bytes);
      case Dtype::u16:
        return add_as<std::uint16_t>(bytes);
      case Dtype::i16:
        return add_as<std::int16_t>(bytes);
      case Dtype::i32:
        return add_as<std::int32_t>(bytes);
      case Dtype::i64:
        return add_as<std::int64_t>(bytes);
      case Dtype::f32:
        return add_as<float>(bytes);
      case Dtype::f64:
        return add_as<double>(bytes);
      default:
        return;  // complex spectra are refused when they are announced
    }
  }

  std::size_t channels() const noexcept { return sum_.size(); }
  double mean(std::size_t channel) const noexcept {
    return count_[channel] == 0 ? 0.0 : sum_[channel] / static_cast<double>(count_[channel]);
  }
  double weight(std::size_t channel) const noexcept {
    return spectra_ == 0 ? 0.0 : static_cast<double>(count_[channel]) / static_cast<double>(spectra_);
  }

 private:
  template <class T>
  void add_as(std::span<const std::byte> bytes) noexcept {
    const std::size_t row = channels() * sizeof(T);
    for (std::size_t offset = 0; offset + row <= bytes.size(); offset += row, ++spectra_) {
      for (std::size_t i = 0; i < channels(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + offset + i * sizeof(T), sizeof(T));
        const auto number = static_cast<double>(value);
        if (!std::isfinite(number)) continue;
        sum_[i] += number;
        ++count_[i];
      }
    }
  }

  Dtype dtype_ = Dtype::f32;
  std::vector<double> sum_;
  std::vector<std::uint64_t> count_;
  std::uint64_t spectra_ = 0;
};

}  // namespace astro::signal
