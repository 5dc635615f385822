// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/observer.hpp"

#include <erfa.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "astro/error.hpp"
#include "kernels/kernels.hpp"
#include "light.hpp"
#include "targets.hpp"
#include "velocity_frames.hpp"

namespace astro::sky {

/// The site's cells that were asked for.
class Observer::Cells {
 public:
  Cells(const Location& where, const Weather& air, std::shared_ptr<const EarthOrientation> table)
      : site(where), weather(air), orientation(std::move(table)) {
    require_finite(site);
    require_finite(weather);
    if (weather.pressure_hpa > 0.0) {
      eraRefco(weather.pressure_hpa, weather.temperature_c, weather.humidity, weather.wavelength_um, &refraction.a,
               &refraction.b);
    }
  }

  std::shared_ptr<const SiteCell> get(std::int64_t number) const {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = cells_.find(number); found != cells_.end()) return found->second;
    }
    auto made = std::make_shared<const SiteCell>(make_site_cell(site, orientation.get(), number));
    const std::lock_guard lock(mutex_);
    if (cells_.size() >= most) cells_.clear();
    return cells_.try_emplace(number, std::move(made)).first->second;
  }

  const Location site;
  const Weather weather;
  const std::shared_ptr<const EarthOrientation> orientation;
  Refraction refraction;

 private:
  static constexpr std::size_t most = 1024;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::int64_t, std::shared_ptr<const SiteCell>> cells_;
};

namespace {

/// The cells of one call, found without a lock: a few of them, at places that follow from their number.
template <class Cell, class Get>
class Near {
 public:
  explicit Near(Get get) : get_(std::move(get)) {}

  const Cell& at(Time time) {
    // Without a sign: what lies before the cell is far behind it.
    const auto since = static_cast<std::uint64_t>(time.time_since_epoch().count()) -
                       static_cast<std::uint64_t>(start_.time_since_epoch().count());
    if (current_ == nullptr || since >= static_cast<std::uint64_t>(cell_length.count())) find(time);
    return *current_;
  }

 private:
  void find(Time time) {
    const std::int64_t number = cell_of(time);
    Place& place = places_[static_cast<std::size_t>(number) % places_.size()];
    if (!place.cell || place.number != number) place = {number, get_(number)};
    current_ = place.cell.get();
    start_ = start_of_cell(number);
  }

  struct Place {
    std::int64_t number = 0;
    std::shared_ptr<const Cell> cell;
  };
  Get get_;
  std::array<Place, 16> places_;
  const Cell* current_ = nullptr;
  Time start_{};
};

template <class Cells>
auto near_cells(const Cells& cells) {
  const auto get = [&cells](std::int64_t number) { return cells.get(number); };
  return Near<SiteCell, decltype(get)>(get);
}

auto near_body(Body body) {
  const auto get = [body](std::int64_t number) { return body_cell(body, number); };
  return Near<BodyCell, decltype(get)>(get);
}

void require_length(std::size_t asked, std::size_t room) {
  if (asked == room) return;
  throw Error(ErrorCode::invalid_argument, "places of many targets or times: " + std::to_string(asked) +
                                               " are asked for and there is room for " + std::to_string(room));
}

Vector finite_vector(const Icrs& direction) {
  require_finite("a target in the sky", direction.ra, direction.dec);
  return unit_vector(direction.ra, direction.dec);
}

/// An angle that the kernels' series take: any finite one, within 10,000 radians.
double taken(Angle angle) {
  const double value = angle.radians();
  return std::abs(value) <= 1e4 ? value : std::remainder(value, two_pi);
}

template <std::size_t size>
void set_direction(Block<size>& block, std::size_t lane, const Vector& direction) {
  block.x.values[lane] = direction[0];
  block.y.values[lane] = direction[1];
  block.z.values[lane] = direction[2];
}

/// Right ascension and declination in the lanes of the result, until they are vectors.
template <std::size_t size>
void set_angles(Block<size>& block, std::size_t lane, const Icrs& direction) {
  require_finite("a target in the sky", direction.ra, direction.dec);
  block.azimuth.values[lane] = taken(direction.ra);
  block.altitude.values[lane] = taken(direction.dec);
}

template <std::size_t size>
AltAz result(const Block<size>& block, std::size_t lane) {
  return {radians(block.azimuth.values[lane]), radians(block.altitude.values[lane])};
}

/// A part of the directions, at most a block, at one instant; lanes that are left over repeat the first.
template <std::size_t size>
void at_instant(std::span<const Icrs> directions, const Instant& at, const Refraction& air, std::span<AltAz> places) {
  Block<size> block;
  for (std::size_t lane = 0; lane < size; ++lane) {
    set_angles(block, lane, directions[lane < directions.size() ? lane : 0]);
  }
  if constexpr (size == small_size) {
    kernels().to_vectors_small(block);
    kernels().at_instant_small(at, air, block);
  } else {
    kernels().to_vectors(block);
    kernels().at_instant(at, air, block);
  }
  for (std::size_t i = 0; i < directions.size(); ++i) places[i] = result(block, i);
}

/// Times (and directions) of one cell, until they fill a block.
struct Waiting {
  std::int64_t number = 0;
  std::shared_ptr<const SiteCell> cell;
  std::size_t count = 0;
  std::array<std::size_t, block_size> index;  ///< which of the places it is
  Block<block_size> block;
};

/// Sorts the questions of one call by cells, a block each, so that the order in which they come costs nothing.
template <class Cells>
class Blocks {
 public:
  /// `angles`: the directions come as angles, and not as vectors.
  Blocks(const Cells& cells, std::span<AltAz> places, bool angles) : cells_(cells), places_(places), angles_(angles) {}

