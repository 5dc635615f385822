// SPDX-License-Identifier: BSD-3-Clause
#include "signal/periodogram.hpp"

#include <algorithm>
#include <numeric>

#include "signal/kernels.hpp"
#include "signal/window.hpp"

namespace astro::signal {
namespace {

/// Transforms that are summed in float before they go into double: rounding stays below 1e-6, and
/// the wider sum costs little.
constexpr unsigned transforms_in_float = 16;

double scale_of(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::cu8:
      return 1.0 / 127.5;
    case Dtype::ci8:
      return 1.0 / 128.0;
    case Dtype::ci16:
      return 1.0 / 32768.0;
    default:
      return 1.0;
  }
}

}  // namespace

Periodogram::Periodogram(Window window, std::size_t channels)
    : coefficients_(make_window(window, channels)), transform_(channels), power_(channels), sum_(channels) {
  expect(Dtype::cf32);
}

void Periodogram::expect(Dtype dtype) {
  dtype_ = dtype;
  filled_ = 0;
  const double scale = scale_of(dtype);
  scaled_.resize(2 * channels());
  for (std::size_t i = 0; i < channels(); ++i) {
    scaled_[2 * i] = scaled_[2 * i + 1] = static_cast<float>(coefficients_[i] * scale);
  }
}

void Periodogram::convert(const std::byte* samples, std::size_t count) noexcept {
  const float* window = scaled_.data() + 2 * filled_;
  float* out = transform_.input() + 2 * filled_;
  switch (dtype_) {
    case Dtype::cu8:
      return window_u8(reinterpret_cast<const std::uint8_t*>(samples), window, out, 2 * count);
    case Dtype::ci8:
      return window_i8(reinterpret_cast<const std::int8_t*>(samples), window, out, 2 * count);
    case Dtype::ci16:
      return window_i16(reinterpret_cast<const std::int16_t*>(samples), window, out, 2 * count);
    default:
      return window_f32(reinterpret_cast<const float*>(samples), window, out, 2 * count);
  }
}

std::size_t Periodogram::take(std::span<const std::byte> samples, std::size_t sample_bytes) noexcept {
  const std::size_t count = std::min(samples.size() / sample_bytes, channels() - filled_);
  convert(samples.data(), count);
  filled_ += count;
  return count;
}

void Periodogram::transform() noexcept {
  transform_.run();
  add_power(transform_.output(), power_.data(), channels());
  filled_ = 0;
  ++transforms_;
  if (++unflushed_ < transforms_in_float) return;
  flush_power(power_.data(), sum_.data(), channels());
  unflushed_ = 0;
}

void Periodogram::reset() noexcept {
  std::fill(power_.begin(), power_.end(), 0.0F);
  std::fill(sum_.begin(), sum_.end(), 0.0);
  filled_ = 0;
  unflushed_ = 0;
  transforms_ = 0;
}

std::vector<double> Periodogram::density(double rate_hz) const {
  const double taper = std::inner_product(coefficients_.begin(), coefficients_.end(), coefficients_.begin(), 0.0);
  const double scale = 1.0 / (rate_hz * taper * static_cast<double>(transforms_));
  const std::size_t negative = channels() / 2;  // channels below the centre
  std::vector<double> ascending(channels());
  for (std::size_t k = 0; k < channels(); ++k) {
    ascending[(k + negative) % channels()] = (sum_[k] + static_cast<double>(power_[k])) * scale;
  }
  return ascending;
}

}  // namespace astro::signal
