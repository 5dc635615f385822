// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/bench.hpp"
#include "safe_judge.hpp"

// A site of simulated devices under rules, whose true axes can be seen.
namespace astro::testing {

inline constexpr double accuracy_deg = 0.05;

/// The simulated mount, with a second way to its axes beside the host's.
class WatchedMount final : public Mount {
 public:
  /// Kept after the mount has gone.
  struct Window {
    std::mutex mutex;
    WatchedMount* mount = nullptr;

    std::optional<MountStatus> look() {
      const std::lock_guard lock(mutex);
      if (mount == nullptr) return std::nullopt;
      return mount->inner().status();
    }
  };

  WatchedMount(std::unique_ptr<Driver> inner, std::shared_ptr<Window> window)
      : inner_(std::move(inner)), window_(std::move(window)) {}

  void open(Emitter& host) override {
    inner_->open(host);
    const std::lock_guard lock(window_->mutex);
    window_->mount = this;
  }
  void close() noexcept override {
    {
      const std::lock_guard lock(window_->mutex);
      window_->mount = nullptr;
    }
    inner_->close();
  }
  void stop() noexcept override { inner().stop(); }
  void move_to(Axes target) override {
    ++moves;
    inner().move_to(target);
  }
  void move_rate(AxisRates rates, Duration lifetime) override { inner().move_rate(rates, lifetime); }
  void park() override { inner().park(); }
  void home() override { inner().home(); }
  MountStatus status() override {
    const std::lock_guard lock(window_->mutex);
    return inner().status();
  }

  std::atomic<int> moves = 0;

 private:
  Mount& inner() { return dynamic_cast<Mount&>(*inner_); }

  std::unique_ptr<Driver> inner_;
  std::shared_ptr<Window> window_;
};

/// A site with the simulated `dish` and its `weather`, under rules.
struct SafeBench {
  TemporaryFolder folder;
  Registry registry;
  Location site = {degrees(28.3009), degrees(-16.5098), 2390.0};
  Geometry geometry = Geometry::alt_az;
  Map mount{};
  MountLimits limits{{degrees(0), degrees(450)}, {degrees(5), degrees(88)}};
  SafetySection rules{};
  OpenOptions options{};
  std::shared_ptr<WatchedMount::Window> window = std::make_shared<WatchedMount::Window>();

  SafeBench() {
    options.state_folder = folder.path() / "state";
    configure_log({.level = LogLevel::error, .file = (folder.path() / "log").string()});
    for (const SectionDescription& section : Registry::shared().sections()) registry.add(section);
    DriverDescription described = Registry::shared().find(DeviceKind::mount, "simulator");
    described.name = "watched";
    described.plugin.clear();
    registry.add(described, [window = window](const Value& settings) {
      return std::make_unique<WatchedMount>(Registry::shared().make(DeviceKind::mount, "simulator", settings), window);
    });
    DriverDescription station = Registry::shared().find(DeviceKind::controller, "simulator.environment");
    station.name = "station";
    station.plugin.clear();
    registry.add(station, [](const Value& settings) {
      return Registry::shared().make(DeviceKind::controller, "simulator.environment", settings);
    });
  }
  ~SafeBench() { configure_log({}); }
  SafeBench(const SafeBench&) = delete;
  SafeBench& operator=(const SafeBench&) = delete;

  Observatory open() {
    const auto settings = [&](DeviceKind kind, const char* driver, const Map& given) {
      return canonical(registry.find(kind, driver).settings, given);
    };
    if (geometry != Geometry::alt_az) {
      mount.emplace_back("geometry", std::string(Description<Geometry>::choices[static_cast<std::size_t>(geometry)]));
    }
    Site made;
    made.name = "safe bench";
    made.location = site;
    made.devices = {{.kind = DeviceKind::mount,
                     .name = "dish",
                     .driver = "watched",
                     .settings = settings(DeviceKind::mount, "watched", mount),
                     .limits = limits},
                    {.kind = DeviceKind::controller,
                     .name = "weather",
                     .driver = "station",
                     .settings = settings(DeviceKind::controller, "station", {})}};
    made.sections = {{"safety", Map{{"dish", to_value(rules)}}}};
    return Observatory::open(made, options, registry);
  }
};

inline Map axes_map(double first, double second) { return {{"first", first}, {"second", second}}; }

inline const Time noon = parse_time("2026-06-21T13:10:00Z");

}  // namespace astro::testing
