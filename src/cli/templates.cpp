// SPDX-License-Identifier: BSD-3-Clause
#include "cli/templates.hpp"

namespace astro::cli {

namespace {

constexpr std::string_view build_file = R"(cmake_minimum_required(VERSION 3.25)
project(astro_@name@ LANGUAGES CXX)

find_package(astro 0.1 REQUIRED)
astro_add_plugin(@name@ @name@.cpp)
set_target_properties(astro_plugin_@name@ PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

enable_testing()
add_executable(@name@_test @name@_test.cpp)
target_link_libraries(@name@_test PRIVATE astro::astro)
add_test(NAME @name@ COMMAND @name@_test)
set_tests_properties(@name@ PROPERTIES ENVIRONMENT "ASTRO_PLUGIN_PATH=${CMAKE_BINARY_DIR}")
)";

constexpr std::string_view page = R"(# @name@

A @kind@ driver for libastro.

    cmake -S . -B build && cmake --build build
    ctest --test-dir build
    ASTRO_PLUGIN_PATH=$PWD/build astro describe @name@

`@name@.cpp` is the whole driver. What each hook promises stands in the header `astro/@kind@.hpp`.
)";

constexpr std::string_view mount =
    R"(// A mount that turns at a constant speed without any hardware: put yours in its place, hook by hook.
#include <algorithm>
#include <astro/plugin.hpp>
#include <mutex>

using namespace astro::literals;

class @Class@ final : public astro::Mount {
 public:
  struct Settings {
    double speed_deg_s = 5.0;
  };

  explicit @Class@(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override { clock_ = host.surroundings().clock; }
  void close() noexcept override {}

  void stop() noexcept override {
    const std::lock_guard lock(mutex_);
    start_ = target_ = position();
  }

  void move_to(astro::Axes target) override {
    const std::lock_guard lock(mutex_);
    start_ = position();
    target_ = target;
    started_ = clock_->now();
  }

  astro::MountStatus status() override {
    const std::lock_guard lock(mutex_);
    const astro::Axes now = position();
    return {.position = now, .state = now == target_ ? astro::MountState::stopped : astro::MountState::moving};
  }

 private:
  astro::Angle turned(astro::Angle from, astro::Angle to) const {
    const astro::Angle reach = astro::degrees(settings_.speed_deg_s * astro::seconds(clock_->now() - started_));
    return to > from ? std::min(to, from + reach) : std::max(to, from - reach);
  }
  astro::Axes position() const { return {turned(start_.first, target_.first), turned(start_.second, target_.second)}; }

  Settings settings_;
  std::shared_ptr<astro::Clock> clock_;
  std::mutex mutex_;  // stop may come beside another hook; nobody waits while holding it
  astro::Axes start_{0_deg, 45_deg};
  astro::Axes target_{0_deg, 45_deg};
  astro::Time started_{};
};

template <>
struct astro::Description<@Class@::Settings> {
  static constexpr std::array fields{field<&@Class@::Settings::speed_deg_s>(
      "speed", {.unit = "deg/s", .min = 0.01, .max = 100, .says = "how fast both axes turn"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@", {.geometry = astro::Geometry::alt_az, .first = {0_deg, 360_deg}, .second = {0_deg, 90_deg}},
                       "a mount that turns at a constant speed");
}
)";

constexpr std::string_view receiver =
    R"(// A receiver that yields a constant carrier: put your hardware in its place, hook by hook.
#include <astro/plugin.hpp>
#include <atomic>
#include <complex>
#include <thread>

class @Class@ final : public astro::Receiver {
 public:
  struct Settings {
    astro::Frequency sample_rate = astro::megahertz(1);
  };

