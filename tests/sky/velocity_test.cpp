// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/velocity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"
#include "golden.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;

constexpr double metre_a_second = 1e-3;  // in km/s

const Location green_bank{degrees(38.433), degrees(-79.840), 800.0};
const Time winter_morning = parse_time("2021-02-10T07:57:41");

TEST(VelocityCorrection, IsWhatAstropyHasToAMetreASecond) {
  for (const auto& row : golden::rows) {
    const Time time = parse_time(row.time);
    const auto correction = [&](VelocityFrame frame) {
      return velocity_correction_km_s(row.direction(), row.site(), time, frame);
    };
    EXPECT_EQ(correction(VelocityFrame::topo), 0.0);
    EXPECT_NEAR(correction(VelocityFrame::geo), row.geo_km_s, metre_a_second) << row.time;
    EXPECT_NEAR(correction(VelocityFrame::helio), row.helio_km_s, metre_a_second) << row.time;
    EXPECT_NEAR(correction(VelocityFrame::bary), row.bary_km_s, metre_a_second) << row.time;
    EXPECT_NEAR(correction(VelocityFrame::lsrk), row.lsrk_km_s, metre_a_second) << row.time;
  }
}

TEST(VelocityCorrection, IsRightForTheCommandLinesExample) {
  // astropy 8.0.2, IERS off (UT1 = UTC), non-relativistic; 1 m/s.
  const Icrs andromeda{degrees(10.684), degrees(41.269)};
  const auto correction = [&](VelocityFrame frame) {
    return velocity_correction_km_s(andromeda, green_bank, winter_morning, frame);
  };
  EXPECT_NEAR(correction(VelocityFrame::geo), -0.05115754995, metre_a_second);
  EXPECT_NEAR(correction(VelocityFrame::helio), -23.25422245124, metre_a_second);
  EXPECT_NEAR(correction(VelocityFrame::bary), -23.26656906135, metre_a_second);
  EXPECT_NEAR(correction(VelocityFrame::lsrk), -18.86856645487, metre_a_second);
}

TEST(Bugs, VlsrHasTheSunsMotion) {
  // Towards the apex the Sun's 20 km/s count in full, opposite to it negatively, across it not at all.
  const auto sun = [](const Icrs& direction) {
    return velocity_correction_km_s(direction, green_bank, winter_morning, VelocityFrame::lsrk) -
           velocity_correction_km_s(direction, green_bank, winter_morning, VelocityFrame::bary);
  };
  EXPECT_NEAR(sun({degrees(270.96), degrees(30.005)}), 20.0, 0.001);
  EXPECT_NEAR(sun({degrees(90.96), degrees(-30.005)}), -20.0, 0.001);
  EXPECT_NEAR(sun({degrees(0.96), 0_deg}), 0.0, 0.01);
}

TEST(Bugs, TheCorrectionIsAddedAndNotSubtracted) {
  // At midnight in March the Earth moves towards Ophiuchus, in the south-east: what is at rest there
  // seems to approach, and adding a positive correction brings it back to rest.
  const Icrs ahead{255_deg, degrees(-23)};
  const Time time = parse_time("2021-03-21T05:00:00");
  const double correction = velocity_correction_km_s(ahead, green_bank, time, VelocityFrame::bary);
  EXPECT_GT(correction, 25.0);
  const Frequency seen = radio_frequency(-correction, hydrogen_line);
  EXPECT_GT(seen, hydrogen_line) << "what approaches is seen at a higher frequency";
  EXPECT_NEAR(radio_velocity_km_s(seen, hydrogen_line) + correction, 0.0, 1e-9);
}

TEST(Bugs, TheSitesRotationLeadsEastward) {
  // On the equator the site moves at 0.465 km/s towards the east point of its horizon.
  const Location quito{0_deg, degrees(-78.5), 0.0};
  const auto geo = [&](Angle azimuth) {
    return velocity_correction_km_s(icrs(AltAz{azimuth, 0_deg}, quito, winter_morning), quito, winter_morning,
                                    VelocityFrame::geo);
  };
  EXPECT_NEAR(geo(90_deg), 0.4651, 0.0002);  // 2 pi 6378.137 km / 86164.1 s
  EXPECT_NEAR(geo(270_deg), -0.4651, 0.0002);
}

