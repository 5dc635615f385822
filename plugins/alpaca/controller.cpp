// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "telescope_kit/names.hpp"

namespace alpaca {

namespace {

using telescope_kit::name_of;

constexpr std::int64_t most_switches = 256;

astro::Field field_of(const char* name, astro::FieldType type, const char* unit, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = type;
  field.unit = unit;
  field.says = says;
  if (type == astro::FieldType::list) field.element = astro::FieldType::text;
  return field;
}

std::string text_of_value(const astro::Value& value) {
  if (const bool* flag = value.get_if<bool>()) return text_of(*flag);
  if (const auto* whole = value.get_if<std::int64_t>()) return std::to_string(*whole);
  return text_of(value.as_number());
}

}  // namespace

astro::ControllerDescription Controller::description() {
  return {.points = {},
          .commands = {},
          .hears = {},
          .hook_bound = std::chrono::seconds(20),
          .open_bound = std::chrono::seconds(60)};
}

void Controller::open(astro::Emitter& host) {
  host_ = &host;
  client_.open();
  urgent_.open_like(client_);
  client_.put("connected", {{"Connected", text_of(true)}});
  running_.reset();
  stopped_ = false;
  describe(host);
}

void Controller::describe(astro::Emitter& host) {
  astro::ControllerDescription made = description();
  made.poll_every = settings_.poll_every;
  readings_.clear();
  switches_.clear();
  for (const Reading& reading : device_.readings) {
    if (client_.get_if_there(reading.method).is_null()) continue;
    readings_.push_back(&reading);
    astro::Field field = field_of(reading.point, reading.type, reading.unit, reading.says);
    field.choices.assign(reading.choices.begin(), reading.choices.end());
    made.points.push_back(std::move(field));
  }
  for (const Act& act : device_.acts) {
    astro::CommandDescription command{.name = act.command, .says = act.says};
    for (const Parameter& parameter : act.parameters) {
      command.parameters.push_back(field_of(parameter.name, parameter.type, parameter.unit, parameter.says));
      command.parameters.back().required = true;
    }
    made.commands.push_back(std::move(command));
  }
  if (settings_.type == DeviceType::switches) describe_switches(made);
  host.describe(made);
}

void Controller::describe_switches(astro::ControllerDescription& into) {
  const double count = client_.get_number("maxswitch");
  if (!(count >= 0 && count <= static_cast<double>(most_switches))) {
    client_.refuse("maxswitch", "at most " + std::to_string(most_switches) + " switches", text_of(count));
  }
  for (std::int64_t id = 0; id < static_cast<std::int64_t>(count); ++id) {
    const Parameters which{{"Id", std::to_string(id)}};
    const astro::Value name = client_.get_if_there("getswitchname", which);
    if (name.is_null()) continue;  // a number that the device has left out
    Switch one{.id = id, .name = name_of(name.as_text())};
    const bool is_taken = std::ranges::any_of(switches_, [&](const Switch& other) { return other.name == one.name; });
    if (one.name.empty() || is_taken) one.name += "_" + std::to_string(id);
    const double low = client_.get_number("minswitchvalue", which);
    const double high = client_.get_number("maxswitchvalue", which);
    const double step = client_.get_number("switchstep", which);
    one.is_boolean = high - low <= step;
    one.can_write = client_.get_bool("canwrite", which);
    astro::Field field =
        field_of(one.name.c_str(), one.is_boolean ? astro::FieldType::boolean : astro::FieldType::number, "",
                 name.as_text().c_str());
    if (!one.is_boolean) field.min = low, field.max = high;
    into.points.push_back(field);
    if (one.can_write) {
      field.name = "to";
      field.required = true;
      into.commands.push_back({.name = "set_" + one.name, .says = "sets " + name.as_text(), .parameters = {field}});
    }
    switches_.push_back(std::move(one));
  }
}

astro::Value Controller::read(const Reading& reading) {
  astro::Value value = client_.get(reading.method);
  if (reading.choices.empty()) return value;
  const auto* number = value.get_if<std::int64_t>();
  if (number == nullptr || *number < 0 || *number >= static_cast<std::int64_t>(reading.choices.size())) {
    client_.refuse(reading.method, "the number of a state", astro::to_json(value));
  }
  return reading.choices[static_cast<std::size_t>(*number)];
}

void Controller::poll() {
  for (const Reading* reading : readings_) {
    const astro::Value value = read(*reading);
    try {
      (void)astro::canonical(field_of(reading->point, reading->type, reading->unit, reading->says),
                             reading->choices.empty() ? value : astro::Value());
    } catch (const astro::Error&) {
      if (reading->choices.empty())
        client_.refuse(reading->method, std::string(astro::to_string(reading->type)), astro::to_json(value));
    }
    host_->point(reading->point, value);
  }
  for (const Switch& one : switches_) {
    const double value = client_.get_number("getswitchvalue", {{"Id", std::to_string(one.id)}});
    host_->point(one.name, one.is_boolean ? astro::Value(value != 0.0) : astro::Value(value));
  }
  look_after();
}

bool Controller::is_under_way(const Act& act, const astro::Call& call) {
  if (std::string_view(act.while_true) != "position") return client_.get_bool(act.while_true);
  // A filter wheel tells by its position alone: -1 while it turns.
  return client_.get_number("position") != call.parameters.find("position")->as_number();
}

void Controller::look_after() {
  if (stopped_.exchange(false)) running_.reset();  // the host has ended it
  if (!running_ || is_under_way(*act_, *running_)) return;
  host_->finished(running_->id, {});
  running_.reset();
}

astro::Performed Controller::perform_switch(const astro::Call& call) {
  const auto found = std::ranges::find_if(switches_, [&](const Switch& one) { return "set_" + one.name == call.name; });
  if (found == switches_.end()) return astro::Controller::perform(call);
  const astro::Value& to = *call.parameters.find("to");
  if (found->is_boolean) {
    client_.put("setswitch", {{"Id", std::to_string(found->id)}, {"State", text_of(to.as_bool())}});
  } else {
    client_.put("setswitchvalue", {{"Id", std::to_string(found->id)}, {"Value", text_of(to.as_number())}});
  }
  return {};
}

astro::Performed Controller::perform(const astro::Call& call) {
  if (settings_.type == DeviceType::switches) return perform_switch(call);
  const auto act = std::ranges::find_if(device_.acts, [&](const Act& one) { return call.name == one.command; });
  if (act == device_.acts.end()) return astro::Controller::perform(call);
  Parameters parameters;
  for (const Parameter& each : act->parameters) {
    parameters.emplace_back(each.alpaca, text_of_value(*call.parameters.find(each.name)));
  }
  if (stopped_.exchange(false)) running_.reset();
  client_.put(act->method, parameters);
  if (std::string_view(act->while_true).empty()) return {};
  if (running_) {
    host_->finished(running_->id, {false, astro::ErrorCode::interrupted, "another command took its place", {}});
    running_.reset();
  }
  if (!is_under_way(*act, call)) return {};
  running_ = call;
  act_ = &*act;
  return {.running = true};
}

void Controller::stop() noexcept {
  stopped_ = true;
  if (std::string_view(device_.stops).empty()) return;
  try {
    urgent_.put_if_it_may(device_.stops, {}, end_of_stop());
  } catch (const std::exception& error) {
    if (host_ != nullptr)
      host_->log(astro::LogLevel::error, std::string("was told to stop, and did not hear it: ") + error.what());
  }
}

}  // namespace alpaca
