// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/noise_power.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "imaging/levels.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

/// Noise has less power than this nowhere: what divides by it must not run away.
constexpr float least_noise_power = 0.02F;

/// The difference in units of its noise; 0 where there is none.
Plane<float> scaled(const Image& difference) {
  Plane<float> made(difference.rows(), difference.columns());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const float variance = difference.variance.data()[i];
    if (variance > 0.0F) made.data()[i] = difference.pixels.data()[i] / std::sqrt(variance);
  }
  return made;
}

/// What has changed, and what stars leave, is no empty sky.
void blank_sources(Plane<float>& plane) {
  std::vector<float> sorted;
  std::ranges::copy_if(plane.values(), std::back_inserter(sorted), [](float value) { return value != 0.0F; });
  if (sorted.empty()) return;
  const auto limit = static_cast<float>(3.0 * robust(sorted).sigma);
  constexpr std::size_t reach = 2;
  const Plane<float> raw = plane;
  for (std::size_t y = 0; y < raw.rows(); ++y) {
    for (std::size_t x = 0; x < raw.columns(); ++x) {
      if (std::abs(raw(y, x)) <= limit) continue;
      const std::size_t wide = std::abs(raw(y, x)) > 2.0F * limit ? reach : 0;
      for (std::size_t j = y - std::min(y, wide); j < std::min(y + wide + 1, raw.rows()); ++j) {
        for (std::size_t i = x - std::min(x, wide); i < std::min(x + wide + 1, raw.columns()); ++i) plane(j, i) = 0.0F;
      }
    }
  }
}

}  // namespace

NoisePower::NoisePower(const Image& difference, int lags) : lags_(lags) {
  if (lags_ == 0) return;
  Plane<float> sky = scaled(difference);
  blank_sources(sky);
  const auto reach = static_cast<std::size_t>(lags_);
  if (sky.rows() < 4 * reach || sky.columns() < 4 * reach)
    refuse("subtracting images", "they are too small for noise that pixels have in common");
  products_ = Plane<double>(2 * reach + 1, reach + 1);
  for (std::size_t j = 0; j <= 2 * reach; ++j) {
    for (std::size_t i = 0; i <= reach; ++i) {
      double sum = 0.0;
      double pairs = 0.0;
      for (std::size_t y = reach; y + reach < sky.rows(); ++y) {
        const std::span<const float> a = sky.row(y);
        const std::span<const float> b = sky.row(y + j - reach);
        float line = 0.0F;
        float number = 0.0F;
        for (std::size_t x = 0; x + i < sky.columns(); ++x) {
          line += a[x] * b[x + i];
          number += a[x] * b[x + i] == 0.0F ? 0.0F : 1.0F;
        }
        sum += line;
        pairs += number;
      }
      if (pairs < 1000.0)
        refuse("subtracting images", "too little empty sky to measure the noise that pixels have in common");
      products_(j, i) = sum / pairs;
    }
  }
  // How much noise a pixel has is what its variance says.
  const double alone = products_(reach, 0);
  for (double& product : products_.values()) product /= alone;
}

void NoisePower::row(double v, std::size_t columns, std::span<float> power) const {
  if (is_white()) {
    std::fill(power.begin(), power.end(), 1.0F);
    return;
  }
  // Both signs of a lag are one product: 2 cos(2 pi (j v + i u)), with i = 0 and j < 0 left out.
  const auto reach = static_cast<std::size_t>(lags_);
  std::vector<double> even(reach + 1);
  std::vector<double> odd(reach + 1);
  for (std::size_t i = 0; i <= reach; ++i) {
    for (std::size_t j = i == 0 ? reach : 0; j <= 2 * reach; ++j) {
      const double phase = 2.0 * M_PI * v * (static_cast<double>(j) - static_cast<double>(reach));
      const double weight = i == 0 && j == reach ? 1.0 : 2.0;
      even[i] += weight * products_(j, i) * std::cos(phase);
      odd[i] += weight * products_(j, i) * std::sin(phase);
    }
  }
  for (std::size_t k = 0; k < power.size(); ++k) {
    const double u = 2.0 * M_PI * static_cast<double>(k) / static_cast<double>(columns);
    double sum = even[0];
    for (std::size_t i = 1; i <= reach; ++i) {
      sum += even[i] * std::cos(u * static_cast<double>(i)) - odd[i] * std::sin(u * static_cast<double>(i));
    }
    power[k] = std::max(least_noise_power, static_cast<float>(sum));
  }
}

}  // namespace astro::imaging
