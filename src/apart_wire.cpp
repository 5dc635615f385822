// SPDX-License-Identifier: BSD-3-Clause
#include "apart_wire.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "astro/error.hpp"
#include "description_value.hpp"
#include "text.hpp"

namespace astro::detail::wire {

namespace {

/// The value of an enum that counts from zero, by its name.
template <class Enum, class NameOf>
Enum named(const char* what, std::string_view name, Enum last, NameOf name_of_value) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name_of_value(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  throw Error(ErrorCode::invalid_argument, std::string("there is no ") + what + ' ' + text::quoted(name));
}

template <std::size_t N, class Enum>
Enum named(const char* what, std::string_view name, const std::array<const char*, N>& names, Enum) {
  return named(what, name, static_cast<Enum>(N - 1),
               [&](Enum value) { return std::string_view(names[static_cast<std::size_t>(value)]); });
}

constexpr std::array qualities{"good", "doubtful", "bad"};
constexpr std::array levels{"debug", "info", "warning", "error"};
constexpr std::array states{"stopped", "moving", "tracking", "parked", "fault"};

bool flag(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr && !found->is_null() && found->as_bool();
}

double number(const Value& map, std::string_view key, double otherwise) {
  const Value* found = map.find(key);
  return found == nullptr || found->is_null() ? otherwise : found->as_number();
}

std::uint64_t count(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  const std::int64_t given = found == nullptr || found->is_null() ? 0 : found->as_integer();
  if (given < 0) {
    throw Error(ErrorCode::invalid_argument, text::quoted(key) + ": expected a count, is " + std::to_string(given));
  }
  return static_cast<std::uint64_t>(given);
}

Value pair(Angle first, Angle second) { return List{plain_degrees(first), plain_degrees(second)}; }

std::array<Angle, 2> pair(const Value& value) {
  const List& both = value.as_list();
  if (both.size() != 2) throw Error(ErrorCode::invalid_argument, "expected two angles in deg");
  return {degrees(both[0].as_number()), degrees(both[1].as_number())};
}

}  // namespace

const Value& member(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  if (found == nullptr) throw Error(ErrorCode::invalid_argument, text::quoted(key) + " is missing in " + to_json(map));
  return *found;
}

std::string text(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found == nullptr || found->is_null() ? std::string() : found->as_text();
}

Value of(Time time) { return time.time_since_epoch().count(); }
Time time(const Value& value) { return Time(Duration(value.as_integer())); }

std::string_view name_of(Quality quality) { return qualities[static_cast<std::size_t>(quality)]; }
Quality quality(std::string_view name) { return named("quality", name, qualities, Quality::good); }
std::string_view name_of(LogLevel level) { return levels[static_cast<std::size_t>(level)]; }
LogLevel level(std::string_view name) { return named("level", name, levels, LogLevel::info); }
DeviceKind kind(std::string_view name) {
  return named("kind of device", name, DeviceKind::store, [](DeviceKind each) { return to_string(each); });
}

Value of(const DriverDescription& description) {
  Value made;
  made.set("name", description.name).set("says", description.says).set("kind", to_string(description.kind));
  made.set("plugin", description.plugin).set("version", description.version);
  made.set("settings", value_of(description.settings.fields));
  switch (description.kind) {
    case DeviceKind::mount:
      return made.set("mount", value_of(description.mount));
    case DeviceKind::receiver:
      return made.set("receiver", value_of(description.receiver));
    case DeviceKind::controller:
      return made.set("controller", value_of(description.controller));
    default:
      return made;
  }
}

DriverDescription driver_description(const Value& value) {
  DriverDescription made;
  made.name = text(value, "name");
  made.says = text(value, "says");
  made.kind = kind(member(value, "kind").as_text());
  made.plugin = text(value, "plugin");
  made.version = text(value, "version");
  if (const Value* settings = value.find("settings")) made.settings = {made.name, fields_of(*settings)};
  if (const Value* mount = value.find("mount")) made.mount = mount_of(*mount);
  if (const Value* receiver = value.find("receiver")) made.receiver = receiver_of(*receiver);
  if (const Value* controller = value.find("controller")) made.controller = controller_of(*controller);
  return made;
}

Value of(const Surroundings& surroundings) {
  Value made;
  made.set("device", surroundings.device).set("observatory", surroundings.observatory);
  made.set("latitude", plain_degrees(surroundings.location.latitude));
  made.set("longitude", plain_degrees(surroundings.location.longitude));
  made.set("height", surroundings.location.height_m).set("mount", surroundings.mount);
  made.set("state_folder", surroundings.state_folder.string());
  if (surroundings.twin_of) made.set("twin_of", of(*surroundings.twin_of));
  return made;
}

Surroundings surroundings(const Value& value) {
  Surroundings made;
  made.device = text(value, "device");
  made.observatory = text(value, "observatory");
  made.location = {degrees(number(value, "latitude", 0)), degrees(number(value, "longitude", 0)),
                   number(value, "height", 0)};
  made.mount = text(value, "mount");
  made.state_folder = text(value, "state_folder");
  if (const Value* twin = value.find("twin_of")) {
    made.twin_of = std::make_shared<const DriverDescription>(driver_description(*twin));
  }
  return made;
}

Value of(const Cause& cause) {
  Value made;
  made.set("command", cause.command_id).set("issuer", to_value(cause.issuer)).set("trace", cause.trace);
  return made;
}

Cause cause(const Value& value) {
  return {text(value, "command"), from_value<Issuer>(member(value, "issuer")), text(value, "trace")};
}

Value of(const MountStatus& status) {
  Value made;
  made.set("position", pair(status.position.first, status.position.second));
  made.set("state", states[static_cast<std::size_t>(status.state)]);
  if (!status.detail.empty()) made.set("detail", status.detail);
  if (status.time) made.set("time", of(*status.time));
  return made;
}

MountStatus mount_status(const Value& value) {
  MountStatus made;
  const auto [first, second] = pair(member(value, "position"));
  made.position = {first, second};
  made.state = named("state of a mount", member(value, "state").as_text(), states, MountState::stopped);
  made.detail = text(value, "detail");
  if (const Value* when = value.find("time"); when != nullptr && !when->is_null()) made.time = time(*when);
  return made;
}

StreamSettings stream_settings(const Value& value) {
  StreamSettings made = settings_of(value);
  // Nothing that one would keep in a memory: then the product of them all does not run over.
  constexpr std::size_t most = std::size_t{1} << 30;
  std::size_t items = 1;
  for (const std::size_t length : made.item_shape) {
    if (length < 1 || length > most / items) {
      throw Error(ErrorCode::invalid_argument, "an item_shape with a length of " + std::to_string(length));
    }
    items *= length;
  }
  return made;
}

Value of(const Filled& filled) {
  Value made;
  made.set("items", static_cast<std::int64_t>(filled.items));
  if (filled.lost != 0) made.set("lost", static_cast<std::int64_t>(filled.lost));
  if (filled.time) made.set("time", of(*filled.time));
  if (filled.ended) made.set("ended", true);
  return made;
}

Filled filled(const Value& value) {
  Filled made;
  made.items = static_cast<std::size_t>(count(value, "items"));
  made.lost = count(value, "lost");
  if (const Value* when = value.find("time"); when != nullptr && !when->is_null()) made.time = time(*when);
  made.ended = flag(value, "ended");
  return made;
}

Value of(const Performed& performed) {
  Value made;
  return made.set("running", performed.running).set("message", performed.message).set("details", performed.details);
}

Performed performed(const Value& value) {
  const Value* details = value.find("details");
  return {flag(value, "running"), text(value, "message"), details == nullptr ? Value() : *details};
}

Value of(const Outcome& outcome) {
  Value made;
  made.set("succeeded", outcome.succeeded).set("code", to_string(outcome.code)).set("message", outcome.message);
  return made.set("details", outcome.details);
}

namespace {
/// A code that this library does not know is a fault of the device.
ErrorCode code(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    if (to_string(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::device_fault;
}
}  // namespace

Outcome outcome(const Value& value) {
  const Value* details = value.find("details");
  return {flag(value, "succeeded"), code(text(value, "code")), text(value, "message"),
          details == nullptr ? Value() : *details};
}

Value of(const Error& error) {
  Value made;
  return made.set("code", to_string(error.code())).set("message", error.what());
}

Error error(const Value& value) { return {code(text(value, "code")), text(value, "message")}; }

}  // namespace astro::detail::wire
