// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/observatory.hpp"
#include "astro/telemetry/history.hpp"
#include "astro/telemetry/hub.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

using namespace std::chrono_literals;

inline const Time evening = parse_time("2026-01-15T20:00:00");

/// A weather station that says what the test wants it to say, and writes down what it is told.
class Station final : public Controller {
 public:
  struct Settings {};
  explicit Station(Settings) {}

  struct Told {
    std::string command;
    Value parameters;
    Issuer issuer;
  };
  static inline Emitter* host = nullptr;
  static inline std::mutex mutex;
  static inline std::vector<Told> told;

  static std::vector<Told> all_told() {
    const std::lock_guard lock(mutex);
    return told;
  }
  static ControllerDescription description() {
    Field wind;
    wind.name = "wind";
    wind.type = FieldType::number;
    wind.unit = "m/s";
    Field tilt = wind;
    tilt.name = "tilt";
    tilt.type = FieldType::angle;
    tilt.unit = "deg";
    Field roof = wind;
    roof.name = "roof";
    roof.type = FieldType::text;
    roof.unit = "";
    Field text = roof;
    text.name = "text";
    return {.points = {wind, tilt, roof}, .commands = {{"park", "parks", {}, {}}, {"notify", "tells", {text}, {}}}};
  }

  void open(Emitter& emitter) override {
    host = &emitter;
    const std::lock_guard lock(mutex);
    told.clear();
  }
  void close() noexcept override { host = nullptr; }
  void stop() noexcept override {}
  void poll() override {}
  Performed perform(const Call& call) override {
    const std::lock_guard lock(mutex);
    told.push_back({call.name, call.parameters, host->cause().issuer});
    if (call.name == "park" && refuses) throw Error(ErrorCode::device_fault, "it is stuck");
    return {};
  }
  static inline std::atomic<bool> refuses = false;

  static void says(const char* point, Value value, Time time = {}, Quality quality = Quality::good) {
    host->point(point, std::move(value), quality, time == Time{} ? std::nullopt : std::optional(time));
  }
};

/// A site with that station and a store; its time begins at `evening` and runs with the system's.
struct Hill {
  TemporaryFolder folder;
  std::shared_ptr<Clock> clock = Clock::simulated(evening, 1.0);

  explicit Hill(std::string more = {}, std::string store_settings = {}) : more_(std::move(more)) {
    [[maybe_unused]] static const bool is_enrolled = [] {
      Registry::shared().add<Station>("station", Station::description(), "of the test");
      return true;
    }();
    if (store_settings.empty()) store_settings = "driver: sqlite, path: \"" + (folder.path() / "a.db").string() + '"';
    store_ = std::move(store_settings);
    configure_log({.level = LogLevel::error, .file = (folder.path() / "log").string()});
    Station::refuses = false;
  }
  ~Hill() { configure_log({}); }

  Site site() const {
    return parse_site(
        "site: {name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m}\n"
        "controllers:\n  weather: {driver: station}\n"
        "transports:\n  events: {driver: local}\n"
        "stores:\n  archive: {" +
        store_ + "}\n" + more_);
  }
  /// Each with a journal of its own where it has a name.
  Observatory open(const std::string& name = "state") const {
    return Observatory::open(site(), {.clock = clock, .state_folder = folder.path() / name});
  }

 private:
  std::string more_;
  std::string store_;
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

/// Whether so many have come to an end, one way or the other.
inline bool settles(telemetry::Hub& hub, std::uint64_t points) {
  return eventually([&] { return hub.status().received >= points; }) && hub.flush(30s);
}

inline telemetry::SourcedPoint measured(std::int64_t sequence, Value value, Time time = evening, std::int64_t boot = 1,
                                        const std::string& source = "hill/mast") {
  return {.point = {.id = "mast.temperature",
                    .device = "mast",
                    .value = std::move(value),
                    .unit = "degC",
                    .time = time,
                    .sequence = static_cast<std::uint32_t>(sequence)},
          .source = source,
          .boot = boot};
}

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Station::Settings> {
  static constexpr std::array<astro::Member, 0> fields{};
};
