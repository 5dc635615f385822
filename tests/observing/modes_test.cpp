// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "astro/observing/observe.hpp"
#include "astro/observing/plan.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/frames.hpp"
#include "observing/night.hpp"

// Each mode on the simulator, whose truth is in its settings: what was simulated is found within the
// errors that are stated.
namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;

double value(const ObservationResult& result, const std::string& name) {
  for (const Finding& finding : result.findings) {
    if (finding.name == name) return finding.value;
  }
  ADD_FAILURE() << "there is no finding " << name;
  return std::nan("");
}

Finding finding(const ObservationResult& result, const std::string& name) {
  for (const Finding& each : result.findings) {
    if (each.name == name) return each;
  }
  ADD_FAILURE() << "there is no finding " << name;
  return {};
}

ObservationRequest brief(Mode mode, const std::string& target) {
  ObservationRequest request{.target = target, .mode = mode};
  request.integration_time = 20s;
  request.calibration_time = 20s;
  request.channels = 256;
  return request;
}

/// A galactic direction that is high enough at the night's start.
std::string plane_above(const Night& night, Angle least) {
  for (int l = 0; l < 360; l += 5) {
    const Galactic direction{.l = degrees(l), .b = Angle()};
    const bool up = sky::altaz(direction, night.location(), night.start()).altitude > least &&
                    sky::altaz(direction, night.location(), night.start() + 1h).altitude > least;
    if (up) return to_string(Target(direction));
  }
  return "altaz 180 60";
}

TEST(Modes, LoadsFindTheReceiversTemperature) {
  Night night({.receiver = "receiver_temperature: 65 K"});
  const ObservationResult result = night.observe(brief(Mode::loads, "altaz 180 60"));
  EXPECT_NEAR(value(result, "receiver"), 65.0, 5.0);  // ground and sky beside the assumed 10 K
  EXPECT_EQ(result.spectrum.axis.channels, 0u);
}

TEST(Modes, ANoiseDiodeCalibratesAsWell) {
  Night night({.receiver = "receiver_temperature: 65 K"});
  ObservationRequest request = brief(Mode::track, plane_above(night, 40_deg));
  request.calibration = CalibrationKind::noise_diode;
  const ObservationResult by_diode = night.observe(request);
  request.calibration = CalibrationKind::loads;
  const ObservationResult by_loads = night.observe(request);
  // Diode and load are known exactly; what the sky gives beside the diode is only assumed.
  const double noise_k = std::hypot(by_diode.peak.sigma_k, by_loads.peak.sigma_k);
  EXPECT_NEAR(by_diode.peak.peak_k, by_loads.peak.peak_k, 0.08 * by_loads.peak.peak_k + 4 * noise_k);
}

TEST(Modes, SwitchesGiveTheLineThatTrackingGives) {
  Night night({.receiver = "sample_rate: 4 MHz"});
  ObservationRequest request = brief(Mode::track, plane_above(night, 45_deg));
  request.channels = 1024;
  request.integration_time = 60s;
  const ObservationResult tracked = night.observe(request);
  request.mode = Mode::frequency_switch;
  request.frequency_shift = megahertz(1.6);
  request.switch_every = 5s;
  const ObservationResult folded = night.observe(request);
  EXPECT_NEAR(folded.peak.peak_k, tracked.peak.peak_k, 0.1 * tracked.peak.peak_k);
  EXPECT_NEAR(folded.peak.peak_velocity_km_s, tracked.peak.peak_velocity_km_s, 5.0);
  request.mode = Mode::position_switch;
  // A reference off the plane at the same altitude has little hydrogen.
  request.reference.azimuth_offset = -40_deg;
  const ObservationResult switched = night.observe(request);
  EXPECT_GT(switched.peak.peak_k, 0.5 * tracked.peak.peak_k);
}

TEST(Modes, ACrossScanFindsBeamWidthAndPointing) {
  Night night({.mount = "pointing_offset: {first: 0.3 deg, second: -0.2 deg}",
               .receiver = "beam_width: 4 deg, sun_flux: 100 SFU",
               .sun_up = true});
  ObservationRequest request = brief(Mode::cross, "sun");
  request.scan = {
      .frame = OffsetFrame::altaz, .width = 16_deg, .height = 16_deg, .spacing = 1_deg, .speed_per_s = 0.2_deg};
  const ObservationResult result = night.observe(request);
  const Finding width = finding(result, "beam_width");
  EXPECT_NEAR(width.value, 4.0, 5 * width.error + 0.02) << width.error;
  // The beam looks where the encoders say plus the offset: the Sun is found so far on the other side.
  const Angle altitude = night.sun_altitude();
  EXPECT_NEAR(value(result, "offset_x"), -0.3 * std::cos(altitude.radians()), 0.08);
  EXPECT_NEAR(value(result, "offset_y"), 0.2, 0.08);
}

Night night_of_the_sun(const std::string& mount) {
  return Night({.mount = mount, .receiver = "beam_width: 4 deg, sun_flux: 100 SFU", .sun_up = true});
}

ObservationResult points_on_the_sun(const Night& night) {
  ObservationRequest request = brief(Mode::points, "sun");
  request.integration_time = 2s;
  request.scan = {.frame = OffsetFrame::altaz, .width = 6_deg, .height = 6_deg, .spacing = 2_deg, .speed_per_s = 1_deg};
  return night.observe(request);
}

