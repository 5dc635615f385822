// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"

#include <algorithm>
#include <array>

#include "astro/error.hpp"
#include "telescope_kit/names.hpp"

namespace indi {

namespace {

using telescope_kit::name_of;

constexpr astro::Duration command_bound = std::chrono::seconds(5);
constexpr astro::Duration show_all_every = std::chrono::seconds(10);
constexpr std::array<const char*, 4> state_names{"idle", "ok", "busy", "alert"};

bool is_choice(const Property& property) {
  return property.kind == Kind::switches && property.rule != Rule::any_of_many;
}

std::string point_name(const std::string& property, const Property& of, const Element& element) {
  if (of.elements.size() == 1) return name_of(property);
  return name_of(property) + "_" + name_of(element.name);
}

std::vector<std::string> choices_of(const Property& property) {
  std::vector<std::string> choices;
  for (const Element& element : property.elements) choices.push_back(name_of(element.name));
  return choices;
}

std::string says_of(const Property& property, const std::string& name, const Element* element = nullptr) {
  std::string of = property.label.empty() ? name : property.label;
  if (element == nullptr || property.elements.size() == 1) return of;
  return of + ": " + (element->label.empty() ? element->name : element->label);
}

astro::Field field_of(std::string name, const Property& property, const Element& element) {
  astro::Field field;
  field.name = std::move(name);
  switch (property.kind) {
    case Kind::number:
      field.type = astro::FieldType::number;
      if (element.min < element.max) field.min = element.min, field.max = element.max;
      break;
    case Kind::switches:
      field.type = astro::FieldType::boolean;
      break;
    case Kind::light:
      field.type = astro::FieldType::choice;
      field.choices.assign(state_names.begin(), state_names.end());
      break;
    case Kind::text:
    case Kind::blob:
      field.type = astro::FieldType::text;
      break;
  }
  return field;
}

astro::Field choice_of(std::string name, std::vector<std::string> choices, std::string says) {
  astro::Field field;
  field.name = std::move(name);
  field.type = astro::FieldType::choice;
  field.nullable = true;
  field.choices = std::move(choices);
  field.says = std::move(says);
  return field;
}

astro::Value value_of(Kind kind, const Element& element) {
  switch (kind) {
    case Kind::number:
      return element.number;
    case Kind::switches:
      return element.on;
    case Kind::light:
      return state_names[static_cast<std::size_t>(element.light)];
    case Kind::text:
    case Kind::blob:
      break;
  }
  return element.text;
}

}  // namespace

astro::ControllerDescription Controller::description() {
  return {.points = {},
          .commands = {},
          .hears = {},
          .hook_bound = std::chrono::seconds(4),
          .open_bound = std::chrono::seconds(30)};
}

void Controller::open(astro::Emitter& host) {
  host_ = &host;
  shown_.clear();
  session_.open(host, {.changed = [this](const std::string& property) { hear(property); },
                       .came_or_went = [this] { is_described_ = false; }});
  session_.settle();
  describe();
}

void Controller::close() noexcept {
  stop();
  session_.close();
}

void Controller::stop() noexcept {
  std::string xml;
  {
    const std::lock_guard lock(mutex_);
    xml = stop_xml_;
    pending_.clear();  // the host ends them
  }
  if (!xml.empty()) (void)session_.urgent(xml);
}

void Controller::describe() {
  is_described_ = true;
  astro::ControllerDescription made = description();
  made.poll_every = settings_.poll_every;
  properties_.clear();
  std::string stop_xml;
  for (const auto& [name, property] : session_.all()) {
    if (property.kind == Kind::blob || property.elements.empty()) continue;
    if (property.is_readable) {
      if (is_choice(property))
        made.points.push_back(choice_of(name_of(name), choices_of(property), says_of(property, name)));
      else
        for (const Element& element : property.elements) {
          made.points.push_back(field_of(point_name(name, property, element), property, element));
          made.points.back().says = says_of(property, name, &element);
        }
      made.points.push_back(choice_of(name_of(name) + "_state", {state_names.begin(), state_names.end()},
                                      says_of(property, name) + ": what it does"));
    }
    if (!property.is_writable) continue;
    astro::CommandDescription command{.name = name_of(name), .says = "sets " + says_of(property, name)};
    if (is_choice(property)) {
      command.parameters.push_back(choice_of("to", choices_of(property), "which one is on"));
      command.parameters.back().required = true;
      command.parameters.back().nullable = false;
    } else {
      for (const Element& element : property.elements) {
        astro::Field field = field_of(name_of(element.name), property, element);
        field.says = says_of(property, name, &element) + (property.elements.size() > 1 ? "; left out: as it is" : "");
        field.required = property.elements.size() == 1;
        field.nullable = !field.required;
        command.parameters.push_back(std::move(field));
      }
    }
    properties_[command.name] = name;
    made.commands.push_back(std::move(command));
    if (property.kind == Kind::switches && name.find("ABORT") != std::string::npos) {
      stop_xml += session_.switch_xml(name, property.elements.front().name);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    stop_xml_ = stop_xml;
  }
  host_->describe(made);
  shown_.clear();
}

void Controller::emit(const std::string& name, const Property& property) {
  if (is_choice(property)) {
    const std::string_view chosen = property.chosen();
    host_->point(name_of(name), chosen.empty() ? astro::Value() : astro::Value(name_of(chosen)), astro::Quality::good,
                 property.time);
  } else {
    for (const Element& element : property.elements) {
      host_->point(point_name(name, property, element), value_of(property.kind, element), astro::Quality::good,
                   property.time);
    }
  }
  host_->point(name_of(name) + "_state", state_names[static_cast<std::size_t>(property.state)], astro::Quality::good,
               property.time);
}

void Controller::poll() {
  try {
    session_.check();
  } catch (const astro::Error& error) {
    end_all(error.what());
    shown_.clear();
    throw;
  }
  if (!is_described_) describe();
  const astro::Time now = host_->surroundings().clock->now();
  const bool all = now - all_shown_ >= show_all_every || now < all_shown_;
  if (all) all_shown_ = now;
  for (const auto& [name, property] : session_.all()) {
    if (property.kind == Kind::blob || property.elements.empty() || !property.is_readable) continue;
    std::uint64_t& shown = shown_[name];
    if (shown == property.changes && !all) continue;
    shown = property.changes;
    emit(name, property);
  }
  std::vector<std::string> silent;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [property, pending] : pending_) {
      if (!pending.is_answered && now - pending.since > command_bound) silent.push_back(property);
    }
  }
  for (const std::string& property : silent) {
    end(property, {false, astro::ErrorCode::timeout, "setting " + property + ": the device says nothing to it", {}});
  }
}

