// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/hub.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/metrics.hpp"
#include "astro/telemetry/aggregates.hpp"
#include "state_folder.hpp"
#include "telemetry/alarm_book.hpp"
#include "telemetry/alarm_watch.hpp"
#include "telemetry/history_writer.hpp"
#include "telemetry/strangers.hpp"
#include "telemetry/thinning.hpp"

namespace astro::telemetry {

using namespace std::chrono_literals;
using detail::AlarmChange;
using detail::Incoming;

AlarmListener::~AlarmListener() = default;

namespace {

constexpr auto look_every = 50ms;      // at delays and silence, in real time
constexpr auto look_over_every = 1s;   // whether a node has said what it measures
constexpr auto ask_others_every = 5s;  // whether they acknowledged something
constexpr auto longest_pause = 10s;    // between two attempts to reach a store
constexpr auto last_write = 5s;        // when the hub ends
constexpr auto command_lives = 1min;   // one that comes later is no answer to the alarm any more
constexpr std::size_t full_batch = 5000;

}  // namespace

struct Hub::State final : Listener {
  State(const Observatory& observatory, TelemetrySection with);
  ~State() override { end(); }

  void points(std::span<const Point> points, std::uint64_t missed) override;
  void acknowledgment(const Acknowledgment& acknowledgment) override;
  void take(std::span<const SourcedPoint> points);
  void end() noexcept;
  void tell(const Alarm& alarm);
  void look_over_actions() const;
  void look_over_points();
  HubStatus status() const;

  const Observatory site;
  const TelemetrySection section;
  const std::int64_t boot;
  std::optional<StoreHandle> store;
  std::optional<detail::HistoryWriter> writer;
  detail::AlarmBook book;

  // Points on their way to the writer.
  mutable std::mutex mutex;
  std::condition_variable wake;      // the writer
  std::condition_variable progress;  // who flushes
  std::deque<Incoming> waiting;
  std::optional<Loss> shed;
  std::uint64_t taken = 0;
  std::uint64_t done = 0;
  std::uint64_t waiters = 0;
  HubStatus counts;

  // Alarms: who hears points puts changes here, the watching thread gives their commands and tells of them.
  std::mutex watch_mutex;
  detail::AlarmWatch watch;
  std::vector<AlarmChange> changes;
  std::vector<std::pair<std::string, std::string>> unlooked;  // alarms whose point is not known to be there, and that

  std::recursive_mutex listeners_mutex;  // one that is told may acknowledge
  std::vector<AlarmListener*> listeners;

  Subscription subscription;
  std::unique_ptr<detail::Strangers> strangers;
  std::jthread watching;
  std::jthread writing;
  const MetricSource metrics{[this](MetricWriter& into) { tell(into); }};

 private:
  void tell(MetricWriter& into) const;
  void take_strangers(std::span<const SourcedPoint> points);
  void put(std::span<const Incoming> points, std::uint64_t missed, bool is_watched = true);
  void put_one(const Incoming& point);
  void record_shed(const Point& point);
  void hear(const Point& point, Time now);
  void look(const std::stop_token& over);
  void carry_out(const AlarmChange& change);
  void give(const Alarm& alarm, const AlarmAction& action);

