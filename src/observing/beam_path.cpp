// SPDX-License-Identifier: BSD-3-Clause
#include "observing/beam_path.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

struct Pair {
  Angle longitude{};
  Angle latitude{};
};

/// Offsets by angles that are true on the sky along parallel and meridian.
Pair shifted(const Pair& from, Angle x, Angle y) {
  const Angle latitude = from.latitude + y;
  if (latitude.abs() > degrees(89.9)) {
    throw Error(ErrorCode::invalid_argument, "an offset of " + std::to_string(y.degrees()) +
                                                 " deg along the meridian leads over a pole of its frame");
  }
  return {from.longitude + x / std::cos(latitude.radians()), latitude};
}

}  // namespace

BeamPath::BeamPath(const Step& step, const Location& site)
    : step_(step), aim_(step.target.empty() ? Target(Icrs{}) : parse_target(step.target)), site_(site) {}

bool BeamPath::is_offset() const noexcept {
  return step_.x != Angle() || step_.y != Angle() || step_.to_x != Angle() || step_.to_y != Angle();
}

AltAz BeamPath::offset_place(const sky::Observer& observer, Time time, Angle x, Angle y) const {
  const AltAz centre = observer.altaz(aim_, time);
  if (step_.frame == OffsetFrame::altaz) {
    const Pair moved = shifted({centre.azimuth, centre.altitude}, x, y);
    return {.azimuth = moved.longitude.wrapped(), .altitude = moved.latitude};
  }
  const Icrs direction = observer.icrs(centre, time);
  if (step_.frame == OffsetFrame::icrs) {
    const Pair moved = shifted({direction.ra, direction.dec}, x, y);
    return observer.altaz(Icrs{.ra = moved.longitude.wrapped(), .dec = moved.latitude}, time);
  }
  const Galactic galactic = sky::galactic(direction);
  const Pair moved = shifted({galactic.l, galactic.b}, x, y);
  return observer.altaz(Galactic{.l = moved.longitude.wrapped(), .b = moved.latitude}, time);
}

/// What stands still looks where its target is in the middle.
Time BeamPath::time_of_place(Time begin, Time time) const noexcept {
  return step_.drift ? begin + step_.duration / 2 : time;
}

AltAz BeamPath::apparent_place(const sky::Observer& observer, const sky::Observer& through_air, Time begin,
                               Time time) const {
  const AltAz place = this->place(observer, begin, time);
  // An azimuth and altitude that people give is where to look.
  if (std::holds_alternative<AltAz>(aim_) && !is_offset()) return place;
  const Time at = time_of_place(begin, time);
  return through_air.altaz(Target(observer.icrs(place, at)), at);
}

AltAz BeamPath::place(const sky::Observer& observer, Time begin, Time time) const {
  const Time at = time_of_place(begin, time);
  if (!is_offset()) return observer.altaz(aim_, at);
  const Duration so_far = std::clamp(Duration(time - begin), -run_up, step_.duration + run_out);
  const double part = moves() ? seconds(so_far) / seconds(step_.duration) : 0.0;
  return offset_place(observer, at, step_.x + (step_.to_x - step_.x) * part, step_.y + (step_.to_y - step_.y) * part);
}

Target BeamPath::target(const sky::Observer& observer, Time begin, Duration lead) const {
  if (!is_offset() && !step_.drift) return aim_;
  if (step_.drift) return apparent_place(observer, sky::Observer(site_, sky::standard_weather(site_)), begin, begin);
  // A mount is told where to be up to a minute ahead, and may be long on its way to a place.
  const Time needed = moves() ? begin + step_.duration + run_out : begin + step_.duration + 90s;
  const Time last = moves() ? needed + 90s : needed + 10min;
  const Duration every = moves() ? Duration(1s) : Duration(10s);
  std::vector<Ephemeris::Point> points;
  for (Time time = begin - lead; time < last + every; time += every) {
    try {
      points.push_back({.time = time, .direction = observer.icrs(place(observer, begin, time), time)});
    } catch (const Error&) {  // by then it leads over a pole of its frame
      if (time < needed) throw;
      if (!moves()) break;
      points.push_back({.time = time, .direction = points.back().direction});
    }
  }
  return Ephemeris(std::move(points));
}

}  // namespace astro::detail
