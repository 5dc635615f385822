// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>
#include <numbers>

#include "astro/registry.hpp"

namespace simulator {
namespace {

/// The sky turns once in a sidereal day of 86164.0905 s (Explanatory Supplement 2013, sec. 3.3).
constexpr double sidereal_rate = 2.0 * std::numbers::pi / 86164.0905;

AxisLimits axis_limits(const Mount::Settings& settings, const astro::AxisRange& reach, astro::Angle fastest) {
  return {.from = reach.from.radians(),
          .to = reach.to.radians(),
          .max_speed = std::min(settings.max_speed, fastest).radians(),
          .acceleration = settings.acceleration.radians(),
          .backlash = settings.backlash.radians()};
}

astro::Axes within(const astro::Axes& axes, const astro::MountDescription& reach) {
  return {std::clamp(axes.first, reach.first.from, reach.first.to),
          std::clamp(axes.second, reach.second.from, reach.second.to)};
}

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::alt_az,
          .first = {astro::degrees(0), astro::degrees(450)},
          .second = {astro::degrees(0), astro::degrees(90)},
          .fastest = {astro::degrees(5), astro::degrees(5)},
          .accuracy = astro::degrees(0.05),
          .rates = true,
          .parks = true,
          .homes = true};
}

Mount::Mount(Settings settings) : settings_(std::move(settings)), faults_(settings_.faults) {
  const auto overflow = [](const Fault& fault) { return fault.kind == FaultKind::overflow; };
  if (std::ranges::any_of(settings_.faults, overflow)) {
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "faults: a mount has no stream that could overflow; expected stall, dropout, exception or hang");
  }
}

void Mount::open(astro::Emitter& host) {
  const astro::Surroundings& here = host.surroundings();
  clock_ = here.clock;
  if (here.twin_of) {
    description_ = here.twin_of->mount;
    // Following by itself is simulated where it is a matter of one axis.
    if (description_.geometry == astro::Geometry::alt_az) description_.self_tracking = false;
    description_.follows = false;  // the host tracks
  } else {
    description_ = description();
    description_.geometry = settings_.geometry;
    if (settings_.geometry != astro::Geometry::alt_az) {
      description_.first = {astro::degrees(-360), astro::degrees(360)};
      description_.second = {astro::degrees(-90), astro::degrees(90)};
    }
    description_.fastest = {settings_.max_speed, settings_.max_speed};
    description_.braking = astro::from_seconds(settings_.max_speed / settings_.acceleration);
    description_.parks_at = within(settings_.park, description_);
    description_.accuracy = settings_.accuracy;
  }
  host.describe(description_);
  world_ = World::of(here);
  device_ = here.device;
  const astro::Time opened = now();
  const astro::Time on = world_->switched_on(device_, opened);
  const auto seed = mix(static_cast<std::uint64_t>(settings_.seed), here.device);
  put(std::make_shared<Drive>(
      description_.geometry, axis_limits(settings_, description_.first, description_.fastest.first),
      axis_limits(settings_, description_.second, description_.fastest.second), within(settings_.start, description_),
      PointingError{settings_.pointing_offset, settings_.pointing_noise, seed}, clock_, world_->file(device_, "dish")));
  world_->put(here.device, std::weak_ptr<const Dish>(drive_));
  faults_.open(on, opened);
  errand_ = Errand::none;
  if (on != opened) stop();  // the process that drove it before left it moving
}

void Mount::close() noexcept {
  stop();
  put(nullptr);
  if (world_) world_->forget(device_);
  world_.reset();
  clock_.reset();
}

void Mount::put(std::shared_ptr<Drive> drive) noexcept {
  const std::lock_guard lock(mutex_);
  drive_.swap(drive);
}

void Mount::begin(const char* doing) {
  faults_.strike(doing, now());
  errand_ = Errand::none;
}

void Mount::stop() noexcept {
  errand_ = Errand::none;
  std::shared_ptr<Drive> drive;
  {
    const std::lock_guard lock(mutex_);
    drive = drive_;
  }
  if (drive) drive->stop();
}

void Mount::move_to(astro::Axes target) {
  begin("moving to a position");
  if (faults_.at(FaultKind::stall, now()) == nullptr) drive_->move_to(target);
}

void Mount::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  begin("moving at a rate");
  if (faults_.at(FaultKind::stall, now()) == nullptr) drive_->move_rate(rates, lifetime);
}

void Mount::park() {
  begin("parking");
  drive_->move_to(within(settings_.park, description_));
  errand_ = Errand::parking;
}

void Mount::home() {
  begin("finding the reference");
  drive_->move_to(within({astro::Angle{}, astro::Angle{}}, description_));
}

void Mount::self_track(bool on) {
  if (!description_.self_tracking) return astro::Mount::self_track(on);
  begin("following the sky");
  if (!on) return drive_->stop();
  errand_ = Errand::tracking;
  if (description_.geometry == astro::Geometry::hour_angle_dec) {
    drive_->move_rate({astro::radians(sidereal_rate), astro::Angle{}}, std::chrono::hours(24));
  }
}

astro::MountState Mount::state(astro::Time time) const {
  if (errand_ == Errand::tracking) return astro::MountState::tracking;
  if (drive_->is_moving(time)) return astro::MountState::moving;
  return errand_ == Errand::parking ? astro::MountState::parked : astro::MountState::stopped;
}

astro::MountStatus Mount::status() {
  const astro::Time time = now();
  faults_.strike("reading the position", time);
  if (faults_.at(FaultKind::dropout, time) != nullptr) {
    throw astro::Error(astro::ErrorCode::timeout,
                       "reading the position: no answer, as the setting \"faults\" asks for (dropout)");
  }
  if (faults_.at(FaultKind::stall, time) != nullptr) {
    drive_->freeze();
    return {.position = drive_->encoders(time), .state = astro::MountState::moving, .time = time};
  }
  return {.position = drive_->encoders(time), .state = state(time), .time = time};
}

}  // namespace simulator
