// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string_view>

#include "astro/error.hpp"
#include "astro/signal/beam.hpp"
#include "astro/signal/tipping.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/frames.hpp"
#include "observing/beam_path.hpp"
#include "observing/reduction.hpp"

namespace astro::detail {

std::vector<Sample> samples_of(const Observation& observation, std::span<const Integration> stored,
                               const Calibrations& calibrations, const Location& site) {
  const sky::Observer observer(site);
  std::vector<Sample> samples;
  for (const Integration& each : stored) {
    if (each.phase != Phase::sky || !each.pointing_known) continue;
    const Step& step = observation.steps.at(static_cast<std::size_t>(each.step));
    Sample sample{.step = static_cast<std::size_t>(each.step),
                  .scan = each.scan,
                  .mid = each.mid,
                  .direction = {.ra = each.ra, .dec = each.dec},
                  .place = {.azimuth = each.azimuth, .altitude = each.altitude}};
    sample.kelvin = calibrations.continuum(calibrations.epoch_of(each.sequence), to_spectrum(each, site));
    // Against where the target itself was at that time.
    const AltAz centre = observer.altaz(parse_target(step.target), each.mid);
    const auto offset = [&](Angle longitude, Angle latitude, Angle longitude0, Angle latitude0) {
      sample.x = (longitude - longitude0).wrapped_signed() * std::cos(latitude.radians());
      sample.y = latitude - latitude0;
    };
    if (step.frame == OffsetFrame::altaz) {
      offset(each.azimuth, each.altitude, centre.azimuth, centre.altitude);
    } else {
      const Icrs direction = observer.icrs(centre, each.mid);
      if (step.frame == OffsetFrame::icrs) {
        offset(each.ra, each.dec, direction.ra, direction.dec);
      } else {
        const Galactic galactic0 = sky::galactic(direction);
        const Galactic galactic = sky::galactic(sample.direction);
        offset(galactic.l, galactic.b, galactic0.l, galactic0.b);
      }
    }
    samples.push_back(sample);
  }
  return samples;
}

namespace {

constexpr const char* kelvin = "K";
constexpr const char* deg = "deg";

Finding found(const char* name, const Measured& measured, const char* unit) {
  return {.name = name, .value = measured.value, .error = measured.sigma, .unit = unit};
}

/// Of a source that has an extent that beams notice.
double disc_deg(const Observation& observation) {
  const Target target = parse_target(observation.request.target);
  const auto* body = std::get_if<Body>(&target);
  return body != nullptr && *body == Body::sun ? sun_disc_deg : 0.0;
}

std::vector<Finding> brightest_of(std::span<const Sample> samples, const char* unit) {
  const auto brightest = std::ranges::max_element(samples, {}, [](const Sample& each) { return each.kelvin.value; });
  return {found("brightest", brightest->kelvin, unit),
          {.name = "brightest_x", .value = brightest->x.degrees(), .unit = deg},
          {.name = "brightest_y", .value = brightest->y.degrees(), .unit = deg}};
}

/// Columns of the samples that fits take.
struct Columns {
  std::vector<double> x, y, power, sigma;