  template <class Set>
  void add(Time time, std::size_t index, Set set) {
    Waiting& waiting = waiting_for(time);
    const std::size_t lane = waiting.count++;
    waiting.index[lane] = index;
    waiting.block.part.values[lane] = part_of(*waiting.cell, time);
    set(waiting.block, lane);
    if (waiting.count == block_size) compute(waiting);
  }

  void finish() {
    for (const auto& waiting : waiting_) {
      if (waiting && waiting->count > 0) compute(*waiting);
    }
  }

 private:
  Waiting& waiting_for(Time time) {
    // Without a sign: what lies before the cell is far behind it.
    const auto since = static_cast<std::uint64_t>(time.time_since_epoch().count()) -
                       static_cast<std::uint64_t>(start_.time_since_epoch().count());
    if (current_ != nullptr && since < static_cast<std::uint64_t>(cell_length.count())) return *current_;
    const std::int64_t number = cell_of(time);
    auto& place = waiting_[static_cast<std::size_t>(number) % waiting_.size()];
    if (!place) place = std::make_unique<Waiting>();
    if (!place->cell || place->number != number) {
      if (place->count > 0) compute(*place);
      place->cell = cells_.get(number);
      place->number = number;
    }
    current_ = place.get();
    start_ = start_of_cell(number);
    return *current_;
  }

  void compute(Waiting& waiting) {
    if (waiting.count <= small_size) return compute_small(waiting);
    Block<block_size>& block = waiting.block;
    for (std::size_t lane = waiting.count; lane < block_size; ++lane) copy(block, 0, block, lane);
    if (angles_) kernels().to_vectors(block);
    kernels().at_times(*waiting.cell, cells_.refraction, block);
    hand_out(waiting, block);
  }

  void compute_small(Waiting& waiting) {
    Block<small_size> block;
    for (std::size_t lane = 0; lane < small_size; ++lane) {
      copy(waiting.block, lane < waiting.count ? lane : 0, block, lane);
    }
    if (angles_) kernels().to_vectors_small(block);
    kernels().at_times_small(*waiting.cell, cells_.refraction, block);
    hand_out(waiting, block);
  }

  template <std::size_t from_size, std::size_t to_size>
  void copy(const Block<from_size>& from, std::size_t lane, Block<to_size>& to, std::size_t there) {
    to.part.values[there] = from.part.values[lane];
    if (angles_) {
      to.azimuth.values[there] = from.azimuth.values[lane];
      to.altitude.values[there] = from.altitude.values[lane];
    } else {
      set_direction(to, there, {from.x.values[lane], from.y.values[lane], from.z.values[lane]});
    }
  }

  template <std::size_t size>
  void hand_out(Waiting& waiting, const Block<size>& block) {
    for (std::size_t lane = 0; lane < waiting.count; ++lane) places_[waiting.index[lane]] = result(block, lane);
    waiting.count = 0;
  }

  const Cells& cells_;
  std::span<AltAz> places_;
  bool angles_;
  std::array<std::unique_ptr<Waiting>, 16> waiting_;
  Waiting* current_ = nullptr;
  Time start_{};
};

/// Where the light of a body comes from, seen from the site: what the site's distance from the
/// Earth's centre changes in light time has moved the body on.
Vector body_direction(const BodyCell::Values& from_earth, const Instant& at) {
  Vector seen{};
  double geocentric = 0.0;
  double topocentric = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    seen[i] = from_earth[i] - at.from_earth_au[i];
    geocentric += from_earth[i] * from_earth[i];
    topocentric += seen[i] * seen[i];
  }
  const double later_days = (std::sqrt(geocentric) - std::sqrt(topocentric)) * light_days_an_au;
  for (std::size_t i = 0; i < 3; ++i) seen[i] += from_earth[3 + i] * later_days;
  const double length = std::sqrt(dot(seen, seen));
  for (double& component : seen) component /= length;
  return seen;
}

