// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "astro/files/sdfits.hpp"
#include "astro/files/sigmf.hpp"
#include "core/bench.hpp"
#include "observing/night.hpp"

namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

ObservationRequest brief(const std::string& target = "altaz 180 60") {
  ObservationRequest request{.target = target};
  request.integration_time = 30s;
  request.calibration_time = 3s;
  request.channels = 64;
  return request;
}

std::vector<Integration> stored(const Night& night, const std::string& id = {}) {
  Query query{.order_by = "sequence"};
  if (!id.empty()) query.where = {{.field = "observation_id", .value = id}};
  return night.site().store("archive").find<Integration>(query);
}

Duration time_of(const std::vector<Integration>& all, Phase phase) {
  Duration sum{};
  for (const Integration& each : all) {
    if (each.phase == phase) sum += each.duration;
  }
  return sum;
}

/// Observes until so many integrations are stored, then cancels; returns the id.
std::string cut_short(const Night& night, const ObservationRequest& request, std::int64_t after) {
  ObserveOptions options;
  std::string id;
  options.progress = [&, reins = options.control](const Progress& progress) mutable {
    id = progress.observation_id;
    if (progress.stored == after) reins.cancel();
  };
  EXPECT_EQ(code_of([&] { (void)night.observe(request, options); }), ErrorCode::cancelled);
  return id;
}

TEST(Resume, DoesWhatIsLeftAndNothingTwice) {
  Night night;
  const std::string id = cut_short(night, brief(), 12);
  night.open_again();
  const ObservationResult result = resume(night.site(), "archive", id);
  EXPECT_EQ(result.observation.state, ObservationState::completed);
  const auto all = stored(night, id);
  std::set<std::int64_t> sequences;
  for (const Integration& each : all) EXPECT_TRUE(sequences.insert(each.sequence).second);
  EXPECT_NEAR(seconds(time_of(all, Phase::sky)), 30.0, 0.6);
  EXPECT_NEAR(seconds(time_of(all, Phase::hot)), 3.0, 0.3);
  EXPECT_NEAR(seconds(time_of(all, Phase::cold)), 3.0, 0.3);
}

TEST(Resume, RefusesWhatIsCompleteOrUnknown) {
  Night night;
  const ObservationResult result = night.observe(brief());
  std::string message;
  EXPECT_EQ(code_of([&] { (void)resume(night.site(), "archive", result.observation.id); }, &message),
            ErrorCode::invalid_argument);
  EXPECT_THAT(message, HasSubstr("is complete"));
  EXPECT_EQ(code_of([&] { (void)resume(night.site(), "archive", "nothing"); }), ErrorCode::not_found);
}

TEST(Resume, OfADriftGoesOnWhereTheSkyWas) {
  Night night;
  const Icrs source = night.source();
  ObservationRequest request = brief(to_string(Target(source)));
  request.mode = Mode::drift;
  request.integration_time = 20min;
  request.integration = 30s;
  const std::string id = cut_short(night, request, 16);
  const auto before = stored(night, id);
  night.open_again_at(before.back().start + 23h + 50min);
  (void)resume(night.site(), "archive", id);
  const auto all = stored(night, id);
  // The right ascension of the beam grows evenly, over the cut too: 15 arcsec a second of sidereal time.
  const Integration& last = before.back();
  const auto next = std::ranges::find(all, last.sequence + 1, &Integration::sequence);
  ASSERT_NE(next, all.end());
  const Angle step = (next->ra - last.ra).wrapped_signed();
  EXPECT_NEAR(step.degrees(), 30.0 * 15.041 / 3600.0, 0.05);
  EXPECT_GT(next->start - last.start, 23h);
  EXPECT_NEAR(seconds(time_of(all, Phase::sky)), 1200.0, 31.0);
}

