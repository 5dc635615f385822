// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/devices/device_suite.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <complex>
#include <fstream>
#include <sstream>

namespace astro::testing {

namespace {

const Issuer somebody{"Vera", Rank::operator_};

DeviceEntry obliging(DeviceKind kind, const std::string& name, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / name);
  Value settings;
  settings.set("folder", (folder / name).string()).set("day", parse_time("2026-03-04T05:06:07Z"));
  return {.kind = kind, .name = name, .driver = "obliging", .settings = settings};
}

void run_apart(Site& site) {
  for (DeviceEntry& device : site.devices) device.settings.set("runs", "apart");
}

}  // namespace

Place here() {
  return {"here", [](Site site, const OpenOptions& options) {
            Registry::shared().add_plugin_folder(ASTRO_TEST_PLUGINS);
            return Observatory::open(site, options);
          }};
}

Place apart() {
  return {"apart", [](Site site, const OpenOptions& options) {
            Registry::shared().add_plugin_folder(ASTRO_TEST_PLUGINS);
            run_apart(site);
            return Observatory::open(site, options);
          }};
}

Obliging::Obliging(const Place& place, std::shared_ptr<Clock> clock) {
  configure_log({.level = LogLevel::error, .file = (folder_.path() / "log").string()});
  Site site;
  site.name = "conformance";
  site.location = {degrees(28.3009), degrees(-16.5098), 2390.0};
  site.devices = {obliging(DeviceKind::mount, "dish", folder_.path()),
                  obliging(DeviceKind::receiver, "hydrogen", folder_.path()),
                  obliging(DeviceKind::controller, "lamp", folder_.path())};
  site.devices[1].mount = "dish";
  site_.emplace(place.open(site, {.clock = std::move(clock), .state_folder = folder_.path() / "state"}));
  subscription_ = site_->site.subscribe(*this);
}

Obliging::~Obliging() {
  for (const char* device : {"dish", "hydrogen", "lamp"}) {  // nothing hangs on
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() / device, ignored)) {
      if (file.path().filename() != "told") std::filesystem::remove(file.path(), ignored);
    }
  }
  subscription_ = {};
  close();
  configure_log({});
}

void Obliging::ask(const std::string& device, const std::string& what, const std::string& text) const {
  folder_.write(device + "/" + what, text);
}

void Obliging::ask_no_more(const std::string& device, const std::string& what) const {
  std::filesystem::remove(folder_.path() / device / what);
}