TEST(VelocityCorrection, RefusesWhatIsNotFinite) {
  const Icrs nowhere{radians(std::nan("")), 0_deg};
  EXPECT_THROW(velocity_correction_km_s(nowhere, green_bank, winter_morning, VelocityFrame::lsrk), Error);
}

TEST(RadioVelocity, FollowsItsDefinition) {
  EXPECT_EQ(radio_velocity_km_s(hydrogen_line, hydrogen_line), 0.0);
  EXPECT_NEAR(radio_velocity_km_s(hydrogen_line * 0.999, hydrogen_line), 299.792458, 1e-9);
  EXPECT_NEAR(radio_frequency(100.0, hydrogen_line).hertz(), 1420405751.768 * (1 - 100.0 / 299792.458), 1e-6);
}

TEST(Velocities, GoToFrequenciesAndBackInEveryDefinition) {
  for (const auto definition :
       {VelocityDefinition::radio, VelocityDefinition::optical, VelocityDefinition::relativistic}) {
    EXPECT_EQ(velocity_km_s(hydrogen_line, hydrogen_line, definition), 0.0);
    for (const double v : {-300.0, 0.001, 1500.0, 90000.0}) {
      EXPECT_NEAR(velocity_km_s(frequency_at(v, hydrogen_line, definition), hydrogen_line, definition), v, 1e-8);
    }
  }
  // Greisen et al. 2006, table 1, for z = 1: half the frequency.
  const auto at = [](VelocityDefinition definition) {
    return velocity_km_s(hydrogen_line * 0.5, hydrogen_line, definition);
  };
  EXPECT_NEAR(at(VelocityDefinition::radio), 0.5 * 299792.458, 1e-9);
  EXPECT_NEAR(at(VelocityDefinition::optical), 299792.458, 1e-9);
  EXPECT_NEAR(at(VelocityDefinition::relativistic), 0.6 * 299792.458, 1e-9);
}

TEST(AFrequencyAxis, IsShiftedAsAWhole) {
  const double correction = 25.0;
  std::vector<double> frequencies;
  for (int channel = 0; channel < 100; ++channel) frequencies.push_back(1420e6 + 1e4 * channel);
  std::vector<double> km_s(frequencies.size());
  velocities_km_s(frequencies, hydrogen_line, VelocityDefinition::radio, correction, km_s);
  for (std::size_t i = 0; i < km_s.size(); ++i) {
    const Frequency there = frequency_in_frame(hertz(frequencies[i]), correction);
    EXPECT_DOUBLE_EQ(km_s[i], radio_velocity_km_s(there, hydrogen_line));
    // To first order it is the sum: the next is v times the correction over c, 7 m/s at 90 km/s.
    EXPECT_NEAR(km_s[i], radio_velocity_km_s(hertz(frequencies[i]), hydrogen_line) + correction, 0.02);
    EXPECT_NEAR(frequency_at_telescope(there, correction).hertz(), frequencies[i], 1e-6);
  }
  EXPECT_THROW(velocities_km_s(frequencies, hydrogen_line, VelocityDefinition::radio, 0.0, std::span(km_s).first(3)),
               Error);
}

TEST(Frames, OfTheGalaxyHaveTheirDefinedMotions) {
  const auto beyond = [](const Galactic& direction, VelocityFrame frame) {
    const Icrs at = icrs(direction);
    return velocity_correction_km_s(at, green_bank, winter_morning, frame) -
           velocity_correction_km_s(at, green_bank, winter_morning, VelocityFrame::bary);
  };
  EXPECT_NEAR(beyond({0_deg, 0_deg}, VelocityFrame::lsrd), 9.0, 1e-9);
  EXPECT_NEAR(beyond({90_deg, 0_deg}, VelocityFrame::lsrd), 12.0, 1e-9);
  EXPECT_NEAR(beyond({0_deg, 90_deg}, VelocityFrame::lsrd), 7.0, 1e-9);
  EXPECT_NEAR(beyond({90_deg, 0_deg}, VelocityFrame::galacto), 232.0, 1e-9);
  EXPECT_NEAR(beyond({180_deg, 0_deg}, VelocityFrame::galacto), -9.0, 1e-9);
}

}  // namespace
}  // namespace astro::sky
