// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/alarm_watch.hpp"

#include <algorithm>
#include <cmath>

#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/telemetry/aggregates.hpp"
#include "telemetry/thinning.hpp"
#include "text.hpp"

namespace astro::telemetry::detail {

namespace {

std::string shown(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* number = value.get_if<double>()) return text::of(*number);
  return to_json(value);
}

std::string name_of(AlarmLevel level) { return Description<AlarmLevel>::choices.at(static_cast<std::size_t>(level)); }

std::optional<double> limit_or_nothing(const Value& limit, const Point& point) {
  return limit.is_null() ? std::nullopt : std::optional(limit_in(limit, point.unit));
}

std::string says(const AlarmRule& rule, const std::string& what) {
  return rule.says.empty() ? what : rule.says + ": " + what;
}

std::string value_of(const Point& point) {
  return point.id + " is " + shown(point.value) + (point.unit.empty() ? "" : " " + point.unit);
}

std::string replaced(std::string text, const Alarm& alarm) {
  const std::pair<std::string, std::string> places[] = {{"{alarm}", alarm.name},
                                                        {"{point}", alarm.point},
                                                        {"{value}", shown(alarm.value)},
                                                        {"{level}", name_of(alarm.level)},
                                                        {"{message}", alarm.message}};
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at)) {
    const auto place = std::ranges::find_if(
        places, [&](const auto& each) { return text.compare(at, each.first.size(), each.first) == 0; });
    if (place == std::end(places)) {
      ++at;
      continue;
    }
    text.replace(at, place->first.size(), place->second);
    at += place->second.size();  // what was put in is not read again
  }
  return text;
}

}  // namespace

Value filled_in(const Value& parameters, const Alarm& alarm) {
  if (const auto* text = parameters.get_if<std::string>()) return replaced(*text, alarm);
  if (const Map* map = parameters.get_if<Map>()) {
    Map made;
    for (const auto& [key, value] : *map) made.emplace_back(key, filled_in(value, alarm));
    return made;
  }
  if (const List* list = parameters.get_if<List>()) {
    List made;
    for (const Value& value : *list) made.push_back(filled_in(value, alarm));
    return made;
  }
  return parameters;
}

AlarmWatch::AlarmWatch(std::vector<std::pair<std::string, AlarmRule>> rules, Time now) : rules_(std::move(rules)) {
  // A point that never comes is stale, too; of a pattern nobody knows which should.
  for (const auto& rule : rules_) {
    if (rule.second.point.find('*') == std::string::npos) watched_for(rule, rule.second.point, now);
  }
}

AlarmWatch::Watched& AlarmWatch::watched_for(const std::pair<std::string, AlarmRule>& rule, const std::string& point,
                                             Time now) {
  const auto [found, is_new] = all_.try_emplace({rule.first, point}, Watched{.rule = &rule, .point = point});
  if (is_new) found->second.heard = now;
  return found->second;
}

std::vector<Alarm> AlarmWatch::restore(const std::vector<Alarm>& raised, Time now) {
  std::vector<Alarm> orphans;
  for (const Alarm& alarm : raised) {
    const auto rule = std::ranges::find_if(rules_, [&](const auto& each) {
      return each.first == alarm.name && pattern_matches(each.second.point, alarm.point);
    });
    if (rule == rules_.end()) {
      Alarm orphan = alarm;
      orphan.state = AlarmState::cleared;
      orphan.cleared = orphan.changed = now;
      orphan.message = "the site has no such rule any more";
      orphans.push_back(std::move(orphan));
      continue;
    }
    Watched& watched = watched_for(*rule, alarm.point, now);
    watched.level = watched.wanted = alarm.level;
    watched.alarm = alarm;
  }
  return orphans;
}

AlarmWatch::Limits AlarmWatch::limits_of(const std::pair<std::string, AlarmRule>& rule, const Point& point) {
  try {
    const AlarmRule& with = rule.second;
    return {.low_alarm = limit_or_nothing(with.low_alarm, point),
            .low_warning = limit_or_nothing(with.low_warning, point),
            .high_warning = limit_or_nothing(with.high_warning, point),
            .high_alarm = limit_or_nothing(with.high_alarm, point),
            .hysteresis = limit_or_nothing(with.hysteresis, point).value_or(0.0)};
  } catch (const Error& error) {
    log(LogLevel::error, "telemetry", "the limits of alarm '" + rule.first + "' do not count: " + error.what());
    return {};
  }
}

