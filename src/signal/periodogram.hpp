// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/signal/spectrometer.hpp"
#include "signal/transform.hpp"

namespace astro::signal {

/// Sums |X|^2 of windowed transforms. Samples are converted and tapered straight into the
/// transform's input, so that a transform that a block leaves unfinished simply waits there.
class Periodogram {
 public:
  Periodogram(Window window, std::size_t channels);

  std::size_t channels() const noexcept { return transform_.size(); }

  /// Sets the scale of the samples to come; what waits is dropped.
  void expect(Dtype dtype);
  /// Takes at most what completes a transform; returns how many samples it took.
  std::size_t take(std::span<const std::byte> samples, std::size_t sample_bytes) noexcept;
  bool is_complete() const noexcept { return filled_ == channels(); }
  /// Transforms the complete input and adds its power.
  void transform() noexcept;
  void drop_unfinished() noexcept { filled_ = 0; }
  void reset() noexcept;

  std::uint64_t transforms() const noexcept { return transforms_; }
  /// Mean density per channel, frequency ascending, for a sample rate in hertz.
  std::vector<double> density(double rate_hz) const;

 private:
  void convert(const std::byte* samples, std::size_t count) noexcept;

  std::vector<double> coefficients_;
  std::vector<float> scaled_;  ///< each coefficient twice, times the scale of the samples
  Dtype dtype_ = Dtype::cf32;
  Transform transform_;
  std::size_t filled_ = 0;
  std::vector<float> power_;  ///< of the transforms since the last flush: short sums, so float is enough
  std::vector<double> sum_;
  unsigned unflushed_ = 0;
  std::uint64_t transforms_ = 0;
};

}  // namespace astro::signal
