// SPDX-License-Identifier: BSD-3-Clause
#include "attitude.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensors {

double Quaternion::norm() const { return std::sqrt(w * w + x * x + y * y + z * z); }

std::optional<astro::AltAz> direction_of(Axis axis, const Quaternion& q) {
  if (std::abs(q.norm() - 1.0) > 0.02) return std::nullopt;
  // The columns of the rotation matrix are where the axes go (Diebel 2006, Representing Attitude, equation 125).
  const double columns[3][3] = {
      {1 - 2 * (q.y * q.y + q.z * q.z), 2 * (q.x * q.y + q.w * q.z), 2 * (q.x * q.z - q.w * q.y)},
      {2 * (q.x * q.y - q.w * q.z), 1 - 2 * (q.x * q.x + q.z * q.z), 2 * (q.y * q.z + q.w * q.x)},
      {2 * (q.x * q.z + q.w * q.y), 2 * (q.y * q.z - q.w * q.x), 1 - 2 * (q.x * q.x + q.y * q.y)}};
  const auto which = static_cast<std::size_t>(axis);
  const double sign = which % 2 == 0 ? 1.0 : -1.0;
  const auto& [east, north, up] = columns[which / 2];
  const double azimuth = std::atan2(sign * east, sign * north);
  return astro::AltAz{.azimuth = astro::radians(azimuth < 0 ? azimuth + 2 * std::numbers::pi : azimuth),
                      .altitude = astro::radians(std::asin(std::clamp(sign * up, -1.0, 1.0)))};
}

}  // namespace sensors
