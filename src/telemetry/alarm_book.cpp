// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/alarm_book.hpp"

#include <algorithm>
#include <optional>

#include "astro/error.hpp"

namespace astro::telemetry {

namespace {

constexpr std::size_t most_ended = 10'000;  // that nobody has acknowledged: the oldest are in the store alone

std::optional<Alarm> find_alarm(const StoreHandle& store, const std::string& id) {
  auto found = store.find<Alarm>({.where = {{"id", Compare::equal, id}}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

bool has_ended(const Alarm& alarm) { return alarm.state == AlarmState::cleared && alarm.acknowledged.has_value(); }

void set_acknowledged(Alarm& alarm, const std::string& who, Time now, const std::string& note) {
  if (who.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "acknowledging the alarm '" + alarm.id + "': somebody does; say who, by name");
  }
  if (alarm.acknowledged) {
    throw Error(ErrorCode::invalid_argument, "acknowledging the alarm '" + alarm.id + "': " + alarm.acknowledged_by +
                                                 " did so at " + format_time(*alarm.acknowledged, 0));
  }
  alarm.acknowledged = now;
  alarm.acknowledged_by = who;
  alarm.note = note;
}

[[noreturn]] void refuse_unknown(const std::string& id) {
  throw Error(ErrorCode::not_found, "acknowledging the alarm '" + id + "': there is none of this id; list them first");
}

}  // namespace

std::vector<Alarm> list_alarms(const StoreHandle& store, bool with_ended) {
  auto all = store.find<Alarm>({.order_by = "raised", .newest_first = true});
  if (!with_ended) std::erase_if(all, has_ended);
  return all;
}

Alarm acknowledge_alarm(const StoreHandle& store, const std::string& id, const std::string& who, Time now,
                        const std::string& note) {
  for (;;) {
    std::optional<Alarm> alarm = find_alarm(store, id);
    if (!alarm) refuse_unknown(id);
    set_acknowledged(*alarm, who, now, note);
    const std::int64_t before = alarm->revision++;
    if (store.replace(*alarm, "revision", before)) return *std::move(alarm);
  }
}

namespace detail {

void AlarmBook::restore(std::vector<Alarm> alarms) {
  const std::lock_guard lock(mutex_);
  for (Alarm& alarm : alarms) {
    for (const AlarmCommand& command : alarm.commands) commands_.emplace(command.id, alarm.id);
    const std::string id = alarm.id;
    all_.emplace(id, Entry{.alarm = std::move(alarm), .is_kept = true});
  }
}

Alarm AlarmBook::change(const AlarmChange& change) {
  const std::lock_guard lock(mutex_);
  Entry& entry = all_[change.alarm.id];
  Alarm next = change.alarm;
  next.revision = entry.alarm.revision;
  next.commands = std::move(entry.alarm.commands);
  if (!change.has_risen) {
    next.acknowledged = entry.alarm.acknowledged;
    next.acknowledged_by = entry.alarm.acknowledged_by;
    next.note = entry.alarm.note;
  }
  entry.alarm = std::move(next);
  if (change.has_risen) entry.rose = entry.alarm.changed;
  ++entry.changes;
  return entry.alarm;
}

Alarm AlarmBook::acknowledge(const std::string& id, const std::string& who, Time now, const std::string& note) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(id);
  if (found == all_.end()) refuse_unknown(id);
  set_acknowledged(found->second.alarm, who, now, note);
  ++found->second.changes;
  return found->second.alarm;
}

void AlarmBook::gave(const std::string& id, const AlarmCommand& command) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(id);
  if (found == all_.end()) return;
  found->second.alarm.commands.push_back(command);
  ++found->second.changes;
  commands_.emplace(command.id, id);
}

bool AlarmBook::answered(const Acknowledgment& acknowledgment, Alarm& alarm) {
  const std::lock_guard lock(mutex_);
  const auto known = commands_.find(acknowledgment.command_id);
  if (known == commands_.end()) return false;
  const auto found = all_.find(known->second);
  if (is_final(acknowledgment.state)) commands_.erase(known);
  if (found == all_.end()) return false;
  auto& commands = found->second.alarm.commands;
  const auto command = std::ranges::find(commands, acknowledgment.command_id, &AlarmCommand::id);
  if (command == commands.end()) return false;
  command->state = Description<CommandState>::choices.at(static_cast<std::size_t>(acknowledgment.state));
  command->message = acknowledgment.message;
  ++found->second.changes;
  alarm = found->second.alarm;
  return true;
}

std::vector<Alarm> AlarmBook::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Alarm> found;
  for (const auto& [id, entry] : all_) {
    if (!has_ended(entry.alarm)) found.push_back(entry.alarm);
  }
  std::ranges::stable_sort(found, std::ranges::greater(), &Alarm::raised);
  return found;
}

bool AlarmBook::is_clean() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(all_, [](const auto& each) { return each.second.changes == each.second.written; });
}

bool AlarmBook::take_acknowledgment(Entry& entry, const Alarm& stored) {
  entry.alarm.revision = stored.revision;
  entry.is_kept = true;
  if (!stored.acknowledged || entry.alarm.acknowledged || *stored.acknowledged < entry.rose) return false;
  entry.alarm.acknowledged = stored.acknowledged;
  entry.alarm.acknowledged_by = stored.acknowledged_by;
  entry.alarm.note = stored.note;
  return true;
}

void AlarmBook::write(const StoreHandle& store) {
  for (;;) {
    Alarm next;
    bool is_kept = false;
    std::uint64_t changes = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto dirty =
          std::ranges::find_if(all_, [](const auto& each) { return each.second.changes != each.second.written; });
      if (dirty == all_.end()) return forget_ended();
      next = dirty->second.alarm;
      is_kept = dirty->second.is_kept;
      changes = dirty->second.changes;
    }
    // Without the lock: a store may be slow, and who watches limits does not wait for it.
    const std::int64_t before = next.revision++;
    const bool is_written = is_kept ? store.replace(next, "revision", before) : store.insert(next);
    const std::optional<Alarm> stored = is_written ? std::nullopt : find_alarm(store, next.id);
    const std::lock_guard lock(mutex_);
    Entry& entry = all_.at(next.id);
    if (is_written) {
      entry.alarm.revision = next.revision;
      entry.written = changes;
      entry.is_kept = true;
    } else if (stored) {
      take_acknowledgment(entry, *stored);
    } else {
      entry.is_kept = false;  // somebody removed it
      entry.alarm.revision = 0;
    }
  }
}

std::vector<Alarm> AlarmBook::look_for_acknowledgments(const StoreHandle& store) {
  std::vector<Alarm> found;
  for (const Alarm& alarm : all()) {
    if (alarm.acknowledged) continue;
    const std::optional<Alarm> stored = find_alarm(store, alarm.id);
    if (!stored || stored->revision == alarm.revision) continue;
    const std::lock_guard lock(mutex_);
    const auto entry = all_.find(alarm.id);
    if (entry == all_.end() || entry->second.changes != entry->second.written) continue;
    if (take_acknowledgment(entry->second, *stored)) found.push_back(entry->second.alarm);
  }
  return found;
}

void AlarmBook::forget_ended() {
  std::erase_if(all_, [](const auto& each) { return has_ended(each.second.alarm); });
  for (auto each = all_.begin(); each != all_.end() && all_.size() > most_ended;) {
    each = each->second.alarm.state == AlarmState::cleared ? all_.erase(each) : std::next(each);
  }
  std::erase_if(commands_, [&](const auto& each) { return !all_.contains(each.second); });
}

}  // namespace detail
}  // namespace astro::telemetry
