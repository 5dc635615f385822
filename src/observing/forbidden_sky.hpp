// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "astro/observing/safety.hpp"
#include "astro/sky/observer.hpp"
#include "pointing.hpp"

namespace astro::detail {

/// The line above which the sky is free: straight between its points, round the whole circle.
class Horizon {
 public:
  explicit Horizon(std::vector<HorizonPoint> points);

  bool empty() const noexcept { return points_.empty(); }
  Angle at(Angle azimuth) const noexcept;
  /// The highest from one azimuth on eastward, so far.
  Angle highest(Angle from, Angle width) const noexcept;

 private:
  std::vector<HorizonPoint> points_;
};

/// What holds for a mount at all times.
struct SkyRules {
  SkyRules(const Location& site, Geometry geometry, const MountLimits& limits, SafetySection section,
           PointingModelPtr model);

  Location site;
  Geometry geometry;
  MountLimits limits;
  SafetySection section;
  Horizon horizon;
  Pointing pointing;  ///< of axes that turn with the ground: right ascensions are made hour angles before
  double bends;       ///< by which part a way on the sky may differ from that of the axes
  sky::Observer observer;
};

enum class Obstacle : std::uint8_t { sun, moon, horizon };

/// What is forbidden from an instant on for so long: discs around Sun and Moon, which are swept
/// while they move, and what lies below the horizon's line.
class ForbiddenSky {
 public:
  ForbiddenSky(const SkyRules& rules, Time time, Duration lasts = {});

  void forget_horizon() noexcept { has_horizon_ = false; }

  /// In radians, by obstacle: how far outside it (of the horizon in altitude); negative: within.
  using Clearances = std::array<double, 3>;
  static constexpr double free_of_all = 3.141592653589793;

  AltAz look(const Axes& axes) const;
  Clearances clearances(const AltAz& place) const;
  Clearances clearances(const Axes& axes) const { return clearances(look(axes)); }

  /// Which obstacle there is, in a sentence with numbers.
  struct Found {
    Obstacle obstacle;
    std::string reason;
  };
  std::optional<Found> objection(const AltAz& place) const;
  /// Whether every place is free that the two axes can combine to between the corners.
  bool is_free(const Axes& corner, const Axes& other) const;

 private:
  struct Disc {
    std::array<double, 3> centre;
    double radius;
  };
  struct Cell {
    Axes middle;
    double first;  ///< half widths, radians
    double second;
  };
  enum class Verdict : std::uint8_t { free, forbidden, mixed };

  void add(Obstacle obstacle, Body body, Angle radius, Time time, Duration lasts);
  bool is_free(const Cell& cell) const;
  Verdict verdict(const Cell& cell, double reach) const;
  bool is_above_horizon(const Cell& cell, const AltAz& middle, double reach) const;

  const SkyRules& rules_;
  std::array<std::optional<Disc>, 2> discs_{};
  bool has_horizon_ = false;
  Angle sidereal_{};  // of ra_dec alone
};

}  // namespace astro::detail
