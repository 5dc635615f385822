// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/plan.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <vector>

#include "astro/sky/frames.hpp"
#include "core/bench.hpp"

namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* dish_site = R"(
site: {name: Plans, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}
mounts:
  dish: {driver: simulator, limits: {azimuth: [0 deg, 450 deg], altitude: [10 deg, 88 deg]}}
receivers:
  hydrogen: {driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 2 MHz}
stores:
  archive: {driver: sqlite, path: plans.db}
calibration:
  hydrogen: {hot: {temperature: 295 K}, cold: {temperature: 10 K, target: altaz 0 80}, tsys: 80 K}
)";

const Time evening = parse_time("2026-11-21T20:00:00Z");

ObservationRequest track_of(const std::string& target, Duration time = 60s) {
  ObservationRequest request{.target = target};
  request.integration_time = time;
  request.calibration_time = 20s;
  return request;
}

TEST(APlan, CountsSlewsAtTheMountsSpeed) {
  const Plan made =
      plan(parse_site(dish_site), track_of("altaz 90 50"), {.start = evening, .axes = Axes{180_deg, 40_deg}});
  ASSERT_TRUE(made.is_possible());
  // hot where it is; cold at azimuth 0, altitude 80: 180 deg; sky at azimuth 90: 90 deg
  ASSERT_EQ(made.steps.size(), 3u);
  EXPECT_EQ(made.steps[0].begin, evening);
  EXPECT_EQ(made.steps[1].begin - made.steps[1].start, 36s + 2s);
  EXPECT_EQ(made.steps[2].begin - made.steps[2].start, 18s + 2s);
  EXPECT_EQ(made.end - made.start, 20s + 38s + 20s + 20s + 60s);
  EXPECT_EQ(made.slewing, 38s + 20s);
  EXPECT_NEAR(made.steps[2].from.second.degrees(), 50.0, 1e-9);
}

TEST(APlan, SaysWhyATargetCannotBeSeenAndWhenItCan) {
  const Site site = parse_site(dish_site);
  // Orion is not up yet at eight in the evening of November; it is above 10 deg before eleven.
  const Plan made = plan(site, track_of("icrs 83.8 -5.4"), {.start = evening});
  ASSERT_FALSE(made.is_possible());
  EXPECT_THAT(made.refusals.front(), HasSubstr("on target: "));
  ASSERT_TRUE(made.possible_from);
  const auto altitude = [&](Time time) {
    return sky::altaz(parse_target("icrs 83.8 -5.4"), site.location, time, sky::standard_weather(site.location))
        .altitude;
  };
  EXPECT_GE(altitude(*made.possible_from + 60s), 10_deg);
  EXPECT_LT(altitude(*made.possible_from - 15min), 10.2_deg);
  EXPECT_TRUE(plan(site, track_of("icrs 83.8 -5.4"), {.start = *made.possible_from}).is_possible());
}

TEST(APlan, SeesThatATargetSetsBeforeItsEnd) {
  const Plan made = plan(parse_site(dish_site), track_of("icrs 270 -5", 5h), {.start = evening});
  ASSERT_FALSE(made.is_possible());
  EXPECT_THAT(made.refusals.front(), ::testing::AnyOf(HasSubstr("altitude"), HasSubstr("horizon")));
}

TEST(APlan, CallsTheSunUnsafeAndSaysWhenItHasMovedOn) {
  const Site site = parse_site(std::string(dish_site) + "safety:\n  dish: {sun_distance: 12 deg}\n");
  // Where the Sun stands on 21 March: in its way for 12 days on either side.
  const Time noon = parse_time("2026-03-21T13:00:00Z");
  ObservationRequest request = track_of("icrs 0.3 0.1");
  request.calibration = CalibrationKind::none;
  const Plan made = plan(site, request, {.start = noon});
  ASSERT_FALSE(made.is_possible());
  EXPECT_EQ(made.refusal_code, ErrorCode::unsafe) << made.refusals.front();
  EXPECT_EQ(made.steps.front().refusal_code, ErrorCode::unsafe);
  ASSERT_TRUE(made.possible_from);
  EXPECT_GT(*made.possible_from, noon + 8 * 24h);
  EXPECT_LT(*made.possible_from, noon + 20 * 24h);
  EXPECT_TRUE(plan(site, request, {.start = *made.possible_from}).is_possible());
}

