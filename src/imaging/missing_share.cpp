// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/missing_share.hpp"

#include <algorithm>
#include <cmath>

namespace astro::imaging {
namespace {

/// Of a Gaussian with the moments of a plane's middle.
double sigma_of(const Plane<float>& plane, std::size_t reach) {
  double sum = 0.0;
  double moment = 0.0;
  const std::size_t middle = plane.rows() / 2;
  const std::size_t wide = std::min(reach, middle);
  for (std::size_t y = middle - wide; y <= middle + wide; ++y) {
    for (std::size_t x = middle - wide; x <= middle + wide; ++x) {
      const double dy = static_cast<double>(y) - static_cast<double>(middle);
      const double dx = static_cast<double>(x) - static_cast<double>(middle);
      sum += plane(y, x);
      moment += plane(y, x) * (dx * dx + dy * dy);
    }
  }
  return std::clamp(std::sqrt(0.5 * moment / sum), 0.3, 8.0);
}

}  // namespace

MissingShare::MissingShare(const Plane<std::uint8_t>& bad, const Plane<float>& squared_kernel, std::size_t reach)
    : rows_(bad.rows()), edges_(bad.columns()), along_(bad.rows()) {
  const double sigma = sigma_of(squared_kernel, reach);
  reach_ = static_cast<std::size_t>(std::ceil(3.0 * sigma));
  float total = 0.0F;
  for (std::size_t i = 0; i <= 2 * reach_; ++i) {
    const double away = (static_cast<double>(i) - static_cast<double>(reach_)) / sigma;
    weights_.push_back(static_cast<float>(std::exp(-0.5 * away * away)));
    total += weights_.back();
  }
  for (float& weight : weights_) weight /= total;
  for (std::size_t x = 0; x < edges_.size(); ++x) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (x + i < reach_ || x + i - reach_ >= edges_.size()) edges_[x] += weights_[i];
    }
  }
  for (std::size_t y = 0; y < rows_; ++y) {
    const std::span<const std::uint8_t> here = bad.row(y);
    for (std::size_t x = 0; x < here.size(); ++x) {
      if (here[x] == 0) continue;
      std::vector<float>& along = along_[y];
      if (along.empty()) along = edges_;
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        if (x + reach_ >= i && x + reach_ - i < along.size()) along[x + reach_ - i] += weights_[i];
      }
    }
  }
}

void MissingShare::row(std::size_t row, std::size_t first, std::span<float> share) const {
  float outside = 0.0F;
  float whole = 0.0F;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const bool is_inside = row + i >= reach_ && row + i - reach_ < rows_;
    if (!is_inside) outside += weights_[i];
    if (is_inside && along_[row + i - reach_].empty()) whole += weights_[i];
  }
  for (std::size_t x = 0; x < share.size(); ++x) share[x] = outside + whole * edges_[first + x];
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (row + i < reach_ || row + i - reach_ >= rows_) continue;
    const std::vector<float>& along = along_[row + i - reach_];
    if (along.empty()) continue;
    for (std::size_t x = 0; x < share.size(); ++x) share[x] += weights_[i] * along[first + x];
  }
}

}  // namespace astro::imaging
