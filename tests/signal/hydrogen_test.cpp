// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/hydrogen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "astro/error.hpp"
#include "signal/pointed.hpp"

namespace astro {
namespace {

using namespace astro::literals;
using testing::pointed_spectrum;
using testing::pointed_time;

/// 50 K from -20 to 20 km/s.
double box_k(double velocity) { return std::abs(velocity) < 20.0 ? 50.0 : 0.0; }

TEST(LineIntegral, CountsChannelsByTheirPart) {
  const CalibratedSpectrum spectrum = pointed_spectrum(120.0, pointed_time, box_k);
  const double width = std::abs(spectrum.velocity_lsrk_km_s(1.0) - spectrum.velocity_lsrk_km_s(0.0));
  EXPECT_NEAR(integrated_k_km_s(spectrum, {-10.0, 5.3}).value, 50.0 * 15.3, 1e-6 * 50.0 * 15.3);
  EXPECT_NEAR(integrated_k_km_s(spectrum, {-40.0, 40.0}).value, 50.0 * 40.0, 50.0 * width);
  EXPECT_NEAR(integrated_k_km_s(spectrum, {0.0, 0.01}).value, 0.5, 1e-6);
  // 100 channels of 0.1 K each.
  EXPECT_NEAR(integrated_k_km_s(spectrum, {0.0, 100.0 * width}).sigma, 0.1 * width * 10.0, 0.01 * width);
}

TEST(LineIntegral, IsRefusedWhereThereAreNoChannels) {
  CalibratedSpectrum spectrum = pointed_spectrum(120.0, pointed_time, box_k);
  EXPECT_THROW(integrated_k_km_s(spectrum, {10.0, 10.0}), Error);
  EXPECT_THROW(integrated_k_km_s(spectrum, {0.0, 3000.0}), Error);
  spectrum.weight[512] = 0.0F;
  EXPECT_THROW(integrated_k_km_s(spectrum, {-100.0, 100.0}), Error);
  spectrum.pointing.known = false;
  EXPECT_THROW(integrated_k_km_s(spectrum, {0.0, 1.0}), Error);
}

// From Einstein's coefficient of the line, 2.8688e-15 / s (Gould 1994, ApJ 423, 522), in CGS:
// N = 32 pi k / (3 h c lambda^2 A) times the integral of T.
TEST(ColumnDensity, IsThatOfAtomicPhysics) {
  const double wavelength = 2.99792458e10 / hydrogen_line.hertz();
  const double constant = 32.0 * std::numbers::pi * 1.380649e-16 * 1e5 /
                          (3.0 * 6.62607015e-27 * 2.99792458e10 * wavelength * wavelength * 2.8688e-15);
  const CalibratedSpectrum spectrum = pointed_spectrum(120.0, pointed_time, box_k);
  const Measured thin = column_density_cm2(spectrum, {-10.0, 10.0});
  EXPECT_NEAR(thin.value / (constant * 1000.0), 1.0, 1e-3);
  EXPECT_NEAR(thin.sigma / thin.value, integrated_k_km_s(spectrum, {-10.0, 10.0}).sigma / 1000.0, 1e-9);
}

TEST(ColumnDensity, IsHigherWhereTheGasHidesItself) {
  const CalibratedSpectrum spectrum = pointed_spectrum(120.0, pointed_time, box_k);
  // T = Ts / 2: an opacity of ln 2.
  EXPECT_NEAR(column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 100.0}).value,
              1.823e18 * 100.0 * 20.0 * std::numbers::ln2, 1e15);
  // (Ts - Tb) / 2 before a background.
  EXPECT_NEAR(column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 110.0, .background_k = 10.0}).value,
              1.823e18 * 110.0 * 20.0 * std::numbers::ln2, 1e15);
  const Measured warm = column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 1e7});
  EXPECT_NEAR(warm.value / column_density_cm2(spectrum, {-10.0, 10.0}).value, 1.0, 1e-5);
  EXPECT_THROW(column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 50.0}), Error);
  EXPECT_THROW(column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 5.0, .background_k = 6.0}), Error);
}

TEST(ColumnDensity, HasTheErrorThatItStates) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  double square = 0.0;
  constexpr int turns = 300;
  for (int turn = 0; turn < turns; ++turn) {
    const CalibratedSpectrum spectrum =
        pointed_spectrum(120.0, pointed_time, [&](double v) { return box_k(v) + 0.1 * normal(random); });
    const Measured column = column_density_cm2(spectrum, {-10.0, 10.0}, {.spin_k = 100.0});
    square += std::pow((column.value - 1.823e18 * 2000.0 * std::numbers::ln2) / column.sigma, 2) / turns;
  }
  EXPECT_NEAR(square, 1.0, 0.3);
}

TEST(ColumnDensity, OfACubeIsThatOfItsSpectra) {
  const CalibratedSpectrum spectrum = pointed_spectrum(120.0, pointed_time, box_k);
  const MapGrid grid{
      .frame = MapFrame::galactic, .centre = {120_deg, 0_deg}, .pixel = 0.3_deg, .width = 7, .height = 7};
  const SkyMap cube = grid_cube(std::vector{spectrum}, grid, {-50.0, 1.0, 101}, {.beam = 1_deg});
  const SkyMap image = integrated(cube, {-10.5, 10.5});
  EXPECT_EQ(image.unit, "K km/s");
  EXPECT_EQ(image.value.size(), 49U);
  EXPECT_NEAR(static_cast<double>(image.value[24]), 1050.0, 0.1);
  EXPECT_NEAR(static_cast<double>(image.sigma[24]), integrated_k_km_s(spectrum, {-10.5, 10.5}).sigma, 0.1);
  EXPECT_TRUE(std::isnan(image.value[0]));
  const SkyMap column = column_density_cm2(cube, {-10.5, 10.5}, {.spin_k = 100.0});
  EXPECT_EQ(column.unit, "cm-2");
  EXPECT_NEAR(static_cast<double>(column.value[24]) / (1.823e18 * 2100.0 * std::numbers::ln2), 1.0, 1e-3);
  EXPECT_TRUE(std::isnan(column_density_cm2(cube, {-10.5, 10.5}, {.spin_k = 45.0}).value[24]));
  EXPECT_THROW(integrated(image, {-10.0, 10.0}), Error);
  EXPECT_THAT(integrated(cube, {-100.0, 10.0}).value, ::testing::Each(::testing::IsNan()));
}

