// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/telemetry.hpp"
#include "astro/telemetry/alarms.hpp"
#include "astro/telemetry/section.hpp"

namespace astro::telemetry::detail {

/// What an alarm came to, and which of its rule's commands are due now.
struct AlarmChange {
  Alarm alarm{};
  bool has_risen = false;
  std::vector<AlarmAction> actions{};
};

/// Watches points by rules. It has no clock and no thread: it is told what comes, and when.
class ASTRO_API AlarmWatch {
 public:
  AlarmWatch(std::vector<std::pair<std::string, AlarmRule>> rules, Time now);
  AlarmWatch(const AlarmWatch&) = delete;
  AlarmWatch& operator=(const AlarmWatch&) = delete;

  /// What an earlier process left raised goes on, without giving its commands again. Returns those whose rule is gone.
  std::vector<Alarm> restore(const std::vector<Alarm>& raised, Time now);

  std::vector<AlarmChange> hear(const Point& point, Time now);
  /// Delays that are over, and points that nothing was heard of.
  std::vector<AlarmChange> look(Time now);

 private:
  /// A rule's limits in the unit of its point.
  struct Limits {
    std::optional<double> low_alarm, low_warning, high_warning, high_alarm;
    double hysteresis = 0.0;
  };
  struct Watched {
    const std::pair<std::string, AlarmRule>* rule;
    std::string point;
    std::optional<Limits> limits{};
    AlarmLevel level = AlarmLevel::normal;   // as it was told
    AlarmLevel wanted = AlarmLevel::normal;  // as the last value has it
    std::optional<Time> differs_since{};
    bool is_stale = false;
    Time heard{};  // when something good came last
    Point last{};
    std::optional<Alarm> alarm{};  // raised
  };

  Watched& watched_for(const std::pair<std::string, AlarmRule>& rule, const std::string& point, Time now);
  static Limits limits_of(const std::pair<std::string, AlarmRule>& rule, const Point& point);
  static AlarmLevel level_of(const Watched& watched, const Point& point);
  static std::optional<AlarmChange> settle(Watched& watched, Time now);
  static AlarmChange change(Watched& watched, AlarmLevel level, Time now);

  const std::vector<std::pair<std::string, AlarmRule>> rules_;
  std::map<std::pair<std::string, std::string>, Watched> all_;  // by rule and point
};

/// With {alarm}, {point}, {value}, {level} and {message} replaced in all its texts.
ASTRO_API Value filled_in(const Value& parameters, const Alarm& alarm);

}  // namespace astro::telemetry::detail