TEST(APlan, CallsWhatTheAxesDoNotReachOutOfLimits) {
  ObservationRequest request = track_of("altaz 90 5");
  request.calibration = CalibrationKind::none;
  EXPECT_EQ(plan(parse_site(dish_site), request, {.start = evening}).refusal_code, ErrorCode::out_of_limits);
  request.target = "icrs 0 -80";
  EXPECT_EQ(plan(parse_site(dish_site), request, {.start = evening}).refusal_code, ErrorCode::not_visible);
}

TEST(APlan, RefusesANameOfFilesThatLeadsElsewhere) {
  ObservationRequest request = track_of("altaz 90 50");
  for (const char* name : {"../cygnus", "/tmp/cygnus", ".hidden"}) {
    request.output_filename = name;
    EXPECT_EQ(code_of([&] { (void)plan(parse_site(dish_site), request, {.start = evening}); }),
              ErrorCode::invalid_argument);
  }
}

TEST(APlan, OfWhatNeverRisesHasNoTime) {
  const Plan made = plan(parse_site(dish_site), track_of("icrs 0 -80"), {.start = evening});
  EXPECT_FALSE(made.is_possible());
  EXPECT_FALSE(made.possible_from);
}

TEST(APlan, CountsADriftWhereItStands) {
  ObservationRequest request = track_of("galactic 120 0", 2h);
  request.mode = Mode::drift;
  const Plan made = plan(parse_site(dish_site), request, {.start = evening});
  ASSERT_TRUE(made.is_possible()) << made.refusals.front();
  EXPECT_EQ(made.steps.back().from, made.steps.back().to);
}

TEST(APlan, KeepsToOneTurnOfTheCableWhereThatIsPossible) {
  // Over the north: from azimuth 350 to 10 by 360, which lies within 0 to 450 deg.
  ObservationRequest request = track_of("altaz 0 50");
  request.mode = Mode::map;
  request.calibration = CalibrationKind::none;
  request.scan = {
      .frame = OffsetFrame::altaz, .width = 20_deg, .height = Angle(), .spacing = 1_deg, .speed_per_s = 1_deg};
  const Plan made = plan(parse_site(dish_site), request, {.start = evening, .axes = Axes{100_deg, 40_deg}});
  ASSERT_TRUE(made.is_possible()) << made.refusals.front();
  EXPECT_EQ(made.unwinds, 0);
  const double way = 20.0 + 7.0;  // it sets out 4 s before and brakes 3 s after, at a degree a second
  EXPECT_NEAR((made.steps[0].to.first - made.steps[0].from.first).degrees(), way / std::cos((50_deg).radians()), 0.01);
}

TEST(APlan, KeepsAlsoTheRunUpOfALineOffWhatIsForbidden) {
  // From azimuth 174 to 206, and 4 s before that, at 1.56 deg a second, from 168: there may be a wall.
  ObservationRequest request = track_of("altaz 190 50");
  request.mode = Mode::map;
  request.calibration = CalibrationKind::none;
  request.scan = {
      .frame = OffsetFrame::altaz, .width = 20_deg, .height = Angle(), .spacing = 1_deg, .speed_per_s = 1_deg};
  const auto beside_a_wall_to = [&](int azimuth) {
    const std::string from = "safety: {dish: {horizon: [{azimuth: 0 deg, altitude: 60 deg}, {azimuth: ";
    const Site site = parse_site(dish_site + from + std::to_string(azimuth) +
                                 " deg, altitude: 60 deg}, {azimuth: " + std::to_string(azimuth + 2) +
                                 " deg, altitude: 5 deg}, {azimuth: 358 deg, altitude: 5 deg}]}}\n");
    return plan(site, request, {.start = evening, .axes = Axes{190_deg, 50_deg}, .look_ahead = false});
  };
  const Plan free = beside_a_wall_to(164);
  EXPECT_TRUE(free.is_possible()) << free.refusals.front();
  const Plan refused = beside_a_wall_to(170);
  ASSERT_FALSE(refused.is_possible());
  EXPECT_THAT(refused.refusals.front(), HasSubstr("below the horizon's line at azimuth 168."));
}

TEST(APlan, StatesTheNoiseThatTheRadiometerEquationGives) {
  ObservationRequest request = track_of("altaz 90 50", 100s);
  request.calibration = CalibrationKind::loads;
  request.calibration_time = 50s;
  const Plan made = plan(parse_site(dish_site), request, {.start = evening});
  const double spectra_per_s = 2e6 / 1024;
  EXPECT_NEAR(made.expected_rms_k, 80.0 * std::sqrt(1.0 / (100 * spectra_per_s) + 2.0 / (100 * spectra_per_s)), 1e-9);
}

