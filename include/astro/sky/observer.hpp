// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "astro/sky/earth_orientation.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"

namespace astro::sky {

/// The sky of one site, prepared: for many targets or many times, at some 30 to 50 million places a
/// second on one core of a laptop (5 million for bodies) and within 0.01 mas of the functions of
/// frames.hpp and velocity.hpp (1 mas for bodies).
///
/// Time is cut into cells of six hours. In each, what changes slowly (bias, precession and nutation,
/// the Earth's place and velocity, the pole) is computed in full at four instants and interpolated
/// by the cubic through them; the Earth's rotation is exact. A cell depends on its time alone, and
/// every place is computed by the same instructions, so that an answer never depends on the order
/// or the number of the questions, to the last bit. (One target at many times, and many targets at
/// one time, agree to rounding, as do processors of different kinds.) The first question in a cell
/// costs 0.3 ms: instants that are scattered over decades are better asked of frames.hpp.
///
/// Any thread may ask; copies share their cells. The table of Earth orientation is the one that is
/// set for the process when it is made, or the one given. Results are written to spans of the
/// caller's, which must be as long as what is asked (`invalid_argument` otherwise).
class ASTRO_API Observer {
 public:
  explicit Observer(const Location& site, const Weather& weather = {});
  Observer(const Location& site, const Weather& weather, std::shared_ptr<const EarthOrientation> orientation);

  const Location& site() const noexcept;
  const Weather& weather() const noexcept;

  AltAz altaz(const Target& target, Time time) const;
  void altaz(const Target& target, std::span<const Time> times, std::span<AltAz> places) const;
  void altaz(std::span<const Icrs> directions, Time time, std::span<AltAz> places) const;
  /// Each direction at its own time.
  void altaz(std::span<const Icrs> directions, std::span<const Time> times, std::span<AltAz> places) const;

  /// The inverse of `altaz`: what is seen there.
  Icrs icrs(const AltAz& place, Time time) const;
  void icrs(std::span<const AltAz> places, Time time, std::span<Icrs> directions) const;
  void icrs(std::span<const AltAz> places, std::span<const Time> times, std::span<Icrs> directions) const;

  /// As sky::velocity_correction_km_s.
  double velocity_correction_km_s(const Icrs& direction, Time time, VelocityFrame frame) const;
  void velocity_correction_km_s(const Icrs& direction, std::span<const Time> times, VelocityFrame frame,
                                std::span<double> km_s) const;
  void velocity_correction_km_s(std::span<const Icrs> directions, Time time, VelocityFrame frame,
                                std::span<double> km_s) const;

 private:
  class Cells;
  std::shared_ptr<const Cells> cells_;
};

/// One call of an Observer that is made for it.
ASTRO_API std::vector<AltAz> altaz(const Target& target, const Location& site, std::span<const Time> times,
                                   const Weather& weather = {});
ASTRO_API std::vector<AltAz> altaz(std::span<const Icrs> directions, const Location& site, Time time,
                                   const Weather& weather = {});

}  // namespace astro::sky
