// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "bodies.hpp"
#include "erfa_time.hpp"

// What changes slowly in the sky, in cells of six hours that never lie across a leap second or a
// day of the table of Earth orientation. A cell is a function of its number alone.
namespace astro::sky {

using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

inline constexpr Duration cell_length = std::chrono::hours(6);

/// Cells since 1970 (floor).
constexpr std::int64_t cell_of(Time time) noexcept {
  const std::int64_t length = cell_length.count();
  const std::int64_t since = time.time_since_epoch().count();
  return since / length - (since % length < 0 ? 1 : 0);
}
constexpr Time start_of_cell(std::int64_t number) noexcept { return Time(number * cell_length); }

/// `count` functions of the part of the cell that has passed, 0 to 1, as polynomials through `nodes`
/// evenly spaced instants, both ends included.
template <std::size_t count, std::size_t nodes>
class Interpolated {
 public:
  using Values = std::array<double, count>;

  Interpolated() = default;
  explicit Interpolated(const std::array<Values, nodes>& at_nodes) {
    for (std::size_t each = 0; each < count; ++each) {
      // Newton's differences over the nodes' numbers, then the powers of the part.
      std::array<double, nodes> difference{};
      for (std::size_t i = 0; i < nodes; ++i) difference[i] = at_nodes[i][each];
      for (std::size_t order = 1; order < nodes; ++order) {
        for (std::size_t i = nodes - 1; i >= order; --i) {
          difference[i] = (difference[i] - difference[i - 1]) / static_cast<double>(order);
        }
      }
      std::array<double, nodes> power{};
      for (std::size_t i = nodes; i-- > 0;) {  // power = power * (s - i) + difference[i]
        for (std::size_t k = nodes - 1; k > 0; --k) power[k] = power[k - 1] - static_cast<double>(i) * power[k];
        power[0] = difference[i] - static_cast<double>(i) * power[0];
      }
      double scale = 1.0;
      for (std::size_t k = 0; k < nodes; ++k, scale *= static_cast<double>(nodes - 1)) {
        coefficients_[k][each] = power[k] * scale;
      }
    }
  }

  [[gnu::always_inline]] void at(double part, Values& values) const noexcept {
    values = coefficients_[nodes - 1];
    for (std::size_t k = nodes - 1; k-- > 0;) {
      for (std::size_t each = 0; each < count; ++each) values[each] = values[each] * part + coefficients_[k][each];
    }
  }

  /// One of them alone.
  [[gnu::always_inline]] double at(std::size_t which, double part) const noexcept {
    double value = coefficients_[nodes - 1][which];
    for (std::size_t k = nodes - 1; k-- > 0;) value = value * part + coefficients_[k][which];
    return value;
  }

 private:
  std::array<Values, nodes> coefficients_{};
};

/// The Earth among the stars, for any site.
struct EarthCell {
  JulianDate tt;                  ///< at its start
  double tt_days = 0.0;           ///< over its length
  Interpolated<16, 4> apparent;   ///< bias-precession-nutation (9), Earth from the Sun (3, au), its velocity from the
                                  ///< barycentre (3, of light's)
  Interpolated<6, 4> velocities;  ///< from the Sun and from the barycentre, km/s
};

/// Where a body is seen from the Earth's centre (au, light time taken off), and how it moves from
/// the barycentre (au a day).
using BodyCell = Interpolated<6, 6>;

/// From a cache that all observers share.
std::shared_ptr<const EarthCell> earth_cell(std::int64_t number);
std::shared_ptr<const BodyCell> body_cell(Body body, std::int64_t number);

}  // namespace astro::sky
