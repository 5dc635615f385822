// SPDX-License-Identifier: BSD-3-Clause
#include "cli/schedule_view.hpp"

#include <algorithm>
#include <map>

#include "astro/sky/observer.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

constexpr std::size_t columns = 72;
constexpr std::size_t name_width = 18;

std::string word(TurnReason reason) { return Description<TurnReason>::choices.at(static_cast<std::size_t>(reason)); }
std::string word(WaitReason reason) { return Description<WaitReason>::choices.at(static_cast<std::size_t>(reason)); }

std::string clock(Time time) { return format_time(time, 0).substr(11, 5); }

std::string padded(std::string text) {
  text.resize(name_width, ' ');
  return text + ' ';
}

/// Rows of a drawing whose columns are equal parts of the span.
class Drawing {
 public:
  Drawing(const Schedule& schedule, const Site& site)
      : schedule_(schedule), observer_(site.location, sky::standard_weather(site.location)) {
    for (std::size_t i = 0; i < columns; ++i) middles_.push_back(at(2 * i + 1));
    for (const DeviceEntry& device : site.devices) {
      if (device.kind == DeviceKind::mount && device.limits) lowest_ = std::max(lowest_, device.limits->second.from);
    }
  }

  std::string hours() const {
    std::string row(columns, ' ');
    for (std::size_t i = 0; i + 5 <= columns; i += 12) row.replace(i, 5, clock(at(2 * i)));
    return row;
  }

  std::string row(const QueuedRequest& queued, const ScheduledRequest* entry) const {
    std::string row(columns, ' ');
    const Angle lowest = std::max(lowest_, queued.min_altitude);
    const Target target = parse_target(queued.request.target);
    if (!std::holds_alternative<Ephemeris>(target)) {
      std::vector<AltAz> places(columns);
      observer_.altaz(target, middles_, places);
      for (std::size_t i = 0; i < columns; ++i) {
        if (places[i].altitude >= lowest) row[i] = '.';
      }
    }
    if (entry == nullptr) return row;
    for (std::size_t i = 0; i < columns; ++i) {
      if (at(2 * i + 2) > entry->start && at(2 * i) < entry->begin) row[i] = '-';
      if (at(2 * i + 2) > entry->begin && at(2 * i) < entry->end) row[i] = '#';
    }
    return row;
  }

 private:
  Time at(std::size_t half) const {
    return schedule_.begin +
           (schedule_.end - schedule_.begin) * static_cast<std::int64_t>(half) / static_cast<std::int64_t>(2 * columns);
  }

  const Schedule& schedule_;
  sky::Observer observer_;
  Angle lowest_ = degrees(0);
  std::vector<Time> middles_;
};

}  // namespace

Value to_json_value(const Schedule& schedule) {
  List entries;
  for (const ScheduledRequest& each : schedule.entries) {
    Value entry;
    entry.set("id", each.id).set("target", each.target).set("user", each.user);
    entry.set("start", format_time(each.start, 0)).set("begin", format_time(each.begin, 0));
    entry.set("end", format_time(each.end, 0)).set("slew_s", seconds(each.slew));
    entry.set("science_s", seconds(each.science)).set("weight", each.weight);
    entry.set("because", word(each.because)).set("why", each.why);
    entries.push_back(std::move(entry));
  }
  List waiting;
  for (const WaitingRequest& each : schedule.waiting) {
    Value one;
    one.set("id", each.id).set("target", each.target).set("user", each.user);
    one.set("because", word(each.because)).set("why", each.why).set("never", each.never);
    one.set("possible_from", each.possible_from ? Value(format_time(*each.possible_from, 0)) : Value());
    waiting.push_back(std::move(one));
  }
  Value told;
  told.set("from", format_time(schedule.begin, 0)).set("to", format_time(schedule.end, 0));
  told.set("science_s", seconds(schedule.science)).set("slewing_s", seconds(schedule.slewing));
  told.set("evaluations", schedule.evaluations);
  told.set("entries", std::move(entries)).set("waiting", std::move(waiting));
  return told;
}

void show(std::ostream& out, const Schedule& schedule, const Site& site, std::span<const QueuedRequest> queue) {
  std::map<std::string, const QueuedRequest*> by_id;
  for (const QueuedRequest& each : queue) by_id[each.id] = &each;
  std::vector<std::vector<std::string>> rows{{"START", "END", "TARGET", "USER", "WHY NOW"}};
  for (const ScheduledRequest& entry : schedule.entries)
    rows.push_back({format_time(entry.start, 0), clock(entry.end), entry.target, entry.user, entry.why});
  print_table(rows);
  const Drawing drawing(schedule, site);
  out << '\n' << padded("") << drawing.hours() << '\n';
  for (const ScheduledRequest& entry : schedule.entries)
    out << padded(entry.target) << drawing.row(*by_id.at(entry.id), &entry) << '\n';
  for (const WaitingRequest& each : schedule.waiting) {
    if (each.because != WaitReason::impossible)
      out << padded(each.target) << drawing.row(*by_id.at(each.id), nullptr) << '\n';
  }
  out << padded("") << "# observed   - on the way   . up\n\n";
  for (const WaitingRequest& each : schedule.waiting) out << each.target << " waits: " << each.why << '\n';
  out << number(seconds(schedule.science) / 3600.0, 2) << " h of science in "
      << number(seconds(schedule.end - schedule.begin) / 3600.0, 1) << " h, "
      << number(seconds(schedule.slewing) / 60.0, 1) << " min of slewing\n";
  out.flush();
}

}  // namespace astro::cli
