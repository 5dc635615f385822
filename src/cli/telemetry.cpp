// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

#include "astro/error.hpp"
#include "astro/messaging/status.hpp"
#include "astro/telemetry/aggregates.hpp"
#include "astro/telemetry/alarms.hpp"
#include "astro/telemetry/history.hpp"
#include "astro/telemetry/hub.hpp"
#include "cli/archive.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/metrics.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

struct TelemetryArguments {
  std::string site;
  std::string store;
  std::string id;
  std::string from;
  std::string to;
  std::string by;
  std::string note;
  std::string metrics;
  std::string period = "hour";
  std::vector<std::string> alarms;
  std::size_t limit = 1000;
  bool rebuild = false;
  bool all = false;
  bool simulate = false;
  bool json = false;
};

/// The store of the section, or the one that is asked for; without opening anything else.
class History {
 public:
  explicit History(const TelemetryArguments& arguments) : archive_(arguments.site, arguments.simulate) {
    const Site& site = archive_.observatory().site();
    const auto section = site.section<telemetry::TelemetrySection>("telemetry");
    const std::string named = arguments.store.empty() ? section.store : arguments.store;
    store_.emplace(archive_.observatory().store(only(archive_.observatory(), DeviceKind::store, named, "--store")));
  }
  const StoreHandle& store() const { return *store_; }
  Time now() const { return archive_.observatory().clock()->now(); }

 private:
  Archive archive_;
  std::optional<StoreHandle> store_;
};

std::optional<Time> time_of(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(parse_time(text));
}

telemetry::HistoryQuery history_query(const TelemetryArguments& arguments) {
  return {.id = arguments.id, .from = time_of(arguments.from), .to = time_of(arguments.to), .limit = arguments.limit};
}

std::string shown(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text != nullptr ? *text : to_json(value);
}

int history(const TelemetryArguments& arguments) {
  const History kept(arguments);
  const telemetry::HistoryQuery query = history_query(arguments);
  const auto found = telemetry::find_history(kept.store(), query);
  List told;
  std::vector<std::vector<std::string>> rows{{"TIME", "ID", "VALUE", "UNIT", "QUALITY"}};
  for (const telemetry::HistoryPoint& point : found) {
    if (arguments.json) told.push_back(to_value(point));
    else
      rows.push_back({format_time(point.time), point.id, shown(point.value), point.unit,
                      Description<Quality>::choices.at(static_cast<std::size_t>(point.quality))});
  }
  if (arguments.json) {
    const std::size_t total = telemetry::count_history(kept.store(), query);
    print(Value().set("points", std::move(told)).set("total", total), true);
  } else {
    print_table(rows);
  }
  return done;
}

int aggregate(const TelemetryArguments& arguments) {
  const History kept(arguments);
  const auto& periods = Description<telemetry::Period>::choices;
  const auto period = static_cast<telemetry::Period>(std::ranges::find(periods, arguments.period) - periods.begin());
  const telemetry::AggregateQuery query{
      .id = arguments.id, .period = period, .from = time_of(arguments.from), .to = time_of(arguments.to)};
  if (arguments.rebuild) telemetry::rebuild_aggregates(kept.store(), query);
  List told;
  std::vector<std::vector<std::string>> rows{{"BEGIN", "ID", "COUNT", "AVERAGE", "MIN", "MAX", "UNIT"}};
  for (const telemetry::Aggregate& each : telemetry::find_aggregates(kept.store(), query)) {
    if (arguments.json) told.push_back(to_value(each));
    else
      rows.push_back({format_time(each.begin, 0), each.id, std::to_string(each.count), number(each.average, 4),
                      number(each.min, 4), number(each.max, 4), each.unit});
  }
  if (arguments.json) print(Value().set("aggregates", std::move(told)), true);
  else print_table(rows);
  return done;
}

std::vector<std::string> row_of(const telemetry::Alarm& alarm) {
  const std::string seen = alarm.acknowledged ? "seen by " + alarm.acknowledged_by : "";
  return {alarm.id,
          Description<telemetry::AlarmLevel>::choices.at(static_cast<std::size_t>(alarm.level)),
          Description<telemetry::AlarmState>::choices.at(static_cast<std::size_t>(alarm.state)),
          format_time(alarm.raised, 0),
          alarm.name,
          alarm.message,
          seen};
}

