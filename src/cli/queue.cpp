// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/queue.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "astro/error.hpp"
#include "astro/messaging/status.hpp"
#include "astro/observing/schedule.hpp"
#include "cli/archive.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/metrics.hpp"
#include "cli/output.hpp"
#include "cli/schedule_view.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

struct QueueArguments {
  std::string site;
  std::string store;
  std::vector<std::string> requests;  ///< files, or ids
  std::string user;
  std::string planned_start;
  std::string deadline;
  std::string min_altitude;
  std::string min_sun_distance;
  std::string min_moon_distance;
  std::string reason;
  std::string at;
  std::string state;
  std::string metrics;
  double hours = 0.0;
  std::int64_t priority = 5;
  std::int64_t max_attempts = 3;
  std::uint64_t seed = 1;
  bool all = false;
  bool simulate = false;
  bool fast = false;
  bool until_empty = false;
  bool json = false;
};

Time now_of(const QueueArguments& arguments, const Site& site) {
  if (!arguments.at.empty()) return parse_time(arguments.at);
  return site.clock_start.value_or(Clock::system()->now());
}

QueueSection rules_of(const Site& site) { return site.section<QueueSection>("queue"); }

std::string store_of(const QueueArguments& arguments, const Observatory& observatory) {
  const std::string asked = arguments.store.empty() ? rules_of(observatory.site()).store : arguments.store;
  return only(observatory, DeviceKind::store, asked, "--store");
}

std::string state_of(const QueuedRequest& queued) {
  return Description<QueueState>::choices.at(static_cast<std::size_t>(queued.state));
}

Value told_of(const QueuedRequest& queued) {
  Value told;
  told.set("id", queued.id).set("state", state_of(queued)).set("reason", queued.reason);
  told.set("target", name_of(queued.request)).set("user", queued.user).set("priority", queued.priority);
  told.set("attempts", queued.attempts).set("max_attempts", queued.max_attempts);
  const auto time = [](const std::optional<Time>& value) { return value ? Value(format_time(*value, 0)) : Value(); };
  told.set("planned_start", time(queued.planned_start)).set("deadline", time(queued.deadline));
  told.set("created", format_time(queued.created, 0)).set("updated", format_time(queued.updated, 0));
  told.set("spent_s", seconds(queued.spent));
  told.set("observation", queued.observation_id.empty() ? Value() : Value(queued.observation_id));
  return told;
}

Angle angle_of(const std::string& text) { return text.empty() ? Angle() : parse_angle(text); }

QueuedRequest made_of(const QueueArguments& arguments, const std::string& file, const Site& site) {
  QueuedRequest queued{.request = load_request(file, &site), .user = arguments.user, .priority = arguments.priority};
  queued.max_attempts = arguments.max_attempts;
  if (!arguments.planned_start.empty()) queued.planned_start = parse_time(arguments.planned_start);
  if (!arguments.deadline.empty()) queued.deadline = parse_time(arguments.deadline);
  queued.min_altitude = angle_of(arguments.min_altitude);
  queued.min_sun_distance = angle_of(arguments.min_sun_distance);
  queued.min_moon_distance = angle_of(arguments.min_moon_distance);
  const char* login = std::getenv("USER");
  if (queued.user.empty() && queued.request.observer.empty() && login != nullptr) queued.user = login;
  return queued;
}

Schedule schedule_of(const QueueArguments& arguments, const Site& site, const std::vector<QueuedRequest>& queue) {
  if (!(arguments.hours >= 0.0))  // 0: not said
    throw Error(ErrorCode::invalid_argument,
                "planning the queue: --hours is longer than 0; it is " + number(arguments.hours, 3));
  auto options = schedule_options(site, now_of(arguments, site), from_seconds(3600.0 * arguments.hours));
  if (!options) {
    throw Error(ErrorCode::unsupported,
                "planning the queue: the `hours` of the site's `queue:` do not come within two days; say another "
                "`sun_altitude`, or `hours: always`");
  }
  options->seed = arguments.seed;
  return schedule(site, queue, *options);
}