  void add(const Sample& sample) {
    x.push_back(sample.x.degrees());
    y.push_back(sample.y.degrees());
    power.push_back(sample.kelvin.value);
    sigma.push_back(sample.kelvin.sigma);
  }
};

/// One line across the source and one along.
std::vector<Finding> of_cross(const Observation& observation, std::span<const Sample> samples, const char* unit) {
  Columns across;
  Columns along;
  for (const Sample& sample : samples)
    (observation.steps.at(sample.step).x != observation.steps.at(sample.step).to_x ? across : along).add(sample);
  const BeamOptions options{.disc_deg = disc_deg(observation)};
  const BeamFit x = fit_beam(across.x, across.power, {}, options);
  const BeamFit y = fit_beam(along.y, along.power, {}, options);
  const Measured width{.value = (x.fwhm_deg.value + y.fwhm_deg.value) / 2,
                       .sigma = std::hypot(x.fwhm_deg.sigma, y.fwhm_deg.sigma) / 2};
  return {found("offset_x", x.centre_deg, deg),   found("offset_y", y.centre_deg, deg),
          found("beam_width", width, deg),        found("beam_width_x", x.fwhm_deg, deg),
          found("beam_width_y", y.fwhm_deg, deg), found("amplitude", x.amplitude, unit)};
}

std::vector<Finding> of_area(const Observation& observation, std::span<const Sample> samples, const char* unit) {
  std::vector<Finding> findings = brightest_of(samples, unit);
  Columns columns;
  for (const Sample& sample : samples) columns.add(sample);
  try {
    const BeamGridFit fit = fit_beam(columns.x, columns.y, columns.power, {},
                                     {.disc_deg = disc_deg(observation), .round = true, .slope = columns.x.size() > 8});
    for (Finding& each :
         std::vector<Finding>{found("offset_x", fit.x_deg, deg), found("offset_y", fit.y_deg, deg),
                              found("beam_width", fit.fwhm_x_deg, deg), found("amplitude", fit.amplitude, unit)}) {
      findings.push_back(std::move(each));
    }
  } catch (const Error& error) {
    // An area without a single source in it is no failure.
    if (error.code() != ErrorCode::invalid_argument) throw;
  }
  return findings;
}

std::vector<Finding> of_tipping(std::span<const Sample> samples, const char* unit) {
  std::vector<double> air;
  Columns columns;
  for (const Sample& sample : samples) {
    air.push_back(sky::airmass(sample.place.altitude));
    columns.add(sample);
  }
  const TippingFit fit = fit_tipping(air, columns.power);
  return {found("opacity", fit.zenith_opacity, ""), found("constant", fit.receiver_k, unit)};
}

/// The lowest altitude from which on the beam sees sky, for each direction: what a mask is made of.
std::vector<Finding> of_horizon(std::span<const Sample> samples, const char* unit) {
  const auto [coldest, warmest] =
      std::ranges::minmax_element(samples, {}, [](const Sample& each) { return each.kelvin.value; });
  std::vector<Finding> findings{found("coldest", coldest->kelvin, unit), found("warmest", warmest->kelvin, unit)};
  // Ground that fills half of the beam. Its temperature is that of the air; without kelvin it at least stands out.
  constexpr double ground_k = 290.0;
  const double cold = coldest->kelvin.value;
  const double middle = std::string_view(unit) == kelvin ? (cold + ground_k) / 2
                                                         : std::max((cold + warmest->kelvin.value) / 2, 1.5 * cold);
  constexpr int sectors = 24;
  std::array<std::vector<const Sample*>, sectors> seen;
  for (const Sample& sample : samples)
    seen.at(static_cast<std::size_t>(sample.place.azimuth.wrapped().degrees() / (360.0 / sectors))).push_back(&sample);
  for (int sector = 0; sector < sectors; ++sector) {
    std::vector<const Sample*>& column = seen.at(static_cast<std::size_t>(sector));
    if (column.empty()) continue;
    std::ranges::sort(column, std::greater(), [](const Sample* each) { return each->place.altitude; });
    double free_from = column.front()->place.altitude.degrees();
    for (const Sample* each : column) {
      if (each->kelvin.value > middle) break;
      free_from = each->place.altitude.degrees();
    }
    findings.push_back(
        {.name = "ground_below_at_" + std::to_string(sector * 360 / sectors), .value = free_from, .unit = deg});
  }
  return findings;
}

}  // namespace

std::vector<Finding> findings_of_mode(const Observation& observation, std::span<const Integration> stored,
                                      const Calibrations& calibrations, const Location& site) {
  const Mode mode = observation.request.mode;
  if (mode == Mode::track || mode == Mode::position_switch || mode == Mode::frequency_switch || mode == Mode::loads)
    return {};
  const std::vector<Sample> samples = samples_of(observation, stored, calibrations, site);
  if (samples.empty()) return {};
  const char* unit = calibrations.are_none() ? "" : kelvin;
  if (mode == Mode::cross) return of_cross(observation, samples, unit);
  if (mode == Mode::tipping) return of_tipping(samples, unit);
  if (mode == Mode::horizon) return of_horizon(samples, unit);
  return mode == Mode::drift ? brightest_of(samples, unit) : of_area(observation, samples, unit);
}

}  // namespace astro::detail