int alarms(const TelemetryArguments& arguments) {
  const History kept(arguments);
  List told;
  std::vector<std::vector<std::string>> rows{{"ID", "LEVEL", "STATE", "RAISED", "ALARM", "BECAUSE", ""}};
  for (const telemetry::Alarm& alarm : telemetry::list_alarms(kept.store(), arguments.all)) {
    told.push_back(to_value(alarm));
    rows.push_back(row_of(alarm));
  }
  if (arguments.json) print(Value().set("alarms", std::move(told)), true);
  else print_table(rows);
  return done;
}

int acknowledge(const TelemetryArguments& arguments) {
  const std::string who = person(arguments.by);
  const History kept(arguments);
  List told;
  for (const std::string& id : arguments.alarms)
    told.push_back(to_value(telemetry::acknowledge_alarm(kept.store(), id, who, kept.now(), arguments.note)));
  if (arguments.json) print(Value().set("acknowledged", std::move(told)), true);
  return done;
}

int clear(const TelemetryArguments& arguments) {
  const std::string who = person(arguments.by);
  const History kept(arguments);
  const std::size_t cleared = telemetry::clear_history(kept.store(), history_query(arguments), who, kept.now());
  print(Value().set("cleared", cleared), arguments.json);
  return done;
}

int run(const TelemetryArguments& arguments) {
  const StopOnSignal signals;
  Observatory observatory = Observatory::open(arguments.site, {.simulate = arguments.simulate});
  telemetry::HubStatus status;
  bool is_stored = false;
  const auto metrics = tell_metrics(observatory.site(), arguments.metrics);
  {
    const messaging::StatusReporter reporter(observatory, "telemetry");
    telemetry::Hub hub(observatory);
    while (!signals.token().stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    is_stored = hub.flush();
    status = hub.status();  // what came since then waits, and is written with the hub's end
  }
  observatory.close();
  print(Value()
            .set("received", status.received)
            .set("stored", status.stored)
            .set("thinned", status.thinned)
            .set("repeated", status.repeated)
            .set("shed", status.shed)
            .set("waiting", status.waiting),
        arguments.json);
  return is_stored ? done : failed;
}

}  // namespace

void add_telemetry(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<TelemetryArguments>();
  CLI::App* room = app.add_subcommand("telemetry", "what was measured: history, averages, alarms");
  room->require_subcommand(1);
  room->add_flag("--json", arguments->json, "one JSON object on standard output");
  const auto command = [&](const char* name, const char* says, int (*what)(const TelemetryArguments&)) {
    CLI::App* made = room->add_subcommand(name, says);
    made->add_option("site", arguments->site, "the site file")->required();
    made->add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
    made->callback([&action, arguments, what] { action = [arguments, what] { return what(*arguments); }; });
    return made;
  };
  const auto with_store = [&](CLI::App* made) {
    made->add_option("--store", arguments->store, "default: that of the section telemetry, or the only one");
    return made;
  };
  const auto with_range = [&](CLI::App* made, const char* ends) {
    made->add_option("--id", arguments->id, "of a point; default: all");
    made->add_option("--from", arguments->from, std::string("UTC, ISO 8601; ") + ends);
    made->add_option("--to", arguments->to, "UTC, ISO 8601; exclusive");
    return made;
  };

  CLI::App* points =
      with_range(with_store(command("history", "points as they were measured, oldest first", history)), "exclusive");
  points->add_option("--limit", arguments->limit, "the newest so many; 0: all")->capture_default_str();

  CLI::App* averages = with_range(
      with_store(command("aggregate", "averages, minima, maxima and counts of minutes, hours or days", aggregate)),
      "inclusive");
  averages->add_option("--period", arguments->period, "minute, hour or day")
      ->check(CLI::IsMember({"minute", "hour", "day"}))
      ->capture_default_str();
  averages->add_flag("--rebuild", arguments->rebuild, "compute them anew from the history first");

  with_store(command("alarms", "alarms that are raised, or that nobody has acknowledged", alarms))
      ->add_flag("--all", arguments->all, "also those that are over");

  CLI::App* seen = with_store(command("acknowledge", "says that somebody has seen an alarm", acknowledge));
  seen->add_option("alarms", arguments->alarms, "their ids")->required();
  seen->add_option("--by", arguments->by, "who; default: your login");
  seen->add_option("--note", arguments->note, "for the others");

  with_range(with_store(command("clear", "removes points from the history, by hand; averages stay", clear)),
             "exclusive")
      ->add_option("--by", arguments->by, "who; default: your login");

  CLI::App* running =
      command("run", "opens the site, keeps its history and watches its alarms until it is stopped", run);
  add_metrics_option(*running, arguments->metrics);
}

}  // namespace astro::cli
