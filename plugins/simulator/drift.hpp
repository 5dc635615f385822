// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "astro/time.hpp"
#include "random.hpp"

namespace simulator {

/// A slow random wander with mean 0 and standard deviation 1: seven sine waves with random phases,
/// periods in a ratio of 1.9 from each to the next. A function of the time alone.
class Drift {
 public:
  Drift(std::uint64_t seed, double shortest_period_s) noexcept : shortest_s_(shortest_period_s) {
    for (std::size_t i = 0; i < phases_.size(); ++i) phases_[i] = unit(mix(seed, i));
  }

  double at(astro::Time time) const noexcept {
    const double now_s = astro::seconds(time.time_since_epoch());
    double sum = 0.0;
    double period_s = shortest_s_;
    for (const double phase : phases_) {
      sum += std::sin(2.0 * std::numbers::pi * (now_s / period_s + phase));
      period_s *= 1.9;
    }
    return sum * std::sqrt(2.0 / static_cast<double>(phases_.size()));
  }

 private:
  double shortest_s_;
  std::array<double, 7> phases_{};
};

}  // namespace simulator
