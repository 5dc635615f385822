// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <thread>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/metrics.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/observe.hpp"
#include "astro/observing/queue.hpp"
#include "astro/observing/schedule.hpp"
#include "observing/devices.hpp"
#include "observing/queue_control.hpp"
#include "observing/queue_record.hpp"

namespace astro {

using namespace std::chrono_literals;
using detail::change_queued;

namespace {

/// How long somebody who cancels or adds has to wait to be heard, in real time.
constexpr auto between_queue_looks = 500ms;

/// Watches the record of what runs: when it is cancelled, or the whole run is to stop, the
/// observation is cancelled.
class Watch {
 public:
  Watch(const StoreHandle& store, std::string id, const std::stop_token& stop, const ObservationControl& control)
      : thread_([=, id = std::move(id)](const std::stop_token& over) { look(store, id, stop, control, over); }) {}

 private:
  static void look(const StoreHandle& store, const std::string& id, const std::stop_token& stop,
                   ObservationControl control, const std::stop_token& over) {
    for (int round = 0; !over.stop_requested(); ++round) {
      if (stop.stop_requested()) return control.cancel();
      if (round % 10 == 0 && is_cancelled(store, id)) return control.cancel();
      std::this_thread::sleep_for(between_queue_looks / 10);
    }
  }
  static bool is_cancelled(const StoreHandle& store, const std::string& id) {
    try {
      const auto record = detail::find_queued(store, id);
      return record && record->state == QueueState::cancelled;
    } catch (const Error& error) {
      log(LogLevel::warning, "queue", std::string("looking whether somebody cancelled: ") + error.what());
      return false;
    }
  }

  std::jthread thread_;
};

bool is_nobodys_fault(ErrorCode code) { return code == ErrorCode::not_holder; }
bool is_hopeless(ErrorCode code) { return code == ErrorCode::invalid_argument || code == ErrorCode::unsupported; }

class Runner {
 public:
  Runner(const Observatory& site, const std::string& store, const QueueOptions& options)
      : site_(site),
        section_(site.site().section<QueueSection>("queue")),
        store_(
            site.store(detail::device_of(site.site(), DeviceKind::store, store.empty() ? section_.store : store).name)),
        options_(options) {}

  QueueRun operator()() {
    recover();
    while (!options_.stop.stop_requested()) {
      const std::vector<QueuedRequest> queue = list_requests(store_);
      known_ = signature(queue);
      const Schedule made = make_schedule(queue);
      write_reasons(made);
      if (options_.planned) options_.planned(made);
      const bool more = !made.entries.empty() || wakes_.has_value();
      if (options_.until_empty && !more) break;
      if (!made.entries.empty() && made.entries.front().start <= now() + 1s) {
        carry_out(made.entries.front());
        continue;
      }
      wait(made);
    }
    return result_;
  }

 private:
  Time now() const { return site_.clock()->now(); }

  void tell(MetricWriter& writer) const {
    double waiting = 0.0;
    double running = 0.0;
    Duration longest{};
    for (const QueuedRequest& each : list_requests(store_)) {
      ++(each.state == QueueState::running ? running : waiting);
      if (each.state == QueueState::waiting) longest = std::max(longest, now() - each.created);
    }
    writer.gauge("astro_queue_requests", "Requests in the queue", waiting, {{"state", "waiting"}});
    writer.gauge("astro_queue_requests", "Requests in the queue", running, {{"state", "running"}});
    writer.gauge("astro_queue_longest_wait_seconds", "Age of the oldest request that waits", seconds(longest));
  }

  /// What an earlier process left in the middle waits again and is resumed; if its observation was
  /// complete, it is done.
  void recover() {
    for (const QueuedRequest& each : list_requests(store_, false)) {
      if (each.state != QueueState::running) continue;
      const bool complete = is_complete(each.observation_id);
      const auto changed = change(each.id, [&](QueuedRequest& record) {
        if (record.state != QueueState::running) return false;
        record.state = complete ? QueueState::done : QueueState::waiting;
        record.reason = complete ? "" : "the process that carried it out ended; it is resumed";
        if (!complete && record.attempts >= record.max_attempts) {
          record.state = QueueState::failed;
          record.reason = "the process that carried it out ended, in the last of its " +
                          std::to_string(record.max_attempts) + " attempts";
        }
        return true;
      });
      count(changed);
    }
  }

