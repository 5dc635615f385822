// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <astro/observing/request.hpp>
#include <astro/site.hpp>

#include <cstdlib>

#include "broken_sites.hpp"
#include "described_drivers.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Queue {
  int length = 10;
};
struct Loads {
  double temperature_k = 295.0;
};

}  // namespace

template <>
struct Description<Queue> {
  static constexpr std::array fields{field<&Queue::length>("length", {.min = 0, .says = "of the queue"})};
};
template <>
struct Description<Loads> {
  static constexpr std::array fields{field<&Loads::temperature_k>("temperature", {.unit = "K", .says = "of the load"})};
};

namespace {

class Sites : public ::testing::Test {
 protected:
  Sites() {
    registry.add<testing::Rotor>("rotor", {.first = {degrees(0), degrees(450)}});
    registry.add<testing::Rotor>("equatorial", {.geometry = Geometry::hour_angle_dec});
    registry.add<testing::Radio>("radio");
    registry.add<testing::Lamp>("lamp");
    registry.add({.name = "queue", .schema = schema_of<Queue>()});
    registry.add({.name = "calibration", .schema = schema_of<Loads>(), .keyed = true, .keys_name = "receiver"});
    ::setenv("ASTRO_TEST_SECRET", "hunter2", 1);
    ::unsetenv("ASTRO_TEST_NOT_SET");
  }

  Site parse(const std::string& yaml, const SiteOptions& options = {}) { return parse_site(yaml, options, registry); }

  Registry registry;
};

template <class Function>
std::vector<Problem> problems_of(Function function) {
  try {
    function();
  } catch (const SiteError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_site);
    return error.problems();
  }
  return {};
}

std::vector<std::string> lines_of(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  for (const Problem& p : problems) {
    lines.push_back(std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + p.message + " [" + p.suggestion +
                    "]");
  }
  return lines;
}

void expect_told(const testing::Broken& broken, const std::vector<Problem>& problems) {
  SCOPED_TRACE(broken.name);
  ASSERT_THAT(lines_of(problems), SizeIs(1));
  const Problem& told = problems.front();
  EXPECT_EQ(told.line, broken.line) << told.message;
  EXPECT_EQ(told.column, broken.column) << told.message;
  EXPECT_THAT(told.message, HasSubstr(broken.message));
  EXPECT_EQ(told.suggestion, broken.suggestion) << told.message;
  EXPECT_THAT(told.message, Not(HasSubstr("hunter2")));
}

TEST_F(Sites, TellWhereATextIsNoYaml) {
  for (const auto& broken : testing::broken_texts()) expect_told(broken, problems_of([&] { parse(broken.yaml); }));
}

TEST_F(Sites, TellWhatIsWrongWithASection) {
  for (const auto& broken : testing::broken_sections()) expect_told(broken, problems_of([&] { parse(broken.yaml); }));
}

TEST_F(Sites, TellWhatIsWrongWithADevice) {
  for (const auto& broken : testing::broken_devices()) expect_told(broken, problems_of([&] { parse(broken.yaml); }));
}

TEST_F(Sites, AreToldSixtyKindsOfMistakes) {
  EXPECT_GE(testing::broken_texts().size() + testing::broken_sections().size() + testing::broken_devices().size(), 60u);
  EXPECT_GE(testing::broken_requests().size(), 20u);
}

TEST_F(Sites, TellWhatIsWrongWithARequest) {
  const Site site = parse(testing::place + "receivers: {hydrogen: {driver: radio}}\n");
  Site with_store = site;
  with_store.devices.push_back({.kind = DeviceKind::store, .name = "archive", .driver = "sqlite"});
  for (const auto& broken : testing::broken_requests()) {
    expect_told(broken,
                problems_of([&] { parse_document(broken.yaml, schema_of<ObservationRequest>(), {}, &with_store); }));
  }
}

const char* const whole = R"(site:
  name: Teide backyard
  latitude: 28.3009 deg
  longitude: -16.5098 deg
  height: 2390 m
mounts:
  dish: &rotor
    driver: rotor
    port: /dev/ttyUSB0
    baud: 4800 Bd
    password: ${ASTRO_TEST_SECRET}
    wisdom: corrections/dish.txt
    limits: {altitude: [10 deg, 85 deg]}
    pointing: {IA: 24 arcmin, IE: -0.2 deg}
receivers:
  hydrogen: {driver: radio, mount: dish, frequency: 1420.405751768 MHz, gains: [1, 2.5], bare: true}
controllers:
  lamp-1: {driver: lamp, seed: 7}
calibration:
  hydrogen: {temperature: 300 K}
clock: {start: 2026-01-01T12:00:00Z, speed: 100}
)";

