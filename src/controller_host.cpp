// SPDX-License-Identifier: BSD-3-Clause
#include "controller_host.hpp"

#include <utility>

#include "astro/error.hpp"

namespace astro {

ControllerHost::ControllerHost(detail::HostSetup setup) : DeviceHost(std::move(setup)) {}

void ControllerHost::describe(const ControllerDescription& description) {
  {
    const std::lock_guard lock(mutex_);
    description_ = description;
  }
  set_poll_interval(description.poll_every);
  set_points(description.points);
}

ControllerDescription ControllerHost::description() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

Duration ControllerHost::hook_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.hook_bound;
}

Duration ControllerHost::open_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.open_bound;
}

void ControllerHost::poll() {
  worker().hook("poll", hook_bound(), [this] { controller().poll(); });
}

Point ControllerHost::latest(const std::string& name) const {
  std::vector<std::string> known;
  for (const Field& field : points()) known.push_back(field.name);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string near = nearest(name, known);
    throw Error(ErrorCode::not_found,
                place() + ": it has no point " + name + (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  if (auto point = latest_point(name)) return *std::move(point);
  throw Error(ErrorCode::timeout, place() + ": point " + name + " has not been read yet");
}

std::shared_ptr<Execution::State> ControllerHost::perform(const Issuer& issuer, const std::string& command,
                                                          const Value& parameters) {
  std::vector<std::string> known;
  for (const CommandDescription& description : commands()) {
    known.push_back(description.name);
    if (description.name != command) continue;
    Value checked;
    try {
      checked = canonical(Schema{command, description.parameters}, parameters.is_null() ? Value(Map{}) : parameters);
    } catch (const Error& error) {
      throw error.at(place() + ": command " + command);
    }
    auto execution = begin(issuer, command, checked);
    issue(execution, prepare(command, checked));
    return execution;
  }
  const std::string near = nearest(command, known);
  throw Error(ErrorCode::not_found,
              place() + ": it has no command " + command + (near.empty() ? "" : "; did you mean " + near + "?"));
}

DeviceHost::Action ControllerHost::prepare(const std::string& command, const Value& parameters) {
  return {.run = [this, command, parameters](const std::shared_ptr<Execution::State>& execution) {
    const Call call{execution->command().id, command, parameters};
    {
      const std::lock_guard lock(mutex_);
      running_.emplace(call.id, execution);  // before: its end may come from within the hook
    }
    try {
      const auto act = [&] { return controller().perform(call); };
      Performed performed = worker().moving_hook("perform", hook_bound(), act);
      if (!performed.running) take_running(call.id);
      return performed;
    } catch (...) {
      take_running(call.id);
      throw;
    }
  }};
}

std::shared_ptr<Execution::State> ControllerHost::take_running(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return nullptr;
  auto taken = std::move(found->second);
  running_.erase(found);
  return taken;
}

void ControllerHost::on_finished(const std::string& command_id, const Outcome& outcome) {
  const auto execution = take_running(command_id);
  if (!execution) return;
  if (outcome.succeeded) execution->succeed(outcome.message, outcome.details);
  else execution->fail(Error(outcome.code, place() + ": " + outcome.message), outcome.details);
}

void ControllerHost::on_progress(const std::string& command_id, double percent, const std::string& message) {
  std::shared_ptr<Execution::State> execution;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(command_id);
    if (found != running_.end()) execution = found->second;
  }
  if (execution) execution->progress(percent, message);
}

void ControllerHost::fail_running(const Error& why) {
  Executions running;
  {
    const std::lock_guard lock(mutex_);
    running.swap(running_);
  }
  for (const auto& [id, execution] : running) execution->fail(why);
}

void ControllerHost::on_stop() {
  fail_running(Error(ErrorCode::interrupted,
                     place() + ": the device was stopped; give the command again if it is still wanted"));
}

void ControllerHost::on_lost() {
  fail_running(Error(ErrorCode::device_lost,
                     place() + ": the driver no longer answers; look at its device, and open the site again"));
}

void ControllerHost::on_close() {
  fail_running(Error(ErrorCode::interrupted, place() + ": the observatory was closed; open the site again"));
}

}  // namespace astro
