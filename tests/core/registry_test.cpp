// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <astro/plugin.hpp>
#include <astro/site.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "described_drivers.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using ::testing::HasSubstr;
using testing::Lamp;
using testing::Radio;
using testing::Rotor;

template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::internal, ""};
}

TEST(Registry, MakesADriverFromItsSettings) {
  Registry registry;
  registry.add<Rotor>("rotor");
  const auto driver = registry.make(DeviceKind::mount, "rotor", Map{{"port", "/dev/ttyUSB7"}, {"baud", 4800}});
  const auto* rotor = dynamic_cast<const Rotor*>(driver.get());
  ASSERT_NE(rotor, nullptr);
  EXPECT_EQ(rotor->settings.port, "/dev/ttyUSB7");
  EXPECT_EQ(rotor->settings.baud, 4800);
}

TEST(Registry, DescribesADriverWithoutMakingOne) {
  Registry registry;
  registry.add<Rotor>("rotor", {.geometry = Geometry::hour_angle_dec, .parks = true}, "a rotor");
  const DriverDescription found = registry.find(DeviceKind::mount, "rotor");
  EXPECT_EQ(found.says, "a rotor");
  EXPECT_EQ(found.kind, DeviceKind::mount);
  EXPECT_EQ(found.mount.geometry, Geometry::hour_angle_dec);
  EXPECT_TRUE(found.mount.parks);
  ASSERT_NE(found.settings.find("baud"), nullptr);
  EXPECT_EQ(found.settings.find("baud")->unit, "Bd");
}

TEST(Registry, RefusesSettingsThatDoNotFit) {
  Registry registry;
  registry.add<Rotor>("rotor");
  const Error error = error_of([&] { registry.make(DeviceKind::mount, "rotor", Map{{"port", "a"}, {"baud", 1}}); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("1200 to 115200"));
}

TEST(Registry, RefusesASecondDriverOfTheSameNameAndKind) {
  Registry registry;
  registry.add<Rotor>("rotor");
  const Error error = error_of([&] { registry.add<Rotor>("rotor"); });
  EXPECT_EQ(error.code(), ErrorCode::duplicate);
  EXPECT_THAT(error.what(), HasSubstr("the mount driver \"rotor\""));
}

TEST(Registry, LetsDriversOfDifferentKindsShareAName) {
  Registry registry;
  registry.add<Rotor>("simulator");
  registry.add<Radio>("simulator");
  EXPECT_EQ(registry.find(DeviceKind::receiver, "simulator").kind, DeviceKind::receiver);
  EXPECT_EQ(registry.find(DeviceKind::mount, "simulator").kind, DeviceKind::mount);
}

TEST(Registry, RefusesASettingThatEveryDeviceHas) {
  Registry registry;
  DriverDescription description;
  description.name = "rotor";
  description.settings.fields.push_back({.name = "limits", .type = FieldType::text});
  const Error error = error_of([&] { registry.add(description, nullptr); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("\"limits\""));
  EXPECT_TRUE(registry.drivers().empty());
}

TEST(Registry, NamesTheNearestDriverAndTheFoldersItSearched) {
  testing::TemporaryFolder folder;
  Registry registry;
  registry.add_plugin_folder(folder.path());
  registry.add<Rotor>("rotator");
  const Error error = error_of([&] { registry.find(DeviceKind::mount, "rotater"); });
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"rotator\"?"));
  EXPECT_THAT(error.what(), HasSubstr(folder.path().string()));
  EXPECT_THAT(error.what(), HasSubstr("astro_rotater.so"));
}

TEST(Registry, NamesThePluginThatLiesOnThePathThoughNobodyLoadedIt) {
  testing::TemporaryFolder folder;
  folder.write("astro_teleskop9000.so", "");
  Registry registry;
  registry.add_plugin_folder(folder.path());
  const Error error = error_of([&] { registry.find(DeviceKind::mount, "teleskop900"); });
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"teleskop9000\"?"));
}