TEST_F(Sites, AreReadWhole) {
  const Site site = parse_site(whole, {}, registry, "/etc/astro/site.yaml");
  EXPECT_EQ(site.name, "Teide backyard");
  EXPECT_NEAR(site.location.latitude.degrees(), 28.3009, 1e-12);
  EXPECT_EQ(site.location.height_m, 2390.0);
  EXPECT_EQ(site.clock_start, parse_time("2026-01-01T12:00:00Z"));
  EXPECT_EQ(site.clock_speed, 100.0);
  ASSERT_EQ(site.devices.size(), 3u);

  const DeviceEntry* dish = site.find(DeviceKind::mount, "dish");
  ASSERT_NE(dish, nullptr);
  EXPECT_EQ(dish->line, 7);
  ASSERT_EQ(dish->pointing.size(), 2u);
  EXPECT_EQ(dish->pointing[0].name, "IA");
  EXPECT_NEAR(dish->pointing[0].value.degrees(), 0.4, 1e-12);
  EXPECT_EQ(dish->pointing[1].name, "IE");
  EXPECT_NEAR(dish->pointing[1].value.degrees(), -0.2, 1e-12);
  const auto settings = from_value<testing::Rotor::Settings>(dish->settings);
  EXPECT_EQ(settings.baud, 4800);
  EXPECT_EQ(settings.password, "hunter2");
  EXPECT_EQ(settings.wisdom, "/etc/astro/corrections/dish.txt");
  EXPECT_EQ(settings.parity, testing::Parity::none);
  ASSERT_TRUE(dish->limits);
  EXPECT_NEAR(dish->limits->second.from.degrees(), 10, 1e-12);
  EXPECT_NEAR(dish->limits->first.to.degrees(), 450, 1e-12) << "an axis that is not named keeps its reach";

  const DeviceEntry* hydrogen = site.find(DeviceKind::receiver, "hydrogen");
  ASSERT_NE(hydrogen, nullptr);
  EXPECT_EQ(hydrogen->mount, "dish");
  EXPECT_TRUE(hydrogen->bare);
  EXPECT_EQ(hydrogen->settings.find("frequency")->as_number(), 1420405751.768);

  EXPECT_EQ(site.section<Queue>("queue").length, 10);
  const auto loads = site.keyed_section<Loads>("calibration");
  ASSERT_EQ(loads.size(), 1u);
  EXPECT_EQ(loads[0].first, "hydrogen");
  EXPECT_EQ(loads[0].second.temperature_k, 300.0);
}

TEST_F(Sites, TellAllTheirProblemsAtOnceInTheOrderOfTheFile) {
  const auto problems = problems_of([&] {
    parse(R"(site: {name: T, latitude: 91 deg, longitude: 2}
mounts:
  dish: {driver: rotorr, port: a}
  dash: {driver: rotor, baud: 9600}
receivers:
  hydrogen: {driver: radio, mount: dosh}
mounds: {}
)");
  });
  std::vector<int> lines;
  for (const Problem& problem : problems) lines.push_back(problem.line);
  EXPECT_THAT(lines, ElementsAre(1, 1, 3, 4, 4, 6, 7)) << ::testing::PrintToString(lines_of(problems));
}

TEST_F(Sites, SayOneLineForEachProblem) {
  try {
    parse_site("site: {name: T, latitude: 1 deg, longitude: 2 deg, heigth: 9 m}\nmouts: {}\n", {}, registry,
               "a/b.yaml");
    FAIL();
  } catch (const SiteError& error) {
    EXPECT_THAT(std::string(error.what()),
                ::testing::MatchesRegex("a/b.yaml:1:52: [^\n]*\\(did you mean \"height\"\\?\\)\n"
                                        "a/b.yaml:2:1: [^\n]*\\(did you mean \"mounts\"\\?\\)"));
  }
}

TEST_F(Sites, TakeAnAliasForAWholeValue) {
  const Site site = parse(testing::place + "mounts:\n  a: &same {driver: rotor, port: x}\n  b: *same\n");
  ASSERT_EQ(site.devices.size(), 2u);
  EXPECT_EQ(site.devices[0].settings, site.devices[1].settings);
}

TEST_F(Sites, TellAProblemAtAnAnchorOnce) {
  EXPECT_THAT(lines_of(problems_of([&] {
                parse(testing::place + "mounts:\n  a: &same {driver: rotor, port: x, baud: 1}\n  b: *same\n");
              })),
              SizeIs(1));
}

TEST_F(Sites, ReadAFileAndRefuseOneThatIsNotThere) {
  testing::TemporaryFolder folder;
  const auto file = folder.write("site.yaml", whole);
  EXPECT_EQ(load_site(file, {}, registry).file, file);
  try {
    load_site(folder.path() / "none.yaml", {}, registry);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(error.what(), HasSubstr("there is no such file"));
  }
  EXPECT_THROW(load_site(folder.path(), {}, registry), Error);
}

TEST_F(Sites, DoNotReadAFileWithoutEnd) {
  EXPECT_THAT(lines_of(problems_of([&] { load_site("/dev/zero", {}, registry); })), SizeIs(1));
}