/// When it will run, or why not, in the words of the schedule.
std::string outlook_of(const Schedule& made, const std::string& id) {
  for (const ScheduledRequest& entry : made.entries) {
    if (entry.id == id) return "planned for " + format_time(entry.start, 0) + ": " + entry.why;
  }
  for (const WaitingRequest& each : made.waiting) {
    if (each.id == id) return each.why;
  }
  return {};
}

int add(const QueueArguments& arguments) {
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  std::vector<QueuedRequest> made;
  for (const std::string& file : arguments.requests) made.push_back(made_of(arguments, file, site));  // all or none
  const Archive archive(arguments.site, arguments.simulate);
  const StoreHandle store = archive.observatory().store(store_of(arguments, archive.observatory()));
  store.transaction([&] {
    for (QueuedRequest& each : made) each = add_request(store, each, now_of(arguments, site), rules_of(site));
  });
  const Schedule outlook = schedule_of(arguments, site, list_requests(store, true));
  List added;
  for (const QueuedRequest& each : made) {
    const std::string says = outlook_of(outlook, each.id);
    added.push_back(told_of(each).set("outlook", says));
    if (!arguments.json) std::cout << each.id << "  " << name_of(each.request) << ": " << says << '\n';
  }
  if (arguments.json) print(Value().set("added", std::move(added)), true);
  std::cout.flush();
  return done;
}

/// Whoever runs the queue writes the reasons; what came while nobody did is told those of a plan made now.
void fill_reasons(const QueueArguments& arguments, std::vector<QueuedRequest>& queue) {
  const auto lacks = [](const QueuedRequest& each) { return each.state == QueueState::waiting && each.reason.empty(); };
  if (std::ranges::none_of(queue, lacks)) return;
  const auto made = [&]() -> std::optional<Schedule> {
    try {
      return schedule_of(arguments, load_site(arguments.site, {.simulate = arguments.simulate}), queue);
    } catch (const Error&) {
      return std::nullopt;  // a list is shown in any case
    }
  }();
  if (!made) return;
  for (QueuedRequest& each : queue) {
    if (lacks(each)) each.reason = outlook_of(*made, each.id);
  }
}

int list(const QueueArguments& arguments) {
  const Archive archive(arguments.site, arguments.simulate);
  const StoreHandle store = archive.observatory().store(store_of(arguments, archive.observatory()));
  std::vector<QueuedRequest> queue = list_requests(store);  // what somebody had counts for what comes
  fill_reasons(arguments, queue);
  List told;
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "PRIORITY", "USER", "TARGET", "BECAUSE"}};
  for (const QueuedRequest& each : queue) {
    const bool has_ended = each.state != QueueState::waiting && each.state != QueueState::running;
    if (has_ended && !arguments.all) continue;
    told.push_back(told_of(each));
    rows.push_back(
        {each.id, state_of(each), std::to_string(each.priority), each.user, name_of(each.request), each.reason});
  }
  if (arguments.json) print(Value().set("requests", std::move(told)), true);
  else print_table(rows);
  return done;
}

int cancel(const QueueArguments& arguments) {
  const Archive archive(arguments.site, arguments.simulate);
  const StoreHandle store = archive.observatory().store(store_of(arguments, archive.observatory()));
  const Time now = now_of(arguments, archive.observatory().site());
  List told;
  for (const std::string& id : arguments.requests)
    told.push_back(told_of(cancel_request(store, id, now, arguments.reason)));
  if (arguments.json) print(Value().set("cancelled", std::move(told)), true);
  return done;
}

int run(const QueueArguments& arguments) {
  const StopOnSignal signals;
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  Observatory observatory = Observatory::open(site, {.simulate = arguments.simulate,
                                                     .clock = simulated_clock(site, arguments.at, arguments.fast),
                                                     .state_folder = arguments.state});
  const auto metrics = tell_metrics(site, arguments.metrics);
  QueueOptions options{.stop = signals.token(), .until_empty = arguments.until_empty};
  options.changed = [](const QueuedRequest& each) {
    std::cerr << format_time(each.updated, 0) << "  " << name_of(each.request) << " is " << state_of(each)
              << (each.reason.empty() ? "" : ": " + each.reason) << std::endl;
  };
  const QueueRun ended = [&] {
    const messaging::StatusReporter reporter(observatory, "queue");
    return run_queue(observatory, store_of(arguments, observatory), options);
  }();
  observatory.close();
  Value told;
  told.set("done", ended.done).set("failed", ended.failed).set("interrupted", ended.interrupted);
  print(told, arguments.json);
  if (signals.token().stop_requested()) return interrupted;
  return ended.failed > 0 ? failed : done;
}

