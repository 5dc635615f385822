// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"

#include <algorithm>
#include <set>

#include "astro/error.hpp"

namespace gpio {

namespace {

constexpr Monotonic never = Monotonic::max();
constexpr Monotonic try_again = std::chrono::seconds(1);  // after a line failed

bool is_name(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

astro::Field point_of(std::string name, astro::FieldType type, std::string says) {
  astro::Field field;
  field.name = std::move(name);
  field.type = type;
  field.says = std::move(says);
  return field;
}

Pattern steady(bool on) { return {.part = on ? 1.0 : 0.0}; }

}  // namespace

astro::ControllerDescription Controller::description() {
  return {.commands = {astro::command<Set>("set", "Switches an output on or off."),
                       astro::command<Blink>("blink", "Lets an output blink."),
                       astro::command<Dim>("dim", "Dims an output by fast pulses."),
                       astro::command<Pulse>("pulse", "Switches an output on for a while, then off.")}};
}

Controller::Controller(Settings settings) : settings_(std::move(settings)) {
  std::set<std::string> names;
  const auto check = [&](const std::string& name, const char* suffix) {
    if (!is_name(name)) {
      throw astro::Error(astro::ErrorCode::invalid_argument,
                         "the name \"" + name + "\" of a line: expected small letters, digits and _");
    }
    if (!names.insert(name).second || !names.insert(name + suffix).second) {
      throw astro::Error(astro::ErrorCode::invalid_argument, "the name \"" + name +
                                                                 "\" is used twice (its points are " + name + " and " +
                                                                 name + suffix + "); give each line one of its own");
    }
  };
  for (const OutputSettings& each : settings_.outputs) check(each.name, "_level");
  for (const ButtonSettings& each : settings_.buttons) check(each.name, "_count");
}

void Controller::take_lines() {
  for (const OutputSettings& each : settings_.outputs) {
    outputs_.push_back(
        {.settings = &each,
         .line = digital::Line(each.line, {.output = true, .active_low = each.active_low, .first = each.safe}),
         .pattern = steady(each.safe),
         .is_on = each.safe});
  }
  for (const ButtonSettings& each : settings_.buttons) {
    digital::Line line(each.line, {.active_low = each.active_low, .bias = each.bias, .edges = true});
    const bool on = line.get();
    buttons_.push_back({.settings = &each, .line = std::move(line), .debounce = {on, each.debounce}});
  }
}

void Controller::open(astro::Emitter& host) {
  {
    const std::lock_guard lock(mutex_);
    wake_ = std::make_unique<digital::Wake>();
    try {
      take_lines();
    } catch (...) {
      outputs_.clear();
      buttons_.clear();
      throw;
    }
    ending_ = false;
    fault_.clear();
  }
  host_ = &host;
  clock_ = host.surroundings().clock;
  astro::ControllerDescription told = description();
  std::vector<std::string> names;
  for (const OutputSettings& each : settings_.outputs) {
    names.push_back(each.name);
    told.points.push_back(point_of(each.name, astro::FieldType::boolean, "whether it is on, also now and then"));
    told.points.push_back(point_of(each.name + "_level", astro::FieldType::number, "part of the time that it is on"));
  }
  for (const ButtonSettings& each : settings_.buttons) {
    told.points.push_back(point_of(each.name, astro::FieldType::boolean, "whether it is pressed"));
    told.points.push_back(
        point_of(each.name + "_count", astro::FieldType::integer, "how often it was, since it is open"));
  }
  for (astro::CommandDescription& command : told.commands) {
    astro::Field& which = command.parameters.front();
    which.type = astro::FieldType::choice;
    which.choices = names;
  }
  if (names.empty()) told.commands.clear();
  host.describe(told);
  thread_ = std::thread([this] { run(); });
}

void Controller::close() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_->call();
  thread_.join();
  make_safe();
  const std::lock_guard lock(mutex_);
  outputs_.clear();
  buttons_.clear();
}

void Controller::stop() noexcept { make_safe(); }

/// The lines themselves, and not only what the thread will do: a thread that hangs changes nothing.
void Controller::make_safe() noexcept {
  const std::lock_guard lock(mutex_);
  for (Output& each : outputs_) {
    each.running.clear();  // the host has ended it
    make_safe(each);
  }
  if (wake_) wake_->call();
}

/// A line that fails keeps no other from it.
void Controller::make_safe(Output& output) noexcept {
  output.until.reset();
  output.pattern = steady(output.settings->safe);
  try {
    apply(output, digital::monotonic());
  } catch (const std::exception& error) {
    fault_ = error.what();
  }
}

void Controller::apply(Output& output, Monotonic now) {
  const bool on = output.pattern.is_on(now);
  if (output.is_on == on) return;
  output.is_on.reset();
  output.line.set(on);
  output.is_on = on;
}

void Controller::put(Output& output, Pattern pattern, std::optional<Monotonic> until) {
  const Monotonic now = digital::monotonic();
  pattern.begun = now;
  output.pattern = pattern;
  output.until = until;
  const astro::Duration longest = output.settings->longest;
  const bool is_safe = pattern.part == (output.settings->safe ? 1.0 : 0.0);
  if (longest > astro::Duration::zero() && !is_safe)
    output.until = std::min(output.until.value_or(never), now + longest);
  output.told = false;
  apply(output, now);
}

Monotonic Controller::turn_outputs(Monotonic now, std::vector<Ending>& endings) {
  Monotonic next = never;
  for (Output& each : outputs_) {
    if (each.until && now >= *each.until) {
      each.until.reset();
      each.pattern = steady(each.running.empty() && each.settings->safe);
      each.told = false;
      if (!each.running.empty()) endings.push_back({std::exchange(each.running, {}), {}});
    }
    apply(each, now);
    next = std::min({next, each.until.value_or(never), each.pattern.next(now).value_or(never)});
  }
  return next;
}

Monotonic Controller::turn_buttons(Monotonic now) {
  Monotonic next = never;
  for (Button& each : buttons_) {
    bool moved = false;
    while (const auto edge = each.line.next_edge()) {
      each.debounce.edge(edge->on, edge->time);
      moved = true;
    }
    const auto due = each.debounce.due();
    if ((moved || (due && now >= *due)) && each.debounce.settle(each.line.get(), now)) {
      each.count += each.debounce.on() ? 1 : 0;
      each.told = false;
    }
    next = std::min(next, each.debounce.due().value_or(never));
  }
  return next;
}

void Controller::give_up(std::vector<Ending>& endings) {
  for (Output& each : outputs_) {
    make_safe(each);
    each.told = false;
    if (!each.running.empty())
      endings.push_back({std::exchange(each.running, {}), {.succeeded = false, .message = fault_}});
  }
}

void Controller::run() {
  std::vector<pollfd> files;
  std::vector<Ending> endings;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const Monotonic now = digital::monotonic();
    Monotonic next = never;
    try {
      next = std::min(turn_outputs(now, endings), turn_buttons(now));
      fault_.clear();
    } catch (const std::exception& error) {
      fault_ = error.what();
      next = now + try_again;
      give_up(endings);
    }
    files.clear();
    // Of a chip that is gone the files are readable for ever.
    for (const Button& each : buttons_) files.push_back({fault_.empty() ? each.line.file() : -1, POLLIN, 0});
    tell_changes();
    lock.unlock();
    for (Ending& each : endings) host_->finished(each.command, std::move(each.outcome));
    endings.clear();
    wake_->wait(files, next);
    lock.lock();
  }
}

