// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <astro/observing/safety.hpp>
#include <astro/sky/frames.hpp>
#include <cmath>
#include <queue>
#include <random>
#include <vector>

// What the tests of safety judge by: simple code of its own, which shares nothing with what it judges
// but the full computation of places in the sky (sky/frames.hpp, which is tested against references).
namespace astro::testing {

inline double sine(double deg) { return std::sin(degrees(deg).radians()); }
inline double cosine(double deg) { return std::cos(degrees(deg).radians()); }

struct Spot {  ///< degrees
  double azimuth, altitude;
};

/// Where the axes look, of an alt-az mount or one of hour angle and declination.
inline Spot spot_of(Geometry geometry, const Location& site, double first, double second) {
  if (second > 90.0) first += 180.0, second = 180.0 - second;
  if (geometry == Geometry::alt_az) return {first - 360.0 * std::floor(first / 360.0), second};
  // Spherical trigonometry, azimuth from north through east (Meeus 1998, chapter 13).
  const double latitude = site.latitude.degrees();
  const double up = sine(latitude) * sine(second) + cosine(latitude) * cosine(second) * cosine(first);
  const double east = -cosine(second) * sine(first);
  const double north = cosine(latitude) * sine(second) - sine(latitude) * cosine(second) * cosine(first);
  return {radians(std::atan2(east, north)).wrapped().degrees(),
          radians(std::asin(std::clamp(up, -1.0, 1.0))).degrees()};
}

inline double apart(const Spot& a, const Spot& b) {
  return separation(degrees(a.azimuth), degrees(a.altitude), degrees(b.azimuth), degrees(b.altitude)).degrees();
}

inline Spot sun_at(const Location& site, Time time) {
  const AltAz place = sky::altaz(Body::sun, site, time, sky::standard_weather(site));
  return {place.azimuth.degrees(), place.altitude.degrees()};
}

/// The horizon's line by a walk over its points.
inline double line_at(const std::vector<HorizonPoint>& line, double azimuth) {
  if (line.empty()) return -90.0;
  std::vector<std::pair<double, double>> points;
  for (const HorizonPoint& one : line) {
    for (const double turn : {-360.0, 0.0, 360.0}) {
      points.emplace_back(one.azimuth.degrees() + turn, one.altitude.degrees());
    }
  }
  std::sort(points.begin(), points.end());
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].first < azimuth) continue;
    const auto [left, low] = points[i - 1];
    const auto [right, high] = points[i];
    return right == left ? high : low + (high - low) * (azimuth - left) / (right - left);
  }
  return points.back().second;
}

/// The rules once more.
struct Judge {
  Location site{};
  Geometry geometry = Geometry::alt_az;
  MountLimits limits{};
  SafetySection rules{};

  /// Degrees to what is forbidden; negative: within.
  double clear_of_sun(double first, double second, const Spot& sun) const {
    return apart(spot_of(geometry, site, first, second), sun) - rules.sun_distance.degrees();
  }
  double clear_of_line(double first, double second) const {
    const Spot spot = spot_of(geometry, site, first, second);
    return spot.altitude - line_at(rules.horizon, spot.azimuth);
  }
  /// Whether some place so near is above the line: where it is steep the altitude says little.
  bool is_above_line(double first, double second, double within) const {
    const Spot spot = spot_of(geometry, site, first, second);
    const double across = within / std::max(0.01, cosine(spot.altitude));
    for (const double aside : {0.0, -1.0, -0.7, -0.3, 0.3, 0.7, 1.0}) {
      if (spot.altitude + within * std::sqrt(1 - aside * aside) >=
          line_at(rules.horizon, spot.azimuth + across * aside))
        return true;
    }
    return false;
  }
  double clear(double first, double second, const Spot& sun) const {
    const double of_sun = rules.sun_distance > Angle() ? clear_of_sun(first, second, sun) : 180.0;
    return std::min(of_sun, rules.horizon.empty() ? 180.0 : clear_of_line(first, second));
  }
  bool is_within_limits(double first, double second) const {
    return first >= limits.first.from.degrees() - 1e-6 && first <= limits.first.to.degrees() + 1e-6 &&
           second >= limits.second.from.degrees() - 1e-6 && second <= limits.second.to.degrees() + 1e-6;
  }

  /// Whether some way leads there: floods the plane of the axes by steps of a degree from the start.
  /// `margin`: how far it keeps from what is forbidden.
  bool is_reachable(const Axes& from, const Axes& to, const Spot& sun, double margin) const {
    const double low1 = limits.first.from.degrees(), low2 = limits.second.from.degrees();
    const int columns = static_cast<int>(limits.first.to.degrees() - low1) + 1;
    const int rows = static_cast<int>(limits.second.to.degrees() - low2) + 1;
    const auto cell = [&](const Axes& axes) {
      const int column = std::clamp(static_cast<int>(std::lround(axes.first.degrees() - low1)), 0, columns - 1);
      const int row = std::clamp(static_cast<int>(std::lround(axes.second.degrees() - low2)), 0, rows - 1);
      return row * columns + column;
    };
    std::vector<bool> seen(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows), false);
    std::queue<int> open;
    open.push(cell(from));
    const int goal = cell(to);
    while (!open.empty()) {
      const int here = open.front();
      open.pop();
      if (here == goal) return true;
      const int column = here % columns, row = here / columns;
      for (const auto& [dc, dr] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
        const int c = column + dc, r = row + dr;
        if (c < 0 || r < 0 || c >= columns || r >= rows) continue;
        const auto next = static_cast<std::size_t>(r * columns + c);
        if (seen[next]) continue;
        seen[next] = true;
        if (static_cast<int>(next) == goal || clear(low1 + c, low2 + r, sun) >= margin) open.push(r * columns + c);
      }
    }
    return false;
  }
};

/// Random sites and rules. The seed is told by who asks.
struct Chance {
  explicit Chance(unsigned seed) : engine(seed) {}
  std::mt19937 engine;

  double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine); }
  bool one_in(int n) { return std::uniform_int_distribution<int>(1, n)(engine) == 1; }

  Location site() { return {degrees(between(-65, 65)), degrees(between(-180, 180)), between(0, 3000)}; }
  std::vector<HorizonPoint> horizon() {
    std::vector<HorizonPoint> line;
    const int points = one_in(4) ? 0 : std::uniform_int_distribution<int>(1, 9)(engine);
    for (int i = 0; i < points; ++i) {
      line.push_back({degrees(between(360.0 * i / points, 360.0 * (i + 0.9) / points)), degrees(between(0, 25))});
    }
    return line;
  }
  MountLimits limits() {
    const double from = between(-30, 40);
    const double low = between(0, 15);
    const bool over = one_in(4);
    return {{degrees(from), degrees(from + between(330, 450))},
            {degrees(low), degrees(over ? between(100, 175) : between(80, 90))}};
  }
  /// A day in the year 2026, rather by day than by night: the Sun is what matters.
  Time day(const Location& site) {
    for (;;) {
      const Time time = parse_time("2026-01-01") + from_seconds(std::round(between(0, 365.0 * 86400.0)));
      if (sun_at(site, time).altitude > -2.0 || one_in(10)) return time;
    }
  }
};

}  // namespace astro::testing
