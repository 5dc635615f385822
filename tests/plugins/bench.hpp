// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/command.hpp"
#include "astro/device.hpp"
#include "astro/registry.hpp"

namespace astro::testing {

inline constexpr Location tenerife{degrees(28.3009), degrees(-16.5098), 2390.0};
inline const Time new_year = parse_time("2026-01-01T00:00:00Z");

/// A simulated clock that stands still until it is told to go on.
class HeldClock {
 public:
  explicit HeldClock(Time start = new_year) : clock_(Clock::simulated(start, 1e6)), hold_(clock_->hold(start)) {}

  const std::shared_ptr<Clock>& clock() const { return clock_; }
  Time now() const { return clock_->now(); }
  void advance(Duration by) {
    const Time to = now() + by;
    hold_.move_to(to);
    clock_->sleep_until(to);
  }
  void let_go() { hold_.release(); }

 private:
  std::shared_ptr<Clock> clock_;
  Clock::Hold hold_;
};

/// Drivers of one observatory on a workbench: made by the registry from the built plugins, opened
/// without a host; what they emit is kept.
class Bench {
 public:
  explicit Bench(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {
    static int count = 0;
    observatory_ = "bench " + std::to_string(++count);
  }

  struct Kept final : Emitter {
    Surroundings here{};
    std::map<std::string, Value> points{};
    std::map<std::string, Outcome> outcomes{};
    std::optional<Duration> interval{};
    std::optional<MountDescription> mount{};
    std::optional<ReceiverDescription> receiver{};
    std::optional<ControllerDescription> controller{};

    const Surroundings& surroundings() const noexcept override { return here; }
    Cause cause() const override { return {}; }
    void point(std::string_view name, Value value, Quality, std::optional<Time>) override {
      points[std::string(name)] = std::move(value);
    }
    void progress(std::string_view, double, std::string_view) override {}
    void finished(std::string_view id, Outcome outcome) override { outcomes[std::string(id)] = std::move(outcome); }
    void poll_every(Duration every) override { interval = every; }
    void log(LogLevel, std::string_view) override {}
    void give(Command) override {}
    void describe(const MountDescription& description) override { mount = description; }
    void describe(const ReceiverDescription& description) override { receiver = description; }
    void describe(const ControllerDescription& description) override { controller = description; }
  };

  /// A driver that is open until it goes.
  template <class T>
  struct Opened {
    std::unique_ptr<Kept> kept;
    std::unique_ptr<Driver> driver;

    T* operator->() const { return dynamic_cast<T*>(driver.get()); }
    ~Opened() {
      if (driver) driver->close();
    }
    Opened(std::unique_ptr<Kept> k, std::unique_ptr<Driver> d) : kept(std::move(k)), driver(std::move(d)) {}
    Opened(Opened&&) = default;
  };

  Opened<Mount> mount(const std::string& name, const std::string& driver, Map settings = {},
                      std::shared_ptr<const DriverDescription> twin_of = {}) {
    return open<Mount>(DeviceKind::mount, name, driver, std::move(settings), {}, std::move(twin_of));
  }
  Opened<Receiver> receiver(const std::string& name, const std::string& driver, Map settings = {},
                            const std::string& on = {}) {
    return open<Receiver>(DeviceKind::receiver, name, driver, std::move(settings), on, {});
  }
  Opened<Controller> controller(const std::string& name, const std::string& driver, Map settings = {},
                                std::shared_ptr<const DriverDescription> twin_of = {}) {
    return open<Controller>(DeviceKind::controller, name, driver, std::move(settings), {}, std::move(twin_of));
  }

  Location site = tenerife;

 private:
  template <class T>
  Opened<T> open(DeviceKind kind, const std::string& name, const std::string& driver, Map settings,
                 const std::string& on, std::shared_ptr<const DriverDescription> twin_of) {
    Registry& registry = Registry::shared();
    const Value canonical_settings = canonical(registry.find(kind, driver).settings, settings);
    auto kept = std::make_unique<Kept>();
    kept->here = {.device = name,
                  .observatory = observatory_,
                  .location = site,
                  .mount = on,
                  .clock = clock_,
                  .state_folder = {},
                  .twin_of = std::move(twin_of)};
    auto made = registry.make(kind, driver, canonical_settings);
    made->open(*kept);
    return {std::move(kept), std::move(made)};
  }

  std::shared_ptr<Clock> clock_;
  std::string observatory_;
};

/// What a receiver brought.
struct Heard {
  std::vector<std::byte> bytes{};
  std::size_t items = 0;
  std::uint64_t lost = 0;
  std::vector<Time> times{};
  bool ended = false;
};

/// Fills buffers of so many items until that many came, or the recording is over.
inline Heard listen(Receiver& receiver, std::size_t item_bytes, std::size_t items, std::size_t at_once = 65536) {
  Heard heard;
  std::vector<std::byte> buffer(at_once * item_bytes);
  while (heard.items < items && !heard.ended) {
    const std::size_t room = std::min(at_once, items - heard.items);
    const Filled filled = receiver.fill(std::span(buffer).first(room * item_bytes));
    const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(filled.items * item_bytes);
    heard.bytes.insert(heard.bytes.end(), buffer.begin(), end);
    heard.items += filled.items;
    heard.lost += filled.lost;
    if (filled.items > 0 && filled.time) heard.times.push_back(*filled.time);
    heard.ended = filled.ended;
  }
  return heard;
}

/// The bytes as numbers.
template <class T>
std::span<const T> as(const Heard& heard) {
  return {reinterpret_cast<const T*>(heard.bytes.data()), heard.bytes.size() / sizeof(T)};
}

}  // namespace astro::testing
