// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <set>
#include <thread>

#include "astro/telemetry.hpp"
#include "conformance/trial.hpp"

namespace astro::conformance {

namespace {

using namespace std::chrono_literals;

constexpr const char* controller_header = "astro/controller.hpp";

/// Something that the field takes.
Value example_of(const Field& field) {
  if (!field.default_value.is_null()) return field.default_value;
  if (field.nullable) return {};
  const bool below = std::isfinite(field.max);
  const double number = std::isfinite(field.min) ? (below ? 0.5 * (field.min + field.max) : field.min)
                        : below                  ? field.max
                                                 : 0.0;
  switch (field.type) {
    case FieldType::boolean:
      return true;
    case FieldType::integer:
      return static_cast<std::int64_t>(number);
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return number;
    case FieldType::time:
      return Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
    case FieldType::choice:
      return field.choices.empty() ? Value() : Value(field.choices.front());
    case FieldType::list:
      return List(field.length, field.choices.empty() ? Value(number) : Value(field.choices.front()));
    case FieldType::record: {
      Value record = Map{};
      for (const Field& member : field.members) record.set(member.name, example_of(member));
      return record;
    }
    default:
      return "x";
  }
}

class OpenController : public Opened<Controller> {
 public:
  explicit OpenController(Trial& trial) : Opened<Controller>(trial) {}

  ControllerDescription can() { return host().description().controller; }
  void poll() { call("poll", &Controller::poll); }

  struct Done {
    std::string id;
    bool running = false;
    std::string refusal{};  ///< that its description does not bear out
  };
  /// With parameters that its description allows.
  Done perform(const CommandDescription& command) {
    Value parameters = Map{};
    for (const Field& field : command.parameters) {
      if (const Value example = example_of(field); !example.is_null()) parameters.set(field.name, example);
    }
    Done done{.id = new_id()};
    const Call made{done.id, command.name, canonical(Schema{command.name, command.parameters}, parameters)};
    host().set_cause({.command_id = made.id, .issuer = {"conformance", Rank::operator_}});
    try {
      done.running = call("perform", &Controller::perform, made).running;
    } catch (const Error& error) {
      using enum ErrorCode;
      const auto code = error.code();
      const bool may_be =
          code == invalid_argument || code == out_of_limits || code == not_found || code == unsafe || code == busy;
      if (!may_be) done.refusal = std::string(to_string(code)) + ": " + error.what();
    }
    host().set_cause({});
    return done;
  }

