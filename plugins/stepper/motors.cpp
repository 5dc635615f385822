// SPDX-License-Identifier: BSD-3-Clause
#include "motors.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "astro/error.hpp"

namespace stepper {

namespace {

constexpr double look_every = 0.5;  // at the emergency stop, beside its edges, s

digital::Line output(const std::string& name, bool active_low = false) {
  return {name, {.output = true, .active_low = active_low}};
}

std::optional<digital::Line> input(const std::string& name, const Settings& settings, bool edges = false) {
  if (name.empty()) return std::nullopt;
  return digital::Line(name,
                       {.active_low = settings.switches_active_low, .bias = settings.switches_bias, .edges = edges});
}

std::optional<digital::Line> channel(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return digital::Line(name, {.edges = true});
}

bool is_on(std::optional<digital::Line>& line) { return line && line->get(); }

/// A driver chip wants times that no sleep can keep.
void hold_for(astro::Duration duration) {
  const auto end = digital::monotonic() + duration;
  while (digital::monotonic() < end) {}
}

}  // namespace

PriorityMutex::PriorityMutex() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&mutex_, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

PriorityMutex::~PriorityMutex() { pthread_mutex_destroy(&mutex_); }

double Motors::steps_per_degree(const AxisSettings& settings) {
  return static_cast<double>(settings.steps_per_turn * settings.microsteps) * settings.gear / 360.0;
}

Axis::Settings Motors::axis_settings(const AxisSettings& settings) {
  const double per_degree = steps_per_degree(settings);
  return {.from = static_cast<std::int64_t>(std::ceil(settings.from.degrees() * per_degree - 1e-6)),
          .to = static_cast<std::int64_t>(std::floor(settings.to.degrees() * per_degree + 1e-6)),
          .ramps = {.speed = settings.speed.degrees() * per_degree,
                    .acceleration = settings.acceleration.degrees() * per_degree,
                    .jerk = settings.jerk.degrees() * per_degree},
          .backlash = std::llround(settings.backlash.degrees() * per_degree)};
}

Motors::Driven::Driven(const AxisSettings& of, const Settings& all, std::int64_t dish, std::int64_t play)
    : settings(&of),
      per_degree(steps_per_degree(of)),
      axis(axis_settings(of), dish, play),
      step(output(of.step)),
      direction(output(of.direction)),
      low(input(of.limit_low, all)),
      high(input(of.limit_high, all)),
      home(input(of.home, all)),
      encoder_a(channel(of.encoder_a)),
      encoder_b(channel(of.encoder_b)),
      encoder_zero(static_cast<double>(dish)) {
  if (encoder_a && encoder_b) encoder.begin(encoder_a->get(), encoder_b->get());
}

Motors::Motors(const Settings& settings, const Place& place, std::function<void(const std::string&)> log)
    : settings_(settings), log_(std::move(log)) {
  axes_.reserve(2);
  axes_.emplace_back(settings_.first, settings_, place.dish[0], place.play[0]);
  axes_.emplace_back(settings_.second, settings_, place.dish[1], place.play[1]);
  emergency_stop_ = input(settings_.emergency_stop, settings_, true);
  if (!settings_.enable.empty()) {
    enable_ = output(settings_.enable, settings_.enable_active_low);
    enable_->set(true);
  }
  look_at_emergency();
  thread_ = std::thread([this] { run(); });
}

Motors::~Motors() { end(); }

void Motors::end() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.call();
  thread_.join();
  try {
    if (enable_) enable_->set(false);
  } catch (const std::exception& error) {
    log_(error.what());
  }
}

double Motors::now() const noexcept { return astro::seconds(digital::monotonic() - zero_); }

const char* Motors::name_of(const Driven& driven) const { return &driven == axes_.data() ? "first" : "second"; }

void Motors::check_allowed() {
  look_at_emergency();
  if (emergency_) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "the emergency stop is pressed (" + settings_.emergency_stop + "): release it first");
  }
  fault_.clear();
  rate_ends_.reset();
  for (Driven& driven : axes_) driven.homing.reset();
}

void Motors::go(std::array<std::int64_t, 2> dish) {
  const std::lock_guard lock(mutex_);
  check_allowed();
  for (std::size_t i = 0; i < 2; ++i) axes_[i].axis.go(dish[i], HUGE_VAL, now());
  wake_.call();
}

