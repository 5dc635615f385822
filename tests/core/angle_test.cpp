// SPDX-License-Identifier: BSD-3-Clause
#include "astro/angle.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "astro/frequency.hpp"

namespace astro {
namespace {

using namespace astro::literals;

static_assert(sizeof(Angle) == sizeof(double) && std::is_trivially_copyable_v<Angle>);
static_assert(450_deg > 360_deg, "angles do not normalise themselves");

TEST(Angle, WrapsOnlyWhenItIsAskedTo) {
  EXPECT_DOUBLE_EQ((450_deg).degrees(), 450.0);
  EXPECT_NEAR((450_deg).wrapped().degrees(), 90.0, 1e-12);
  EXPECT_NEAR((-10_deg).wrapped().degrees(), 350.0, 1e-12);
  EXPECT_NEAR((350_deg).wrapped_signed().degrees(), -10.0, 1e-12);
  EXPECT_NEAR((180_deg).wrapped_signed().degrees(), -180.0, 1e-12);
}

TEST(Angle, NeverWrapsToAFullTurn) {
  for (const double tiny : {-1e-300, -1e-20, -1e-16, -0.0}) EXPECT_LT(radians(tiny).wrapped().degrees(), 360.0) << tiny;
}

TEST(Angle, ConvertsBetweenItsUnits) {
  EXPECT_DOUBLE_EQ(hours(6).degrees(), 90.0);
  EXPECT_DOUBLE_EQ((90_deg).hours(), 6.0);
  EXPECT_DOUBLE_EQ((30_arcmin).degrees(), 0.5);
  EXPECT_DOUBLE_EQ((1_deg).arcseconds(), 3600.0);
  EXPECT_EQ(radians(0.123456789).radians(), 0.123456789);
}

TEST(Frequency, ConvertsBetweenItsUnits) {
  EXPECT_DOUBLE_EQ((1420.4_MHz).hertz(), 1420.4e6);
  EXPECT_DOUBLE_EQ((2_GHz).megahertz(), 2000.0);
  EXPECT_DOUBLE_EQ(hydrogen_line.megahertz(), 1420.405751768);
  EXPECT_DOUBLE_EQ((3_kHz - 1_kHz) / 1_kHz, 2.0);
}

// Lovas, NIST Recommended Rest Frequencies for Observed Interstellar Molecular Microwave Transitions.
TEST(Frequency, KnowsTheLineThatABandIsMeantFor) {
  EXPECT_EQ(line_of_band(1420_MHz), hydrogen_line);
  EXPECT_EQ(line_of_band(1421.5_MHz), hydrogen_line);
  EXPECT_EQ(line_of_band(1670_MHz), 1667.359_MHz);
  EXPECT_EQ(line_of_band(1665_MHz), 1665.4018_MHz);
  EXPECT_EQ(line_of_band(1612_MHz), 1612.231_MHz);
  EXPECT_EQ(line_of_band(22_GHz), 22235.08_MHz);
  EXPECT_EQ(line_of_band(10_GHz), hydrogen_line) << "nothing else to say";
}

}  // namespace
}  // namespace astro
