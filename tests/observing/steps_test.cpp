// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/program.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "astro/observing/plan.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

ObservationRequest request_of(Mode mode) {
  ObservationRequest request{.target = "galactic 120 0", .mode = mode};
  request.integration_time = 40s;
  return request;
}

std::vector<Phase> phases_of(const std::vector<Step>& steps) {
  std::vector<Phase> phases;
  for (const Step& step : steps) phases.push_back(step.phase);
  return phases;
}

TEST(Steps, OfATrackAreBothLoadsAndTheSky) {
  const auto steps = steps_of(request_of(Mode::track));
  EXPECT_THAT(phases_of(steps), ElementsAre(Phase::hot, Phase::cold, Phase::sky));
  EXPECT_EQ(steps[0].duration, 20s);
  EXPECT_EQ(steps[2].duration, 40s);
  EXPECT_EQ(steps[2].target, "galactic 120 0");
}

TEST(Steps, WithoutCalibrationAreTheSkyAlone) {
  ObservationRequest request = request_of(Mode::track);
  request.calibration = CalibrationKind::none;
  EXPECT_THAT(phases_of(steps_of(request)), ElementsAre(Phase::sky));
}

TEST(Steps, OfASwitchGoOnOffOffOn) {
  ObservationRequest request = request_of(Mode::position_switch);
  request.switch_every = 10s;
  request.calibration = CalibrationKind::none;
  const auto steps = steps_of(request);
  EXPECT_THAT(phases_of(steps), ElementsAre(Phase::sky, Phase::reference, Phase::reference, Phase::sky));
  EXPECT_EQ(steps[0].scan, steps[1].scan);
  EXPECT_EQ(steps[2].scan, steps[3].scan);
  EXPECT_NE(steps[1].scan, steps[2].scan);
  EXPECT_EQ(steps[1].frame, OffsetFrame::altaz);
  EXPECT_EQ(steps[1].x, 10_deg);
  EXPECT_EQ(integration_time_of(request), 40s);
}

TEST(Steps, OfAFrequencySwitchTuneToEitherSide) {
  ObservationRequest request = request_of(Mode::frequency_switch);
  request.calibration = CalibrationKind::none;
  const auto steps = steps_of(request);
  EXPECT_EQ(steps[0].shift, megahertz(-0.5));
  EXPECT_EQ(steps[1].shift, megahertz(0.5));
}

TEST(Steps, OfARasterVisitEachPointOnceToAndFro) {
  ObservationRequest request = request_of(Mode::raster);
  request.calibration = CalibrationKind::none;
  request.scan = {
      .frame = OffsetFrame::galactic, .width = 2_deg, .height = 1_deg, .spacing = 1_deg, .speed_per_s = 1_deg};
  const auto steps = steps_of(request);
  std::vector<std::pair<double, double>> visited;
  for (const Step& step : steps)
    visited.emplace_back(std::round(step.x.degrees() * 10), std::round(step.y.degrees() * 10));
  EXPECT_THAT(visited, ElementsAre(std::pair(-10, -5), std::pair(0, -5), std::pair(10, -5), std::pair(10, 5),
                                   std::pair(0, 5), std::pair(-10, 5)));
  EXPECT_THAT(steps, Each(Field(&Step::duration, Duration(40s))));
}

TEST(Steps, OfAMapAreLinesThatTakeAsLongAsTheirSpeedSays) {
  ObservationRequest request = request_of(Mode::map);
  request.calibration = CalibrationKind::none;
  request.scan = {
      .frame = OffsetFrame::icrs, .width = 4_deg, .height = 2_deg, .spacing = 1_deg, .speed_per_s = 0.1_deg};
  const auto steps = steps_of(request);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].x, -2_deg);
  EXPECT_EQ(steps[0].to_x, 2_deg);
  EXPECT_EQ(steps[1].x, 2_deg);  // back again
  EXPECT_NEAR(seconds(steps[0].duration), 40.0, 1e-6);
}

TEST(Steps, OfATippingCurveAreEvenInAirMass) {
  ObservationRequest request = request_of(Mode::tipping);
  request.target = "altaz 180 45";
  request.calibration = CalibrationKind::none;
  request.tipping = {.lowest = 30_deg, .highest = 90_deg, .count = 3};
  const auto steps = steps_of(request);
  std::vector<double> air;
  for (const Step& step : steps)
    air.push_back(1.0 / std::sin(std::get<AltAz>(parse_target(step.target)).altitude.radians()));
  EXPECT_NEAR(air[0], 1.0, 1e-9);
  EXPECT_NEAR(air[1], 1.5, 1e-9);
  EXPECT_NEAR(air[2], 2.0, 1e-9);
}

TEST(Steps, CalibrateAgainWhenItIsTime) {
  ObservationRequest request = request_of(Mode::track);
  request.repeat = 4;
  request.calibrate_every = 80s;
  using P = Phase;
  EXPECT_THAT(phases_of(steps_of(request)),
              ElementsAre(P::hot, P::cold, P::sky, P::sky, P::hot, P::cold, P::sky, P::sky));
  EXPECT_EQ(steps_of(request).back().pass, 3);
}

std::string refusal(const ObservationRequest& request) {
  try {
    (void)steps_of(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "nothing was refused";
}

TEST(Steps, AreRefusedWhereThePartsDoNotFit) {
  EXPECT_THAT(refusal(request_of(Mode::tipping)), HasSubstr("an azimuth and an altitude"));
  EXPECT_THAT(refusal(request_of(Mode::horizon)), HasSubstr("an azimuth and an altitude"));
  ObservationRequest request = request_of(Mode::frequency_switch);
  request.frequency_shift = {};
  EXPECT_THAT(refusal(request), HasSubstr("`frequency_shift`"));
  request = request_of(Mode::position_switch);
  request.reference.azimuth_offset = {};
  EXPECT_THAT(refusal(request), HasSubstr("`reference`"));
  request = request_of(Mode::raster);
  request.scan.spacing = 1e-4_deg;
  request.scan.width = 300_deg;
  EXPECT_THAT(refusal(request), HasSubstr("10,000"));
  request = request_of(Mode::cross);
  request.scan.height = {};
  EXPECT_THAT(refusal(request), HasSubstr("no length"));
  request = request_of(Mode::tipping);
  request.target = "altaz 0 50";
  request.tipping = {.lowest = 80_deg, .highest = 20_deg};
  EXPECT_THAT(refusal(request), HasSubstr("from a lower to a higher"));
}

}  // namespace
}  // namespace astro::testing