TEST_F(Sites, KeepTheirStateWhereTheSpecificationPutsIt) {
  const char* before = std::getenv("XDG_STATE_HOME");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("XDG_STATE_HOME", "/state", 1);
  const auto plain = parse("site: {name: \"Teide, (backyard)\", latitude: 1 deg, longitude: 2 deg}").state_folder;
  const auto said = parse_site("site: {name: T, latitude: 1 deg, longitude: 2 deg, state: here}", {.simulate = true},
                               registry, "/etc/a.yaml")
                        .state_folder;
  if (before == nullptr) ::unsetenv("XDG_STATE_HOME");
  else ::setenv("XDG_STATE_HOME", kept.c_str(), 1);
  EXPECT_EQ(plain, "/state/astro/teide-backyard");
  EXPECT_EQ(said, "/etc/here-simulated");
}

class SimulatedSites : public Sites {
 protected:
  SimulatedSites() {
    registry.add<testing::Lamp>("simulator.controller");
    registry.add<testing::Radio>("simulator");
  }
};

TEST_F(Sites, CountPathsFromTheWorkingFolderWhenTheyAreText) {
  const Site site = parse("site: {name: T, latitude: 1 deg, longitude: 2 deg, state: here}");
  EXPECT_EQ(site.state_folder, std::filesystem::current_path() / "here");
}

TEST_F(SimulatedSites, StandInForTheirDrivers) {
  const std::string yaml = testing::place +
                           "receivers:\n  h: {driver: radio, mount: dish, simulate: {channels: 5}}\n"
                           "mounts:\n  dish: {driver: rotor, port: a, simulate: {driver: equatorial, port: b}}\n"
                           "controllers:\n  lamp: {driver: lamp, seed: 9}\n";
  const Site real = parse(yaml);
  EXPECT_EQ(real.find(DeviceKind::receiver, "h")->driver, "radio");
  const Site site = parse(yaml, {.simulate = true});
  const DeviceEntry* receiver = site.find(DeviceKind::receiver, "h");
  EXPECT_EQ(receiver->driver, "simulator");
  EXPECT_EQ(receiver->twin_of, "radio");
  EXPECT_EQ(receiver->mount, "dish");
  EXPECT_EQ(receiver->settings.find("channels")->as_integer(), 5);
  const DeviceEntry* mount = site.find(DeviceKind::mount, "dish");
  EXPECT_EQ(mount->driver, "equatorial");
  EXPECT_EQ(mount->settings.find("port")->as_text(), "b");
  const DeviceEntry* lamp = site.find(DeviceKind::controller, "lamp");
  EXPECT_EQ(lamp->driver, "simulator.controller");
  EXPECT_EQ(lamp->settings.find("seed")->as_integer(), 1) << "the real one's settings are not the twin's";
  EXPECT_EQ(site.state_folder, real.state_folder.string() + "-simulated");
}

TEST_F(SimulatedSites, LeaveASimulatorAsItIs) {
  const Site site = parse(testing::place + "receivers: {h: {driver: simulator, channels: 5}}\n", {.simulate = true});
  EXPECT_EQ(site.devices.at(0).twin_of, "");
  EXPECT_EQ(site.devices.at(0).settings.find("channels")->as_integer(), 5);
}

TEST_F(SimulatedSites, TellWhatIsWrongWithATwinWhileNothingIsSimulatedToWhoAsks) {
  const std::string wrong = testing::place + "receivers:\n  h: {driver: radio, simulate: {chanels: 5}}\n";
  EXPECT_EQ(parse(wrong).devices.at(0).driver, "radio");
  const auto problems = problems_of([&] { parse(wrong, {.checks_twins = true}); });
  ASSERT_THAT(lines_of(problems), SizeIs(1));
  EXPECT_EQ(problems[0].suggestion, "channels");
  const std::string right = testing::place + "receivers:\n  h: {driver: radio, simulate: {channels: 5}}\n";
  const Site site = parse(right, {.checks_twins = true});
  EXPECT_EQ(site.devices.at(0).driver, "radio");
  EXPECT_EQ(site.devices.at(0).twin_of, "");
}

TEST_F(SimulatedSites, TellWhatIsWrongWithATwin) {
  const auto problems = problems_of([&] {
    parse(testing::place + "receivers:\n  h: {driver: radio, simulate: {chanels: 5}}\n", {.simulate = true});
  });
  ASSERT_THAT(lines_of(problems), SizeIs(1));
  EXPECT_EQ(problems[0].line, 3);
  EXPECT_EQ(problems[0].column, 33);
  EXPECT_EQ(problems[0].suggestion, "channels");
}

TEST_F(Sites, AcceptARequestWithItsDefaults) {
  const Value request = parse_document("target: galactic 120 0\nintegration_time: 2 min\nwindow: rectangular\n",
                                       schema_of<ObservationRequest>());
  const auto read = from_value<ObservationRequest>(request);
  EXPECT_EQ(read.target, "galactic 120 0");
  EXPECT_EQ(read.integration_time, std::chrono::minutes(2));
  EXPECT_EQ(read.window, Window::rectangular);
  EXPECT_EQ(read.channels, 1024u);
}

}  // namespace
}  // namespace astro