template <class Cells>
void body_at_times(const Cells& cells, Body body, std::span<const Time> times, std::span<AltAz> places) {
  auto near = near_cells(cells);
  auto bodies = near_body(body);
  BodyCell::Values from_earth;
  Instant at;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const SiteCell& cell = near.at(times[i]);
    const double part = part_of(cell, times[i]);
    set_instant(cell, part, at);
    bodies.at(times[i]).at(part, from_earth);
    places[i] = seen(to_horizon(aberrated(body_direction(from_earth, at), at), at), cells.refraction);
  }
}

/// What is seen at a place: ERFA's eraAtoiq for the air, then what light bending and aberration do,
/// undone by repetition (each leaves a ten-thousandth of the error).
Icrs star_at(const AltAz& place, const Instant& at, const Refraction& air) {
  const Vector observed = [&] {
    const double cosine = std::cos(place.altitude.radians());
    return Vector{std::cos(place.azimuth.radians()) * cosine, std::sin(place.azimuth.radians()) * cosine,
                  std::sin(place.altitude.radians())};
  }();
  Vector horizon = observed;
  if (air.a != 0.0) {
    const double flat = std::max(std::hypot(observed[0], observed[1]), 1e-6);
    const double tangent = flat / std::max(observed[2], 0.05);
    const double shift = (air.a + air.b * tangent * tangent) * tangent;
    const double zenith_distance = std::atan2(std::hypot(observed[0], observed[1]), observed[2]) + shift;
    const double part = std::sin(zenith_distance) / flat;
    horizon = {observed[0] * part, observed[1] * part, std::cos(zenith_distance)};
  }
  Vector proper{};
  for (std::size_t k = 0; k < 3; ++k) {
    proper[k] = at.to_horizon[0][k] * horizon[0] + at.to_horizon[1][k] * horizon[1] + at.to_horizon[2][k] * horizon[2];
  }
  Vector direction = proper;
  for (int pass = 0; pass < 4; ++pass) {
    Vector moved = aberrated(bent(direction, at), at);
    const double length = std::sqrt(dot(moved, moved));
    double square = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      direction[k] += proper[k] - moved[k] / length;
      square += direction[k] * direction[k];
    }
    for (double& component : direction) component /= std::sqrt(square);
  }
  return {radians(std::atan2(direction[1], direction[0])).wrapped(),
          radians(std::atan2(direction[2], std::hypot(direction[0], direction[1])))};
}

}  // namespace

Observer::Observer(const Location& site, const Weather& weather) : Observer(site, weather, earth_orientation()) {}
Observer::Observer(const Location& site, const Weather& weather, std::shared_ptr<const EarthOrientation> orientation)
    : cells_(std::make_shared<const Cells>(site, weather, std::move(orientation))) {}

const Location& Observer::site() const noexcept { return cells_->site; }
const Weather& Observer::weather() const noexcept { return cells_->weather; }

AltAz Observer::altaz(const Target& target, Time time) const {
  AltAz place;
  altaz(target, std::span(&time, 1), std::span(&place, 1));
  return place;
}

void Observer::altaz(const Target& target, std::span<const Time> times, std::span<AltAz> places) const {
  require_length(times.size(), places.size());
  if (const auto place = fixed_place(target, cells_->site)) {
    std::fill(places.begin(), places.end(), *place);
    return;
  }
  if (const auto* body = std::get_if<Body>(&target)) {
    body_at_times(*cells_, *body, times, places);
    return;
  }
  // What an FK5 direction or an ephemeris is depends on the time; the others are one vector.
  const bool moves = std::holds_alternative<Ephemeris>(target) || std::holds_alternative<Fk5>(target);
  Vector direction = moves || times.empty() ? Vector{} : finite_vector(catalogue_direction(target, times[0]));
  Blocks<Cells> blocks(*cells_, places, false);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (moves) direction = finite_vector(catalogue_direction(target, times[i]));
    blocks.add(times[i], i, [&](auto& block, std::size_t lane) { set_direction(block, lane, direction); });
  }
  blocks.finish();
}

void Observer::altaz(std::span<const Icrs> directions, Time time, std::span<AltAz> places) const {
  require_length(directions.size(), places.size());
  const auto cell = cells_->get(cell_of(time));
  Instant at;
  set_instant(*cell, part_of(*cell, time), at);
  for (std::size_t first = 0; first < directions.size();) {
    const std::size_t left = directions.size() - first;
    const std::size_t count = left <= small_size ? left : std::min(left, block_size);
    if (count <= small_size) {
      at_instant<small_size>(directions.subspan(first, count), at, cells_->refraction, places.subspan(first, count));
    } else {
      at_instant<block_size>(directions.subspan(first, count), at, cells_->refraction, places.subspan(first, count));
    }
    first += count;
  }
}

