// SPDX-License-Identifier: BSD-3-Clause
// What a driver tells its host.
#include <utility>

#include "astro/log.hpp"
#include "device_host.hpp"

namespace astro {

void DeviceHost::set_cause(const std::shared_ptr<Execution::State>& execution) {
  const std::lock_guard lock(cause_mutex_);
  cause_ = execution;
}

Cause DeviceHost::cause() const {
  const std::lock_guard lock(cause_mutex_);
  if (!cause_) return {};
  return {cause_->command().id, cause_->command().issuer, to_traceparent(cause_->trace())};
}

std::string DeviceHost::point_id(std::string_view point) const {
  return entry_.bare ? std::string(point) : entry_.name + "." + std::string(point);
}

void DeviceHost::point(std::string_view point, Value value, Quality quality, std::optional<Time> time) {
  try {
    emit(point, value, quality, time.value_or(clock().now()));
  } catch (const std::exception& error) {
    log_once("point " + std::string(point), error.what());
  }
}

void DeviceHost::emit(std::string_view name, const Value& value, Quality quality, Time time) {
  const std::lock_guard lock(points_mutex_);
  const auto found = points_.find(std::string(name));
  if (found == points_.end()) {
    throw Error(ErrorCode::invalid_argument,
                "a point that is not in the description was dropped: " + std::string(name));
  }
  Point point;
  point.id = point_id(name);
  point.device = entry_.name;
  point.value = value.is_null() ? Value() : canonical(found->second, value);
  point.unit = found->second.unit;
  point.time = time;
  point.quality = quality;
  point.sequence = ++sequence_;
  context_->hub->publish(std::move(point));  // under the lock: in the order of the numbers
}

std::optional<Point> DeviceHost::latest_point(const std::string& point) const {
  return context_->hub->latest(point_id(point));
}

void DeviceHost::set_points(std::vector<Field> points) {
  const std::lock_guard lock(points_mutex_);
  points_.clear();
  for (Field& field : points) {
    // A range is what is usual; what was measured outside it was measured all the same.
    field.min = -std::numeric_limits<double>::infinity();
    field.max = std::numeric_limits<double>::infinity();
    std::string name = field.name;
    points_.emplace(std::move(name), std::move(field));
  }
}

void DeviceHost::log_once(const std::string& what, const std::string& message) {
  {
    const std::lock_guard lock(points_mutex_);
    if (logged_.size() > 1000 || !logged_.insert(what).second) return;
  }
  log(LogLevel::warning, message);
}

void DeviceHost::progress(std::string_view command_id, double percent, std::string_view message) {
  on_progress(std::string(command_id), percent, std::string(message));
}

void DeviceHost::finished(std::string_view command_id, Outcome outcome) {
  on_finished(std::string(command_id), outcome);
}

void DeviceHost::poll_every(Duration interval) {
  set_poll_interval(interval);
  if (may_stop_) worker_.take_turn();
}

void DeviceHost::set_poll_interval(Duration interval) noexcept {
  constexpr Duration shortest = std::chrono::milliseconds(1);
  constexpr Duration longest = std::chrono::hours(24);
  poll_every_ = std::clamp(interval, shortest, longest).count();
}

void DeviceHost::log(LogLevel level, std::string_view message) { notice("log", level, std::string(message)); }

void DeviceHost::give(Command command) {
  if (command.id.empty()) command.id = new_id();
  if (command.issuer.name.empty()) command.issuer.name = entry_.name;
  on_command(command.id);
  if (!context_->desk->hand_in(std::move(command)))
    log_once("commands", "a command to another device was dropped: too many wait already");
}

void DeviceHost::notice(const char* kind, LogLevel level, const std::string& message) noexcept {
  try {
    astro::log(level, entry_.name, message);
    context_->hub->notify({entry_.name, kind, level, message, clock().now()});
  } catch (const std::exception&) {  // no memory: then this is not what matters
  }
}

void DeviceHost::poll_failed(const Error& error) noexcept {
  if (!failing_.exchange(true)) notice("fault", LogLevel::error, error.what());
  on_failure();
}

void DeviceHost::poll_succeeded() noexcept {
  if (failing_.exchange(false)) notice("state", LogLevel::info, "the device answers again");
}

void DeviceHost::refuse_kind(const char* kind) const {
  throw Error(ErrorCode::invalid_argument,
              place_ + ": a " + std::string(to_string(entry_.kind)) + " was described as a " + kind);
}

void DeviceHost::describe(const MountDescription&) { refuse_kind("mount"); }
void DeviceHost::describe(const ReceiverDescription&) { refuse_kind("receiver"); }
void DeviceHost::describe(const ControllerDescription&) { refuse_kind("controller"); }

}  // namespace astro
