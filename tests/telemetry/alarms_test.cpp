// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/alarms.hpp"

#include <fstream>

#include "astro/error.hpp"
#include "station.hpp"
#include "telemetry/alarm_watch.hpp"
#include "testing/log_lines.hpp"

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using detail::AlarmChange;
using detail::AlarmWatch;
using detail::filled_in;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Values of one point, each a second after the other, and what the alarm is after each: "-", "w", "a".
std::string course(const AlarmRule& rule, const std::vector<double>& values) {
  AlarmWatch watch({{"wind", rule}}, evening);
  std::string course;
  char now = '-';
  Time time = evening;
  for (const double value : values) {
    time += 1s;
    Point point{.id = "weather.wind", .value = value, .unit = "m/s", .time = time};
    for (const AlarmChange& change : watch.hear(point, time)) {
      now = change.alarm.state == AlarmState::cleared ? '-' : change.alarm.level == AlarmLevel::alarm ? 'a' : 'w';
    }
    course += now;
  }
  return course;
}

TEST(Alarms, RiseAboveTheirLimitsAndFallBelowTheirHysteresis) {
  const AlarmRule rule{.point = "weather.wind", .high_warning = 10, .high_alarm = 15, .hysteresis = 2};
  EXPECT_EQ(course(rule, {9, 10, 10.1, 9, 8.1, 8, 7.9, 12}), "--www--w");
  EXPECT_EQ(course(rule, {16, 14, 13.1, 12.9, 16, 7, 16}), "aaawa-a");
  const AlarmRule low{.point = "weather.wind", .low_alarm = 1, .low_warning = 2, .hysteresis = 0.5};
  EXPECT_EQ(course(low, {3, 1.5, 0.5, 1.2, 1.6, 2.4, 2.6}), "-waaww-");
}

TEST(Alarms, WaitForTheirDelayAndForClearing) {
  const AlarmRule rule{.point = "weather.wind", .high_alarm = 10, .delay = 3s, .clear_for = 2s};
  //                    up for 2 s only   up for 3 s      down for 1 s only  down for 2 s
  EXPECT_EQ(course(rule, {11, 11, 9, 11, 11, 11, 11, 9, 9 + 2, 9, 9, 9}), "------aaaaa-");
}

TEST(Alarms, RaiseAfterTheirDelayThoughNothingMoreIsHeard) {
  AlarmWatch watch({{"wind", {.point = "weather.wind", .high_alarm = 10, .delay = 3s}}}, evening);
  EXPECT_THAT(watch.hear({.id = "weather.wind", .value = 11.0, .time = evening}, evening), IsEmpty());
  EXPECT_THAT(watch.look(evening + 2900ms), IsEmpty());
  EXPECT_THAT(watch.look(evening + 3s), SizeIs(1));
  EXPECT_THAT(watch.look(evening + 4s), IsEmpty());
}

TEST(Alarms, HearOfPointsThatAreSilentOrBad) {
  AlarmWatch watch({{"wind", {.point = "weather.wind", .high_alarm = 10, .stale_after = 30s}}}, evening);
  EXPECT_THAT(watch.look(evening + 30s), IsEmpty());
  const auto never_came = watch.look(evening + 31s);
  ASSERT_THAT(never_came, SizeIs(1));
  EXPECT_EQ(never_came[0].alarm.level, AlarmLevel::warning);
  EXPECT_THAT(never_came[0].alarm.message, HasSubstr("31 s"));
  Point point{.id = "weather.wind", .value = 5.0, .time = evening + 32s, .quality = Quality::bad};
  EXPECT_THAT(watch.hear(point, evening + 32s), IsEmpty());
  point.quality = Quality::good;
  const auto is_back = watch.hear(point, evening + 33s);
  ASSERT_THAT(is_back, SizeIs(1));
  EXPECT_EQ(is_back[0].alarm.state, AlarmState::cleared);
  EXPECT_EQ(is_back[0].alarm.id, never_came[0].alarm.id);
  EXPECT_THAT(watch.look(evening + 60s), IsEmpty());
  EXPECT_THAT(watch.look(evening + 64s), SizeIs(1));
}