TEST(APlan, StatesTheNoiseOfEachPlaceAfterAllPasses) {
  ObservationRequest request = track_of("altaz 90 50", 10s);
  request.mode = Mode::raster;
  request.scan = {.frame = OffsetFrame::altaz, .width = 2_deg, .height = 2_deg, .spacing = 1_deg};
  request.calibration = CalibrationKind::none;
  request.repeat = 4;
  const double spectra_per_s = 2e6 / 1024;
  EXPECT_NEAR(plan(parse_site(dish_site), request, {.start = evening}).expected_rms_k,
              80.0 * std::sqrt(1.0 / (40 * spectra_per_s)), 1e-9);
  request.mode = Mode::map;
  request.integration = 2s;
  EXPECT_NEAR(plan(parse_site(dish_site), request, {.start = evening}).expected_rms_k,
              80.0 * std::sqrt(1.0 / (8 * spectra_per_s)), 1e-9);
}

TEST(APlan, RefusesANoiseThatNobodyCanLookAt) {
  const auto refusal = [](const ObservationRequest& request) {
    std::string message;
    EXPECT_EQ(code_of([&] { (void)plan(parse_site(dish_site), request, {.start = evening}); }, &message),
              ErrorCode::invalid_argument);
    return message;
  };
  ObservationRequest request = track_of("altaz 90 50");
  request.until_rms_k = 0.05;
  EXPECT_TRUE(plan(parse_site(dish_site), request, {.start = evening}).is_possible());
  request.product = Product::continuum;
  EXPECT_THAT(refusal(request), HasSubstr("keeps no channels"));
  request.product = Product::spectra;
  request.calibration = CalibrationKind::none;
  EXPECT_THAT(refusal(request), HasSubstr("has no kelvin"));
}

TEST(APlan, GoesAsFarAsTheNoiseNeeds) {
  // It sets at about nine; 600 passes would last until after one.
  ObservationRequest request = track_of("icrs 290 -5", 30s);
  request.mode = Mode::frequency_switch;
  request.repeat = 600;
  ASSERT_FALSE(plan(parse_site(dish_site), request, {.start = evening}).is_possible());
  request.until_rms_k = 0.15;
  const Plan made = plan(parse_site(dish_site), request, {.start = evening});
  ASSERT_TRUE(made.is_possible()) << made.refusals.front();
  const double spectra_per_s = 2e6 / 1024;
  const auto noise_k = [&](double passes) { return 80.0 * std::sqrt(2.0 / (15 * passes * spectra_per_s)); };
  EXPECT_EQ(made.steps.back().step.pass + 1, made.passes);
  EXPECT_LT(noise_k(static_cast<double>(made.passes)), 0.15);
  EXPECT_GE(noise_k(static_cast<double>(made.passes - 1)), 0.15);
  EXPECT_NEAR(made.expected_rms_k, noise_k(static_cast<double>(made.passes)), 1e-9);
  // As little as this needs more time than there is until it sets, and this is more than all passes give.
  for (const double wish_k : {0.02, 0.001}) {
    request.until_rms_k = wish_k;
    EXPECT_FALSE(plan(parse_site(dish_site), request, {.start = evening}).is_possible()) << wish_k;
  }
  EXPECT_EQ(plan(parse_site(dish_site), request, {.start = evening}).passes, 600);
}

TEST(APlan, OfManyPassesTakesNoLongerForTellingWhenItWouldWork) {
  const Site site = parse_site(dish_site);
  ObservationRequest request = track_of("icrs 290 -5", 30s);
  request.repeat = 3000;  // longer than it is ever up
  const auto takes = [&](bool look_ahead) {
    const auto begun = std::chrono::steady_clock::now();
    const Plan made = plan(site, request, {.start = evening, .look_ahead = look_ahead});
    EXPECT_FALSE(made.is_possible());
    EXPECT_FALSE(made.possible_from);
    return std::chrono::steady_clock::now() - begun;
  };
  EXPECT_LT(takes(true), 20 * takes(false) + 1s);
}