AlarmLevel AlarmWatch::level_of(const Watched& watched, const Point& point) {
  AlarmLevel level = AlarmLevel::normal;
  if (const Map* states = watched.rule->second.states.get_if<Map>()) {
    const auto state = std::ranges::find(*states, shown(point.value), &Map::value_type::first);
    if (state != states->end()) level = state->second.as_text() == "alarm" ? AlarmLevel::alarm : AlarmLevel::warning;
  }
  const std::optional<double> number = number_of(point);
  if (!number || !watched.limits) return level;
  const Limits& limits = *watched.limits;
  const auto beyond = [&](const std::optional<double>& low, const std::optional<double>& high, AlarmLevel at) {
    // Where it stands it stays until it is back by more than the hysteresis.
    const double slack = watched.level >= at ? limits.hysteresis : 0.0;
    return (low && *number < *low + slack) || (high && *number > *high - slack);
  };
  if (beyond(limits.low_warning, limits.high_warning, AlarmLevel::warning))
    level = std::max(level, AlarmLevel::warning);
  if (beyond(limits.low_alarm, limits.high_alarm, AlarmLevel::alarm)) level = AlarmLevel::alarm;
  return level;
}

AlarmChange AlarmWatch::change(Watched& watched, AlarmLevel level, Time now) {
  const AlarmRule& rule = watched.rule->second;
  const bool is_rising = level > watched.level;
  const bool is_over = level == AlarmLevel::normal;
  if (!watched.alarm) {
    watched.alarm = Alarm{.id = new_id(), .name = watched.rule->first, .point = watched.point, .raised = now};
  }
  Alarm& alarm = *watched.alarm;
  AlarmChange made{.has_risen = is_rising};
  for (const AlarmAction& action : rule.actions) {
    const auto at = action.at == ActionAt::warning ? AlarmLevel::warning : AlarmLevel::alarm;
    const bool is_due = action.at == ActionAt::cleared ? is_over : is_rising && at > watched.level && at <= level;
    if (is_due) made.actions.push_back(action);
  }
  alarm.changed = now;
  alarm.value = watched.last.value;
  alarm.unit = watched.last.unit;
  alarm.message =
      says(rule, watched.is_stale ? "nothing good has been heard of " + watched.point + " for " +
                                        text::of(std::round(seconds(now - watched.heard) * 10.0) / 10.0) + " s"
                                  : value_of(watched.last));
  if (is_over) {
    alarm.state = AlarmState::cleared;
    alarm.cleared = now;
  } else {
    alarm.level = level;
  }
  watched.level = level;
  made.alarm = alarm;
  if (is_over) watched.alarm.reset();
  return made;
}

/// Brings the level to what is wanted, once that has lasted.
std::optional<AlarmChange> AlarmWatch::settle(Watched& watched, Time now) {
  const AlarmRule& rule = watched.rule->second;
  if (watched.is_stale) {
    watched.differs_since.reset();
    const AlarmLevel level = std::max(rule.stale_level, watched.wanted);
    if (level <= watched.level) return std::nullopt;
    return change(watched, level, now);
  }
  if (watched.wanted == watched.level) {
    watched.differs_since.reset();
    return std::nullopt;
  }
  if (!watched.differs_since || now < *watched.differs_since) watched.differs_since = now;
  const Duration lasting = watched.wanted > watched.level ? rule.delay : rule.clear_for;
  if (now - *watched.differs_since < lasting) return std::nullopt;
  watched.differs_since.reset();
  return change(watched, watched.wanted, now);
}

std::vector<AlarmChange> AlarmWatch::hear(const Point& point, Time now) {
  std::vector<AlarmChange> changes;
  for (const auto& rule : rules_) {
    if (!pattern_matches(rule.second.point, point.id)) continue;
    Watched& watched = watched_for(rule, point.id, now);
    if (point.quality == Quality::bad || point.value.is_null()) continue;
    if (point.time < watched.last.time) continue;  // late: no news
    if (!watched.limits || watched.last.unit != point.unit) watched.limits = limits_of(rule, point);
    const AlarmLevel wanted = level_of(watched, point);
    // Between two levels above the one that is told the time goes on.
    const bool turns = (wanted > watched.level) != (watched.wanted > watched.level);
    if (turns) watched.differs_since.reset();
    watched.wanted = wanted;
    watched.heard = now;
    watched.is_stale = false;
    watched.last = point;
    if (auto changed = settle(watched, now)) changes.push_back(std::move(*changed));
  }
  return changes;
}

std::vector<AlarmChange> AlarmWatch::look(Time now) {
  std::vector<AlarmChange> changes;
  for (auto& [key, watched] : all_) {
    const Duration stale_after = watched.rule->second.stale_after;
    if (stale_after > Duration::zero() && now - watched.heard > stale_after) watched.is_stale = true;
    if (auto changed = settle(watched, now)) changes.push_back(std::move(*changed));
  }
  return changes;
}

}  // namespace astro::telemetry::detail
