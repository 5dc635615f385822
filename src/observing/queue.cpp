// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/queue.hpp"

#include <cmath>

#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/observing/plan.hpp"
#include "astro/observing/program.hpp"
#include "observing/queue_record.hpp"
#include "text.hpp"

namespace astro {

namespace {

[[noreturn]] void refuse_request(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "adding to the queue: " + why);
}

void check(const QueuedRequest& queued) {
  if (queued.priority < 0 || queued.priority > 10)
    refuse_request("a priority is 0 to 10; it is " + std::to_string(queued.priority));
  if (queued.max_attempts < 1)
    refuse_request("it takes one attempt at least; max_attempts is " + std::to_string(queued.max_attempts));
  if (queued.deadline && queued.planned_start && *queued.deadline <= *queued.planned_start)
    refuse_request("its deadline " + format_time(*queued.deadline, 0) + " is not after its planned start " +
                   format_time(*queued.planned_start, 0));
  (void)parse_target(queued.request.target);
  (void)steps_of(queued.request);
}

/// Whether its user may have one more.
void check_share(const StoreHandle& store, const QueuedRequest& queued, const QueueSection& rules) {
  if (rules.most_waiting == 0 && rules.most_time == Duration::zero()) return;
  std::int64_t waiting = 1;
  Duration time = integration_time_of(queued.request);
  for (const QueuedRequest& each : list_requests(store, false)) {
    if (each.user != queued.user) continue;
    ++waiting;
    time += integration_time_of(each.request);
  }
  const auto full = [&](const std::string& what) {
    throw Error(ErrorCode::busy,
                "adding to the queue: " + (queued.user.empty() ? "nobody in particular" : queued.user) +
                    " would have " + what + " of the site's `queue:` allows; cancel one, or wait until one is done");
  };
  if (rules.most_waiting > 0 && waiting > rules.most_waiting)
    full(std::to_string(waiting) + " requests in it, more than `most_waiting: " + std::to_string(rules.most_waiting) +
         "`");
  if (rules.most_time > Duration::zero() && time > rules.most_time)
    full("requests for " + text::of(std::round(seconds(time))) +
         " s in it, more than `most_time: " + text::of(seconds(rules.most_time)) + " s`");
}

}  // namespace

namespace detail {

std::optional<QueuedRequest> find_queued(const StoreHandle& store, const std::string& id) {
  auto found = store.find<QueuedRequest>({.where = {{.field = "id", .value = id}}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::optional<QueuedRequest> change_queued(const StoreHandle& store, const std::string& id, Time now,
                                           const std::function<bool(QueuedRequest&)>& change) {
  for (;;) {
    std::optional<QueuedRequest> record = find_queued(store, id);
    if (!record || !change(*record)) return std::nullopt;
    const std::int64_t before = record->revision++;
    record->updated = now;
    if (store.replace(*record, "revision", before)) return record;
  }
}

bool has_ended(QueueState state) noexcept { return state != QueueState::waiting && state != QueueState::running; }

}  // namespace detail

QueuedRequest add_request(const StoreHandle& store, QueuedRequest queued, Time now, const QueueSection& rules) {
  if (queued.user.empty()) queued.user = queued.request.observer;
  if (queued.request.observer.empty()) queued.request.observer = queued.user;  // the files say who asked
  if (!queued.planned_start) queued.planned_start = queued.request.planned_start;
  queued.request.planned_start.reset();  // the queue sees to it
  check(queued);
  check_share(store, queued, rules);
  if (queued.id.empty()) queued.id = new_id();
  queued.revision = 0;
  queued.state = QueueState::waiting;
  queued.reason.clear();
  queued.attempts = 0;
  queued.retry_from.reset();
  queued.spent = {};
  queued.created = queued.updated = now;
  queued.observation_id.clear();
  if (!store.insert(queued))
    refuse_request("there is a request '" + queued.id + "' already; leave the id out to have a new one");
  return queued;
}

std::vector<QueuedRequest> list_requests(const StoreHandle& store, bool with_ended) {
  auto all = store.find<QueuedRequest>();
  if (!with_ended) std::erase_if(all, [](const QueuedRequest& each) { return detail::has_ended(each.state); });
  return all;
}

QueuedRequest cancel_request(const StoreHandle& store, const std::string& id, Time now, const std::string& reason) {
  std::string ended;
  const auto cancelled = detail::change_queued(store, id, now, [&](QueuedRequest& record) {
    if (detail::has_ended(record.state)) {
      ended = Description<QueueState>::choices.at(static_cast<std::size_t>(record.state));
      return false;
    }
    record.state = QueueState::cancelled;
    record.reason = reason;
    return true;
  });
  if (cancelled) return *cancelled;
  if (ended.empty())
    throw Error(ErrorCode::not_found,
                "cancelling: the queue in store '" + store.name() + "' has no request '" + id + "'");
  throw Error(ErrorCode::invalid_argument, "cancelling: request '" + id + "' has ended already; it is " + ended);
}

}  // namespace astro
