// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/beam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "astro/error.hpp"

namespace astro {
namespace {

double gaussian(double x, double y, double width_x, double width_y) {
  return std::exp(-4.0 * std::numbers::ln2 * (x * x / (width_x * width_x) + y * y / (width_y * width_y)));
}

/// A disc seen by a beam, as the plain sum over small squares; 1 in the middle.
double of_disc(double x, double y, double width_x, double width_y, double disc) {
  constexpr int across = 400;
  const auto sum = [&](double x0, double y0) {
    double total = 0.0;
    for (int i = 0; i < across; ++i) {
      for (int k = 0; k < across; ++k) {
        const double u = disc * ((i + 0.5) / across - 0.5);
        const double v = disc * ((k + 0.5) / across - 0.5);
        if (std::hypot(u, v) < 0.5 * disc) total += gaussian(x0 - u, y0 - v, width_x, width_y);
      }
    }
    return total;
  };
  return sum(x, y) / sum(0.0, 0.0);
}

struct Scan {
  std::vector<double> offset;
  std::vector<double> power;
  std::vector<double> sigma;
};

/// 41 points over 12 degrees of a beam of 3 at 0.4, 20 high, on a slope.
Scan scan_of_point(double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Scan scan;
  for (int i = 0; i < 41; ++i) {
    const double x = 0.3 * (i - 20);
    scan.offset.push_back(x);
    scan.power.push_back(100.0 + 0.5 * x + 20.0 * gaussian(x - 0.4, 0.0, 3.0, 3.0) + noise * normal(random));
    scan.sigma.push_back(noise > 0.0 ? noise : 1.0);
  }
  return scan;
}

TEST(Beam, IsThatOfAScanWithoutNoise) {
  const Scan scan = scan_of_point(0.0, 0);
  const BeamFit fit = fit_beam(scan.offset, scan.power, scan.sigma);
  EXPECT_NEAR(fit.centre_deg.value, 0.4, 1e-6);
  EXPECT_NEAR(fit.fwhm_deg.value, 3.0, 1e-6);
  EXPECT_NEAR(fit.amplitude.value, 20.0, 1e-5);
  EXPECT_NEAR(fit.base.value, 100.0, 1e-5);
  EXPECT_NEAR(fit.slope_per_deg.value, 0.5, 1e-6);
  for (std::size_t i = 0; i < scan.offset.size(); ++i) EXPECT_NEAR(fit.power_at(scan.offset[i]), scan.power[i], 1e-5);
}

// Deviations over stated errors must have a variance of 1; 300 fits know it to 8 %.
TEST(Beam, HasTheErrorsThatItStates) {
  for (const bool told : {true, false}) {
    std::array<double, 5> square{};
    constexpr unsigned seeds = 300;
    for (unsigned seed = 0; seed < seeds; ++seed) {
      const Scan scan = scan_of_point(0.5, seed + 1);
      const BeamFit fit = told ? fit_beam(scan.offset, scan.power, scan.sigma) : fit_beam(scan.offset, scan.power);
      const std::array truth{0.4, 3.0, 20.0, 100.0, 0.5};
      const std::array found{fit.centre_deg, fit.fwhm_deg, fit.amplitude, fit.base, fit.slope_per_deg};
      for (std::size_t i = 0; i < 5; ++i)
        square[i] += std::pow((found[i].value - truth[i]) / found[i].sigma, 2) / seeds;
    }
    EXPECT_THAT(square, ::testing::Each(::testing::DoubleNear(1.0, 0.3)));
  }
}

// Beams from a third of the disc to ten times as wide, against the sum over the disc.
TEST(Beam, OfTheSunIsTheBeamsNotTheSuns) {
  for (const double width : {0.2, 0.5, 1.0, 5.0}) {
    Scan scan;
    for (int i = -30; i <= 30; ++i) {
      const double x = 0.08 * (width + sun_disc_deg) * i;
      scan.offset.push_back(x);
      scan.power.push_back(7.0 + 50.0 * of_disc(x - 0.05, 0.0, width, width, sun_disc_deg));
    }
    const BeamFit fit = fit_beam(scan.offset, scan.power, {}, {.disc_deg = sun_disc_deg});
    EXPECT_NEAR(fit.fwhm_deg.value, width, 0.003 * width);
    EXPECT_NEAR(fit.amplitude.value, 50.0, 0.05);
    EXPECT_NEAR(fit.centre_deg.value, 0.05, 1e-4);
    // Taken for a point it looks wider, for wide beams by ln 2 / 2 of the disc squared (Baars 2007, The
    // Paraboloidal Reflector Antenna, section 6.5).
    const double as_point = fit_beam(scan.offset, scan.power).fwhm_deg.value;
    EXPECT_GT(as_point, width);
    if (width >= 1.0) {
      EXPECT_NEAR(as_point, std::sqrt(width * width + 0.5 * std::numbers::ln2 * sun_disc_deg * sun_disc_deg), 0.005);
    }
  }
}

TEST(Beam, IsRefusedWhereNoSourceIs) {
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  int refused = 0;
  constexpr int turns = 50;
  for (int turn = 0; turn < turns; ++turn) {
    Scan scan = scan_of_point(0.0, 0);
    for (double& each : scan.power) each = 100.0 + normal(random);
    try {
      fit_beam(scan.offset, scan.power, scan.sigma);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      ++refused;
    }
  }
  EXPECT_EQ(refused, turns);  // at 5 sigma one in some ten thousand would pass
  const Scan scan = scan_of_point(0.5, 1);
  const std::vector<double> flat(41, 5.0);
  const std::vector<double> few{1.0, 2.0, 3.0, 2.0, 1.0};
  EXPECT_THROW(fit_beam(scan.offset, flat), Error);
  EXPECT_THROW(fit_beam(flat, scan.power), Error);
  EXPECT_THROW(fit_beam(few, few), Error);
  EXPECT_THROW(fit_beam(scan.offset, few), Error);
  EXPECT_THROW(fit_beam(scan.offset, scan.power, few), Error);
  EXPECT_THROW(fit_beam(scan.offset, scan.power, {}, {.disc_deg = -1.0}), Error);
}

struct Grid {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> power;
  std::vector<double> sigma;
};

template <class Power>
Grid square_grid(int side, double step, Power power_at) {
  Grid grid;
  for (int i = 0; i < side; ++i) {
    for (int k = 0; k < side; ++k) {
      const double x = step * (i - 0.5 * (side - 1));
      const double y = step * (k - 0.5 * (side - 1));
      grid.x.push_back(x), grid.y.push_back(y);
      grid.power.push_back(power_at(x, y));
      grid.sigma.push_back(0.2);
    }
  }
  return grid;
}

TEST(BeamInTwoDimensions, IsElliptic) {
  const Grid grid = square_grid(
      7, 0.5, [](double x, double y) { return 50.0 + x - 2.0 * y + 30.0 * gaussian(x - 0.1, y + 0.2, 1.5, 1.1); });
  const BeamGridFit fit = fit_beam(grid.x, grid.y, grid.power, grid.sigma, {});
  EXPECT_NEAR(fit.x_deg.value, 0.1, 1e-6);
  EXPECT_NEAR(fit.y_deg.value, -0.2, 1e-6);
  EXPECT_NEAR(fit.fwhm_x_deg.value, 1.5, 1e-6);
  EXPECT_NEAR(fit.fwhm_y_deg.value, 1.1, 1e-6);
  EXPECT_NEAR(fit.amplitude.value, 30.0, 1e-5);
  EXPECT_NEAR(fit.slope_x_per_deg.value, 1.0, 1e-5);
  EXPECT_NEAR(fit.slope_y_per_deg.value, -2.0, 1e-5);
  EXPECT_NEAR(fit.power_at(0.5, -1.0), 50.0 + 0.5 + 2.0 + 30.0 * gaussian(0.4, -0.8, 1.5, 1.1), 1e-4);
}

TEST(BeamInTwoDimensions, HasTheErrorsThatItStates) {
  std::array<double, 3> square{};
  constexpr unsigned seeds = 200;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    const Grid grid = square_grid(
        5, 0.6, [&](double x, double y) { return 5.0 + 10.0 * gaussian(x - 0.2, y, 1.5, 1.5) + 0.2 * normal(random); });
    const BeamGridFit fit = fit_beam(grid.x, grid.y, grid.power, grid.sigma, {.round = true, .slope = false});
    square[0] += std::pow((fit.x_deg.value - 0.2) / fit.x_deg.sigma, 2) / seeds;
    square[1] += std::pow(fit.y_deg.value / fit.y_deg.sigma, 2) / seeds;
    square[2] += std::pow((fit.fwhm_x_deg.value - 1.5) / fit.fwhm_x_deg.sigma, 2) / seeds;
    EXPECT_EQ(fit.fwhm_x_deg, fit.fwhm_y_deg);
  }
  EXPECT_THAT(square, ::testing::Each(::testing::DoubleNear(1.0, 0.35)));
}

TEST(BeamInTwoDimensions, OfTheSunFromNinePointsIsTheBeams) {
  const Grid grid = square_grid(
      3, 0.4, [](double x, double y) { return 10.0 + 90.0 * of_disc(x - 0.07, y + 0.11, 0.8, 0.8, sun_disc_deg); });
  const BeamGridFit fit =
      fit_beam(grid.x, grid.y, grid.power, grid.sigma, {.disc_deg = sun_disc_deg, .round = true, .slope = false});
  EXPECT_NEAR(fit.x_deg.value, 0.07, 1e-3);
  EXPECT_NEAR(fit.y_deg.value, -0.11, 1e-3);
  EXPECT_NEAR(fit.fwhm_x_deg.value, 0.8, 3e-3);
}

// Powers that do not reach down to the base hardly tell the height, but where the source is and that it is one.
TEST(BeamInTwoDimensions, IsFoundWhereTheBaseIsHardlySeen) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    const Grid grid = square_grid(3, 1.0, [&](double x, double y) {
      return 10.0 + 5.0 * gaussian(x - 0.2, y + 0.3, 1.6, 1.6) + 0.2 * normal(random);
    });
    const BeamGridFit fit = fit_beam(grid.x, grid.y, grid.power, grid.sigma, {.round = true, .slope = false});
    EXPECT_NEAR(fit.x_deg.value, 0.2, 5.0 * fit.x_deg.sigma);
    EXPECT_LT(fit.x_deg.sigma, 0.1);
  }
}

