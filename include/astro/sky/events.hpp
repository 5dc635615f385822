// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "astro/sky/frames.hpp"
#include "astro/sky/observer.hpp"

/// When a target can be seen: horizons, risings, transits, settings, twilight, distances, air mass.
namespace astro::sky {

/// The altitude of what stands around a site, by azimuth: straight lines between the points given,
/// round the circle. One altitude for all azimuths is a horizon too.
class ASTRO_API Horizon {
 public:
  Horizon(Angle altitude = Angle()) : points_{{Angle(), altitude}} {}  // NOLINT(google-explicit-constructor)
  /// Azimuths in any order, each once; throws `invalid_argument` for none, for two that are the same
  /// and for what is not finite or not between -90 and 90 degrees.
  explicit Horizon(std::vector<AltAz> points);

  Angle at(Angle azimuth) const noexcept;
  bool is_above(const AltAz& place) const noexcept { return place.altitude > at(place.azimuth); }

 private:
  std::vector<AltAz> points_;  // by azimuth
};

enum class EventKind : unsigned char { rise, transit, set };

/// Something that happens to a target. At a transit it is highest of that turn of the sky: it
/// passes the meridian, on the side of the zenith where it culminates.
struct Event {
  EventKind kind = EventKind::rise;
  Time time{};
  AltAz place{};  ///< with the observer's refraction
};

/// All risings above the horizon, transits and settings from `from` up to `to`, in order, to 10 ms.
/// What the observer's weather raises is raised: give standard_weather for a horizon seen by eye.
/// A target that is fixed to the ground has none. Looks every two minutes: what rises and sets
/// within less is missed. Throws `invalid_argument` for a span that is negative or over 400 days.
ASTRO_API std::vector<Event> events(const Observer& observer, const Target& target, Time from, Time to,
                                    const Horizon& horizon = {});

/// The first event of the kind after `from`, within two days; nothing if there is none (a target
/// that never sets, or never rises).
ASTRO_API std::optional<Event> next_event(const Observer& observer, const Target& target, EventKind kind, Time from,
                                          const Horizon& horizon = {});

/// Altitudes of the Sun's centre, without refraction, at which the parts of the day begin: the upper
/// limb on a horizon whose air raises it by 34 arcmin, and the three twilights (Explanatory
/// Supplement to the Astronomical Almanac, 2013, section 12.2.1).
inline constexpr Angle sunrise_altitude = arcminutes(-50.0);
inline constexpr Angle civil_twilight = degrees(-6.0);
inline constexpr Angle nautical_twilight = degrees(-12.0);
inline constexpr Angle astronomical_twilight = degrees(-18.0);

/// When the Sun's centre is below an altitude, as spans within [from, to]: the nights, with
/// `astronomical_twilight` the dark ones. The site's weather plays no part.
ASTRO_API std::vector<std::pair<Time, Time>> nights(const Location& site, Time from, Time to,
                                                    Angle sun_below = astronomical_twilight);

/// Angle at the target between the zenith and the celestial pole, positive west of the meridian:
/// how the sky is turned in the field of an alt-az mount.
ASTRO_API Angle parallactic_angle(const AltAz& place, const Location& site) noexcept;

/// How much more air there is than in the zenith: Pickering 2002 (DIO 12, 1, page 20), good down to
/// the horizon, where it is 38.7; infinite below it. Of the apparent altitude.
ASTRO_API double airmass(Angle altitude) noexcept;

/// From the Sun's and the Moon's centre as the site sees them.
ASTRO_API Angle sun_distance(const Target& target, const Location& site, Time time);
ASTRO_API Angle moon_distance(const Target& target, const Location& site, Time time);

/// How much the air raises a place: what is to be added to the true altitude for the apparent one.
/// The optical or the radio formula by the weather's wavelength (Weather).
ASTRO_API Angle refraction(Angle true_altitude, const Weather& weather);

/// Weather for light of 0.55 um, and for radio waves, from what a station measures.
ASTRO_API Weather optical_weather(double pressure_hpa, double temperature_c, double humidity) noexcept;
ASTRO_API Weather radio_weather(double pressure_hpa, double temperature_c, double humidity) noexcept;

}  // namespace astro::sky