/// Gas up to a velocity (from below, or down to it), with random motions.
auto edge_at(double terminal, double dispersion, double sign) {
  return [=](double velocity) {
    const double above = sign * (velocity - terminal) / (std::numbers::sqrt2 * dispersion);
    const double inner = sign * velocity > -30.0 ? 80.0 : 0.0;
    return 0.5 * inner * std::erfc(above);
  };
}

// Two dispersions out a Gaussian's cumulative is down to 0.022750.
TEST(TerminalVelocity, IsWhereTheBrightnessCrossesTheThreshold) {
  for (const double sign : {1.0, -1.0}) {
    std::mt19937 random(4);
    std::normal_distribution<double> normal;
    const auto profile = edge_at(sign * 90.0, 7.0, sign);
    const CalibratedSpectrum spectrum = pointed_spectrum(
        sign * 40.0, pointed_time, [&](double v) { return 3.0 + 0.01 * v + profile(v) + 0.05 * normal(random); });
    const Measured terminal = terminal_velocity_km_s(spectrum, {.threshold_k = 80.0 * 0.0227501});
    EXPECT_NEAR(terminal.value, sign * 104.0, 4.0 * terminal.sigma);
    EXPECT_LT(terminal.sigma, 0.5);
    EXPECT_GT(terminal.sigma, 0.1);
  }
}

TEST(TerminalVelocity, IsNotThatOfInterference) {
  CalibratedSpectrum spectrum = pointed_spectrum(40.0, pointed_time, edge_at(90.0, 7.0, 1.0));
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0.0F, 0.1F);
  for (float& each : spectrum.temperature_k) each += normal(random);
  const double before = terminal_velocity_km_s(spectrum).value;
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    if (std::abs(spectrum.velocity_lsrk_km_s(static_cast<double>(i)) - 200.0) < 0.41)
      spectrum.temperature_k[i] = 300.0F;
  }
  EXPECT_NEAR(terminal_velocity_km_s(spectrum).value, before, 0.5);
  EXPECT_GT(terminal_velocity_km_s(spectrum, {.run = 1}).value, 198.0);
}

TEST(TerminalVelocity, IsRefusedWhereThereIsNone) {
  const auto profile = edge_at(90.0, 7.0, 1.0);
  for (const double longitude : {0.0, 90.0, 120.0, 240.0, 270.0}) {
    EXPECT_THROW(terminal_velocity_km_s(pointed_spectrum(longitude, pointed_time, profile)), Error) << longitude;
  }
  CalibratedSpectrum spectrum = pointed_spectrum(40.0, pointed_time, profile);
  EXPECT_THROW(terminal_velocity_km_s(spectrum, {.threshold_k = 100.0}), Error);
  EXPECT_THROW(terminal_velocity_km_s(spectrum, {.run = 0}), Error);
  spectrum.pointing.known = false;
  EXPECT_THROW(terminal_velocity_km_s(spectrum), Error);
}

// A galaxy that turns at 220 km/s everywhere, seen from 8 kpc: v = 220 (1 - sin l) at l.
TEST(RotationCurve, IsFlatWhereTheGalaxysIs) {
  std::vector<CalibratedSpectrum> spectra;
  for (const double longitude : {60.0, 20.0, 330.0, 290.0}) {
    const double sine = std::sin(degrees(longitude).radians());
    const double sign = sine > 0.0 ? 1.0 : -1.0;
    const double terminal = sign * 220.0 * (1.0 - std::abs(sine));
    spectra.push_back(pointed_spectrum(longitude, pointed_time, edge_at(terminal, 0.5, sign)));
  }
  const auto points = rotation_curve(spectra, {.threshold_k = 40.0}, {.radius_kpc = 8.0, .speed_km_s = 220.0});
  ASSERT_EQ(points.size(), 4U);
  const std::vector<double> longitudes{-70.0, -30.0, 20.0, 60.0};
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(points[i].longitude.degrees(), longitudes[i], 1e-9);
    EXPECT_NEAR(points[i].speed_km_s.value, 220.0, 1.0);
    EXPECT_NEAR(points[i].radius_kpc, 8.0 * std::abs(std::sin(degrees(longitudes[i]).radians())), 1e-9);
    EXPECT_NEAR(points[i].distance_kpc, 8.0 * std::cos(degrees(longitudes[i]).radians()), 1e-9);
  }
}

TEST(RotationCurve, TakesTheSunsOrbitOfReidAndOthers) {
  const TangentPoint point = tangent_point(330_deg, {-120.0, 3.0});
  EXPECT_NEAR(point.radius_kpc, 4.075, 1e-9);
  EXPECT_NEAR(point.speed_km_s.value, 238.0, 1e-9);
  EXPECT_EQ(point.speed_km_s.sigma, 3.0);
  EXPECT_THROW(tangent_point(180_deg, {}), Error);
  EXPECT_THROW(tangent_point(0_deg, {}), Error);
}

}  // namespace
}  // namespace astro