TEST(APlan, FindsTheTimeAtWhichItWorksAsTryingEachWould) {
  const Site site = parse_site(std::string(dish_site) + "safety:\n  dish: {sun_distance: 12 deg}\n");
  std::vector<ObservationRequest> requests(5, track_of("icrs 290 -5", 60s));
  requests[1].calibrate_every = 10min;
  requests[2].mode = Mode::position_switch;
  requests[3].mode = Mode::raster;
  requests[3].scan = {.frame = OffsetFrame::icrs, .width = 2_deg, .height = 2_deg, .spacing = 1_deg};
  requests[4].target = "icrs 247 -21";  // the Sun passes within 12 deg of it in these days
  for (ObservationRequest& request : requests) {
    request.repeat = request.mode == Mode::raster ? 20 : 180;
    const Plan made = plan(site, request, {.start = evening});
    ASSERT_FALSE(made.is_possible());
    std::optional<Time> found;
    for (Time later = evening + 10min; !found && later <= evening + 48h + 10min; later += 10min) {
      if (plan(site, request, {.start = later, .look_ahead = false}).is_possible()) found = later;
    }
    if (request.target == requests[0].target) {
      EXPECT_TRUE(found);
      EXPECT_EQ(made.possible_from, found) << Description<Mode>::choices[static_cast<std::size_t>(request.mode)];
    } else {
      EXPECT_FALSE(found);
      EXPECT_EQ(made.refusal_code, ErrorCode::not_visible);
    }
  }
}

TEST(APlan, CountsInTheReadingsOfAMountWithAModel) {
  std::string text = dish_site;
  const std::string before = "dish: {driver: simulator, ";
  text.insert(text.find(before) + before.size(), "pointing: {IA: -3 deg, IE: 2 deg}, ");
  const Site site = parse_site(text);
  const Plan made = plan(site, track_of("altaz 90 50"), {.start = evening, .axes = Axes{180_deg, 40_deg}});
  ASSERT_TRUE(made.is_possible());
  EXPECT_NEAR(made.steps.back().from.first.wrapped().degrees(), 87.0, 1e-9);
  EXPECT_NEAR(made.steps.back().from.second.degrees(), 52.0, 1e-9);
  EXPECT_NEAR(made.steps.back().place.altitude.degrees(), 50.0, 1e-9);
  // Its limits are those of the axes, which read 2 deg more than the beam is high.
  EXPECT_TRUE(plan(site, track_of("altaz 90 8.5"), {.start = evening, .look_ahead = false}).is_possible());
  EXPECT_FALSE(plan(site, track_of("altaz 90 87"), {.start = evening, .look_ahead = false}).is_possible());
}

TEST(APlan, OfAReceiverWithoutAMountSlewsNowhere) {
  const Site site = parse_site(
      "site: {name: Fixed, latitude: 28 deg, longitude: -16 deg}\n"
      "receivers: {hydrogen: {driver: simulator, frequency: 1420.4 MHz, sample_rate: 2 MHz}}\n"
      "stores: {archive: {driver: sqlite, path: plans.db}}\n");
  ObservationRequest request = track_of("galactic 132 1");
  request.calibration = CalibrationKind::none;
  request.repeat = 3;
  const Plan made = plan(site, request, {.start = evening});
  EXPECT_EQ(made.slewing, 0s);
  EXPECT_EQ(made.end - made.start, 3min);
  EXPECT_FALSE(made.sun_distance);
  EXPECT_TRUE(plan(parse_site(dish_site), track_of("altaz 90 50"), {.start = evening}).sun_distance);
}

TEST(APlan, RefusesAShiftThatLeavesTheLineInItsChannel) {
  ObservationRequest request = track_of("altaz 90 50");
  request.mode = Mode::frequency_switch;
  request.channels = 1000;  // of 2 kHz
  for (const double shift_khz : {1.9, -1.0, 0.001}) {
    request.frequency_shift = kilohertz(shift_khz);
    std::string message;
    EXPECT_EQ(code_of([&] { (void)plan(parse_site(dish_site), request, {.start = evening}); }, &message),
              ErrorCode::invalid_argument);
    EXPECT_THAT(message, HasSubstr("kHz is less than a channel, 2 kHz"));
  }
  request.frequency_shift = kilohertz(2);
  EXPECT_TRUE(plan(parse_site(dish_site), request, {.start = evening}).is_possible());
}

