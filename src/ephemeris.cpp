// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>

#include "astro/coordinates.hpp"
#include "astro/error.hpp"

namespace astro {

namespace {

std::array<double, 3> unit_vector(const Icrs& direction) {
  const double ra = direction.ra.radians();
  const double dec = direction.dec.radians();
  return {std::cos(ra) * std::cos(dec), std::sin(ra) * std::cos(dec), std::sin(dec)};
}

Icrs direction_of(const std::array<double, 3>& vector) {
  return {radians(std::atan2(vector[1], vector[0])).wrapped(),
          radians(std::atan2(vector[2], std::hypot(vector[0], vector[1])))};
}

void check(const std::vector<Ephemeris::Point>& points) {
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorCode::invalid_argument, "a list of positions in time: " + why);
  };
  if (points.size() < 2) refuse("expected two positions or more, are " + std::to_string(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Icrs& at = points[i].direction;
    if (!std::isfinite(at.ra.radians()) || !std::isfinite(at.dec.radians()))
      refuse("its angles must be finite numbers");
    if (i > 0 && points[i].time <= points[i - 1].time) {
      refuse(format_time(points[i].time) + " does not follow " + format_time(points[i - 1].time));
    }
  }
}

}  // namespace

Ephemeris::Ephemeris(std::vector<Point> points) {
  check(points);
  points_ = std::make_shared<const std::vector<Point>>(std::move(points));
}

Icrs Ephemeris::at(Time time) const {
  const std::vector<Point>& points = *points_;
  if (time < points.front().time || time > points.back().time) {
    throw Error(ErrorCode::not_visible, "the list of positions covers " + format_time(points.front().time) + " to " +
                                            format_time(points.back().time) + ", and not " + format_time(time));
  }
  const auto after = std::upper_bound(points.begin(), points.end(), time,
                                      [](Time wanted, const Point& point) { return wanted < point.time; });
  const auto count = std::min<std::ptrdiff_t>(4, static_cast<std::ptrdiff_t>(points.size()));
  const auto first = points.begin() + std::clamp<std::ptrdiff_t>(after - points.begin() - 2, 0,
                                                                 static_cast<std::ptrdiff_t>(points.size()) - count);
  std::array<double, 3> sum{};
  for (auto each = first; each != first + count; ++each) {
    double weight = 1.0;
    for (auto other = first; other != first + count; ++other) {
      if (other != each) weight *= seconds(time - other->time) / seconds(each->time - other->time);
    }
    const auto vector = unit_vector(each->direction);
    for (std::size_t i = 0; i < 3; ++i) sum[i] += weight * vector[i];
  }
  return direction_of(sum);
}

}  // namespace astro
