// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/queue.hpp"

#include <exception>

#include "astro/observing/schedule.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Duration;
using astro::QueuedRequest;
using astro::Schedule;
using astro::StoreHandle;
using astro::Time;

Time or_now(const std::optional<Time>& time) { return time.value_or(astro::Clock::system()->now()); }

/// Tells Python of a change. When the function raises, the run ends and what was raised reaches the caller.
class ChangeCalls {
 public:
  explicit ChangeCalls(py::object function) : function_(share(std::move(function))) {}

  void operator()(const QueuedRequest& changed, std::stop_source& stop) {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    if (function_->is_none() || raised_) return;
    try {
      (*function_)(changed);
    } catch (py::error_already_set&) {
      raised_ = std::current_exception();
      stop.request_stop();
    }
  }
  void rethrow() const {
    if (raised_) std::rethrow_exception(raised_);
  }

 private:
  SharedObject function_;
  std::exception_ptr raised_;
};

py::dict run_queue(const astro::Observatory& site, const std::string& store, bool until_empty,
                   std::optional<Duration> look_ahead, const py::object& changed) {
  ChangeCalls calls(changed);
  const astro::QueueRun ended = interruptible([&](const std::stop_token& asked) {
    std::stop_source stop;
    const std::stop_callback pass_on(asked, [&stop] { stop.request_stop(); });
    astro::QueueOptions options{.stop = stop.get_token(), .until_empty = until_empty, .look_ahead = look_ahead};
    options.changed = [&](const QueuedRequest& each) { calls(each, stop); };
    return astro::run_queue(site, store, options);
  });
  calls.rethrow();
  return py::dict("done"_a = ended.done, "failed"_a = ended.failed, "interrupted"_a = ended.interrupted);
}

Schedule plan_queue(const astro::Site& site, const std::vector<QueuedRequest>& queue, const std::optional<Time>& from,
                    const std::optional<Time>& to, std::uint64_t seed, std::int64_t evaluations) {
  const Time begin = or_now(from);
  astro::ScheduleOptions options{.from = begin, .to = to.value_or(begin)};
  if (!to) {
    const auto hours = astro::schedule_options(site, begin);
    if (!hours)
      throw astro::Error(astro::ErrorCode::unsupported,
                         "planning the queue: the `hours` of the site's `queue:` do not come within two days; say "
                         "another `sun_altitude`, or `hours: always`");
    options = *hours;
  }
  options.seed = seed;
  options.evaluations = evaluations;
  return astro::schedule(site, queue, options);
}

void bind_schedule(py::module_& module) {
  make_enum(module, "QueueHours", astro::Description<astro::QueueHours>::choices, "When a queue works.");
  make_enum(module, "QueueState", astro::Description<astro::QueueState>::choices, "How far a request is.");
  make_enum(module, "TurnReason", astro::Description<astro::TurnReason>::choices, "Why a request has its turn.");
  make_enum(module, "WaitReason", astro::Description<astro::WaitReason>::choices, "Why a request waits.");
  bind_record<astro::QueueSection>(module, "QueueSection", "The `queue:` section of a site file.");
  bind_record<QueuedRequest>(module, "QueuedRequest", "A request in the queue.");
  bind_record<astro::ScheduledRequest>(module, "ScheduledRequest", "A request that has its turn.");
  bind_record<astro::WaitingRequest>(module, "WaitingRequest", "A request that waits, and why.");
  bind_record<Schedule>(module, "Schedule", "Which request when, and why the others wait.");
}

}  // namespace

void bind_queue(py::module_& module) {
  bind_schedule(module);
  module.def(
      "add_request",
      [](const StoreHandle& store, const QueuedRequest& request, const std::optional<Time>& now,
         const astro::Site* site) {
        const auto rules = site == nullptr ? astro::QueueSection{} : site->section<astro::QueueSection>("queue");
        return astro::add_request(store, request, or_now(now), rules);
      },
      "store"_a, "request"_a, "now"_a = py::none(), "site"_a = py::none(), nogil(),
      "Puts a request into the queue and returns it as it is kept, with its id; `site`: whose `queue:` limits its "
      "user.");
  module.def("list_requests", &astro::list_requests, "store"_a, "with_ended"_a = true, nogil(),
             "The queue's records, in the order in which they came.");
  module.def(
      "cancel_request",
      [](const StoreHandle& store, const std::string& id, const std::string& reason, const std::optional<Time>& now) {
        return astro::cancel_request(store, id, or_now(now), reason);
      },
      "store"_a, "id"_a, "reason"_a = "", "now"_a = py::none(), nogil(),
      "Takes a request off the queue; one that runs is stopped by whoever carries it out.");
  module.def("run_queue", &run_queue, "site"_a, "store"_a = "", "until_empty"_a = false, "look_ahead_s"_a = py::none(),
             "changed"_a = py::none(),
             R"(Carries out what waits, best first, until Ctrl-C (or, with until_empty, nothing more can be done).

store: that keeps the queue; empty: as the site's `queue:` says, else the only one. changed: a function that
is called with each QueuedRequest whose state changed. Returns how many were done, failed for good, and interrupted.)");
  module.def("schedule", &plan_queue, "site"_a, "queue"_a, "from_"_a = py::none(), "to"_a = py::none(), "seed"_a = 1,
             "evaluations"_a = 20000, nogil(),
             R"(Plans what waits in a queue: which request when, and why the others wait.

site: what `load_site` reads, or `Observatory.site`; queue: the list of all records (`list_requests`). Without
`to` as the site's `queue:` has it. Draw the result with `astro.plot.schedule`.)");
}

}  // namespace astro_python