TEST(Alarms, DoNotHearWhatIsOlderThanWhatTheyKnow) {
  AlarmWatch watch({{"wind", {.point = "weather.wind", .high_alarm = 10}}}, evening);
  watch.hear({.id = "weather.wind", .value = 5.0, .time = evening}, evening);
  EXPECT_THAT(watch.hear({.id = "weather.wind", .value = 50.0, .time = evening - 1s}, evening + 1s), IsEmpty());
}

TEST(Alarms, KnowStatesAndReadLimitsInAnotherUnit) {
  AlarmWatch roof({{"roof", {.point = "*.roof", .states = Map{{"open", "alarm"}, {"moving", "warning"}}}}}, evening);
  EXPECT_THAT(roof.hear({.id = "weather.roof", .value = "closed", .time = evening}, evening), IsEmpty());
  EXPECT_EQ(roof.hear({.id = "weather.roof", .value = "moving", .time = evening}, evening).at(0).alarm.level,
            AlarmLevel::warning);
  EXPECT_EQ(roof.hear({.id = "weather.roof", .value = "open", .time = evening}, evening).at(0).alarm.level,
            AlarmLevel::alarm);
  AlarmWatch band({{"band", {.point = "lo.frequency", .high_alarm = "1420.5 MHz"}}}, evening);
  EXPECT_THAT(band.hear({.id = "lo.frequency", .value = 1420.4e6, .unit = "Hz", .time = evening}, evening), IsEmpty());
  EXPECT_THAT(band.hear({.id = "lo.frequency", .value = 1420.6e6, .unit = "Hz", .time = evening}, evening), SizeIs(1));
}

TEST(Alarms, GiveTheCommandsOfEachLevelTheyComeTo) {
  const AlarmRule rule{.point = "weather.wind",
                       .high_warning = 10,
                       .high_alarm = 15,
                       .actions = {{.device = "a", .command = "tell", .at = ActionAt::warning},
                                   {.device = "b", .command = "park", .at = ActionAt::alarm},
                                   {.device = "c", .command = "tell", .at = ActionAt::cleared}}};
  AlarmWatch watch({{"wind", rule}}, evening);
  const auto devices = [&](double value) {
    std::string names;
    for (const AlarmChange& change : watch.hear({.id = "weather.wind", .value = value, .time = evening}, evening)) {
      for (const AlarmAction& action : change.actions) names += action.device;
    }
    return names;
  };
  EXPECT_EQ(devices(20), "ab");
  EXPECT_EQ(devices(12), "");
  EXPECT_EQ(devices(16), "b");
  EXPECT_EQ(devices(5), "c");
  EXPECT_EQ(devices(11), "a");
}

TEST(Alarms, FillInTheTextsOfTheirCommands) {
  const Alarm alarm{.name = "wind",
                    .point = "weather.wind",
                    .level = AlarmLevel::alarm,
                    .message = "it blows {value}",
                    .value = 16.5};
  const Value parameters = Map{{"text", "{alarm} {level}: {message} ({value}, {what})"}, {"times", 3}};
  EXPECT_EQ(filled_in(parameters, alarm),
            Value(Map{{"text", "wind alarm: it blows {value} (16.5, {what})"}, {"times", 3}}));
}

constexpr const char* storm = R"(
telemetry:
  alarms:
    wind:
      point: weather.wind
      high_warning: 10
      high_alarm: 15 m/s
      says: strong wind
      actions:
        - {device: weather, command: park}
        - {device: weather, command: notify, parameters: {text: "{message}"}, at: warning}
)";

struct Told final : AlarmListener {
  std::mutex mutex;
  std::vector<Alarm> all;
  void changed(const Alarm& alarm) override {
    const std::lock_guard lock(mutex);
    all.push_back(alarm);
  }
};

