// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/axes.hpp"
#include "astro/coordinates.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"

namespace telescope_kit {

/// Which coordinates a mount's own electronics speak.
enum class System : std::uint8_t {
  of_date,  ///< true equator and equinox of now ("JNow"): the sky that turns over the site
  j2000     ///< ICRS, which is J2000 to 0.02 arcsec; the mount adds precession, nutation and aberration
};

/// Right ascension and declination in the mount's own system.
struct Equatorial {
  astro::Angle ra{};
  astro::Angle dec{};
};

/// Between hour angle and declination, which are a mount's axes and stand still when it does, and what its electronics
/// speak. The axes are those of what is seen, refraction included, as the host computes them.
class Equator {
 public:
  /// `refracts`: the mount adds refraction itself, so that it is not told any.
  Equator(const astro::Location& site, System system, bool refracts)
      : site_(site), system_(system), refracts_(refracts) {}

  Equatorial of(const astro::Axes& axes, astro::Time time) const;
  /// The hour angle is between -180 and 180 degrees.
  astro::Axes axes(const Equatorial& place, astro::Time time) const;

 private:
  astro::Location site_;
  System system_;
  bool refracts_;
};

/// The way of a mount that was sent to an axis position by a right ascension: while it slews the sky turns, so that it
/// comes to where the position was. Then it is sent once more, from near by.
class Approach {
 public:
  enum class Step : std::uint8_t {
    none,   ///< nothing is to be done
    again,  ///< send it to `goal` once more
    there   ///< it has come: say it once
  };

  void begin(const astro::Axes& goal);
  void end() { under_way_ = false; }
  bool is_under_way() const { return under_way_; }
  const astro::Axes& goal() const { return goal_; }
  /// After a reading of a mount that may still be moving. One that is to follow the sky is there as soon as it rests;
  /// one that is to stand, when it is within the accuracy of its goal.
  Step step(const astro::Axes& position, bool is_moving, bool follows_sky, astro::Angle accuracy);

 private:
  astro::Axes goal_{};
  bool under_way_ = false;
  int tries_ = 0;
};

}  // namespace telescope_kit

template <>
struct astro::Description<telescope_kit::System> {
  static constexpr std::array choices{"of_date", "j2000"};
};
