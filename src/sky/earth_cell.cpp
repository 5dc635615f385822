// SPDX-License-Identifier: BSD-3-Clause
#include "earth_cell.hpp"

#include <erfa.h>

#include <cmath>
#include <mutex>
#include <unordered_map>

namespace astro::sky {

namespace {

constexpr double light_au_a_day = 1.0 / light_days_an_au;
constexpr double km_s_of_au_a_day = 149597870.7 / 86400.0;

/// TT at the start of a cell, and days of it over the cell: 0.25, but for the years before 1972,
/// when UTC did not tick in seconds.
void set_time(EarthCell& cell, Time start) {
  constexpr Duration nearly = cell_length - std::chrono::microseconds(1);
  cell.tt = terrestrial_time(start);
  const JulianDate end = terrestrial_time(start + nearly);
  const double elapsed = (end.day - cell.tt.day) + (end.fraction - cell.tt.fraction);
  const double si = seconds(nearly) / 86400.0;
  // Within rounding it is the SI second.
  cell.tt_days = (std::abs(elapsed - si) < 1e-12 ? si : elapsed) * (seconds(cell_length) / seconds(nearly));
}

std::shared_ptr<const EarthCell> make_earth_cell(std::int64_t number) {
  auto cell = std::make_shared<EarthCell>();
  set_time(*cell, start_of_cell(number));
  std::array<Interpolated<16, 4>::Values, 4> apparent{};
  std::array<Interpolated<6, 4>::Values, 4> velocities{};
  for (std::size_t node = 0; node < 4; ++node) {
    const double fraction = cell->tt.fraction + cell->tt_days * static_cast<double>(node) / 3.0;
    double to_intermediate[3][3];
    double heliocentric[2][3];
    double barycentric[2][3];
    eraC2i06a(cell->tt.day, fraction, to_intermediate);
    eraEpv00(cell->tt.day, fraction, heliocentric, barycentric);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t k = 0; k < 3; ++k) apparent[node][3 * i + k] = to_intermediate[i][k];
      apparent[node][9 + i] = heliocentric[0][i];
      apparent[node][12 + i] = barycentric[1][i] / light_au_a_day;
      velocities[node][i] = heliocentric[1][i] * km_s_of_au_a_day;
      velocities[node][3 + i] = barycentric[1][i] * km_s_of_au_a_day;
    }
  }
  cell->apparent = Interpolated<16, 4>(apparent);
  cell->velocities = Interpolated<6, 4>(velocities);
  return cell;
}

std::shared_ptr<const BodyCell> make_body_cell(Body body, std::int64_t number) {
  EarthCell time;
  set_time(time, start_of_cell(number));
  std::array<BodyCell::Values, 6> nodes{};
  for (std::size_t node = 0; node < 6; ++node) {
    const double fraction = time.tt.fraction + time.tt_days * static_cast<double>(node) / 5.0;
    double heliocentric[2][3];
    double earth[2][3];
    eraEpv00(time.tt.day, fraction, heliocentric, earth);
    double distance_au = 0.0;
    for (int pass = 0; pass < 3; ++pass) {
      const BodyState state = barycentric_state(body, time.tt.day, fraction - distance_au * light_days_an_au);
      for (std::size_t i = 0; i < 3; ++i) {
        nodes[node][i] = state.position[i] - earth[0][i];
        nodes[node][3 + i] = state.velocity[i];
      }
      distance_au = std::hypot(nodes[node][0], nodes[node][1], nodes[node][2]);
    }
  }
  return std::make_shared<const BodyCell>(nodes);
}

/// The cells that were asked for; emptied when they are many, since any of them can be made again.
template <class Cell>
class Cache {
 public:
  template <class Make>
  std::shared_ptr<const Cell> get(std::int64_t key, Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = cells_.find(key); found != cells_.end()) return found->second;
    }
    auto made = make();
    const std::lock_guard lock(mutex_);
    if (cells_.size() >= most) cells_.clear();
    return cells_.try_emplace(key, std::move(made)).first->second;
  }

 private:
  static constexpr std::size_t most = 4096;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::shared_ptr<const Cell>> cells_;
};

}  // namespace

std::shared_ptr<const EarthCell> earth_cell(std::int64_t number) {
  static Cache<EarthCell> cache;
  return cache.get(number, [number] { return make_earth_cell(number); });
}

std::shared_ptr<const BodyCell> body_cell(Body body, std::int64_t number) {
  static Cache<BodyCell> cache;
  return cache.get(number * 16 + static_cast<std::int64_t>(body), [=] { return make_body_cell(body, number); });
}

}  // namespace astro::sky