TEST(Resume, OfALineGoesOnInTheMiddleOfIt) {
  Night night;
  ObservationRequest request = brief("altaz 180 50");
  request.mode = Mode::map;
  request.scan = {
      .frame = OffsetFrame::altaz, .width = 8_deg, .height = Angle(), .spacing = 1_deg, .speed_per_s = 0.2_deg};
  const std::string id = cut_short(night, request, 25);  // some 20 of 40 s
  (void)resume(night.site(), "archive", id);
  double widest = 0.0;
  double before = std::nan("");
  for (const Integration& each : stored(night, id)) {
    if (each.phase != Phase::sky) continue;
    const double azimuth = each.azimuth.degrees();
    if (std::isfinite(before)) widest = std::max(widest, std::abs(azimuth - before));
    before = azimuth;
  }
  EXPECT_LT(widest, 2.2 * 0.2 / std::cos((50_deg).radians()) + 0.3);  // no hole
}

TEST(AnObservation, PausesAndGoesOn) {
  Night night;
  ObserveOptions options;
  std::vector<std::string> stages;
  options.progress = [&, reins = options.control](const Progress& progress) mutable {
    stages.push_back(progress.stage);
    if (progress.stored == 10) reins.pause();
    if (progress.stage == "paused")
      std::thread([reins]() mutable { std::this_thread::sleep_for(200ms), reins.go_on(); }).detach();
  };
  const ObservationResult result = night.observe(brief(), options);
  EXPECT_THAT(stages, ::testing::Contains("paused"));
  EXPECT_NEAR(seconds(time_of(stored(night, result.observation.id), Phase::sky)), 30.0, 0.6);
}

TEST(AnObservation, StaysBesideItsTargetThroughALongPause) {
  Night night;
  ObservationRequest request = brief(to_string(Target(night.source())));
  request.mode = Mode::raster;
  request.scan = {.frame = OffsetFrame::icrs, .width = 2_deg, .height = Angle(), .spacing = 2_deg};
  request.integration_time = 6s;
  request.calibration = CalibrationKind::none;
  ObserveOptions options;
  std::atomic<bool> follows = false;
  std::jthread trouble;
  options.progress = [&, reins = options.control](const Progress& progress) mutable {
    if (progress.stored == 2) reins.pause();
    if (progress.stage != "paused") return;
    trouble = std::jthread([&, reins]() mutable {
      std::this_thread::sleep_for(1s);  // a quarter of an hour of the simulated clock
      follows = night.site().mount("dish").status().tracking;
      reins.go_on();
    });
  };
  const ObservationResult result = night.observe(request, options);
  EXPECT_TRUE(follows);
  EXPECT_EQ(result.observation.state, ObservationState::completed);
  EXPECT_NEAR(seconds(time_of(stored(night, result.observation.id), Phase::sky)), 12.0, 0.6);
}

TEST(AnObservation, IsExtendedByPasses) {
  Night night;
  ObserveOptions options;
  options.progress = [&, reins = options.control](const Progress& progress) mutable {
    if (progress.stored == 8) reins.extend(1);
  };
  const ObservationResult result = night.observe(brief(), options);
  EXPECT_NEAR(seconds(time_of(stored(night, result.observation.id), Phase::sky)), 60.0, 1.0);
  EXPECT_EQ(result.observation.steps.back().pass, 1);
}