TEST(Registry, DoesNotLeaveItsFoldersForANameWithASlash) {
  testing::TemporaryFolder folder;
  folder.write("astro_x/astro_y.so", "");
  Registry registry;
  registry.add_plugin_folder(folder.path());
  EXPECT_EQ(error_of([&] { registry.find(DeviceKind::mount, "x/astro_y"); }).code(), ErrorCode::not_found);
}

TEST(Registry, SearchesTheEnvironmentThenAddedFoldersThenBesideTheLibrary) {
  const char* before = std::getenv("ASTRO_PLUGIN_PATH");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("ASTRO_PLUGIN_PATH", "/first:/second", 1);
  Registry registry;
  registry.add_plugin_folder("/third");
  const auto folders = registry.plugin_folders();
  if (before == nullptr) ::unsetenv("ASTRO_PLUGIN_PATH");
  else ::setenv("ASTRO_PLUGIN_PATH", kept.c_str(), 1);
  ASSERT_EQ(folders.size(), 4u);
  EXPECT_EQ(folders[0], "/first");
  EXPECT_EQ(folders[1], "/second");
  EXPECT_EQ(folders[2], "/third");
  EXPECT_EQ(folders[3].filename(), "plugins");
  EXPECT_EQ(folders[3].parent_path().filename(), "astro");
}

// Plugins that are linked into the program.
int bulbs_fail = 0;

}  // namespace
}  // namespace astro

ASTRO_PLUGIN(bulbs, "2.5.0", registry) {
  registry.add<astro::testing::Lamp>("bulbs");
  registry.add<astro::testing::Lamp>("bulbs.blinking");
  if (astro::bulbs_fail == 1) throw std::runtime_error("no bulb left");
  if (astro::bulbs_fail == 2) throw 42;  // NOLINT: what a careless plugin may do
}

ASTRO_PLUGIN(stray, "1.0.0", registry) { registry.add<astro::testing::Lamp>("lantern"); }

namespace astro {
namespace {

TEST(Enrolment, RecordsThePluginAndItsVersion) {
  Registry registry;
  enroll(astro_plugin_bulbs, registry);
  registry.add<Lamp>("own");
  EXPECT_EQ(registry.find(DeviceKind::controller, "bulbs.blinking").plugin, "bulbs");
  EXPECT_EQ(registry.find(DeviceKind::controller, "bulbs").version, "2.5.0");
  EXPECT_EQ(registry.find(DeviceKind::controller, "own").plugin, "");
}

TEST(Enrolment, LeavesNothingOfAPluginThatThrows) {
  for (const int how : {1, 2}) {
    Registry registry;
    registry.add<Rotor>("kept");
    bulbs_fail = how;
    const Error error = error_of([&] { enroll(astro_plugin_bulbs, registry); });
    bulbs_fail = 0;
    EXPECT_EQ(error.code(), ErrorCode::refused_plugin);
    EXPECT_THAT(error.what(), HasSubstr("plugin bulbs 2.5.0"));
    EXPECT_THAT(error.what(), HasSubstr(how == 1 ? "no bulb left" : "no std::exception"));
    EXPECT_EQ(registry.drivers().size(), 1u);
  }
}

TEST(Enrolment, KeepsWhatWasThereWhenAPluginIsEnrolledTwice) {
  Registry registry;
  enroll(astro_plugin_bulbs, registry);
  EXPECT_EQ(error_of([&] { enroll(astro_plugin_bulbs, registry); }).code(), ErrorCode::refused_plugin);
  EXPECT_EQ(registry.drivers().size(), 2u);
}

TEST(Enrolment, RefusesADriverThatCouldNotBeFoundByItsName) {
  Registry registry;
  EXPECT_THAT(error_of([&] { enroll(astro_plugin_stray, registry); }).what(),
              HasSubstr("a driver of plugin \"stray\" is named \"stray\" or \"stray.something\""));
}

TEST(Enrolment, RefusesADescriptorThatIsNotWhole) {
  Registry registry;
  PluginDescriptor small = astro_plugin_bulbs;
  small.size = 8;
  EXPECT_EQ(error_of([&] { enroll(small, registry); }).code(), ErrorCode::refused_plugin);
}

TEST(Registry, KeepsSectionsOfRoomsButNotUnderTheCoresNames) {
  Registry registry;
  registry.add(SectionDescription{.name = "queue", .says = "of requests"});
  ASSERT_EQ(registry.sections().size(), 1u);
  EXPECT_EQ(error_of([&] { registry.add(SectionDescription{.name = "queue"}); }).code(), ErrorCode::duplicate);
  EXPECT_EQ(error_of([&] { registry.add(SectionDescription{.name = "mounts"}); }).code(), ErrorCode::invalid_argument);
}

TEST(Registry, MayBeAskedAndAddedToFromManyThreads) {
  Registry registry;
  registry.add<Rotor>("rotor");
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j) {
        registry.add<Lamp>("lamp" + std::to_string(i) + "." + std::to_string(j));
        made += registry.make(DeviceKind::mount, "rotor", Map{{"port", "a"}}) != nullptr;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 200);
  EXPECT_EQ(registry.drivers().size(), 201u);
}

// One struct, and the same with one more member: nothing else is written twice.
struct Weather {
  double temperature = 0.0;
};
struct MoreWeather {
  double temperature = 0.0;
  double humidity = 50.0;
};

}  // namespace

