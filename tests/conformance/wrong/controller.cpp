// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"

#include <thread>

namespace wrong {

using namespace std::chrono_literals;

namespace {

struct SetLevel {
  double level = 0.0;
};

constexpr astro::Duration heating_time = 200ms;

}  // namespace

}  // namespace wrong

template <>
struct astro::Description<wrong::SetLevel> {
  static constexpr std::array fields{field<&wrong::SetLevel::level>("level", {.min = 0, .max = 10, .required = true})};
};

namespace wrong {

astro::ControllerDescription Controller::description() {
  return {.points = {{.name = "level", .type = astro::FieldType::number, .says = "of the lamp"}},
          .commands = {astro::command<SetLevel>("set_level", "sets the level"),
                       {"heat", "takes a while", {}, heating_time}},
          .hears = {"dish.*"},
          .poll_every = 50ms,
          .open_bound = 250ms};
}

void Controller::open(astro::Emitter& host) {
  host_ = &host;
  open_faulty();
}

void Controller::close() noexcept {
  halt();
  close_faulty();
}

void Controller::stop() noexcept {
  if (is("stop waits")) std::this_thread::sleep_for(300ms);
  halt();
}

void Controller::halt() noexcept {
  const std::lock_guard lock(mutex_);
  if (!heating_.empty()) host_->finished(heating_, {.succeeded = false, .message = "it was stopped"});
  heating_.clear();
}

void Controller::poll() {
  if (is("emits what it has not described")) host_->point("colour", "red");
  const std::lock_guard lock(mutex_);
  const astro::Value level = is("emits another type than it described") ? astro::Value("high") : astro::Value(level_);
  if (!is("emits nothing")) host_->point("level", level);
  if (heating_.empty()) return;
  host_->progress(heating_, is("progress beyond the end") ? 120.0 : 50.0);
  if (host_->surroundings().clock->now() < heated_ || is("does not tell the end")) return;
  host_->finished(heating_, {.message = "warm"});
  if (is("tells the end twice")) host_->finished(heating_, {.message = "warm"});
  heating_.clear();
}

astro::Performed Controller::perform(const astro::Call& call) {
  const std::lock_guard lock(mutex_);
  if (call.name == "heat") {
    heating_ = call.id;
    heated_ = host_->surroundings().clock->now() + heating_time;
    return {.running = true, .message = "it heats"};
  }
  if (is("does not know its command")) return astro::Controller::perform(call);
  level_ = call.as<SetLevel>().level;
  return {.message = "set"};
}

void Controller::heard(std::span<const astro::Point> points) {
  if (is("does not bear what it hears")) level_ = points.front().value.as_integer() > 0 ? 1.0 : 0.0;
}

}  // namespace wrong