std::vector<std::string> Obliging::told(const std::string& device) const {
  std::ifstream stream(folder_.path() / device / "told");
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool Obliging::tells(const std::string& device, const std::string& line) const {
  return eventually([&] {
    const auto lines = told(device);
    return std::ranges::find(lines, line) != lines.end();
  });
}

std::size_t Obliging::count(const std::string& device, const std::string& beginning) const {
  const auto lines = told(device);
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
}

int Obliging::process(const std::string& device) const {
  int found = 0;
  for (const std::string& line : told(device)) {
    if (line.starts_with("open ")) found = std::stoi(line.substr(5));
  }
  return found;
}

std::string Obliging::noticed() const {
  const std::lock_guard lock(mutex_);
  return noticed_;
}

void Obliging::notice(const Notice& notice) {
  const std::lock_guard lock(mutex_);
  noticed_ += notice.device + ": " + notice.message + "\n";
}

using ::testing::HasSubstr;

TEST_P(DeviceConformance, MountMovesAndSaysWhereItIs) {
  const Obliging bench(GetParam());
  const MountHandle dish = bench.dish();
  dish.move_to({degrees(359.9), degrees(12.3)});
  dish.wait_until_on_target(1min);
  EXPECT_EQ(dish.status().axes, (Axes{degrees(359.9), degrees(12.3)}));
  EXPECT_TRUE(bench.tells("dish", "move_to 359.9 12.3"));
  dish.move_rate({degrees(0.25), degrees(-0.5)}, 100ms);
  EXPECT_TRUE(bench.tells("dish", "move_rate 0.25 -0.5 0.1"));
}

TEST_P(DeviceConformance, WhatADriverFindsInItsHardwareReplacesItsDescription) {
  const Obliging bench(GetParam());
  const MountDescription found = bench.dish().description();
  EXPECT_EQ(found.second, (AxisRange{degrees(-5), degrees(95)}));
  EXPECT_EQ(found.parks_at, (Axes{degrees(10), degrees(90)}));
  EXPECT_EQ(found.poll_every, 5ms);
  EXPECT_TRUE(found.rates);
  EXPECT_FALSE(found.parks);
}

TEST_P(DeviceConformance, DriverFindsItsSettingsAndSurroundings) {
  const Obliging bench(GetParam());
  EXPECT_TRUE(bench.tells("dish", "day 2026-03-04T05:06:07.000Z"));
  const auto lines = bench.told("dish");
  const auto found = std::ranges::find_if(lines, [](const std::string& line) { return line.starts_with("in "); });
  ASSERT_NE(found, lines.end());
  EXPECT_THAT(*found, HasSubstr("in dish of conformance"));
  EXPECT_THAT(*found, HasSubstr("at 28.3009 2390.0"));
}

TEST_P(DeviceConformance, DriverLivesByTheObservatorysClock) {
  const Obliging bench(GetParam(), Clock::simulated(parse_time("2031-05-06T07:08:09Z"), 1e-3));
  const auto lines = bench.told("dish");
  const auto found = std::ranges::find_if(lines, [](const std::string& line) { return line.starts_with("in "); });
  ASSERT_NE(found, lines.end());
  EXPECT_THAT(*found, HasSubstr("until 2031-05-06T07:08:"));
}

TEST_P(DeviceConformance, WhatADriverThrowsReachesTheCallerWithItsCodeAndNames) {
  const Obliging bench(GetParam());
  bench.ask("dish", "throw.move_to", "the hatch is open");
  std::string message;
  const auto code = code_of([&] { bench.dish().move_to({degrees(10), degrees(20)}); }, &message);
  EXPECT_EQ(code, ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("dish"));
  EXPECT_THAT(message, HasSubstr("obliging"));
  EXPECT_THAT(message, HasSubstr("the hatch is open"));
  bench.ask_no_more("dish", "throw.move_to");
  bench.ask("dish", "throw_other.move_to", "a std::exception");
  EXPECT_EQ(code_of([&] { bench.dish().move_to({degrees(10), degrees(20)}); }, &message), ErrorCode::device_fault);
  EXPECT_THAT(message, HasSubstr("a std::exception"));
}

TEST_P(DeviceConformance, WhatADriverDoesNotOfferIsUnsupported) {
  const Obliging bench(GetParam());
  EXPECT_EQ(code_of([&] { bench.dish().park(); }), ErrorCode::unsupported);
}

TEST_P(DeviceConformance, StopComesBesideAHookThatHangs) {
  const Obliging bench(GetParam());
  bench.ask("dish", "hang.status");
  const std::size_t before = bench.count("dish", "stop");
  bench.dish().stop();
  EXPECT_TRUE(eventually([&] { return bench.count("dish", "stop") > before; }));
  bench.ask_no_more("dish", "hang.status");
}

TEST_P(DeviceConformance, StopEndsAMotion) {
  const Obliging bench(GetParam());
  bench.ask("dish", "goes_on");
  bench.dish().move_to({degrees(200), degrees(30)});
  EXPECT_TRUE(eventually([&] { return bench.dish().status().state == MountState::moving; }));
  bench.dish().stop();
  EXPECT_TRUE(eventually([&] { return bench.dish().status().state == MountState::stopped; }));
}

TEST_P(DeviceConformance, AReadingThatFailsIsToldAndPollingGoesOn) {
  const Obliging bench(GetParam());
  bench.ask("dish", "throw.status", "no answer");
  EXPECT_TRUE(eventually([&] { return bench.dish().status().state == MountState::fault; }));
  EXPECT_TRUE(eventually([&] { return bench.noticed().find("no answer") != std::string::npos; }));
  bench.ask_no_more("dish", "throw.status");
  EXPECT_TRUE(eventually([&] { return bench.dish().status().state == MountState::stopped; }));
  EXPECT_FALSE(bench.dish().is_lost());
}

TEST_P(DeviceConformance, CommandComesWithItsParametersAndGoesWithItsDetails) {
  const Obliging bench(GetParam());
  const Acknowledgment done =
      bench.site()
          .controller("lamp", somebody)
          .perform("set_level", Map{{"level", 2.5}, {"since", "2026-01-02T03:04:05Z"}, {"key", "AAEC"}})
          .wait_completed(1min);
  EXPECT_EQ(done.message, "set");
  EXPECT_EQ(to_json(done.details), R"({"level":2.5,"since":"2026-01-02T03:04:05.000Z","bytes":3})");
  EXPECT_TRUE(bench.tells("lamp", "perform set_level for Vera as told"));
  EXPECT_TRUE(eventually([&] {
    const auto level = bench.site().latest("lamp.level");
    return level && level->value == Value(2.5);
  }));
}

TEST_P(DeviceConformance, ControllerSteersAnotherDeviceAndHearsOfIt) {
  const Obliging bench(GetParam());
  bench.lamp().perform("steer").wait_completed(1min);
  EXPECT_TRUE(bench.tells("dish", "move_to 33.5 22.5"));
  EXPECT_TRUE(bench.tells("lamp", "commanded dish move_to completed  of lamp"));
  EXPECT_TRUE(bench.tells("lamp", "commanded none move_to rejected not_found of lamp"));
  EXPECT_TRUE(bench.tells("lamp", "heard dish.azimuth 33.500000"));
  EXPECT_EQ(bench.count("lamp", "heard unasked"), 0U);
  if (GetParam().name == "node") return;  // who holds a device is known where it was taken, not on its node
  bench.site().mount("dish", {"handset", Rank::handset}).take(1min);
  bench.lamp().perform("steer").wait_completed(1min);
  EXPECT_TRUE(bench.tells("lamp", "commanded dish move_to rejected not_holder of lamp"));
}

TEST_P(DeviceConformance, CommandThatTakesLongTellsItsProgressAndItsEnd) {
  const Obliging bench(GetParam());
  bench.ask("lamp", "goes_on");
  const Execution slow = bench.lamp().perform("warm_up");
  EXPECT_TRUE(eventually([&] { return slow.latest().progress_percent == 40.0; }));
  EXPECT_EQ(slow.latest().state, CommandState::started);
  bench.lamp().stop();
  EXPECT_EQ(slow.wait(1min).state, CommandState::failed);
  bench.ask_no_more("lamp", "goes_on");
  const Acknowledgment done = bench.lamp().perform("warm_up").wait_completed(1min);
  EXPECT_EQ(done.message, "warm");
  EXPECT_EQ(to_json(done.details), R"({"level":7.5})");
}

TEST_P(DeviceConformance, PointsComeWithTheirTimeAndQualityAlsoFromAThreadOfTheDriver) {
  const Obliging bench(GetParam());
  const auto point = [&](const char* id) { return bench.site().latest(std::string("lamp.") + id); };
  ASSERT_TRUE(eventually([&] { return point("level").has_value(); }));
  EXPECT_EQ(point("level")->value, Value(1.25));
  EXPECT_EQ(point("level")->time, parse_time("2026-01-15T20:00:00.123456789Z"));
  EXPECT_EQ(point("level")->unit, "cd");
  bench.ask("lamp", "press");
  ASSERT_TRUE(eventually([&] { return point("pressed").has_value(); }));
  EXPECT_EQ(point("pressed")->value, Value(true));
  EXPECT_EQ(point("pressed")->quality, Quality::doubtful);
}

TEST_P(DeviceConformance, ReceiverSaysWhatItTook) {
  const Obliging bench(GetParam());
  const Tuning taken = bench.hydrogen().tune({.frequency = megahertz(1420.405751768), .sample_rate = megahertz(2)});
  EXPECT_EQ(taken.frequency, megahertz(1420.405751768));
  EXPECT_EQ(taken.gain_db, 12.5);
  const auto settings = bench.hydrogen().settings();
  EXPECT_EQ(settings->item_period, 500ns);
  EXPECT_EQ(settings->receiver, "hydrogen");
  EXPECT_EQ(settings->mount, "dish");
}

std::uint64_t number_of(const std::complex<float>& sample) {
  return static_cast<std::uint64_t>(sample.real()) + 65536 * static_cast<std::uint64_t>(sample.imag());
}

TEST_P(DeviceConformance, SamplesComeWholeAndWhatWasLostIsCounted) {
  const Obliging bench(GetParam());
  BlockStream stream = bench.hydrogen().stream();
  std::uint64_t expected = 0;
  std::uint64_t lost = 0;
  for (int blocks = 0; blocks < 60; ++blocks) {
    if (blocks == 20) bench.ask("hydrogen", "lose");
    const BlockPtr block = stream.next(1min);
    ASSERT_NE(block, nullptr);
    lost += block->lost;
    expected += block->lost;
    ASSERT_EQ(block->first, expected);
    for (const std::complex<float>& sample : block->as<std::complex<float>>()) ASSERT_EQ(number_of(sample), expected++);
  }
  EXPECT_GE(lost, 1000U);
}

TEST_P(DeviceConformance, ATuningWhileItStreamsMarksTheNextBlock) {
  const Obliging bench(GetParam());
  BlockStream stream = bench.hydrogen().stream();
  ASSERT_NE(stream.next(1min), nullptr);
  bench.hydrogen().tune({.frequency = megahertz(1665)});
  BlockPtr block;
  do block = stream.next(1min);
  while (block != nullptr && !block->settings_changed);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->settings().tuning.frequency, megahertz(1665));
}

