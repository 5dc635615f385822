// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "random.hpp"

namespace simulator {

/// Fills with independent normal deviates of mean 0 and variance 1 (the ziggurat of Marsaglia and
/// Tsang 2000, J. Stat. Softw. 5(8), with 256 layers).
void fill_normal(Random& random, std::span<float> out) noexcept;

/// Gaussian noise of a given spectrum, continuous and without end. Segments of independent noise
/// with half overlap are made in the frequency domain, weighted by a sine window and added: the
/// squares of the two windows sum to 1, so that the power is steady and white noise stays exactly
/// white; a feature of the spectrum is smoothed over about 1.5 / `length` of the sample rate.
/// Each hop is a function of seed, index and the amplitudes in force, in whatever order it is asked for.
class NoiseSynthesis {
 public:
  /// `length` is a power of two.
  NoiseSynthesis(std::size_t length, std::uint64_t seed);
  NoiseSynthesis(NoiseSynthesis&&) noexcept;
  NoiseSynthesis& operator=(NoiseSynthesis&&) noexcept;
  ~NoiseSynthesis();

  std::size_t length() const noexcept { return window_.size(); }
  std::size_t hop() const noexcept { return window_.size() / 2; }

  /// Power per hertz in ascending frequency, the middle channel at zero; `length` values.
  void set_density(std::span<const float> density, double sample_rate_hz);

  /// Samples [index * hop, (index + 1) * hop).
  void make(std::int64_t index, std::span<std::complex<float>> out);

 private:
  struct Plan;
  void segment(std::int64_t index);

  std::uint64_t seed_;
  std::vector<float> window_;
  std::vector<float> amplitude_;           ///< in the transform's order
  std::vector<std::complex<float>> tail_;  ///< second half of the last segment
  std::int64_t tail_of_ = INT64_MIN;
  std::unique_ptr<Plan> plan_;
};

}  // namespace simulator
