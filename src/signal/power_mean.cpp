// SPDX-License-Identifier: BSD-3-Clause
#include "signal/power_mean.hpp"

#include <algorithm>

#include "signal/kernels/select.hpp"

namespace astro::signal {
namespace {

/// Transforms that are summed in float before they go into double, where nothing is judged.
constexpr std::uint32_t transforms_in_float = 16;
/// Fewer than these say nothing about their distribution.
constexpr std::uint32_t fewest_judged = 24;

}  // namespace

PowerMean::PowerMean(std::size_t bins, std::uint32_t together, double sigma)
    : together_(together), sigma_(sigma), power_(bins), square_(together > 0 ? bins : 0) {
  sums_.all.resize(bins);
  if (together_ == 0) return;
  limits_ = kurtosis_limits(together_, sigma_);
  sums_.kept.resize(bins);
  sums_.count.resize(bins);
}

void PowerMean::add(const float* transform) noexcept {
  ++transforms_;
  ++pending_;
  if (together_ == 0) {
    kernels().add_power(transform, power_.data(), power_.size());
    if (pending_ < transforms_in_float) return;
    kernels().flush(power_.data(), sums_.all.data(), power_.size());
    pending_ = 0;
    return;
  }
  kernels().add_moments(transform, power_.data(), square_.data(), power_.size());
  if (pending_ < together_) return;
  judge(sums_, limits_);
  std::fill(power_.begin(), power_.end(), 0.0F);
  std::fill(square_.begin(), square_.end(), 0.0F);
  pending_ = 0;
}

void PowerMean::judge(Sums& sums, const KurtosisLimits& limits) const {
  for (std::size_t k = 0; k < power_.size(); ++k) {
    const auto power = static_cast<double>(power_[k]);
    const double kurtosis = spectral_kurtosis(power, static_cast<double>(square_[k]), pending_);
    sums.all[k] += power;
    const bool is_noise = kurtosis >= limits.low && kurtosis <= limits.high;
    if (!is_noise && !(spares_first_ && k == 0)) continue;
    sums.kept[k] += power;
    sums.count[k] += pending_;
  }
}

void PowerMean::reset() noexcept {
  for (std::vector<double>* each : {&sums_.all, &sums_.kept, &sums_.count}) std::fill(each->begin(), each->end(), 0.0);
  std::fill(power_.begin(), power_.end(), 0.0F);
  std::fill(square_.begin(), square_.end(), 0.0F);
  pending_ = 0;
  transforms_ = 0;
}

PowerMean::Result PowerMean::result() const {
  Sums sums = sums_;
  const auto total = static_cast<double>(transforms_);
  if (together_ > 0 && pending_ >= fewest_judged) {
    judge(sums, pending_ == together_ ? limits_ : kurtosis_limits(pending_, sigma_));
  } else {
    for (std::size_t k = 0; k < power_.size(); ++k) sums.all[k] += static_cast<double>(power_[k]);
  }
  Result result{std::move(sums.all), std::vector<float>(power_.size(), 1.0F)};
  for (std::size_t k = 0; k < power_.size(); ++k) {
    const double count = together_ > 0 ? sums.count[k] : total;
    result.power[k] = together_ > 0 && count > 0.0 ? sums.kept[k] / count : result.power[k] / total;
    result.weight[k] = static_cast<float>(count / total);
  }
  return result;
}

}  // namespace astro::signal
