// SPDX-License-Identifier: BSD-3-Clause
#include "signal/periodogram.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "signal/kernels/select.hpp"
#include "signal/scale.hpp"
#include "signal/window.hpp"

namespace astro::signal {
namespace {

bool is_complex(Dtype dtype) noexcept {
  return dtype == Dtype::cu8 || dtype == Dtype::ci8 || dtype == Dtype::ci16 || dtype == Dtype::cf32;
}

Fold fold_of(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::u8:
    case Dtype::cu8:
      return kernels().fold_u8;
    case Dtype::i8:
    case Dtype::ci8:
      return kernels().fold_i8;
    case Dtype::i16:
    case Dtype::ci16:
      return kernels().fold_i16;
    default:
      return kernels().fold_f32;
  }
}

/// The correction as `Kernels::balance` takes it.
std::array<float, 6> matrix_of(const IqCorrection& correction) noexcept {
  const double a = correction.image.real();
  const double b = correction.image.imag();
  const double scale = 1.0 / (1.0 - std::norm(correction.image));
  const double x = correction.offset.real();
  const double y = correction.offset.imag();
  const std::array<double, 4> m{scale * (1.0 - a), -scale * b, -scale * b, scale * (1.0 + a)};
  return {static_cast<float>(m[0]), static_cast<float>(m[1]), static_cast<float>(-m[0] * x - m[1] * y),
          static_cast<float>(m[2]), static_cast<float>(m[3]), static_cast<float>(-m[2] * x - m[3] * y)};
}

}  // namespace

Periodogram::Periodogram(const SpectrometerOptions& options)
    : channels_(options.channels),
      taps_(options.taps),
      window_(options.window),
      correction_(options.correction),
      complex_taps_(make_taps(options.window, taps_, channels_)),
      correlation_(correlation_of(complex_taps_, channels_)),
      rows_(taps_),
      mean_(channels_, options.kurtosis, options.kurtosis_sigma),
      transform_(std::make_unique<Transform>(channels_, Input::complex)) {
  expect(Dtype::cf32);
}

void Periodogram::expect(Dtype dtype) {
  rows_.drop();
  if (fold_ != nullptr && dtype == dtype_) return;
  dtype_ = dtype;
  input_ = is_complex(dtype) ? Input::complex : Input::real;
  if (input_ == Input::real && !real_) {
    real_ = std::make_unique<Transform>(channels_, Input::real);
    real_taps_ = make_taps(window_, taps_, 2 * channels_);
  }
  const bool corrects = correction_ && input_ == Input::complex;
  convert_ = corrects ? fold_of(dtype) : nullptr;
  scale_.assign(corrects ? numbers() : 0, static_cast<float>(scale_of(dtype)));
  fold_ = corrects ? kernels().fold_f32 : fold_of(dtype);
  scale_taps(corrects ? 1.0 : scale_of(dtype));
  rows_.expect(row_items() * size_of(dtype), corrects ? numbers() * sizeof(float) : 0);
  mean_.spare_first(input_ == Input::real);
}

void Periodogram::scale_taps(double scale) {
  scaled_.clear();
  if (input_ == Input::real) {
    for (const double tap : real_taps_) scaled_.push_back(static_cast<float>(tap * scale));
    return;
  }
  for (const double tap : complex_taps_) scaled_.insert(scaled_.end(), 2, static_cast<float>(tap * scale));
}

std::size_t Periodogram::take(std::span<const std::byte> samples) noexcept {
  const std::size_t taken = rows_.take(samples);
  if (convert_ != nullptr && rows_.row_is_complete()) correct_newest();
  return taken / size_of(dtype_);
}

void Periodogram::correct_newest() noexcept {
  const void* raw = rows_.newest();
  auto* turned = reinterpret_cast<float*>(rows_.turn_newest());
  convert_(&raw, scale_.data(), 1, turned, numbers());
  kernels().balance(turned, matrix_of(*correction_).data(), channels_);
}

void Periodogram::transform() noexcept {
  Transform& transform = input_ == Input::real ? *real_ : *transform_;
  fold_(rows_.pointers(), scaled_.data(), taps_, transform.input(), numbers());
  transform.run();
  mean_.add(transform.output());
  rows_.advance();
}

void Periodogram::reset() noexcept {
  mean_.reset();
  rows_.drop();
}

Periodogram::Density Periodogram::density(double rate_hz) const {
  const bool is_real = input_ == Input::real;
  const std::vector<double>& taps = is_real ? real_taps_ : complex_taps_;
  const double power = std::inner_product(taps.begin(), taps.end(), taps.begin(), 0.0);
  const double scale = 1.0 / (rate_hz * power);
  const PowerMean::Result mean = mean_.result();
  const std::size_t negative = is_real ? 0 : channels_ / 2;  // channels below the centre
  Density density{std::vector<double>(channels_), std::vector<float>(channels_)};
  for (std::size_t k = 0; k < channels_; ++k) {
    const std::size_t ascending = (k + negative) % channels_;
    const double sides = is_real && k > 0 ? 2.0 : 1.0;
    density.power[ascending] = mean.power[k] * scale * sides;
    density.weight[ascending] = mean.weight[k];
  }
  return density;
}

}  // namespace astro::signal
