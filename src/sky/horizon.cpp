// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/sky/events.hpp"

namespace astro::sky {

namespace {

[[noreturn]] void refuse_horizon(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a horizon: " + why);
}

}  // namespace

Horizon::Horizon(std::vector<AltAz> points) : points_(std::move(points)) {
  if (points_.empty()) refuse_horizon("expected one point or more");
  for (AltAz& point : points_) {
    const bool possible = std::isfinite(point.azimuth.radians()) && point.altitude.abs() <= degrees(90);
    if (!possible) refuse_horizon("its azimuths must be finite and its altitudes -90 to 90 deg");
    point.azimuth = point.azimuth.wrapped();
  }
  std::sort(points_.begin(), points_.end(), [](const AltAz& a, const AltAz& b) { return a.azimuth < b.azimuth; });
  for (std::size_t i = 1; i < points_.size(); ++i) {
    if (points_[i].azimuth - points_[i - 1].azimuth < arcseconds(0.001)) {
      refuse_horizon("azimuth " + std::to_string(points_[i].azimuth.degrees()) + " deg is there twice");
    }
  }
}

Angle Horizon::at(Angle azimuth) const noexcept {
  if (points_.size() == 1) return points_.front().altitude;
  azimuth = azimuth.wrapped();
  const auto after = std::upper_bound(points_.begin(), points_.end(), azimuth,
                                      [](Angle wanted, const AltAz& point) { return wanted < point.azimuth; });
  const AltAz& right = after == points_.end() ? points_.front() : *after;
  const AltAz& left = after == points_.begin() ? points_.back() : *std::prev(after);
  const Angle width = (right.azimuth - left.azimuth).wrapped();
  const double part = (azimuth - left.azimuth).wrapped() / width;
  return left.altitude + (right.altitude - left.altitude) * part;
}

}  // namespace astro::sky