TEST(AnObservation, IsExtendedByNoLessAndNoMoreThanMakesSense) {
  ObservationControl reins;
  reins.extend(-5);
  reins.extend(0);
  EXPECT_EQ(reins.passes_to_add(), 0);
  reins.extend(2);
  EXPECT_EQ(reins.passes_to_add(), 2);
  reins.extend(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(reins.passes_to_add(), 100'000);
}

TEST(AnObservation, EndsWhenItsNoiseIsLow) {
  Night night({.receiver = "sample_rate: 4 MHz"});  // wide beside the widest line
  ObservationRequest request = brief();
  request.integration_time = 4s;
  request.calibration_time = 100s;  // so that the loads add next to nothing
  request.repeat = 50;
  const double k_after_4s = night
                                .observe([&] {
                                  ObservationRequest once = request;
                                  once.repeat = 1;
                                  return once;
                                }())
                                .peak.rms_k;
  request.until_rms_k = k_after_4s / 2.0;  // some 4 passes, and the loads' share
  const ObservationResult result = night.observe(request);
  const Duration spent = time_of(stored(night, result.observation.id), Phase::sky);
  EXPECT_LT(result.peak.rms_k, request.until_rms_k);
  EXPECT_GT(spent, 8s);
  EXPECT_LT(spent, 160s);
}

TEST(AnObservation, SaysThatItsNoiseIsStillHigh) {
  Night night;
  ObservationRequest request = brief();
  request.integration_time = 2s;
  request.repeat = 2;
  request.until_rms_k = 1e-6;
  const ObservationResult result = night.observe(request);
  EXPECT_EQ(result.observation.state, ObservationState::completed);
  EXPECT_THAT(result.observation.reason, HasSubstr("of `until_rms`"));
}

TEST(AnObservation, JudgesTheNoiseOfEachPlaceOfAGrid) {
  Night night({.receiver = "sample_rate: 4 MHz"});
  ObservationRequest request = brief(to_string(Target(night.source())));
  request.mode = Mode::raster;
  request.scan = {.frame = OffsetFrame::icrs, .width = 3_deg, .height = 3_deg, .spacing = 1_deg};  // 16 points
  request.integration_time = 2s;
  request.calibration_time = 100s;
  const double average_k = night.observe(request).peak.rms_k;
  request.repeat = 2;
  request.until_rms_k = 2.0 * average_k;  // each point has about four times that of the average
  const ObservationResult result = night.observe(request);
  EXPECT_NEAR(seconds(time_of(stored(night, result.observation.id), Phase::sky)), 2 * 16 * 2.0, 2.0);
}

TEST(AnObservation, SaysWhoTookADeviceAway) {
  Night night;
  ObserveOptions options;
  options.progress = [&](const Progress& progress) {
    if (progress.stored == 8) night.site().mount("dish", {.name = "Vera", .rank = Rank::operator_}).take();
  };
  std::string message;
  EXPECT_EQ(code_of([&] { (void)night.observe(brief(), options); }, &message), ErrorCode::not_holder);
  EXPECT_THAT(message, HasSubstr("'dish' was taken over by Vera"));
}

TEST(AnObservation, KeepsNoReceiverWhoseMountSomebodyElseHolds) {
  Night night;
  night.site().mount("dish", {.name = "Vera", .rank = Rank::operator_}).take();
  std::string message;
  EXPECT_EQ(code_of([&] { (void)night.observe(brief()); }, &message), ErrorCode::not_holder);
  EXPECT_THAT(message, HasSubstr("held by operator Vera"));
  EXPECT_FALSE(night.site().receiver("hydrogen").holder());
}

TEST(AnObservation, IsRefusedBeforeAnythingMoves) {
  Night night;
  const Axes before = night.site().mount("dish").status().axes;
  std::string message;
  EXPECT_EQ(code_of([&] { (void)night.observe(brief("icrs 0 -89")); }, &message), ErrorCode::not_visible);
  EXPECT_THAT(message, HasSubstr("below the horizon"));
  EXPECT_EQ(night.site().mount("dish").status().axes, before);
  EXPECT_TRUE(stored(night).empty());
}

TEST(AnObservation, TellsItsLineInTheFrameThatIsAskedFor) {
  Night night;
  ObservationRequest request = brief("galactic 120 0");
  request.target =
      "icrs " + std::to_string(night.source().ra.degrees()) + " " + std::to_string(night.source().dec.degrees());
  request.integration_time = 6s;
  request.channels = 256;
  request.velocity_frame = sky::VelocityFrame::bary;
  request.rest_frequency = hydrogen_line + kilohertz(50);  // of another line
  request.files = {ProductFile::fits, ProductFile::sdfits, ProductFile::csv};
  request.output_filename = "frames";
  const ObservationResult result = night.observe(request);
  const CalibratedSpectrum& spectrum = result.spectrum;
  EXPECT_EQ(spectrum.velocity_frame, sky::VelocityFrame::bary);
  EXPECT_NEAR(result.peak.peak_velocity_km_s,
              sky::radio_velocity_km_s(result.peak.peak_frequency, request.rest_frequency) +
                  sky::velocity_correction_km_s(spectrum.pointing.direction, spectrum.pointing.site, spectrum.mid,
                                                sky::VelocityFrame::bary),
              1e-9);
  ASSERT_EQ(result.files.size(), 3u) << result.observation.reason;
  EXPECT_EQ(result.files[0].filename(), "frames.fits");
  const auto rows = files::read_sdfits(result.files[1]);
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.front().velocity_definition, "RADI-BAR");
  EXPECT_NEAR(rows.front().rest.hertz(), request.rest_frequency.hertz(), 1e-3);
  EXPECT_THAT(read_file(result.files[2]), HasSubstr("velocity_bary_km_s"));
  // A second one of that name does not take the files of the first.
  const ObservationResult other = night.observe(request);
  EXPECT_EQ(other.files[0].filename(), "frames-" + other.observation.id.substr(0, 8) + ".fits");
  EXPECT_TRUE(std::filesystem::exists(result.files[0]));
}

TEST(AnObservation, IsOnlyStoredWhereNoAnalysisIsAskedFor) {
  Night night;
  ObservationRequest request = brief();
  request.integration_time = 3s;
  request.analysis = false;
  const ObservationResult result = night.observe(request);
  EXPECT_EQ(result.observation.state, ObservationState::completed);
  EXPECT_EQ(result.spectrum.axis.channels, 0u);
  EXPECT_GT(reduce(night.site().store("archive"), result.observation.id, night.location()).spectrum.axis.channels, 0u);
}

TEST(AnObservation, IsCompleteWithoutAFileThatCannotBeMade) {
  Night night;
  ObservationRequest request = brief();
  request.integration_time = 3s;
  request.files = {ProductFile::sdfits, ProductFile::csv};
  request.output_filename = "taken";
  const std::filesystem::path products = night.site().state_folder() / "products";
  std::filesystem::create_directories(products);
  std::filesystem::create_symlink("taken.sdfits", products / "taken.sdfits");  // it leads to itself
  const ObservationResult result = night.observe(request);
  EXPECT_EQ(result.observation.state, ObservationState::completed);
  EXPECT_THAT(result.observation.reason, HasSubstr("its .sdfits could not be made"));
  EXPECT_EQ(result.files.size(), 1u);
}

TEST(AnObservation, RecordsItsSamples) {
  Night night({.receiver = "format: iq, sample_rate: 100 kHz"});
  ObservationRequest request = brief();
  request.calibration = CalibrationKind::none;
  request.integration_time = 4s;
  request.product = Product::all;
  const ObservationResult result = night.observe(request);
  const auto recordings = night.site().store("archive").find<Recording>();
  ASSERT_EQ(recordings.size(), 1u);
  EXPECT_EQ(recordings[0].observation_id, result.observation.id);
  // Each of its four spectra ends with the block in which its time is full.
  const std::int64_t spanned = recordings[0].samples + recordings[0].samples_lost;
  EXPECT_GE(spanned, 380'000);
  EXPECT_LE(spanned, 400'000 + 4 * 65'536);
  const files::SigmfMeta meta = files::read_sigmf(recordings[0].path);
  EXPECT_EQ(meta.sample_rate, kilohertz(100));
  EXPECT_EQ(std::filesystem::file_size(recordings[0].path), static_cast<std::uint64_t>(recordings[0].samples) * 8);
  EXPECT_EQ(meta.captures.front().time, recordings[0].start);
  ASSERT_NE(meta.more.find("astro:phase"), nullptr);
  EXPECT_EQ(meta.more.find("astro:phase")->as_text(), "sky");
  EXPECT_EQ(meta.more.find("astro:observation")->as_text(), result.observation.id);
  EXPECT_THAT(meta.more.find("astro:settings")->as_text(), HasSubstr("altaz 180 60"));
}

TEST(AnObservation, KeepsNothingButTheContinuum) {
  Night night;
  ObservationRequest request = brief();
  request.product = Product::continuum;
  const ObservationResult result = night.observe(request);
  for (const Integration& each : stored(night, result.observation.id)) ASSERT_EQ(each.power.size(), 1u);
  EXPECT_EQ(result.spectrum.axis.channels, 0u);
}

}  // namespace
}  // namespace astro::testing