  bool is_complete(const std::string& observation) const {
    if (observation.empty()) return false;
    const auto found = find_observation(observation);
    return found && found->state == ObservationState::completed;
  }
  std::optional<Observation> find_observation(const std::string& observation) const {
    const auto store = store_of_observation(site_, observation);
    if (!store) return std::nullopt;
    return site_.store(*store).find<Observation>({.where = {{.field = "id", .value = observation}}}).at(0);
  }

  Schedule make_schedule(const std::vector<QueuedRequest>& queue) {
    const Time from = now();
    wakes_.reset();
    for (const QueuedRequest& each : queue) {
      // A retry comes, even if it is not in this plan.
      if (each.state == QueueState::waiting && each.retry_from && *each.retry_from > from)
        wakes_ = std::min(wakes_.value_or(*each.retry_from), *each.retry_from);
    }
    auto hours = schedule_options(site_.site(), from, options_.look_ahead.value_or(Duration{}));
    if (!hours) return closed(queue, from);
    ScheduleOptions& options = *hours;
    options.evaluations = options_.evaluations;
    for (const std::string& name : site_.names(DeviceKind::mount)) {
      const MountHandle mount = site_.mount(name);
      options.mounts[name] = {.axes = mount.status().axes, .description = mount.description()};
    }
    return schedule(site_.site(), queue, options);
  }

  /// Of a queue whose hours do not come, as a night in a polar summer.
  static Schedule closed(const std::vector<QueuedRequest>& queue, Time from) {
    Schedule made{.begin = from, .end = from + 1h};
    for (const QueuedRequest& each : queue) {
      if (each.state != QueueState::waiting) continue;
      made.waiting.push_back({.id = each.id,
                              .target = name_of(each.request),
                              .user = each.user,
                              .because = WaitReason::not_before,
                              .why = "the `hours` of the site's `queue:` do not come within two days"});
    }
    return made;
  }

  /// What waits knows why; what waits in vain has ended.
  void write_reasons(const Schedule& made) {
    const auto write = [&](const std::string& id, const std::string& why, QueueState state) {
      const auto changed = change(id, [&](QueuedRequest& record) {
        const bool same = record.state == state && (record.reason == why || record.retry_from);
        if (record.state != QueueState::waiting || same) return false;
        record.reason = why;
        record.state = state;
        return true;
      });
      count(changed);
    };
    for (const ScheduledRequest& entry : made.entries)
      write(entry.id, "planned for " + format_time(entry.start, 0) + ": " + entry.why, QueueState::waiting);
    for (const WaitingRequest& each : made.waiting) {
      const bool in_vain = each.never && each.because == WaitReason::impossible;
      const QueueState state = in_vain ? QueueState::impossible : each.never ? QueueState::failed : QueueState::waiting;
      write(each.id, each.why, state);
    }
  }

  void carry_out(const ScheduledRequest& entry) {
    const auto begun = change(entry.id, [&](QueuedRequest& record) {
      if (record.state != QueueState::waiting) return false;
      record.state = QueueState::running;
      record.reason = entry.why;
      record.retry_from.reset();
      ++record.attempts;
      return true;
    });
    if (!begun) return;  // somebody was faster: plan anew
    const Time start = now();
    ObserveOptions observe_options{.live_every = options_.live_every};
    observe_options.progress = [&, running = *begun](const Progress& progress) mutable {
      if (progress.observation_id != running.observation_id) {
        running.observation_id = progress.observation_id;
        change(entry.id, [&](QueuedRequest& record) { return record.observation_id = running.observation_id, true; });
      }
      if (options_.progress) options_.progress(running, progress);
    };
    const detail::Reined reined(options_.control, entry.id, observe_options.control);
    try {
      const Watch watch(store_, entry.id, options_.stop, observe_options.control);
      if (is_resumable(begun->observation_id))
        (void)resume(site_, store_of_observation(site_, begun->observation_id).value(), begun->observation_id,
                     observe_options);
      else (void)observe(site_, begun->request, observe_options);
      end(entry.id, start, nullptr);
    } catch (const Error& error) {
      end(entry.id, start, &error);
    } catch (const std::exception& raised) {
      const Error error(ErrorCode::internal, raised.what());
      end(entry.id, start, &error);
    }
  }