template <>
struct Description<Weather> {
  static constexpr std::array fields{field<&Weather::temperature>("temperature", {.unit = "degC"})};
};
template <>
struct Description<MoreWeather> {
  static constexpr std::array fields{
      field<&MoreWeather::temperature>("temperature", {.unit = "degC"}),
      field<&MoreWeather::humidity>("humidity", {.unit = "%", .min = 0, .max = 100, .says = "of the air"})};
};

namespace {

class Station : public Controller {
 public:
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void poll() override {}
};
template <class T>
class StationOf final : public Station {
 public:
  using Settings = T;
  explicit StationOf(Settings) {}
};

template <class T>
Schema described() {
  Registry registry;
  registry.add<StationOf<T>>("station");
  return registry.find(DeviceKind::controller, "station").settings;
}

template <class T>
Site site_with(const std::string& settings) {
  Registry registry;
  registry.add<StationOf<T>>("station");
  return parse_site(
      "site: {name: T, latitude: 1 deg, longitude: 2 deg}\ncontrollers: {air: {driver: station, " + settings + "}}\n",
      {}, registry);
}

TEST(OneMoreField, ChangesYamlDescribeJsonAndRowsWithoutAnotherEdit) {
  const std::string yaml = "temperature: 20 degC, humidity: 40 %";
  const Error unknown = error_of([&] { site_with<Weather>(yaml); });
  EXPECT_THAT(unknown.what(), HasSubstr("\"humidity\" is not known here"));
  EXPECT_EQ(site_with<MoreWeather>(yaml).devices.at(0).settings.find("humidity")->as_number(), 40.0);
  EXPECT_THAT(error_of([&] { site_with<MoreWeather>("humidity: 140 %"); }).what(), HasSubstr("0 to 100 %"));

  EXPECT_EQ(described<Weather>().fields.size(), 1u);
  const Schema more = described<MoreWeather>();
  ASSERT_EQ(more.fields.size(), 2u);
  EXPECT_EQ(more.fields[1].name, "humidity");
  EXPECT_EQ(more.fields[1].says, "of the air");

  EXPECT_EQ(to_json(to_value(Weather{20})), R"({"temperature":20.0})");
  EXPECT_EQ(to_json(to_value(MoreWeather{20, 40})), R"({"temperature":20.0,"humidity":40.0})");

  const MoreWeather record{20, 40};
  const RecordRows<MoreWeather> rows({&record, 1});
  EXPECT_EQ(std::get<double>(rows.cell(0, 1)), 40.0);
}

}  // namespace
}  // namespace astro