void Observer::altaz(std::span<const Icrs> directions, std::span<const Time> times, std::span<AltAz> places) const {
  require_length(directions.size(), places.size());
  require_length(times.size(), places.size());
  Blocks<Cells> blocks(*cells_, places, true);
  for (std::size_t i = 0; i < times.size(); ++i) {
    blocks.add(times[i], i, [&](auto& block, std::size_t lane) { set_angles(block, lane, directions[i]); });
  }
  blocks.finish();
}

Icrs Observer::icrs(const AltAz& place, Time time) const {
  Icrs direction;
  icrs(std::span(&place, 1), time, std::span(&direction, 1));
  return direction;
}

void Observer::icrs(std::span<const AltAz> places, Time time, std::span<Icrs> directions) const {
  require_length(places.size(), directions.size());
  const auto cell = cells_->get(cell_of(time));
  Instant at;
  set_instant(*cell, part_of(*cell, time), at);
  for (std::size_t i = 0; i < places.size(); ++i) {
    require_finite("a place in azimuth and altitude", places[i].azimuth, places[i].altitude);
    directions[i] = star_at(places[i], at, cells_->refraction);
  }
}

void Observer::icrs(std::span<const AltAz> places, std::span<const Time> times, std::span<Icrs> directions) const {
  require_length(places.size(), directions.size());
  require_length(times.size(), directions.size());
  auto near = near_cells(*cells_);
  Instant at;
  for (std::size_t i = 0; i < times.size(); ++i) {
    require_finite("a place in azimuth and altitude", places[i].azimuth, places[i].altitude);
    const SiteCell& cell = near.at(times[i]);
    set_instant(cell, part_of(cell, times[i]), at);
    directions[i] = star_at(places[i], at, cells_->refraction);
  }
}

namespace {

/// The observer's velocity in the frame, km/s, along the axes of the ICRS.
Vector velocity_in(const SiteCell& cell, double part, VelocityFrame frame) {
  if (frame == VelocityFrame::topo) return {};
  constexpr double light_km_s = 299792.458;
  Instant at;
  set_instant(cell, part, at);
  Vector velocity{};
  Interpolated<6, 4>::Values earth;
  cell.earth->velocities.at(part, earth);
  const std::size_t from = frame == VelocityFrame::helio ? 0 : 3;
  const Vector more = frame == VelocityFrame::geo ? Vector{} : barycentre_velocity_km_s(frame);
  for (std::size_t i = 0; i < 3; ++i) {
    velocity[i] = at.rotation[i] * light_km_s + (frame == VelocityFrame::geo ? 0.0 : earth[from + i]) + more[i];
  }
  return velocity;
}

}  // namespace

double Observer::velocity_correction_km_s(const Icrs& direction, Time time, VelocityFrame frame) const {
  double km_s = 0.0;
  velocity_correction_km_s(direction, std::span(&time, 1), frame, std::span(&km_s, 1));
  return km_s;
}

void Observer::velocity_correction_km_s(const Icrs& direction, std::span<const Time> times, VelocityFrame frame,
                                        std::span<double> km_s) const {
  require_length(times.size(), km_s.size());
  const Vector line_of_sight = finite_vector(direction);
  auto near = near_cells(*cells_);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const SiteCell& cell = near.at(times[i]);
    km_s[i] = dot(line_of_sight, velocity_in(cell, part_of(cell, times[i]), frame));
  }
}

void Observer::velocity_correction_km_s(std::span<const Icrs> directions, Time time, VelocityFrame frame,
                                        std::span<double> km_s) const {
  require_length(directions.size(), km_s.size());
  const auto cell = cells_->get(cell_of(time));
  const Vector velocity = velocity_in(*cell, part_of(*cell, time), frame);
  for (std::size_t i = 0; i < directions.size(); ++i) km_s[i] = dot(finite_vector(directions[i]), velocity);
}

std::vector<AltAz> altaz(const Target& target, const Location& site, std::span<const Time> times,
                         const Weather& weather) {
  std::vector<AltAz> places(times.size());
  Observer(site, weather).altaz(target, times, places);
  return places;
}

std::vector<AltAz> altaz(std::span<const Icrs> directions, const Location& site, Time time, const Weather& weather) {
  std::vector<AltAz> places(directions.size());
  Observer(site, weather).altaz(directions, time, places);
  return places;
}

}  // namespace astro::sky
