// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/observatory.hpp"
#include "astro/telemetry/alarms.hpp"
#include "astro/telemetry/history.hpp"
#include "astro/telemetry/section.hpp"

namespace astro::telemetry {

/// Hears of alarms: each change of one, in order, from one thread of the hub.
class ASTRO_API AlarmListener {
 public:
  virtual ~AlarmListener();
  virtual void changed(const Alarm& alarm) = 0;
};

/// What a hub has done since it began. received = stored + thinned + repeated + shed + waiting.
struct HubStatus {
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t thinned = 0;
  std::uint64_t repeated = 0;  ///< came more than once
  std::uint64_t shed = 0;
  std::uint64_t waiting = 0;
  std::string trouble{};  ///< why the store takes nothing; empty: it does
};

/// Where an observatory's points come together: it keeps their history with averages, sees what is missing, and
/// watches limits. Whoever emits never waits for it: points wait in a bounded queue, of which the oldest are shed,
/// counted and recorded when the store stays away. Alarms are heard and their commands given also without a store.
///
/// It holds the observatory: end it first. What it has taken is written when it ends, unless the store stays away
/// for 5 s. One hub at a time keeps a store.
class ASTRO_API Hub final {
 public:
  /// By the `telemetry:` section of the site, for all that its devices emit. Throws what the store throws.
  explicit Hub(const Observatory& site);
  Hub(const Observatory& site, TelemetrySection section);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// The number of this start of the observatory: it rises, also when the state folder was lost.
  std::int64_t boot() const noexcept;

  /// Points of other processes, in the order of their sequence as far as that is known.
  void take(std::span<const SourcedPoint> points);

  HubStatus status() const;
  /// Waits until all that came before is stored; false: not within this (real) time.
  bool flush(Duration at_most = std::chrono::seconds(10));

  /// Those that are raised or that nobody has acknowledged, newest first.
  std::vector<Alarm> alarms() const;
  /// As `acknowledge_alarm`.
  Alarm acknowledge(const std::string& id, const std::string& who, const std::string& note = "");
  /// The listener must live until it is removed. `remove` waits for a call that is under way.
  void add(AlarmListener& listener);
  void remove(AlarmListener& listener) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::telemetry