int simulate(const QueueArguments& arguments) {
  const Archive archive(arguments.site, arguments.simulate);
  const StoreHandle store = archive.observatory().store(store_of(arguments, archive.observatory()));
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  const std::vector<QueuedRequest> queue = list_requests(store);
  const Schedule made = schedule_of(arguments, site, queue);
  if (arguments.json) print(to_json_value(made), true);
  else show(std::cout, made, site, queue);
  return done;
}

void add_common(CLI::App& command, const std::shared_ptr<QueueArguments>& arguments) {
  command.add_option("site", arguments->site, "the site file")->required();
  command.add_option("--store", arguments->store,
                     "store that keeps the queue; default: as `queue:` says, else the only one");
  command.add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
}

void add_wishes(CLI::App& command, const std::shared_ptr<QueueArguments>& arguments) {
  command.add_option("--user", arguments->user, "who asks; default: the request's observer, else your login");
  command.add_option("--priority", arguments->priority, "0 to 10; two steps are worth twice the time")
      ->capture_default_str();
  command.add_option("--planned-start", arguments->planned_start, "not before this UTC");
  command.add_option("--deadline", arguments->deadline, "done by this UTC");
  command.add_option("--min-altitude", arguments->min_altitude, "\"20 deg\"");
  command.add_option("--min-sun-distance", arguments->min_sun_distance, "\"10 deg\"");
  command.add_option("--min-moon-distance", arguments->min_moon_distance, "\"10 deg\"");
  command.add_option("--max-attempts", arguments->max_attempts, "before it counts as failed")->capture_default_str();
}

}  // namespace

void add_queue(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<QueueArguments>();
  CLI::App* queue = app.add_subcommand("queue", "requests that wait for the telescope, and their schedule");
  queue->require_subcommand(1);
  queue->add_flag("--json", arguments->json, "one JSON object on standard output");
  const auto command = [&](const char* name, const char* says, int (*what)(const QueueArguments&)) {
    CLI::App* made = queue->add_subcommand(name, says);
    add_common(*made, arguments);
    made->callback([&action, arguments, what] { action = [arguments, what] { return what(*arguments); }; });
    return made;
  };
  const char* at_says = "as if it were this UTC, ISO 8601; default: now";

  CLI::App* adding = command("add", "puts request files into the queue", add);
  adding->add_option("requests", arguments->requests, "request files")->required();
  add_wishes(*adding, arguments);
  adding->add_option("--at", arguments->at, at_says);

  CLI::App* listing = command("list", "lists what waits and runs", list);
  listing->add_flag("--all", arguments->all, "also what has ended");
  listing->add_option("--at", arguments->at, at_says);

  CLI::App* cancelling = command("cancel", "takes requests off the queue; one that runs is stopped", cancel);
  cancelling->add_option("ids", arguments->requests, "their ids")->required();
  cancelling->add_option("--reason", arguments->reason, "for whoever asked for it");

  CLI::App* running = command("run", "carries out what waits, best first, until it is stopped", run);
  running->add_flag("--until-empty", arguments->until_empty, "end when nothing more can be done within a day");
  running->add_flag("--fast", arguments->fast, "run a simulated sky faster than real time");
  running->add_option("--at", arguments->at, "begin a simulated sky at this UTC, ISO 8601");
  running->add_option("--state", arguments->state, "folder of the journal; default: as the site file says");
  add_metrics_option(*running, arguments->metrics);

  CLI::App* simulating = command("simulate", "plans and draws the night without touching a device", simulate);
  simulating->add_option("--at", arguments->at, at_says);
  simulating->add_option("--hours", arguments->hours,
                         "length of the plan, 48 at most; default: as the site's `queue:` has it");
  simulating->add_option("--seed", arguments->seed, "of the search")->capture_default_str();
}

}  // namespace astro::cli