TEST(Alarms, CommandDevicesInTheirOwnNameAndAreKept) {
  const Hill hill(storm);
  const Observatory site = hill.open();
  Hub hub(site);
  Told told;
  hub.add(told);
  Station::says("wind", 12.0);
  Station::says("wind", 16.0);
  ASSERT_TRUE(eventually([&] {
    const auto alarms = hub.alarms();
    return alarms.size() == 1 && alarms[0].commands.size() == 2 && alarms[0].commands[1].state == "completed";
  }));
  const auto commands = Station::all_told();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].parameters.find("text")->as_text(), "strong wind: weather.wind is 12 m/s");
  EXPECT_EQ(commands[1].command, "park");
  EXPECT_EQ(commands[1].issuer, (Issuer{"alarm wind", Rank::operator_}));
  EXPECT_EQ(site.recent_commands().at(0).issuer.name, "alarm wind");

  const Alarm seen = hub.acknowledge(hub.alarms()[0].id, "anna", "roof is shut");
  EXPECT_EQ(seen.acknowledged_by, "anna");
  EXPECT_THROW(hub.acknowledge(seen.id, "bert"), Error);
  EXPECT_THROW(hub.acknowledge(seen.id + "x", "bert"), Error);
  Station::says("wind", 3.0);
  EXPECT_TRUE(eventually([&] { return hub.alarms().empty(); }));
  ASSERT_TRUE(hub.flush(30s));
  const auto kept = list_alarms(site.store("archive"), true);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].state, AlarmState::cleared);
  EXPECT_EQ(kept[0].level, AlarmLevel::alarm);
  EXPECT_EQ(kept[0].acknowledged_by, "anna");
  EXPECT_EQ(kept[0].note, "roof is shut");
  EXPECT_THAT(kept[0].commands, SizeIs(2));
  EXPECT_THAT(list_alarms(site.store("archive")), IsEmpty());
  EXPECT_TRUE(eventually([&] {  // told after it is in the book
    const std::lock_guard lock(told.mutex);
    return told.all.back().state == AlarmState::cleared;
  }));
  hub.remove(told);
  const std::lock_guard lock(told.mutex);
  EXPECT_EQ(told.all.front().level, AlarmLevel::warning);
}

TEST(Alarms, SayWhatBecameOfACommandThatFailed) {
  const Hill hill(storm);
  const Observatory site = hill.open();
  Hub hub(site);
  Station::refuses = true;
  Station::says("wind", 16.0);
  EXPECT_TRUE(eventually([&] {
    const auto alarms = hub.alarms();
    return !alarms.empty() && !alarms[0].commands.empty() && alarms[0].commands[0].state == "failed" &&
           alarms[0].commands[0].message.find("stuck") != std::string::npos;
  }));
}

TEST(Alarms, GoOnAfterARestartWithoutCommandingAgain) {
  const Hill hill(storm);
  std::string id;
  {
    const Observatory site = hill.open();
    Hub hub(site);
    Station::says("wind", 16.0);
    ASSERT_TRUE(eventually([&] { return Station::all_told().size() == 2; }));
    id = hub.alarms().at(0).id;
  }
  const Observatory site = hill.open();
  Hub hub(site);
  ASSERT_THAT(hub.alarms(), SizeIs(1));
  EXPECT_EQ(hub.alarms()[0].id, id);
  EXPECT_EQ(hub.alarms()[0].commands.size(), 2u);
  Station::says("wind", 17.0);
  Station::says("wind", 2.0);
  EXPECT_TRUE(eventually([&] { return hub.alarms().at(0).state == AlarmState::cleared; }));
  EXPECT_EQ(hub.alarms()[0].id, id);
  EXPECT_THAT(Station::all_told(), IsEmpty());
}

TEST(Alarms, AreClearedWhenTheirRuleIsGone) {
  const Hill hill(storm);
  {
    const Observatory site = hill.open();
    Hub hub(site);
    Station::says("wind", 16.0);
    ASSERT_TRUE(eventually([&] { return !hub.alarms().empty(); }));
  }
  const Observatory site = hill.open();
  Hub hub(site, TelemetrySection{});
  EXPECT_TRUE(eventually([&] { return hub.alarms().at(0).state == AlarmState::cleared; }));
}

