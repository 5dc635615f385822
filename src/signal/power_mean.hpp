// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "astro/signal/kurtosis.hpp"

namespace astro::signal {

/// Averages |X|^2 of transforms; with kurtosis, `together` transforms at a time are judged and a
/// channel of them is left out where they are not noise. Sums over few transforms are in float,
/// whose rounding stays below 1e-6, all others in double.
class PowerMean {
 public:
  PowerMean(std::size_t bins, std::uint32_t together, double sigma);

  void add(const float* transform) noexcept;
  void reset() noexcept;

  /// The bin with a single degree of freedom (the first one of real samples) is never judged.
  void spare_first(bool spared) noexcept { spares_first_ = spared; }

  struct Result {
    std::vector<double> power;  ///< mean of what was kept; where nothing was, of everything
    std::vector<float> weight;  ///< kept of all transforms
  };
  Result result() const;

  std::uint64_t transforms() const noexcept { return transforms_; }

 private:
  struct Sums {
    std::vector<double> all;
    std::vector<double> kept;
    std::vector<double> count;  ///< transforms in `kept`
  };
  void judge(Sums& sums, const KurtosisLimits& limits) const;

  std::uint32_t together_;  ///< 0: nothing is judged
  double sigma_;
  KurtosisLimits limits_{};
  bool spares_first_ = false;
  std::vector<float> power_;   ///< of the last few transforms
  std::vector<float> square_;  ///< of the squares of power
  Sums sums_;
  std::uint32_t pending_ = 0;  ///< transforms in `power_`
  std::uint64_t transforms_ = 0;
};

}  // namespace astro::signal
