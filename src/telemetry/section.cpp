// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/section.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "quantity.hpp"
#include "telemetry/thinning.hpp"
#include "text.hpp"

namespace astro::telemetry {

namespace {

template <Record T>
T rule_of(const Value& value) {
  return from_value<T>(canonical(schema_of<T>(), value));
}

template <Record T>
std::vector<std::pair<std::string, T>> rules_of(const Value& map) {
  std::vector<std::pair<std::string, T>> rules;
  if (map.is_null()) return rules;
  for (const auto& [name, value] : map.as_map()) rules.emplace_back(name, rule_of<T>(value));
  return rules;
}

/// A point of the site that a pattern fits.
struct KnownPoint {
  std::string id;
  Field field;
};

std::vector<KnownPoint> known_points(const SectionCheck& check) {
  std::vector<KnownPoint> known;
  for (const DeviceEntry& device : check.site.devices) {
    if (device.kind != DeviceKind::controller) continue;
    const auto driver = check.driver_of(device);
    if (!driver) continue;
    for (const Field& field : driver->controller.points) {
      known.push_back({device.bare ? field.name : device.name + '.' + field.name, field});
    }
  }
  return known;
}

/// The rules of one section, checked against what the site's devices measure.
class RuleCheck {
 public:
  explicit RuleCheck(const SectionCheck& check) : check_(check), known_(known_points(check)) {}

  void operator()() const {
    each<PointRule>("points", [&](const std::string& pattern, const PointRule& rule) { check_point(pattern, rule); });
    each<AlarmRule>("alarms", [&](const std::string& name, const AlarmRule& rule) { check_alarm(name, rule); });
  }

 private:
  template <Record T, class Function>
  void each(const char* key, Function function) const {
    const auto found = std::ranges::find(check_.section, key, &Map::value_type::first);
    if (found == check_.section.end() || found->second.is_null()) return;
    const Map* map = found->second.get_if<Map>();
    if (map == nullptr) {
      return check_.complain({key}, "expected a map from names to rules, is " + std::string(type_name(found->second)),
                             {});
    }
    for (const auto& [name, value] : *map) {
      try {
        function(name, rule_of<T>(value));
      } catch (const Error& error) {
        check_.complain({key, name}, error.what(), {});
      }
    }
  }

  void check_point(const std::string& pattern, const PointRule& rule) const {
    check_limit({"points", pattern, "dead_band"}, pattern, rule.dead_band);
  }

  void check_limit(const std::vector<std::string>& at, const std::string& pattern, const Value& limit) const {
    if (limit.is_null()) return;
    for (const KnownPoint& point : known_) {
      if (!detail::pattern_matches(pattern, point.id)) continue;
      try {
        (void)limit_in(limit, point.field.unit);
      } catch (const Error& error) {
        return check_.complain(at, error.what(), {});
      }
    }
  }

  void check_alarm(const std::string& name, const AlarmRule& rule) const {
    const auto complain = [&](const char* key, const std::string& message, const std::string& near = {}) {
      check_.complain({"alarms", name, key}, message, near);
    };
    for (const auto& [key, limit] : {std::pair("low_alarm", &rule.low_alarm),
                                     {"low_warning", &rule.low_warning},
                                     {"high_warning", &rule.high_warning},
                                     {"high_alarm", &rule.high_alarm},
                                     {"hysteresis", &rule.hysteresis}}) {
      check_limit({"alarms", name, key}, rule.point, *limit);
    }
    const bool has_limit = !rule.low_alarm.is_null() || !rule.low_warning.is_null() || !rule.high_warning.is_null() ||
                           !rule.high_alarm.is_null();
    if (!has_limit && rule.states.is_null() && rule.stale_after <= Duration::zero()) {
      complain("point", "the alarm needs a limit, `states` or `stale_after`: else it is never raised");
    }
    if (const Value& back = rule.hysteresis; !back.is_null() && back.get_if<std::string>() == nullptr) {
      if (back.as_number() < 0.0)
        complain("hysteresis", "expected 0 or more: the level falls that far behind its limit");
    }
    if (rule.stale_level == AlarmLevel::normal) complain("stale_level", "expected warning or alarm");
    check_states(name, rule);
    for (const AlarmAction& action : rule.actions) {
      std::vector<std::string> names;
      for (const DeviceEntry& device : check_.site.devices) names.push_back(device.name);
      if (std::ranges::find(names, action.device) == names.end()) {
        complain("actions", "the site has no device " + text::quoted(action.device), nearest(action.device, names));
      }
    }
  }

  void check_states(const std::string& name, const AlarmRule& rule) const {
    if (rule.states.is_null()) return;
    const Map* states = rule.states.get_if<Map>();
    if (states == nullptr) {
      return check_.complain({"alarms", name, "states"}, "expected a map from states to warning or alarm", {});
    }
    for (const auto& [state, level] : *states) {
      const std::string* text = level.get_if<std::string>();
      if (text != nullptr && (*text == "warning" || *text == "alarm")) continue;
      check_.complain({"alarms", name, "states", state}, "expected warning or alarm", {});
    }
  }

  const SectionCheck& check_;
  const std::vector<KnownPoint> known_;
};

const SectionEnrolment telemetry_section({.name = "telemetry",
                                          .says = "history and averages of what is measured, and alarms",
                                          .schema = schema_of<TelemetrySection>(),
                                          .check = [](const SectionCheck& check) { RuleCheck{check}(); }});

}  // namespace

std::vector<std::pair<std::string, PointRule>> point_rules(const TelemetrySection& section) {
  return rules_of<PointRule>(section.points);
}

std::vector<std::pair<std::string, AlarmRule>> alarm_rules(const TelemetrySection& section) {
  return rules_of<AlarmRule>(section.alarms);
}

std::optional<std::string> store_of(const TelemetrySection& section, const Site& site) {
  if (!section.store.empty()) return section.store;
  std::vector<std::string> stores;
  for (const DeviceEntry& device : site.devices) {
    if (device.kind == DeviceKind::store) stores.push_back(device.name);
  }
  if (stores.size() == 1) return stores.front();
  return std::nullopt;
}

double limit_in(const Value& limit, std::string_view unit) {
  const auto* text = limit.get_if<std::string>();
  if (text == nullptr) return limit.as_number();
  const Quantity read = read_quantity(*text, unit);
  if (!read.complaint.empty()) {
    throw Error(ErrorCode::invalid_argument, "reading the limit " + text::quoted(*text) + ": " + read.complaint);
  }
  return read.value;
}

}  // namespace astro::telemetry