  bool is_resumable(const std::string& observation) const {
    if (observation.empty()) return false;
    const auto found = find_observation(observation);
    return found && found->state != ObservationState::completed;
  }

  void end(const std::string& id, Time start, const Error* error) {
    const bool stopped = options_.stop.stop_requested();
    const auto changed = change(id, [&](QueuedRequest& record) {
      record.spent += now() - start;
      if (record.state != QueueState::running) return true;  // cancelled meanwhile
      if (error == nullptr) {
        record.state = QueueState::done;
        record.reason.clear();
      } else if (stopped) {
        record.state = QueueState::waiting;
        record.reason = "the queue was stopped in the middle of it; it is resumed";
        --record.attempts;
      } else if (error->code() == ErrorCode::cancelled) {
        record.state = QueueState::cancelled;
        record.reason = "cancelled while it was carried out";
      } else {
        fail(record, *error);
      }
      return true;
    });
    if (changed && changed->state == QueueState::waiting && stopped) ++result_.interrupted;
    if (error != nullptr && !stopped) log(LogLevel::warning, "queue", "request " + id + ": " + error->what());
    count(changed);
  }

  void fail(QueuedRequest& record, const Error& error) const {
    if (is_hopeless(error.code())) {
      record.state = QueueState::impossible;
      record.reason = error.what();
      return;
    }
    if (is_nobodys_fault(error.code())) record.attempts = std::max<std::int64_t>(0, record.attempts - 1);
    if (record.attempts >= record.max_attempts) {
      record.state = QueueState::failed;
      record.reason = error.what();
      return;
    }
    record.state = QueueState::waiting;
    record.reason = "attempt " + std::to_string(record.attempts) + " of " + std::to_string(record.max_attempts) +
                    " failed: " + error.what();
    record.retry_from = now() + options_.retry_after.value_or(section_.retry_after) *
                                    (std::int64_t{1} << std::clamp<std::int64_t>(record.attempts - 1, 0, 10));
  }

  /// Until the next request begins, one is to be tried again, or somebody added or cancelled one.
  void wait(const Schedule& made) const {
    Time until = made.end;
    if (!made.entries.empty()) until = std::min(until, made.entries.front().start);
    if (wakes_) until = std::min(until, *wakes_);
    until = std::max(until, now() + 100ms);
    while (!options_.stop.stop_requested() && now() < until) {
      const Duration slice = from_seconds(seconds(between_queue_looks) * site_.clock()->speed());
      site_.clock()->sleep_until(std::min(until, now() + slice), options_.stop);
      if (signature(list_requests(store_)) != known_) return;
    }
  }

  /// Changes whenever a record comes or is changed by somebody.
  static std::int64_t signature(const std::vector<QueuedRequest>& queue) {
    std::int64_t sum = 0;
    for (const QueuedRequest& each : queue) sum += 1 + each.revision;
    return sum;
  }

  std::optional<QueuedRequest> change(const std::string& id, const std::function<bool(QueuedRequest&)>& how) {
    QueueState before = QueueState::waiting;
    auto changed = change_queued(store_, id, now(), [&](QueuedRequest& record) {
      before = record.state;
      return how(record);
    });
    if (changed) ++known_;  // what we did ourselves is no news
    if (changed && changed->state != before && options_.changed) options_.changed(*changed);
    return changed;
  }

  void count(const std::optional<QueuedRequest>& changed) {
    if (!changed) return;
    if (changed->state == QueueState::done) ++result_.done;
    if (changed->state == QueueState::failed || changed->state == QueueState::impossible) ++result_.failed;
  }

  const Observatory& site_;
  QueueSection section_;
  StoreHandle store_;
  const QueueOptions& options_;
  std::optional<Time> wakes_{};
  std::int64_t known_ = 0;  ///< signature of the queue that was planned
  QueueRun result_;
  const MetricSource metrics_{[this](MetricWriter& writer) { tell(writer); }};
};

}  // namespace

QueueRun run_queue(const Observatory& site, const std::string& store, const QueueOptions& options) {
  std::stop_source stop;
  const std::stop_callback of_caller(options.stop, [&stop] { stop.request_stop(); });
  const std::stop_callback of_control(options.control.token(), [&stop] { stop.request_stop(); });
  QueueOptions stoppable = options;
  stoppable.stop = stop.get_token();
  return Runner(site, store, stoppable)();
}

}  // namespace astro