  explicit @Class@(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override { clock_ = host.surroundings().clock; }
  void close() noexcept override {}
  void stop() noexcept override { streaming_ = false; }

  astro::StreamSettings tune(const astro::Tuning& wanted) override {
    taken_.tuning = wanted;
    if (wanted.sample_rate.hertz() <= 0) taken_.tuning.sample_rate = settings_.sample_rate;
    taken_.dtype = astro::Dtype::cf32;
    return taken_;
  }

  void start() override {
    next_ = clock_->now();
    streaming_ = true;
  }

  astro::Filled fill(std::span<std::byte> buffer) override {
    const std::span samples(reinterpret_cast<std::complex<float>*>(buffer.data()), buffer.size() / sizeof(std::complex<float>));
    const auto some = std::min<std::size_t>(samples.size(), static_cast<std::size_t>(taken_.tuning.sample_rate.hertz() / 20));
    if (!streaming_) return {};
    std::fill_n(samples.begin(), some, std::complex<float>(0.5F, 0.0F));
    const astro::Time first = next_;
    next_ += taken_.duration_of(some);
    clock_->sleep_until(next_);
    return {.items = some, .time = first};
  }

 private:
  Settings settings_;
  std::shared_ptr<astro::Clock> clock_;
  astro::StreamSettings taken_;
  astro::Time next_{};
  std::atomic<bool> streaming_{false};
};

template <>
struct astro::Description<@Class@::Settings> {
  static constexpr std::array fields{
      field<&@Class@::Settings::sample_rate>("sample_rate", {.min = 1000, .max = 1e8, .says = "complex samples a second"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@", {.lowest = astro::megahertz(1), .highest = astro::gigahertz(2)},
                       "a receiver that yields a constant carrier");
}
)";

constexpr std::string_view controller =
    R"(// A controller with one point and one command, kept in memory: put your hardware in its place.
#include <astro/plugin.hpp>

struct Settings {
  bool initially_on = false;
};

struct Switch {
  bool on = false;
};

template <>
struct astro::Description<Settings> {
  static constexpr std::array fields{field<&Settings::initially_on>("initially_on", {.says = "how it is after opening"})};
};

template <>
struct astro::Description<Switch> {
  static constexpr std::array fields{field<&Switch::on>("on", {.says = "on or off", .required = true})};
};

class @Class@ final : public astro::Controller {
 public:
  using Settings = ::Settings;

  explicit @Class@(Settings settings) : on_(settings.initially_on) {}

  void open(astro::Emitter& host) override { host_ = &host; }
  void close() noexcept override {}
  void stop() noexcept override {}
  void poll() override { host_->point("on", on_); }

  astro::Performed perform(const astro::Call& call) override {
    on_ = call.as<Switch>().on;  // there is but one command
    poll();
    return {.message = on_ ? "switched on" : "switched off"};
  }

 private:
  astro::Emitter* host_ = nullptr;
  bool on_ = false;
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@",
                       {.points = {{.name = "on", .type = astro::FieldType::boolean, .says = "whether it is on"}},
                        .commands = {astro::command<Switch>("switch", "switches it on or off")}},
                       "a switch that is kept in memory");
}
)";

constexpr std::string_view device_test = R"(// Opens the driver as a site would, and uses it once.
#include <astro/observatory.hpp>
#include <cstdio>

int main() try {
  const astro::Site site = astro::parse_site(R"yaml(
site: {name: "@name@ test", latitude: 50 deg, longitude: 10 deg, height: 100 m, state: state}
@kind@s:
  device: {driver: @name@}
)yaml");
  auto observatory = astro::Observatory::open(site, {.clock = astro::Clock::simulated(astro::parse_time("2026-01-01"), 20)});
  @use@
  std::puts("@name@ works");
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
)";

constexpr std::string_view use_mount = R"(const auto mount = observatory.mount("device");
  mount.move_to({astro::degrees(90), astro::degrees(30)});
  mount.wait_until_on_target();)";

constexpr std::string_view use_receiver = R"(auto stream = observatory.receiver("device").stream();
  const astro::BlockPtr block = stream.next();
  if (!block || block->items() == 0) throw astro::Error(astro::ErrorCode::timeout, "no samples within a second");)";

constexpr std::string_view use_controller = R"(const auto controller = observatory.controller("device");
  astro::Value parameters;
  parameters.set("on", true);
  controller.perform("switch", parameters).wait_completed();
  if (!controller.point("on").value.as_bool()) throw astro::Error(astro::ErrorCode::device_fault, "it is still off");)";

std::string replaced(std::string_view text, std::string_view word, std::string_view by) {
  std::string made(text);
  made.replace(made.find(word), word.size(), by);
  return made;
}

}  // namespace

std::vector<TemplateFile> template_files(std::string_view kind) {
  const std::string_view driver = kind == "mount" ? mount : kind == "receiver" ? receiver : controller;
  const std::string_view use = kind == "mount" ? use_mount : kind == "receiver" ? use_receiver : use_controller;
  return {{"CMakeLists.txt", std::string(build_file)},
          {"README.md", std::string(page)},
          {"@name@.cpp", std::string(driver)},
          {"@name@_test.cpp", replaced(device_test, "@use@", use)}};
}

}  // namespace astro::cli
