// SPDX-License-Identifier: BSD-3-Clause
#include "beam.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "constants.hpp"

namespace simulator {
namespace {

constexpr std::size_t spokes = 12;

struct Node {
  double square;  ///< of the radius, in units of 2 sigma^2
  double weight;
};
/// Abramowitz and Stegun 1964, table 25.9, n = 5.
constexpr std::array nodes{Node{0.263560319718, 0.521755610583}, Node{1.413403059107, 0.398666811083},
                           Node{3.596425771041, 0.0759424496817}, Node{7.085810005859, 0.00361175867992},
                           Node{12.640800844276, 0.0000233699723858}};

/// The direction at a distance and position angle from another one.
astro::Galactic beside(const astro::Galactic& centre, double distance, double angle) noexcept {
  const double b = centre.b.radians();
  const double sin_b = std::sin(b) * std::cos(distance) + std::cos(b) * std::sin(distance) * std::cos(angle);
  const double y = std::sin(distance) * std::sin(angle);
  const double x = std::cos(b) * std::cos(distance) - std::sin(b) * std::sin(distance) * std::cos(angle);
  return {centre.l + astro::radians(std::atan2(y, x)), astro::radians(std::atan2(sin_b, std::hypot(x, y)))};
}

}  // namespace

BeamView view(const astro::Galactic& direction, astro::Angle full_width, double frequency_hz) noexcept {
  const double sigma = full_width.radians() / std::sqrt(8.0 * std::numbers::ln2);
  BeamView sum;
  Profile profile;
  for (std::size_t ring = 0; ring < nodes.size(); ++ring) {
    const double distance = sigma * std::sqrt(2.0 * nodes[ring].square);
    const double weight = nodes[ring].weight / static_cast<double>(spokes);
    for (std::size_t spoke = 0; spoke < spokes; ++spoke) {
      const double turns = (static_cast<double>(spoke) + 0.5 * static_cast<double>(ring % 2)) / spokes;
      const auto at = beside(direction, distance, 2.0 * std::numbers::pi * turns);
      const double background_k = cmb_k + continuum(at, frequency_hz);
      hydrogen(at, background_k, profile);
      sum.continuum_k += weight * background_k;
      for (std::size_t i = 0; i < profile.size(); ++i) sum.hydrogen_k[i] += static_cast<float>(weight) * profile[i];
    }
  }
  return sum;
}

}  // namespace simulator