TEST(APlan, RefusesFilesThatCannotBeMadeOfWhatIsKept) {
  struct Case {
    Mode mode;
    Product product;
    CalibrationKind calibration;
    ProductFile file;
    const char* why;  // null: it can be made
  };
  using K = CalibrationKind;
  const std::vector<Case> cases{
      {Mode::track, Product::spectra, K::loads, ProductFile::sigmf, "nothing is recorded"},
      {Mode::track, Product::recording, K::loads, ProductFile::sigmf, nullptr},
      {Mode::track, Product::spectra, K::loads, ProductFile::fits, nullptr},
      {Mode::track, Product::continuum, K::loads, ProductFile::fits, "keeps no channels"},
      {Mode::track, Product::continuum, K::loads, ProductFile::csv, "keeps no channels"},
      {Mode::track, Product::spectra, K::none, ProductFile::csv, "has no kelvin"},
      {Mode::track, Product::spectra, K::none, ProductFile::sdfits, nullptr},
      {Mode::drift, Product::continuum, K::none, ProductFile::csv, nullptr},
      {Mode::cross, Product::continuum, K::loads, ProductFile::fits, "keeps no channels"},
      {Mode::raster, Product::spectra, K::loads, ProductFile::fits, "say `beam_width: 5 deg`"},
      {Mode::raster, Product::continuum, K::none, ProductFile::csv, nullptr},
      {Mode::loads, Product::spectra, K::loads, ProductFile::csv, "no spectrum of the sky"},
      {Mode::loads, Product::spectra, K::loads, ProductFile::sdfits, "no spectrum of the sky"},
  };
  for (const Case& each : cases) {
    ObservationRequest request = track_of("altaz 90 50");
    request.mode = each.mode;
    request.product = each.product;
    request.calibration = each.calibration;
    request.files = {each.file};
    std::string message;
    const auto code =
        code_of([&] { (void)plan(parse_site(dish_site), request, {.start = evening, .look_ahead = false}); }, &message);
    EXPECT_EQ(code.has_value(), each.why != nullptr) << message << &each - cases.data();
    EXPECT_THAT(message, HasSubstr(each.why == nullptr ? "" : each.why));
  }
}

TEST(APlan, RefusesToMoveABeamThatNothingTurns) {
  const Site site = parse_site(
      "site: {name: Fixed, latitude: 28 deg, longitude: -16 deg}\n"
      "receivers: {hydrogen: {driver: simulator, frequency: 1420.4 MHz, sample_rate: 2 MHz}}\n"
      "stores: {archive: {driver: sqlite, path: plans.db}}\n");
  ObservationRequest request = track_of("galactic 132 1");
  request.calibration = CalibrationKind::none;
  for (const Mode mode : {Mode::drift, Mode::track, Mode::frequency_switch}) {
    request.mode = mode;
    EXPECT_TRUE(plan(site, request, {.start = evening}).is_possible());
  }
  for (const Mode mode : {Mode::position_switch, Mode::raster, Mode::cross, Mode::map, Mode::points}) {
    request.mode = mode;
    std::string message;
    EXPECT_EQ(code_of([&] { (void)plan(site, request, {.start = evening}); }, &message), ErrorCode::invalid_argument);
    EXPECT_THAT(message, HasSubstr("'hydrogen' stands on no mount"));
  }
}

TEST(APlan, IsOfTheSitesOwnTime) {
  const Site site = parse_site(std::string(dish_site) + "clock: {start: 2026-11-21T20:00:00, speed: 60}\n");
  ObservationRequest request = track_of("altaz 90 50");
  EXPECT_EQ(plan(site, request).start, evening);
  request.planned_start = evening - 24h;
  EXPECT_EQ(plan(site, request).start, evening);
  request.planned_start = evening + 1h;
  EXPECT_EQ(plan(site, request).start, evening + 1h);
}

TEST(APlan, RefusesWhatNoTimeMakesPossible) {
  const Site site = parse_site(dish_site);
  const auto refusal = [&](const ObservationRequest& request) {
    std::string message;
    EXPECT_NE(code_of([&] { (void)plan(site, request, {.start = evening}); }, &message), ErrorCode::internal);
    return message;
  };
  ObservationRequest request = track_of("sun");
  request.receiver = "hydrogn";
  EXPECT_THAT(refusal(request), HasSubstr("did you mean 'hydrogen'"));
  request = track_of("sun");
  request.calibration = CalibrationKind::noise_diode;
  EXPECT_THAT(refusal(request), HasSubstr("noise_diode"));
}

}  // namespace
}  // namespace astro::testing