TEST(Alarms, CanBeAcknowledgedInTheStoreByAnotherProcess) {
  const Hill hill(storm);
  const Observatory site = hill.open();
  const Observatory other = hill.open("other");
  Hub hub(site);
  hub.take(std::vector<SourcedPoint>{{.point = {.id = "weather.wind", .value = 16.0, .unit = "m/s", .time = evening}}});
  ASSERT_TRUE(eventually([&] { return !hub.alarms().empty(); }));
  ASSERT_TRUE(hub.flush(30s));
  const std::string id = hub.alarms()[0].id;
  acknowledge_alarm(other.store("archive"), id, "bert", other.clock()->now(), "on my way");
  // The hub changes it meanwhile: neither is lost.
  hub.take(
      std::vector<SourcedPoint>{{.point = {.id = "weather.wind", .value = 1.0, .unit = "m/s", .time = evening + 1s}}});
  ASSERT_TRUE(eventually([&] {
    const auto kept = list_alarms(site.store("archive"), true);
    return kept.at(0).state == AlarmState::cleared && kept[0].acknowledged_by == "bert";
  }));
}

TEST(Alarms, AreHeardWithoutAStore) {
  const Hill hill(storm);
  Site site = hill.site();
  std::erase_if(site.devices, [](const DeviceEntry& device) { return device.kind == DeviceKind::store; });
  const Observatory open = Observatory::open(site, {.clock = hill.clock, .state_folder = hill.folder.path() / "x"});
  Hub hub(open);
  Station::says("wind", 16.0);
  EXPECT_TRUE(eventually([&] { return Station::all_told().size() == 2; }));
  EXPECT_TRUE(hub.flush());
}

TEST(Alarms, SayAtTheStartWhatNobodyWouldDo) {
  const Hill hill(R"(
telemetry:
  alarms:
    wind: {point: weather.wind, high_alarm: 15, actions: [{device: weather, command: prak}, {device: weather, command: park}]}
)");
  const LogLines said(LogLevel::error);
  const Observatory site = hill.open();
  const Hub hub(site);
  ASSERT_TRUE(eventually([&] { return !said.messages().empty(); }));
  EXPECT_THAT(said.messages(),
              ElementsAre("alarm wind has an action that will not be done: device 'weather' has no command prak; did "
                          "you mean park?"));
}

TEST(Alarms, SayAtTheStartWhichPointNobodyMeasures) {
  const Hill hill(R"(
telemetry:
  alarms:
    wind: {point: weather.wnd, high_alarm: 15}
    any: {point: "*.roof", states: {open: alarm}}
    mast: {point: mast.temperature, high_alarm: 15}
)");
  const LogLines said(LogLevel::warning, "alarm ");
  const Observatory site = hill.open();
  const Hub hub(site);
  ASSERT_TRUE(eventually([&] { return said.messages().size() >= 2; }));
  EXPECT_THAT(said.messages(),
              ::testing::UnorderedElementsAre(
                  "alarm wind watches a point that no device of the site measures: weather.wnd; did you mean "
                  "weather.wind?",
                  HasSubstr("alarm mast watches a point that no device of the site measures: mast.temperature")));
}

TEST(TelemetrySection, NamesAllProblemsAtTheirLines) {
  const Hill hill(R"(
telemetry:
  points:
    weather.tilt: {dead_band: 0.01 K, every: 10 s}
    "weather.*": {evry: 10 s}
  alarms:
    nothing: {point: weather.wind}
    wind: {point: weather.wind, high_alarm: strong, actions: [{device: dich, command: park}]}
    roof: {point: weather.roof, states: {open: bad}}
    back: {point: weather.wind, high_alarm: 5, hysteresis: -1}
)");
  try {
    (void)hill.site();
    FAIL() << "expected problems";
  } catch (const SiteError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("0.01 K"), HasSubstr("evry"), HasSubstr("never raised"), HasSubstr("strong"),
                      HasSubstr("dich"), HasSubstr("expected warning or alarm"), HasSubstr("expected 0 or more")));
    EXPECT_EQ(error.problems().size(), 7u) << error.what();
    EXPECT_EQ(error.problems()[0].line, 11);
  }
}

}  // namespace
}  // namespace astro::telemetry
