// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "astro/command.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry/alarms.hpp"
#include "telemetry/alarm_watch.hpp"

namespace astro::telemetry::detail {

/// The alarms that are raised or that nobody has acknowledged, and what of them has to be written. Safe for all
/// threads.
class AlarmBook {
 public:
  /// From the store.
  void restore(std::vector<Alarm> alarms);

  /// Takes a change in, and returns the alarm as it is now: with who acknowledged it and what it commanded.
  Alarm change(const AlarmChange& change);
  Alarm acknowledge(const std::string& id, const std::string& who, Time now, const std::string& note);
  /// Before the command is given, so that no answer to it is missed.
  void gave(const std::string& id, const AlarmCommand& command);
  /// What became of a command; returns false for one that no alarm gave.
  bool answered(const Acknowledgment& acknowledgment, Alarm& alarm);

  std::vector<Alarm> all() const;
  bool is_clean() const;

  /// Writes what changed, each in its own transaction: an alarm does not wait for what is written beside it. Throws
  /// what the store throws.
  void write(const StoreHandle& store);
  /// Takes over what others acknowledged in the store meanwhile; returns those alarms.
  std::vector<Alarm> look_for_acknowledgments(const StoreHandle& store);

 private:
  struct Entry {
    Alarm alarm{};
    Time rose{};  // whoever acknowledged before had seen less
    std::uint64_t changes = 0;
    std::uint64_t written = 0;
    bool is_kept = false;  // it is in the store, with the alarm's revision
  };

  void forget_ended();
  bool take_acknowledgment(Entry& entry, const Alarm& stored);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> all_;  // ids sort by time
  std::map<std::string, std::string> commands_;
};

}  // namespace astro::telemetry::detail
