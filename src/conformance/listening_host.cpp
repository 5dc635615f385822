// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/listening_host.hpp"

#include "astro/error.hpp"

namespace astro::conformance {

ListeningHost::ListeningHost(Surroundings surroundings, DriverDescription description)
    : surroundings_(std::move(surroundings)), description_(std::move(description)) {}

std::unique_lock<std::mutex> ListeningHost::heard() {
  if (!is_open_) ++strays_;
  return std::unique_lock(mutex_);
}

DriverDescription ListeningHost::description() const {
  const std::lock_guard lock(mutex_);
  return description_;
}
std::vector<ListeningHost::Told> ListeningHost::points() const {
  const std::lock_guard lock(mutex_);
  return points_;
}
std::vector<ListeningHost::Ended> ListeningHost::ends() const {
  const std::lock_guard lock(mutex_);
  return ends_;
}
std::vector<ListeningHost::Progressed> ListeningHost::progresses() const {
  const std::lock_guard lock(mutex_);
  return progresses_;
}
std::vector<std::string> ListeningHost::logged() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void ListeningHost::forget() {
  const std::lock_guard lock(mutex_);
  points_ = {};
  ends_ = {};
  progresses_ = {};
  log_ = {};
}

void ListeningHost::set_cause(Cause cause) {
  const std::lock_guard lock(mutex_);
  cause_ = std::move(cause);
}

Cause ListeningHost::cause() const {
  const std::lock_guard lock(mutex_);
  return cause_;
}

void ListeningHost::point(std::string_view name, Value value, Quality, std::optional<Time>) {
  const auto lock = heard();
  points_.push_back({std::string(name), std::move(value)});
}

void ListeningHost::progress(std::string_view command_id, double percent, std::string_view) {
  const auto lock = heard();
  progresses_.push_back({std::string(command_id), percent});
}

void ListeningHost::finished(std::string_view command_id, Outcome outcome) {
  const auto lock = heard();
  ends_.push_back({std::string(command_id), std::move(outcome)});
}

void ListeningHost::poll_every(Duration) { const auto lock = heard(); }

void ListeningHost::log(LogLevel, std::string_view message) {
  const auto lock = heard();
  log_.emplace_back(message);
}

void ListeningHost::give(Command) { const auto lock = heard(); }

void ListeningHost::check_kind(DeviceKind kind) const {
  if (description_.kind == kind) return;
  throw Error(ErrorCode::invalid_argument,
              "a " + std::string(to_string(description_.kind)) + " was described as a " + std::string(to_string(kind)));
}

void ListeningHost::describe(const MountDescription& description) {
  const auto lock = heard();
  check_kind(DeviceKind::mount);
  description_.mount = description;
}

void ListeningHost::describe(const ReceiverDescription& description) {
  const auto lock = heard();
  check_kind(DeviceKind::receiver);
  description_.receiver = description;
}

void ListeningHost::describe(const ControllerDescription& description) {
  const auto lock = heard();
  check_kind(DeviceKind::controller);
  description_.controller = description;
}

}  // namespace astro::conformance
