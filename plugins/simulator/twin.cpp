// SPDX-License-Identifier: BSD-3-Clause
#include "twin.hpp"

#include <algorithm>
#include <cmath>

#include "astro/registry.hpp"
#include "drift.hpp"

namespace simulator {

void Twin::open(astro::Emitter& host) {
  host_ = &host;
  clock_ = host.surroundings().clock;
  description_ = {};
  if (host.surroundings().twin_of) description_ = host.surroundings().twin_of->controller;
  set_.clear();
  running_.clear();
  cut_short_ = false;
  host.describe(description_);
}

void Twin::close() noexcept {
  host_ = nullptr;
  clock_.reset();
}

astro::Value Twin::plausible(const astro::Field& point) const {
  const double from = std::isfinite(point.min) ? point.min : 0.0;
  const double to = std::isfinite(point.max) ? point.max : from + 1.0;
  const Drift drift(mix(static_cast<std::uint64_t>(settings_.seed), point.name), 53.0);
  const double number = std::clamp(0.5 * (from + to) + 0.1 * (to - from) * drift.at(clock_->now()), from, to);
  switch (point.type) {
    case astro::FieldType::boolean:
      return false;
    case astro::FieldType::integer:
      return std::llround(std::clamp(std::round(number), std::ceil(from), std::floor(to)));
    case astro::FieldType::number:
    case astro::FieldType::angle:
    case astro::FieldType::frequency:
    case astro::FieldType::duration:
      return number;
    case astro::FieldType::text:
      return "simulated";
    case astro::FieldType::choice:
      return point.choices.empty() ? astro::Value{} : astro::Value(point.choices.front());
    case astro::FieldType::time:
      return clock_->now();
    default:
      return point.default_value;
  }
}

void Twin::poll() {
  end_commands();
  for (const astro::Field& point : description_.points) {
    const auto found = set_.find(point.name);
    const astro::Value value = found == set_.end() ? plausible(point) : found->second;
    if (!value.is_null()) host_->point(point.name, value);
  }
}

void Twin::end_commands() {
  const bool cut = cut_short_.exchange(false);
  std::erase_if(running_, [&](const auto& entry) {
    if (!cut && clock_->now() < entry.second) return false;
    host_->finished(entry.first, {.succeeded = !cut,
                                  .code = astro::ErrorCode::interrupted,
                                  .message = cut ? "stopped" : "done, as far as it is simulated"});
    return true;
  });
}

astro::Performed Twin::perform(const astro::Call& call) {
  const auto command = std::ranges::find(description_.commands, call.name, &astro::CommandDescription::name);
  if (command == description_.commands.end()) return astro::Controller::perform(call);
  if (const auto* parameters = call.parameters.get_if<astro::Map>()) {
    for (const auto& [key, value] : *parameters) {
      const bool only = parameters->size() == 1;
      for (const astro::Field& point : description_.points) {
        const bool meant = point.name == key || (only && call.name == "set_" + point.name);
        if (meant && astro::complaint(point, value).empty()) set_[point.name] = value;
      }
    }
  }
  poll();
  if (command->expected <= astro::Duration::zero()) return {.message = "done, as far as it is simulated"};
  running_[call.id] = clock_->now() + command->expected;
  return {.running = true, .message = "begun"};
}

}  // namespace simulator
