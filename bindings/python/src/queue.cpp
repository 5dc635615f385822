// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/queue.hpp"

#include "astro/observing/schedule.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "progress.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Duration;
using astro::QueueControl;
using astro::QueuedRequest;
using astro::Schedule;
using astro::StoreHandle;
using astro::Time;

Time or_now(const std::optional<Time>& time) { return time.value_or(astro::Clock::system()->now()); }

py::dict run_queue(const astro::Observatory& site, const std::string& store, bool until_empty,
                   std::optional<Duration> look_ahead, const py::object& changed, const py::object& progress,
                   Duration live_every, const std::optional<QueueControl>& control, const py::object& planned) {
  RaisingCalls changes(changed);
  RaisingCalls steps(progress);
  RaisingCalls plans(planned);
  const astro::QueueRun ended = interruptible([&](const std::stop_token& asked) {
    std::stop_source stop;
    const std::stop_callback pass_on(asked, [&stop] { stop.request_stop(); });
    const auto end = [&] { stop.request_stop(); };
    astro::QueueOptions options{.stop = stop.get_token(), .until_empty = until_empty, .look_ahead = look_ahead};
    options.changed = [&](const QueuedRequest& each) { changes(end, each); };
    if (!planned.is_none()) options.planned = [&](const Schedule& made) { plans(end, made); };
    if (!progress.is_none()) {
      options.progress = [&](const QueuedRequest& running, const astro::Progress& told) {
        steps(end, running, ToldProgress(told));
      };
    }
    options.live_every = live_every;
    if (control) options.control = *control;
    return astro::run_queue(site, store, options);
  });
  for (const RaisingCalls* calls : {&changes, &steps, &plans}) calls->rethrow();
  return py::dict("done"_a = ended.done, "failed"_a = ended.failed, "interrupted"_a = ended.interrupted);
}

void bind_control(py::module_& module) {
  py::class_<QueueControl>(module, "QueueControl",
                           "The reins of a queue that runs and of the request that it carries out, for any thread.")
      .def(py::init())
      .def("stop", &QueueControl::stop, nogil(), "Ends the run; what is carried out waits again and is resumed.")
      .def_property_readonly("running", released(&QueueControl::running),
                             "Id of the request that is carried out; empty: none is.")
      .def("pause", &QueueControl::pause, nogil(),
           "Of that request: takes no more data after the current integration. False when none is carried out.")
      .def("go_on", &QueueControl::go_on, nogil())
      .def_property_readonly("is_paused", released(&QueueControl::is_paused))
      .def("cancel", &QueueControl::cancel, nogil(), "Ends that request for good, as `cancelled`.")
      .def("extend", &QueueControl::extend, "passes"_a, nogil(), "Adds passes through its mode at its end.");
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
  bind_control(module);
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
             "changed"_a = py::none(), "progress"_a = py::none(), "live_every_s"_a = 0.0, "control"_a = py::none(),
             "planned"_a = py::none(),
             R"(Carries out what waits, best first, until Ctrl-C (or, with until_empty, nothing more can be done).

store: that keeps the queue; empty: as the site's `queue:` says, else the only one. changed: a function that
is called with each QueuedRequest whose state changed; progress: with the QueuedRequest that is carried out and its
Progress; planned: with each new Schedule. What one of them raises ends the run and reaches the caller.
live_every_s: how often (0.1 s at least) progress comes with a `live` spectrum; 0: never. control: a QueueControl, to
stop the run, or to pause, cancel or extend what is carried out, from another thread.
Returns how many were done, failed for good, and interrupted.)");
  module.def("schedule", &plan_queue, "site"_a, "queue"_a, "from_"_a = py::none(), "to"_a = py::none(), "seed"_a = 1,
             "evaluations"_a = 20000, nogil(),
             R"(Plans what waits in a queue: which request when, and why the others wait.

site: what `load_site` reads, or `Observatory.site`; queue: the list of all records (`list_requests`). Without
`to` as the site's `queue:` has it. Draw the result with `astro.plot.schedule`.)");
}

}  // namespace astro_python
