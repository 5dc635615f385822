// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/events.hpp"

#include <erfa.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "astro/error.hpp"
#include "erfa_time.hpp"

namespace astro::sky {

namespace {

constexpr Duration step = std::chrono::minutes(2);
constexpr Duration near_enough = std::chrono::milliseconds(10);

bool is_fixed(const Target& target) {
  return std::holds_alternative<AltAz>(target) || std::holds_alternative<HourAngleDec>(target);
}

/// Between two times at which the function has different signs.
template <class Function>
Time crossing(Function function, Time before, Time after) {
  const bool sign = function(before) > 0.0;
  while (after - before > near_enough) {
    const Time middle = before + (after - before) / 2;
    (function(middle) > 0.0 ? sign : !sign) ? before = middle : after = middle;
  }
  return before + (after - before) / 2;
}

/// All times at which the function changes its sign, found from values `step` apart.
template <class Function, class Found>
void each_crossing(Function function, Time from, Time to, Found found) {
  double before = function(from);
  for (Time time = from; time < to;) {
    const Time next = std::min(time + step, to);
    const double after = function(next);
    if ((before > 0.0) != (after > 0.0)) found(crossing(function, time, next), after > 0.0);
    before = after;
    time = next;
  }
}

void check_span(Time from, Time to) {
  if (to >= from && to - from <= std::chrono::days(400)) return;
  throw Error(ErrorCode::invalid_argument, "events in the sky from " + format_time(from) + " to " + format_time(to) +
                                               ": expected a span of up to 400 days");
}

}  // namespace

std::vector<Event> events(const Observer& observer, const Target& target, Time from, Time to, const Horizon& horizon) {
  check_span(from, to);
  std::vector<Event> made;
  if (is_fixed(target)) return made;
  const auto above = [&](Time time) {
    const AltAz place = observer.altaz(target, time);
    return (place.altitude - horizon.at(place.azimuth)).radians();
  };
  each_crossing(above, from, to, [&](Time time, bool is_up) {
    made.push_back({is_up ? EventKind::rise : EventKind::set, time, observer.altaz(target, time)});
  });
  // West of the meridian the sine of the hour angle is positive; on the other half of the circle it
  // changes its sign too, with a cosine below zero.
  const auto west = [&](Time time) {
    return std::sin(hour_angle_dec(observer.altaz(target, time), observer.site()).hour_angle.radians());
  };
  each_crossing(west, from, to, [&](Time time, bool is_west) {
    if (is_west) made.push_back({EventKind::transit, time, observer.altaz(target, time)});
  });
  std::sort(made.begin(), made.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
  return made;
}

std::optional<Event> next_event(const Observer& observer, const Target& target, EventKind kind, Time from,
                                const Horizon& horizon) {
  for (int half_day = 0; half_day < 4; ++half_day) {
    const Time begin = from + std::chrono::hours(12 * half_day);
    for (const Event& event : events(observer, target, begin, begin + std::chrono::hours(12), horizon)) {
      if (event.kind == kind && event.time > from) return event;
    }
  }
  return std::nullopt;
}

std::vector<std::pair<Time, Time>> nights(const Location& site, Time from, Time to, Angle sun_below) {
  check_span(from, to);
  const Observer observer(site);
  const auto depth = [&](Time time) { return (sun_below - observer.altaz(Body::sun, time).altitude).radians(); };
  std::vector<std::pair<Time, Time>> made;
  std::optional<Time> began;
  if (depth(from) > 0.0) began = from;
  each_crossing(depth, from, to, [&](Time time, bool is_dark) {
    if (is_dark) began = time;
    else if (began) made.emplace_back(*std::exchange(began, std::nullopt), time);
  });
  if (began) made.emplace_back(*began, to);
  return made;
}

Angle parallactic_angle(const AltAz& place, const Location& site) noexcept {
  const HourAngleDec at = hour_angle_dec(place, site);
  return radians(eraHd2pa(at.hour_angle.radians(), at.dec.radians(), site.latitude.radians()));
}

double airmass(Angle altitude) noexcept {
  const double h = altitude.degrees();
  if (!(h >= 0.0)) return std::isnan(h) ? h : std::numeric_limits<double>::infinity();
  return 1.0 / std::sin(degrees(h + 244.0 / (165.0 + 47.0 * std::pow(h, 1.1))).radians());
}

Angle sun_distance(const Target& target, const Location& site, Time time) {
  return separation(altaz(target, site, time), altaz(Body::sun, site, time));
}

Angle moon_distance(const Target& target, const Location& site, Time time) {
  return separation(altaz(target, site, time), altaz(Body::moon, site, time));
}

Angle refraction(Angle true_altitude, const Weather& weather) {
  require_finite("an altitude for refraction", Angle(), true_altitude);
  require_finite(weather);
  if (!(weather.pressure_hpa > 0.0)) return Angle();
  double a = 0.0;
  double b = 0.0;
  eraRefco(weather.pressure_hpa, weather.temperature_c, weather.humidity, weather.wavelength_um, &a, &b);
  // The formula of a place in azimuth and altitude (eraAtioq), so that both say the same.
  const double flat = std::max(std::cos(true_altitude.radians()), 1e-6);
  const double up = std::max(std::sin(true_altitude.radians()), 0.05);
  const double tangent = flat / up;
  const double w = b * tangent * tangent;
  return radians((a + w) * tangent / (1.0 + (a + 3.0 * w) / (up * up)));
}

Weather optical_weather(double pressure_hpa, double temperature_c, double humidity) noexcept {
  return {pressure_hpa, temperature_c, humidity, 0.55};
}
Weather radio_weather(double pressure_hpa, double temperature_c, double humidity) noexcept {
  return {pressure_hpa, temperature_c, humidity, Weather().wavelength_um};
}

}  // namespace astro::sky