void Controller::tell_changes() {
  for (Output& each : outputs_) {
    if (std::exchange(each.told, true)) continue;
    host_->point(each.settings->name, each.pattern.part > 0.0);
    host_->point(each.settings->name + "_level", each.pattern.part);
  }
  for (Button& each : buttons_) {
    if (std::exchange(each.told, true)) continue;
    const auto time = each.debounce.since() == Monotonic{} ? std::nullopt : std::optional(utc(each.debounce.since()));
    host_->point(each.settings->name, each.debounce.on(), astro::Quality::good, time);
    host_->point(each.settings->name + "_count", each.count, astro::Quality::good, time);
  }
}

astro::Time Controller::utc(Monotonic time) const {
  const astro::Time now = clock_->now();
  return clock_->is_simulated() ? now : now - (digital::monotonic() - time);
}

void Controller::poll() {
  const std::lock_guard lock(mutex_);
  if (!fault_.empty()) throw astro::Error(astro::ErrorCode::device_fault, fault_);
  for (Output& each : outputs_) each.told = false;
  tell_changes();
}

Controller::Output& Controller::output(const std::string& name) {
  const auto found = std::ranges::find(outputs_, name, [](const Output& each) { return each.settings->name; });
  if (found != outputs_.end()) return *found;
  throw astro::Error(astro::ErrorCode::not_found, "there is no output \"" + name + "\"; see `outputs` of this device");
}

/// It would be cut short there, and nobody told.
void Controller::check_pulse(const OutputSettings& output, astro::Duration wanted) {
  if (output.longest <= astro::Duration::zero() || output.safe || wanted <= output.longest) return;
  throw astro::Error(astro::ErrorCode::out_of_limits,
                     "a pulse of " + std::to_string(astro::seconds(wanted)) + " s of the output \"" + output.name +
                         "\": it is made safe after " + std::to_string(astro::seconds(output.longest)) +
                         " s; ask for a shorter one, or raise its `longest`");
}

astro::Performed Controller::perform(const astro::Call& call) {
  Pattern pattern;
  astro::Duration pulse{};
  std::optional<Monotonic> until;
  if (call.name == "set") {
    pattern = steady(call.as<Set>().on);
  } else if (call.name == "blink") {
    const auto wanted = call.as<Blink>();
    pattern = {.part = wanted.part, .period = wanted.period};
  } else if (call.name == "dim") {
    pattern = {.part = call.as<Dim>().level, .period = astro::from_seconds(1.0 / settings_.frequency_hz)};
  } else if (call.name == "pulse") {
    pattern = steady(true);
    pulse = call.as<Pulse>().duration;
    until = digital::monotonic() + pulse;
  } else {
    return astro::Controller::perform(call);
  }
  std::string interrupted;
  {
    const std::lock_guard lock(mutex_);
    Output& which = output(call.parameters.find("output")->as_text());
    check_pulse(*which.settings, pulse);
    put(which, pattern, until);
    interrupted = std::exchange(which.running, until ? call.id : std::string());
    wake_->call();
  }
  if (!interrupted.empty()) {
    host_->finished(
        interrupted,
        {.succeeded = false, .code = astro::ErrorCode::interrupted, .message = "another command took its place"});
  }
  return {.running = until.has_value()};
}

}  // namespace gpio
