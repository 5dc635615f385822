// SPDX-License-Identifier: BSD-3-Clause
#include "observing/safety_conditions.hpp"

#include <utility>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro::detail {

namespace {

std::string rounded_seconds(Duration duration) { return text::of(std::round(seconds(duration) * 10.0) / 10.0) + " s"; }

std::string shown(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* truth = value.get_if<bool>()) return *truth ? "true" : "false";
  try {
    return text::of(value.as_number());
  } catch (const Error&) {
    return "something else";
  }
}

/// A value as it was measured: a number where one is asked for, else nothing.
std::optional<double> number_of(const Value& value) {
  if (const auto* number = value.get_if<double>()) return *number;
  if (const auto* whole = value.get_if<std::int64_t>()) return static_cast<double>(*whole);
  return std::nullopt;
}

}  // namespace

SafetyConditions::SafetyConditions(std::vector<SafetyCondition> conditions, Latest latest, Time began)
    : latest_(std::move(latest)), began_(began) {
  for (SafetyCondition& condition : conditions) all_.push_back({std::move(condition)});
}

std::optional<std::string> SafetyConditions::met(const SafetyCondition& condition, Time now) const {
  const std::optional<Point> point = latest_(condition.point);
  const Duration age = now - (point ? point->time : began_);
  if (age > condition.missing_after) {
    return condition.point + " has not been measured for " + rounded_seconds(age);
  }
  if (!point) return std::nullopt;
  if (point->quality == Quality::bad || point->value.is_null()) {
    return condition.point + " is not to be trusted: its device reports a fault";
  }
  const std::string is =
      condition.point + " is " + shown(point->value) + (point->unit.empty() ? "" : " " + point->unit);
  if (!condition.equals.is_null() && shown(point->value) == shown(condition.equals)) return is;
  if (!condition.above && !condition.below) return std::nullopt;
  const std::optional<double> number = number_of(point->value);
  if (!number || std::isnan(*number)) return is + ", which is no number";
  if (condition.above && *number > *condition.above) return is + ", above " + text::of(*condition.above);
  if (condition.below && *number < *condition.below) return is + ", below " + text::of(*condition.below);
  return std::nullopt;
}

void SafetyConditions::look(Watched& watched, Time now) const {
  const SafetyCondition& condition = watched.condition;
  if (auto reason = met(condition, now)) {
    watched.clear_since.reset();
    if (!watched.met_since || now < *watched.met_since) watched.met_since = now;
    watched.reason = std::move(*reason);
    if (now - *watched.met_since >= condition.lasting) watched.counts = true;
    return;
  }
  watched.met_since.reset();
  if (!watched.clear_since || now < *watched.clear_since) watched.clear_since = now;
  if (now - *watched.clear_since >= condition.clear_for) watched.counts = watched.told = false;
}

void SafetyConditions::look(Time now) {
  for (Watched& watched : all_) look(watched, now);
}

std::vector<SafetyConditions::Active> SafetyConditions::active(Time now) {
  const std::lock_guard lock(mutex_);
  look(now);
  std::vector<Active> found;
  for (const Watched& watched : all_) {
    if (!watched.counts) continue;
    std::string reason = watched.reason;
    if (watched.clear_since) {
      reason = "it must be over for " + rounded_seconds(watched.condition.clear_for) + ": " + reason;
    }
    found.push_back({std::move(reason), watched.condition.action});
  }
  return found;
}

std::vector<SafetyConditions::Active> SafetyConditions::begun(Time now) {
  const std::lock_guard lock(mutex_);
  look(now);
  std::vector<Active> found;
  for (Watched& watched : all_) {
    if (watched.counts && !std::exchange(watched.told, true)) {
      found.push_back({watched.reason, watched.condition.action});
    }
  }
  return found;
}

}  // namespace astro::detail