void Motors::turn(std::array<double, 2> degrees_s, astro::Duration lifetime) {
  const std::lock_guard lock(mutex_);
  check_allowed();
  for (std::size_t i = 0; i < 2; ++i) {
    Driven& driven = axes_[i];
    const Axis::Settings reach = axis_settings(*driven.settings);
    const double speed = std::abs(degrees_s[i]) * driven.per_degree;
    driven.axis.go(degrees_s[i] > 0.0 ? reach.to : reach.from, speed, now());
  }
  rate_ends_ = now() + astro::seconds(lifetime);
  wake_.call();
}

void Motors::home() {
  const std::lock_guard lock(mutex_);
  check_allowed();
  for (Driven& driven : axes_) {
    if (driven.home) driven.homing.emplace();
  }
  wake_.call();
}

void Motors::stop() noexcept {
  const std::lock_guard lock(mutex_);
  rate_ends_.reset();
  for (Driven& driven : axes_) {
    driven.homing.reset();
    driven.axis.stop(now());
  }
  wake_.call();
}

void Motors::halt(const std::string& why) noexcept {
  for (Driven& driven : axes_) {
    driven.axis.halt();
    driven.homing.reset();
  }
  rate_ends_.reset();
  fault_ = why;
}

void Motors::look_at_emergency() {
  const bool was = std::exchange(emergency_, is_on(emergency_stop_));
  if (emergency_ && !was)
    halt("the emergency stop was pressed; where the axes stand is not sure until they were homed");
}

/// The switches are read before each step, so that none is made after one of them has closed: what the kernel tells of
/// edges may come later than the next step is due.
void Motors::make_due_step(Driven& driven) {
  const auto is_due = [&] {
    const auto step = driven.axis.next();
    return step && step->time <= now();
  };
  if (driven.homing && is_due()) follow_homing(driven);
  if (!is_due()) return;
  look_at_emergency();
  if (emergency_) return;
  const auto step = driven.axis.next();
  if (is_on(step->direction > 0 ? driven.high : driven.low)) {
    return halt(std::string("the ") + (step->direction > 0 ? "upper" : "lower") + " limit switch of the " +
                name_of(driven) + " axis is closed; move the other way, then home it");
  }
  const double late = now() - step->time;
  pulse(driven, step->direction);
  driven.axis.made(*step);
  ++driven.made;
  ++late_.steps;
  squares_ += late * late;
  late_.max_s = std::max(late_.max_s, late);
  if (driven.axis.was_late(late)) ++late_.slips;
}

void Motors::pulse(Driven& driven, int direction) {
  if (std::exchange(driven.pointed, direction) != direction) {
    driven.direction.set((direction > 0) != driven.settings->reversed);
    hold_for(settings_.turn_pause);
  }
  driven.step.set(true);
  hold_for(settings_.pulse);
  driven.step.set(false);
}

void Motors::follow_homing(Driven& driven) {
  const Axis::Settings reach = axis_settings(*driven.settings);
  const std::int64_t travel = reach.to - reach.from + 2 * reach.backlash;
  const std::int64_t towards = (driven.settings->home_upwards ? 1 : -1) * (travel + travel / 10 + 1);
  const double speed = driven.settings->home_speed.degrees() * driven.per_degree;
  switch (driven.homing->next(is_on(driven.home), !driven.axis.is_moving())) {
    case Homing::Want::seek:
      return driven.axis.go_free(towards, speed, now());
    case Homing::Want::stop:
      return driven.axis.stop(now());
    case Homing::Want::back_off:
      return driven.axis.go_free(-towards, speed / 4.0, now());
    case Homing::Want::creep:
      return driven.axis.go_free(towards, speed / 4.0, now());
    case Homing::Want::done:
      driven.axis.set(std::llround(driven.settings->home_at.degrees() * driven.per_degree));
      driven.encoder_zero -= difference(driven).value_or(0.0);
      driven.homing.reset();
      return;
    case Homing::Want::lost:
      return halt(std::string("the home switch of the ") + name_of(driven) +
                  " axis was not found over its whole reach; look at the switch and its line");
    case Homing::Want::nothing:
      return;
  }
}