TEST(Modes, PointsOnTheSunFindPointingAndWidth) {
  const Night night = night_of_the_sun("pointing_offset: {first: -0.5 deg, second: 0.4 deg}");
  const ObservationResult result = points_on_the_sun(night);
  EXPECT_NEAR(value(result, "beam_width"), 4.0, 0.1);
  EXPECT_NEAR(value(result, "offset_x"), 0.5 * std::cos(night.sun_altitude().radians()), 0.08);
  EXPECT_NEAR(value(result, "offset_y"), -0.4, 0.08);
}

TEST(Modes, AModelOfTheMountTakesItsErrorsOff) {
  const Night night =
      night_of_the_sun("pointing_offset: {first: -0.5 deg, second: 0.4 deg}, pointing: {IA: 0.5 deg, IE: -0.4 deg}");
  const ObservationResult result = points_on_the_sun(night);
  EXPECT_NEAR(value(result, "offset_x"), 0.0, 0.08);
  EXPECT_NEAR(value(result, "offset_y"), 0.0, 0.08);
}

TEST(Modes, ATippingCurveFindsTheOpacity) {
  Night night({.receiver = "opacity: 0.2, beam_width: 4 deg, spillover: 0, gain_drift: 0, dish_diameter: 3 m"});
  ObservationRequest request = brief(Mode::tipping, "altaz 20 45");
  request.calibration = CalibrationKind::noise_diode;  // a cold load of sky is warm under such air
  request.tipping = {.lowest = 20_deg, .highest = 80_deg, .count = 8};
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  const Finding opacity = finding(result, "opacity");
  EXPECT_NEAR(opacity.value, 0.2, 0.03) << opacity.error;
}

TEST(Modes, AMapFindsASourceWhereItIs) {
  Night night({.receiver = "beam_width: 2 deg, sources: [{ra: @RA, dec: @DEC, flux: 20000 Jy}], sun_flux: 0 SFU"});
  const Icrs source = night.source();
  ObservationRequest request = brief(Mode::map, to_string(Target(Icrs{.ra = source.ra + 0.5_deg, .dec = source.dec})));
  request.scan = {
      .frame = OffsetFrame::icrs, .width = 6_deg, .height = 5_deg, .spacing = 1_deg, .speed_per_s = 0.5_deg};
  request.integration = 500ms;
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  EXPECT_NEAR(value(result, "offset_x"), -0.5 * std::cos(source.dec.radians()), 0.1);
  EXPECT_NEAR(value(result, "offset_y"), 0.0, 0.1);
}

TEST(Modes, ARasterFindsASourceWhereItIsAndTheBeam) {
  Night night({.receiver = "beam_width: 2 deg, sources: [{ra: @RA, dec: @DEC, flux: 20000 Jy}], sun_flux: 0 SFU"});
  const Icrs source = night.source();
  ObservationRequest request =
      brief(Mode::raster, to_string(Target(Icrs{.ra = source.ra, .dec = source.dec - 0.4_deg})));
  request.integration_time = 3s;
  request.scan = {.frame = OffsetFrame::icrs, .width = 4_deg, .height = 4_deg, .spacing = 1_deg, .speed_per_s = 1_deg};
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  EXPECT_NEAR(value(result, "offset_x"), 0.0, 0.1);
  EXPECT_NEAR(value(result, "offset_y"), 0.4, 0.1);
  EXPECT_NEAR(value(result, "beam_width"), 2.0, 0.2);
}

TEST(Modes, AHorizonScanMeasuresTheGroundInTheBeam) {
  constexpr double ground_k = 280.0;
  constexpr double beam_deg = 10.0;
  Night night({.receiver = "beam_width: 10 deg, ground_temperature: 280 K, opacity: 0, spillover: 0, gain_drift: 0, "
                           "sun_flux: 0 SFU"});
  std::mt19937 random(Night::seed());
  ObservationRequest request = brief(Mode::horizon, "altaz " + std::to_string(40 + random() % 280) + " 19");
  request.calibration = CalibrationKind::noise_diode;
  request.scan = {
      .frame = OffsetFrame::altaz, .width = 8_deg, .height = 30_deg, .spacing = 5_deg, .speed_per_s = 1_deg};
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  // The part of a Gaussian beam that is below the horizon where it looks at an altitude of 4 deg; at 34 deg it is none.
  const double sigma_deg = beam_deg / std::sqrt(8.0 * std::log(2.0));
  const double part = 0.5 * std::erfc(4.0 / (std::sqrt(2.0) * sigma_deg));
  // The sky behind it is of a few kelvin, here more and there less.
  EXPECT_NEAR(value(result, "warmest") - value(result, "coldest"), part * ground_k, 8.0);
  // Nowhere is more than half of the beam below: it is free from the lowest row on. At the edge of the area a sector
  // may have seen higher rows only, which reach further in azimuth.
  double free_from_deg = 90.0;
  for (const Finding& each : result.findings) {
    if (each.name.starts_with("ground_below_at_")) free_from_deg = std::min(free_from_deg, each.value);
  }
  EXPECT_NEAR(free_from_deg, 4.0, 0.3);
}

TEST(Modes, ADriftLetsTheSkyPass) {
  Night night({.receiver = "beam_width: 2 deg, sources: [{ra: @RA, dec: @DEC, flux: 20000 Jy}], sun_flux: 0 SFU"});
  const Icrs source = night.source();
  ObservationRequest request = brief(Mode::drift, to_string(Target(source)));
  request.integration_time = 30min;
  request.integration = 10s;
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  EXPECT_NEAR(value(result, "brightest_x"), 0.0, 0.2);
  EXPECT_NEAR(value(result, "brightest_y"), 0.0, 0.1);
}

}  // namespace
}  // namespace astro::testing