TEST_P(DeviceConformance, AStreamThatIsOverSaysSo) {
  const Obliging bench(GetParam());
  BlockStream stream = bench.hydrogen().stream();
  ASSERT_NE(stream.next(1min), nullptr);
  bench.ask("hydrogen", "end");
  BlockPtr block;
  do block = stream.next(1min);
  while (block != nullptr && !block->last);
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(bench.tells("hydrogen", "stop"));
}

TEST_P(DeviceConformance, WhatFillThrowsEndsTheStreamAndAnotherMayFollow) {
  const Obliging bench(GetParam());
  BlockStream stream = bench.hydrogen().stream();
  ASSERT_NE(stream.next(1min), nullptr);
  bench.ask("hydrogen", "throw.fill", "the cable is off");
  std::string message;
  EXPECT_EQ(code_of(
                [&] {
                  while (stream.next(1min)) {}
                },
                &message),
            ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("the cable is off"));
  bench.ask_no_more("hydrogen", "throw.fill");
  BlockStream again = bench.hydrogen().stream();
  const BlockPtr block = again.next(1min);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->first, 0U);
}

TEST_P(DeviceConformance, CloseLeavesNothingRunning) {
  Obliging bench(GetParam());
  BlockStream stream = bench.hydrogen().stream();
  ASSERT_NE(stream.next(1min), nullptr);
  const int processes[] = {bench.process("dish"), bench.process("hydrogen"), bench.process("lamp")};
  bench.close();
  for (const char* device : {"dish", "hydrogen", "lamp"}) EXPECT_EQ(bench.told(device).back(), "close") << device;
  for (const int process : processes) {
    EXPECT_TRUE(process == ::getpid() || ::kill(process, 0) != 0) << process << " still runs";
  }
}

INSTANTIATE_TEST_SUITE_P(Places, DeviceConformance, ::testing::Values(here(), apart()), name_of);

}  // namespace astro::testing