void Motors::follow_encoder(Driven& driven) {
  if (!driven.encoder_a || !driven.encoder_b) return;
  // Two queues of the kernel: their times say what came first.
  auto a = driven.encoder_a->next_edge();
  auto b = driven.encoder_b->next_edge();
  while (a || b) {
    if (a && (!b || a->time <= b->time)) {
      driven.encoder.a(a->on);
      a = driven.encoder_a->next_edge();
    } else {
      driven.encoder.b(b->on);
      b = driven.encoder_b->next_edge();
    }
  }
  const auto differs = difference(driven);
  if (!differs || driven.homing || !driven.axis.is_moving()) return;
  const double degrees = *differs / driven.per_degree;
  if (std::abs(degrees) <= driven.settings->stall_tolerance.degrees()) return;
  halt(std::string("the ") + name_of(driven) + " axis stalled: its encoder is " + std::to_string(degrees) +
       " deg away from where the steps should have brought it; clear its way, then home it");
}

std::optional<double> Motors::difference(const Driven& driven) const {
  if (!driven.encoder_a || !driven.encoder_b || driven.settings->encoder_counts == 0.0) return std::nullopt;
  const double steps_per_count = driven.per_degree * 360.0 / driven.settings->encoder_counts;
  return driven.encoder_zero + static_cast<double>(driven.encoder.count()) * steps_per_count -
         static_cast<double>(driven.axis.dish());
}

/// Makes what is due, and says when it should be called again.
double Motors::turn_once() {
  look_at_emergency();
  if (rate_ends_ && now() >= *rate_ends_) {
    rate_ends_.reset();
    for (Driven& driven : axes_) driven.axis.stop(now());
  }
  double next = now() + look_every;
  if (rate_ends_) next = std::min(next, *rate_ends_);
  for (Driven& driven : axes_) {
    follow_encoder(driven);
    if (driven.homing && !driven.axis.is_moving()) follow_homing(driven);
    make_due_step(driven);
    if (const auto step = driven.axis.next()) next = std::min(next, step->time);
    else if (driven.homing) next = now();
  }
  return next;
}

void Motors::run() {
  if (settings_.priority > 0) {
    sched_param wanted{};
    wanted.sched_priority = static_cast<int>(settings_.priority);
    const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted);
    if (error != 0) {
      log_(std::string("steps without real-time priority (") + std::strerror(error) +
           "): allow it with LimitRTPRIO of the service, or `rtprio` in /etc/security/limits.d");
    }
    const std::lock_guard lock(mutex_);
    realtime_ = error == 0;
  }
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // of a thread without that priority, ns
  std::vector<pollfd> files;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    double next = now() + look_every;
    files.clear();
    try {
      next = turn_once();
      for (const Driven& driven : axes_) {
        if (driven.encoder_a) files.push_back({driven.encoder_a->file(), POLLIN, 0});
        if (driven.encoder_b) files.push_back({driven.encoder_b->file(), POLLIN, 0});
      }
      if (emergency_stop_) {
        while (emergency_stop_->next_edge()) {}
        files.push_back({emergency_stop_->file(), POLLIN, 0});
      }
    } catch (const std::exception& error) {
      halt(error.what());
      files.clear();
      next = now() + 1.0;
    }
    lock.unlock();
    wake_.wait(files, zero_ + astro::from_seconds(next));
    lock.lock();
  }
}

Standing Motors::stands() const {
  Standing told{.fault = fault_};
  for (std::size_t i = 0; i < 2; ++i) {
    const Driven& driven = axes_[i];
    told.place.dish[i] = driven.axis.dish();
    told.place.play[i] = driven.axis.play();
    told.made[i] = driven.made;
    told.moves = told.moves || driven.axis.is_moving() || driven.homing;
  }
  return told;
}

Standing Motors::standing() {
  const std::lock_guard lock(mutex_);
  return stands();
}

Telling Motors::tell() {
  const std::lock_guard lock(mutex_);
  Telling told{stands(), emergency_};
  told.realtime = realtime_;
  for (std::size_t i = 0; i < 2; ++i) {
    Driven& driven = axes_[i];
    told.switches[i] = {is_on(driven.low), is_on(driven.high), is_on(driven.home)};
    told.differs[i] = difference(driven);
  }
  return told;
}

Lateness Motors::lateness() {
  const std::lock_guard lock(mutex_);
  Lateness told = std::exchange(late_, {});
  if (told.steps > 0) told.rms_s = std::sqrt(std::exchange(squares_, 0.0) / static_cast<double>(told.steps));
  return told;
}

}  // namespace stepper