  std::vector<CommandDescription> commands() {
    auto all = can().commands;
    if (all.empty()) throw NotOffered{"it has no commands"};
    return all;
  }
  std::size_t ends_of(const std::string& id) {
    const auto ends = host().ends();
    return static_cast<std::size_t>(std::ranges::count(ends, id, &ListeningHost::Ended::command));
  }
  /// At most so long by the observatory's clock, which may be fast, and not less than that by a real one.
  bool wait_for_end(const std::string& id, Duration at_most, Duration at_least = {}) {
    const Time end = trial().clock().now() + at_most;
    const auto real_end = std::chrono::steady_clock::now() + at_least;
    while (ends_of(id) == 0 && (trial().clock().now() < end || std::chrono::steady_clock::now() < real_end)) {
      poll();
      trial().wait(20ms);
    }
    return ends_of(id) > 0;
  }
};

void emits_its_points(Trial& trial) {
  OpenController controller(trial);
  if (controller.can().points.empty()) throw NotOffered{"it has no points"};
  const Time end = trial.clock().now() + 3 * controller.can().poll_every + 2s;
  while (controller.host().points().empty() && trial.clock().now() < end) {
    controller.poll();
    trial.wait(std::min<Duration>(controller.can().poll_every, 100ms));
  }
  require(!controller.host().points().empty(), "its description has points, and polling brought none");
}

void emits_what_it_describes(Trial& trial) {
  OpenController controller(trial);
  for (int i = 0; i < 5; ++i) {
    controller.poll();
    trial.wait(50ms);
  }
  const Schema points{"points", controller.can().points};
  for (const auto& [name, value] : controller.host().points()) {
    const Field* field = points.find(name);
    require(field != nullptr, "it emitted the point \"" + name + "\", which its description has not");
    if (value.is_null()) continue;
    Field free = *field;  // a measurement may lie outside of what is usual
    free.min = -std::numeric_limits<double>::infinity();
    free.max = std::numeric_limits<double>::infinity();
    const std::string wrong = complaint(free, value);
    require(wrong.empty(), "the point \"" + name + "\": " + wrong);
  }
}

void carries_out_its_commands(Trial& trial) {
  OpenController controller(trial);
  for (const CommandDescription& command : controller.commands()) {
    const std::string refusal = controller.perform(command).refusal;
    require(refusal.empty(),
            "its description has the command \"" + command.name + "\", and `perform` threw " + refusal);
    controller.poll();
  }
  controller.stop();
}

void tells_their_ends(Trial& trial) {
  OpenController controller(trial);
  std::size_t running = 0;
  for (const CommandDescription& command : controller.commands()) {
    const auto done = controller.perform(command);
    if (done.running && command.expected > Duration{}) {
      ++running;
      require(controller.wait_for_end(done.id, 3 * command.expected + 5s, 10s),
              "the command \"" + command.name +
                  "\" goes on, and its end was not told within three times what it is expected to take");
    }
    trial.wait(100ms);
    if (done.running) controller.stop();  // one that ends when it is told to
    const std::size_t ends = controller.ends_of(done.id);
    require(done.running || ends == 0,
            "the command \"" + command.name + "\" was over when `perform` returned, and `finished` was told as well");
    require(ends <= 1, "the end of the command \"" + command.name + "\" was told " + std::to_string(ends) + " times");
  }
  if (running == 0) throw NotOffered{"no command goes on after `perform`, or says how long it takes"};
}

void tells_its_progress(Trial& trial) {
  OpenController controller(trial);
  std::set<std::string> given;
  for (const CommandDescription& command : controller.commands()) {
    const auto done = controller.perform(command);
    given.insert(done.id);
    if (done.running) controller.wait_for_end(done.id, std::min<Duration>(command.expected + 1s, 10s));
    controller.stop();
  }
  if (controller.host().progresses().empty()) throw NotOffered{"no command tells of progress"};
  for (const auto& [id, percent] : controller.host().progresses()) {
    require(given.contains(id) || trial.is_on_node(), "it told the progress of a command that nobody gave");
    require(percent >= 0.0 && percent <= 100.0, "it told a progress of " + shown(percent) + " percent");
  }
}

void refuses_without_commands(Trial& trial) {
  OpenController controller(trial);
  if (!controller.can().commands.empty()) throw NotOffered{"it has commands"};
  const Error error = controller.error_of("perform", [&] { controller->perform({new_id(), "anything", Map{}}); });
  require(error.code() == ErrorCode::unsupported,
          "it has no commands, and `perform` threw " + std::string(to_string(error.code())));
}

void hears(Trial& trial) {
  OpenController controller(trial);
  if (controller.can().hears.empty()) throw NotOffered{"it hears no points"};
  std::vector<Point> points;
  for (std::string id : controller.can().hears) {
    if (id.ends_with('*')) id.replace(id.size() - 1, 1, "azimuth");
    points.push_back({.id = id, .device = id.substr(0, id.find('.')), .value = 12.5, .time = trial.clock().now()});
  }
  for (int i = 0; i < 3; ++i) controller.call("heard", &Controller::heard, points);
  controller.call("heard", &Controller::heard, std::span<const Point>{});
}

}  // namespace

void exercise_controller(Trial& trial, Controller& controller, ListeningHost& host) {
  const Duration bound = trial.hook_bound(host);
  for (int i = 0; i < 3; ++i) trial.call("poll", bound, [&] { controller.poll(); });
  trial.call("stop", Opened<Controller>::stop_bound, [&] { controller.stop(); });
}

std::vector<Check> controller_checks() {
  return {
      {{"C-01", controller_header, "Reads the hardware and emits its points.", "polls it until points come"},
       emits_its_points},
      {{"C-02", "astro/device.hpp", "A point that is not in the description is logged once and dropped.",
        "compares each point that it emits with its description: name and type"},
       emits_what_it_describes},
      {{"C-03", controller_header, "Carries out a command of the description.",
        "performs each command, with defaults or the middle of the range for its parameters"},
       carries_out_its_commands},
      {{"C-04", controller_header, "it goes on; the driver reports its end by `Emitter::finished`",
        "waits for the ends of commands that go on: once, and not of others"},
       tells_their_ends},
      {{"C-05", "astro/device.hpp", "Progress of a command that takes long, 0 to 100 percent.",
        "looks at the progress that it tells of its commands"},
       tells_its_progress},
      {{"C-06", controller_header, "The default throws `unsupported`.", "performs a command of one that has none"},
       refuses_without_commands},
      {{"C-07", controller_header,
        "Points that the description `hears`: first the latest, then as they come; of each that has changed since the "
        "last call the newest alone.",
        "hands it points that it hears, also none at all"},
       hears},
  };
}

}  // namespace astro::conformance