// As many parameters as points: the errors are those of the powers, nothing is known of the fit.
TEST(BeamInTwoDimensions, NeedsFivePoints) {
  const std::vector<double> x{0.0, 1.6, -1.6, 0.0, 0.0};
  const std::vector<double> y{0.0, 0.0, 0.0, 1.6, -1.6};
  const std::vector<double> sigma(5, 0.1);
  std::vector<double> power(5);
  for (std::size_t i = 0; i < 5; ++i) power[i] = 3.0 + 9.0 * gaussian(x[i] - 0.2, y[i] + 0.1, 2.0, 2.0);
  const BeamGridFit fit = fit_beam(x, y, power, sigma, {.round = true, .slope = false});
  EXPECT_NEAR(fit.x_deg.value, 0.2, 1e-4);
  EXPECT_NEAR(fit.fwhm_x_deg.value, 2.0, 1e-3);
  EXPECT_GT(fit.fwhm_x_deg.sigma, 0.0);
  EXPECT_EQ(fit.reduced_chi_square, 0.0);
  EXPECT_THROW(fit_beam(x, y, power, {}, {.round = true, .slope = false}), Error);
  EXPECT_THROW(fit_beam(x, y, power, sigma, {}), Error);
  EXPECT_THROW(fit_beam(x, x, power, std::vector<double>(4, 1.0), {.round = true, .slope = false}), Error);
}

}  // namespace
}  // namespace astro
