// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/signal/hydrogen.hpp"
#include "astro/sky/frames.hpp"
#include "signal/rebinned.hpp"
#include "signal/robust.hpp"
#include "text.hpp"

namespace astro {
namespace {

[[noreturn]] void refuse_tangent(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "no terminal velocity can be found: " + why);
}

/// -90 to 90 degrees, without 0 and both ends.
Angle inner_longitude(Angle longitude) {
  const Angle l = longitude.wrapped_signed();
  if (std::abs(l.degrees()) >= 90.0 || l.degrees() == 0.0 || !std::isfinite(l.degrees())) {
    refuse_tangent("at a galactic longitude of " + text::of(longitude.wrapped().degrees()) +
                   " degrees; only lines of sight inside the Sun's orbit (0 to 90 and 270 to 360 degrees) have one");
  }
  return l;
}

/// A spectrum from its outer end inwards: highest velocities first in the first quadrant, lowest first in the fourth.
struct SmoothedProfile {
  std::vector<double> velocity;
  std::vector<double> kelvin;
};

SmoothedProfile profile_of(const CalibratedSpectrum& spectrum, const TerminalOptions& options, bool from_above) {
  const signal::ChannelVelocities velocities = signal::channel_velocities(spectrum, options.rest);
  SmoothedProfile profile;
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    if (!signal::is_held(spectrum, i) || std::abs(velocities.at(i)) > options.window_km_s) continue;
    profile.velocity.push_back(velocities.at(i));
    profile.kelvin.push_back(static_cast<double>(spectrum.temperature_k[i]));
  }
  const bool descends = velocities.step_km_s < 0.0;
  if (descends != from_above) {
    std::ranges::reverse(profile.velocity);
    std::ranges::reverse(profile.kelvin);
  }
  return profile;
}

/// What is no bright line, which may fill half of the window: not far above the lower quarter, by the scatter
/// that noise with this quarter and this twentieth has. What remains of the line's wings the fit leaves out.
signal::Mask beside_line(const std::vector<double>& kelvin) {
  if (kelvin.empty()) return {};
  std::vector<double> sorted = kelvin;
  std::ranges::sort(sorted);
  const double quarter = sorted[sorted.size() / 4];
  const double sigma = (quarter - sorted[sorted.size() / 20]) / 0.970;
  signal::Mask mask(kelvin.size());
  std::ranges::transform(kelvin, mask.begin(),
                         [&](double each) { return static_cast<char>(each <= quarter + 5.674 * sigma); });
  return mask;
}

/// The first of `run` points in a row that are above the threshold.
std::size_t edge_of(const std::vector<double>& kelvin, double threshold, int run) {
  int above = 0;
  for (std::size_t i = 0; i < kelvin.size(); ++i) {
    above = kelvin[i] > threshold ? above + 1 : 0;
    if (above == run) return i + 1 - static_cast<std::size_t>(run);
  }
  refuse_tangent("nothing stands above " + text::of(threshold) + " K in " + std::to_string(run) + " channels in a row");
}

}  // namespace

Measured terminal_velocity_km_s(const CalibratedSpectrum& spectrum, const TerminalOptions& options) {
  if (!spectrum.pointing.known) refuse_tangent("nobody said where the telescope pointed");
  if (options.run < 1) refuse_tangent("a run of " + std::to_string(options.run) + " channels; expected 1 or more");
  const bool from_above = inner_longitude(sky::galactic(spectrum.pointing.direction).l).radians() > 0.0;
  SmoothedProfile profile = profile_of(spectrum, options, from_above);
  const signal::RobustFit base =
      signal::fit_robustly(profile.kelvin, beside_line(profile.kelvin), options.baseline_order, 2);
  for (std::size_t i = 0; i < profile.kelvin.size(); ++i) profile.kelvin[i] -= base.curve.at(i);

  const double threshold = std::max(options.threshold_k, options.sigmas * base.rms);
  const std::size_t edge = edge_of(profile.kelvin, threshold, options.run);
  if (edge == 0) refuse_tangent("the gas reaches beyond the band, or beyond the window");
  const double width = std::abs(profile.velocity[edge] - profile.velocity[edge - 1]);
  const double slope = (profile.kelvin[edge] - profile.kelvin[edge - 1]) / width;
  const double beyond = std::min(width, (profile.kelvin[edge] - threshold) / slope);
  const double outwards = from_above ? 1.0 : -1.0;
  // Where it falls within a channel nobody knows better than a twelfth of its width squared.
  const double sigma = std::hypot(base.rms / slope, width / std::sqrt(12.0));
  return {profile.velocity[edge] + outwards * beyond, sigma};
}

TangentPoint tangent_point(Angle longitude, Measured terminal_km_s, const SunsOrbit& sun) {
  const Angle l = inner_longitude(longitude);
  const double sine = std::sin(std::abs(l.radians()));
  const double sign = l.radians() > 0.0 ? 1.0 : -1.0;
  return {.longitude = l,
          .terminal_km_s = terminal_km_s,
          .speed_km_s = {sign * terminal_km_s.value + sun.speed_km_s * sine, terminal_km_s.sigma},
          .radius_kpc = sun.radius_kpc * sine,
          .distance_kpc = sun.radius_kpc * std::cos(l.radians())};
}

std::vector<TangentPoint> rotation_curve(std::span<const CalibratedSpectrum> spectra, const TerminalOptions& options,
                                         const SunsOrbit& sun) {
  std::vector<TangentPoint> points;
  points.reserve(spectra.size());
  for (const CalibratedSpectrum& spectrum : spectra) {
    const Measured terminal = terminal_velocity_km_s(spectrum, options);
    points.push_back(tangent_point(sky::galactic(spectrum.pointing.direction).l, terminal, sun));
  }
  std::ranges::sort(points, {}, &TangentPoint::longitude);
  return points;
}

}  // namespace astro