std::string Controller::xml_of(const std::string& name, const Property& property, const astro::Call& call) const {
  const auto given = [&](const Element& element) -> const astro::Value* {
    const astro::Value* value = call.parameters.find(name_of(element.name));
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  Values numbers;
  Texts texts;
  std::string switches;
  for (const Element& element : property.elements) {
    const astro::Value* value = given(element);
    if (is_choice(property)) {
      if (call.parameters.find("to")->as_text() == name_of(element.name))
        return session_.switch_xml(name, element.name);
    } else if (property.kind == Kind::number) {
      numbers.emplace_back(element.name, value != nullptr ? value->as_number() : element.number);
    } else if (property.kind == Kind::text) {
      texts.emplace_back(element.name, value != nullptr ? value->as_text() : element.text);
    } else if (value != nullptr) {
      switches += session_.switch_xml(name, element.name, value->as_bool());
    }
  }
  if (property.kind == Kind::number) return session_.numbers_xml(name, numbers);
  return property.kind == Kind::text ? session_.texts_xml(name, texts) : switches;
}

astro::Performed Controller::perform(const astro::Call& call) {
  const auto found = properties_.find(call.name);
  const std::string name = found == properties_.end() ? call.name : found->second;
  const Property property = session_.get(name);
  const std::string xml = xml_of(name, property, call);
  end(name, {false, astro::ErrorCode::interrupted, "another command to the same property took its place", {}});
  {
    const std::lock_guard lock(mutex_);
    pending_[name] = {call.id, host_->surroundings().clock->now(), false};
  }
  try {
    session_.send(xml);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    pending_.erase(name);
    throw;
  }
  return {.running = true};
}

/// The device says by the property's state what became of a command that sets it.
void Controller::hear(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(name);
    if (found == pending_.end()) return;
    found->second.is_answered = true;
  }
  const auto property = session_.find(name);
  if (!property || property->state == State::busy) return;
  if (property->state == State::alert) {
    end(name, {false, astro::ErrorCode::device_fault, "setting " + name + ": " + session_.last_words(), {}});
  } else {
    end(name, {});
  }
}

void Controller::end(const std::string& property, astro::Outcome outcome) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(property);
    if (found == pending_.end()) return;
    id = found->second.id;
    pending_.erase(found);
  }
  host_->finished(id, std::move(outcome));
}

void Controller::end_all(const std::string& why) {
  std::vector<std::string> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [property, pending] : pending_) all.push_back(property);
  }
  for (const std::string& property : all) end(property, {false, astro::ErrorCode::device_fault, why, {}});
}

}  // namespace indi