  void keep(const std::stop_token& over);
  bool write_once();
  bool write_alarms();
  std::pair<std::deque<Incoming>, std::optional<Loss>> take_waiting();
  void failed(const Error& error);
  void succeeded(const detail::Outcomes& outcomes);
};

Hub::State::State(const Observatory& observatory, TelemetrySection with)
    : site(observatory),
      section(std::move(with)),
      boot(astro::detail::next_boot(site.state_folder())),
      watch(alarm_rules(section), site.clock()->now()) {
  if (const auto name = store_of(section, site.site())) {
    store = site.store(*name);
    writer.emplace(*store, point_rules(section), site.clock());
    // A store makes the index for a question when it is asked first: best while the tables are short.
    (void)find_history(*store, {.id = "-", .limit = 1});
    (void)find_aggregates(*store, {.id = "-"});
    const auto open = list_alarms(*store);
    book.restore(open);
    std::vector<Alarm> raised;
    std::ranges::copy_if(open, std::back_inserter(raised),
                         [](const Alarm& alarm) { return alarm.state == AlarmState::raised; });
    for (Alarm& orphan : watch.restore(raised, site.clock()->now())) changes.push_back({.alarm = std::move(orphan)});
  }
  look_over_actions();
  for (const auto& [name, rule] : alarm_rules(section)) unlooked.emplace_back(name, rule.point);
  look_over_points();
  watching = std::jthread([this](const std::stop_token& over) { look(over); });
  if (store) writing = std::jthread([this](const std::stop_token& over) { keep(over); });
  subscription = site.subscribe(*this);
  if (!store) return;
  strangers = std::make_unique<detail::Strangers>(
      site, [this](std::span<const SourcedPoint> points) { take_strangers(points); });
}

/// A misspelt command is said now, and not when the wind is strong. What a device obeys is known once it is open; one
/// of a node says so whenever that is there.
void Hub::State::look_over_actions() const {
  for (const auto& [name, rule] : alarm_rules(section)) {
    for (const AlarmAction& action : rule.actions) {
      const auto entry = std::ranges::find(site.site().devices, action.device, &DeviceEntry::name);
      if (entry == site.site().devices.end() || !entry->node.empty()) continue;
      std::string problem;
      try {
        std::vector<std::string> known;
        for (const CommandDescription& command : site.commands(action.device)) known.push_back(command.name);
        if (std::ranges::find(known, action.command) != known.end()) continue;
        const std::string near = nearest(action.command, known);
        problem = "device '" + action.device + "' has no command " + action.command +
                  (near.empty() ? "" : "; did you mean " + near + "?");
      } catch (const Error& error) {
        problem = error.what();
      }
      log(LogLevel::error, "telemetry", "alarm " + name + " has an action that will not be done: " + problem);
    }
  }
}

/// The same of a misspelt point. What a node's controller measures is known once that has been heard of; of others of a
/// node nothing is said.
void Hub::State::look_over_points() {
  std::vector<std::string> known;
  std::vector<std::string> silent;
  for (const DeviceEntry& entry : site.site().devices) {
    if (entry.kind == DeviceKind::transport || entry.kind == DeviceKind::store) continue;
    const std::vector<Field> fields = site.points(entry.name);
    if (!entry.node.empty() && (entry.kind != DeviceKind::controller || fields.empty())) silent.push_back(entry.name);
    for (const Field& field : fields) known.push_back(entry.bare ? field.name : entry.name + '.' + field.name);
  }
  std::erase_if(unlooked, [&](const auto& alarm) {
    const auto& [name, pattern] = alarm;
    const auto fits = [&](const std::string& id) { return detail::pattern_matches(pattern, id); };
    if (std::ranges::any_of(known, fits)) return true;
    const std::string device = pattern.substr(0, pattern.find('.'));
    const bool is_here =
        std::ranges::find(site.site().devices, device, &DeviceEntry::name) != site.site().devices.end();
    const bool may_come = is_here ? std::ranges::find(silent, device) != silent.end() : !silent.empty();
    if (may_come) return false;
    const std::string near = nearest(pattern, known);
    log(is_here ? LogLevel::error : LogLevel::warning, "telemetry",
        "alarm " + name + " watches a point that no device of the site measures: " + pattern +
            (near.empty() ? "" : "; did you mean " + near + "?"));
    return true;
  });
}

void Hub::State::end() noexcept {
  strangers.reset();
  subscription = {};  // nothing comes any more
  watching = {};
  writing.request_stop();
  {
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }
  writing = {};
}

// Points come.

void Hub::State::points(std::span<const Point> points, std::uint64_t missed) {
  std::vector<Incoming> all;
  all.reserve(points.size());
  for (const Point& point : points) all.push_back({{point, point.device, boot, false}, true});
  put(all, missed);
}

void Hub::State::take(std::span<const SourcedPoint> points) {
  std::vector<Incoming> all;
  all.reserve(points.size());
  for (const SourcedPoint& point : points) all.push_back({point, false});
  put(all, 0);
}

// Nobody has admitted them: what they say raises no alarm, which may command.
void Hub::State::take_strangers(std::span<const SourcedPoint> points) {
  std::vector<Incoming> all;
  all.reserve(points.size());
  for (const SourcedPoint& point : points) all.push_back({point, false});
  put(all, 0, false);
}

void Hub::State::put(std::span<const Incoming> points, std::uint64_t missed, bool is_watched) {
  const Time now = site.clock()->now();
  if (is_watched) {
    const std::lock_guard lock(watch_mutex);
    for (const Incoming& each : points) {
      if (!each.point.historical) hear(each.point.point, now);
    }
  }
  const std::lock_guard lock(mutex);
  counts.received += points.size() + missed;
  taken += points.size() + missed;
  if (!store) {
    done = taken;
    return;
  }
  if (missed != 0) {
    counts.shed += missed;
    done += missed;
    if (!shed) shed = Loss{};
    shed->points += static_cast<std::int64_t>(missed);
  }
  for (const Incoming& each : points) put_one(each);
  if (waiting.size() >= full_batch) wake.notify_one();
}

void Hub::State::put_one(const Incoming& point) {
  if (waiting.size() >= static_cast<std::size_t>(section.waiting)) {
    record_shed(waiting.front().point.point);
    waiting.pop_front();
  }
  waiting.push_back(point);
}

void Hub::State::record_shed(const Point& point) {
  ++counts.shed;
  ++done;
  if (!shed) shed = Loss{};
  ++shed->points;
  shed->from = std::min(shed->from.value_or(point.time), point.time);
  shed->to = std::max(shed->to.value_or(point.time), point.time);
}

// Alarms.

void Hub::State::hear(const Point& point, Time now) {
  for (AlarmChange& change : watch.hear(point, now)) changes.push_back(std::move(change));
}

void Hub::State::look(const std::stop_token& over) {
  auto looked = std::chrono::steady_clock::now();
  while (!over.stop_requested()) {
    if (!unlooked.empty() && std::chrono::steady_clock::now() - looked > look_over_every) {
      look_over_points();
      looked = std::chrono::steady_clock::now();
    }
    std::vector<AlarmChange> due;
    {
      const std::lock_guard lock(watch_mutex);
      for (AlarmChange& change : watch.look(site.clock()->now())) changes.push_back(std::move(change));
      due.swap(changes);
    }
    for (const AlarmChange& change : due) carry_out(change);
    if (!due.empty()) wake.notify_one();
    std::this_thread::sleep_for(look_every);
  }
}

void Hub::State::carry_out(const AlarmChange& change) {
  const Alarm alarm = book.change(change);
  const bool is_over = alarm.state == AlarmState::cleared;
  const LogLevel level = is_over                            ? LogLevel::info
                         : alarm.level == AlarmLevel::alarm ? LogLevel::error
                                                            : LogLevel::warning;
  log(level, "telemetry", "alarm " + alarm.name + (is_over ? " is over: " : ": ") + alarm.message);
  for (const AlarmAction& action : change.actions) give(alarm, action);
  tell(alarm);
}

void Hub::State::give(const Alarm& alarm, const AlarmAction& action) {
  const Time now = site.clock()->now();
  const Command command{.id = new_id(),
                        .device = action.device,
                        .name = action.command,
                        .parameters = detail::filled_in(action.parameters, alarm),
                        .issuer = {"alarm " + alarm.name, action.rank},
                        .issued = now,
                        .expires = now + command_lives};
  book.gave(alarm.id, {.id = command.id, .device = command.device, .command = command.name, .state = "received"});
  try {
    // What is refused comes back as an acknowledgment.
    (void)site.execute(command);
  } catch (const Error& error) {
    log(LogLevel::error, "telemetry", "alarm " + alarm.name + " could not give its command: " + error.what());
    acknowledgment({.command_id = command.id,
                    .device = command.device,
                    .command = command.name,
                    .state = CommandState::rejected,
                    .time = now,
                    .message = error.what()});
  }
}

void Hub::State::acknowledgment(const Acknowledgment& acknowledgment) {
  Alarm alarm;
  if (!book.answered(acknowledgment, alarm)) return;
  if (is_final(acknowledgment.state) && acknowledgment.state != CommandState::completed) {
    log(LogLevel::error, "telemetry",
        "alarm " + alarm.name + ": " + acknowledgment.device + "." + acknowledgment.command +
            " failed: " + acknowledgment.message);
  }
  if (is_final(acknowledgment.state)) tell(alarm);
}

void Hub::State::tell(const Alarm& alarm) {
  const std::lock_guard lock(listeners_mutex);
  for (AlarmListener* listener : std::vector(listeners)) {
    try {
      listener->changed(alarm);
    } catch (const std::exception& error) {
      log(LogLevel::error, "telemetry", std::string("a listener to alarms threw: ") + error.what());
    }
  }
}

// The store.

std::pair<std::deque<Incoming>, std::optional<Loss>> Hub::State::take_waiting() {
  const std::lock_guard lock(mutex);
  if (shed) {
    shed->id = new_id();
    shed->time = site.clock()->now();
    shed->says = "the store could not keep up, or was away";
  }
  return {std::exchange(waiting, {}), std::exchange(shed, std::nullopt)};
}

void Hub::State::failed(const Error& error) {
  const std::lock_guard lock(mutex);
  if (counts.trouble.empty()) {
    log(LogLevel::warning, "telemetry",
        std::string(error.what()) + "; points wait, the oldest are shed when too many do");
  }
  counts.trouble = error.what();
}

void Hub::State::succeeded(const detail::Outcomes& outcomes) {
  const std::lock_guard lock(mutex);
  if (!counts.trouble.empty()) log(LogLevel::info, "telemetry", "the store '" + store->name() + "' takes points again");
  counts.trouble.clear();
  counts.stored += outcomes.stored;
  counts.thinned += outcomes.thinned;
  counts.repeated += outcomes.repeated;
  counts.shed += outcomes.shed;
  done += outcomes.total();
  progress.notify_all();
}

bool Hub::State::write_once() {
  try {
    // Alarms first: they are few, and somebody waits for them.
    if (!book.is_clean()) book.write(*store);
    if (!writer->has_work()) {
      auto [points, lost] = take_waiting();
      writer->add(std::move(points), lost);
    }
    succeeded(writer->has_work() ? writer->write() : detail::Outcomes{});
    return true;
  } catch (const Error& error) {
    failed(error);
  } catch (const std::exception& error) {
    failed(Error(ErrorCode::internal, error.what()));
  }
  return false;
}

bool Hub::State::write_alarms() {
  try {
    for (const Alarm& alarm : book.look_for_acknowledgments(*store)) tell(alarm);
    return true;
  } catch (const Error& error) {
    failed(error);
    return false;
  }
}

void Hub::State::keep(const std::stop_token& over) {
  std::chrono::steady_clock::duration pause = 0s;
  auto asked = std::chrono::steady_clock::now();
  for (;;) {
    std::unique_lock lock(mutex);
    if (pause > 0s) wake.wait_for(lock, pause, [&] { return over.stop_requested(); });
    else
      wake.wait_for(lock, section.write_every, [&] {
        return over.stop_requested() || waiters != 0 || waiting.size() >= full_batch || !book.is_clean();
      });
    if (over.stop_requested()) break;
    lock.unlock();
    const bool is_well = write_once();
    pause = is_well ? 0s : std::clamp<std::chrono::steady_clock::duration>(pause * 2, 200ms, longest_pause);
    if (is_well && std::chrono::steady_clock::now() - asked > ask_others_every) {
      write_alarms();
      asked = std::chrono::steady_clock::now();
    }
  }
  const auto end = std::chrono::steady_clock::now() + last_write;
  const auto has_work = [&] {
    const std::lock_guard lock(mutex);
    return !waiting.empty() || shed || writer->has_work() || !book.is_clean();
  };
  while (has_work() && std::chrono::steady_clock::now() < end) {
    if (!write_once()) std::this_thread::sleep_for(200ms);
  }
  if (!has_work()) return;
  const std::lock_guard lock(mutex);
  log(LogLevel::error, "telemetry",
      std::to_string(taken - done) + " points were not written when the hub ended: " + counts.trouble);
}

Hub::Hub(const Observatory& site) : Hub(site, site.site().section<TelemetrySection>("telemetry")) {}
Hub::Hub(const Observatory& site, TelemetrySection section)
    : state_(std::make_unique<State>(site, std::move(section))) {}
Hub::~Hub() = default;

std::int64_t Hub::boot() const noexcept { return state_->boot; }
void Hub::take(std::span<const SourcedPoint> points) { state_->take(points); }

HubStatus Hub::State::status() const {
  const std::lock_guard lock(mutex);
  HubStatus status = counts;
  status.waiting = taken - done;
  return status;
}

void Hub::State::tell(MetricWriter& into) const {
  const HubStatus now = status();
  const auto of = [&](const char* outcome, std::uint64_t count) {
    into.counter("astro_history_points_total", "Points that came to the history, by what became of them",
                 static_cast<double>(count), {{"outcome", outcome}});
  };
  of("stored", now.stored);
  of("thinned", now.thinned);
  of("repeated", now.repeated);
  of("shed", now.shed);
  into.gauge("astro_history_points_waiting", "Points that wait for the store", static_cast<double>(now.waiting));
}

HubStatus Hub::status() const { return state_->status(); }

bool Hub::flush(Duration at_most) {
  std::unique_lock lock(state_->mutex);
  if (!state_->store) return true;
  const std::uint64_t until = state_->taken;
  ++state_->waiters;
  state_->wake.notify_one();
  const bool is_stored =
      state_->progress.wait_for(lock, at_most, [&] { return state_->done >= until && state_->book.is_clean(); });
  --state_->waiters;
  return is_stored;
}

std::vector<Alarm> Hub::alarms() const { return state_->book.all(); }

Alarm Hub::acknowledge(const std::string& id, const std::string& who, const std::string& note) {
  Alarm alarm = state_->book.acknowledge(id, who, state_->site.clock()->now(), note);
  state_->wake.notify_one();
  state_->tell(alarm);
  return alarm;
}

void Hub::add(AlarmListener& listener) {
  const std::lock_guard lock(state_->listeners_mutex);
  state_->listeners.push_back(&listener);
}

void Hub::remove(AlarmListener& listener) noexcept {
  const std::lock_guard lock(state_->listeners_mutex);
  std::erase(state_->listeners, &listener);
}

}  // namespace astro::telemetry
