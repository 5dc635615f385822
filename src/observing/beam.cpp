// SPDX-License-Identifier: BSD-3-Clause
#include "observing/beam.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"
#include "observing/beam_path.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

constexpr Duration stays_for = 30min;  // before it is told anew; a simulated clock may run fast
constexpr Duration sidereal_day = std::chrono::nanoseconds(86'164'090'531'000);  // UT1, 2006 precession

}  // namespace

void wait_on_target(const MountHandle& mount, const Observatory& site, const std::stop_token& stop) {
  const Time give_up = site.clock()->now() + 10min;
  const auto not_before = std::chrono::steady_clock::now() + 10s;  // a simulated clock may outrun a busy machine
  while (!mount.status().on_target) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "waiting for '" + mount.name() + "': cancelled");
    try {
      // Short in real time too: a simulated clock may run fast, and a stop must not wait for it.
      mount.wait_until_on_target(std::chrono::duration_cast<Duration>(200ms * site.clock()->speed()));
    } catch (const Error& error) {
      const bool is_over = site.clock()->now() > give_up && std::chrono::steady_clock::now() > not_before;
      if (error.code() != ErrorCode::timeout || is_over) throw;
    }
  }
}

Beam::Beam(const Observatory& site, std::optional<MountHandle> mount)
    : site_(site), mount_(std::move(mount)), observer_(site.location()) {}

void Beam::track(const Target& target, const std::stop_token& stop) {
  if (tracked_ == target && mount_->status().tracking) return;
  tracked_.reset();
  mount_->track(target);
  tracked_ = target;
  is_held_ = true;
  wait_on_target(*mount_, site_, stop);
}

Duration Beam::slew_time(const Target& target) const {
  const Axes from = mount_->status().axes;
  const Axes to = mount_->axes_of(target, site_.clock()->now());
  const AxisRates fastest = mount_->description().fastest;
  return from_seconds(
      std::max((to.first - from.first).abs() / fastest.first, (to.second - from.second).abs() / fastest.second));
}

Time Beam::go_to(const StepPart& part, const std::stop_token& stop) {
  const BeamPath path(part.step, site_.location());
  if (!mount_ || path.is_anywhere()) return site_.clock()->now();
  listed_.reset();
  if (part.step.drift) return drift(part, stop);
  if (path.moves()) return follow_line(part, stop);
  const Time now = site_.clock()->now();
  const Target target = path.target(observer_, now, 2s);
  track(target, stop);
  if (std::holds_alternative<Ephemeris>(target)) listed_ = {.step = part.step, .begin = now};
  return site_.clock()->now();
}

Time Beam::follow_line(const StepPart& part, const std::stop_token& stop) {
  const double done = seconds(part.done) / seconds(part.step.duration);
  Step line = part.step;
  line.x += (line.to_x - line.x) * done;
  line.y += (line.to_y - line.y) * done;
  line.duration -= part.done;
  // First to where the run-up begins, and stay there.
  const double before = seconds(BeamPath::run_up) / seconds(line.duration);
  Step start = line;
  start.x = start.to_x = line.x - (line.to_x - line.x) * before;
  start.y = start.to_y = line.y - (line.to_y - line.y) * before;
  track(BeamPath(start, site_.location()).target(observer_, site_.clock()->now(), 2s), stop);
  const Time begin = site_.clock()->now() + BeamPath::run_up;
  tracked_.reset();
  mount_->track(BeamPath(line, site_.location()).target(observer_, begin, BeamPath::run_up + 2s));
  listed_ = {.step = line, .begin = begin};
  return begin;
}

void Beam::stay() {
  const Time now = site_.clock()->now();
  if (!listed_ || now < listed_->renew_at) return;
  Step& here = listed_->step;
  const double part = std::clamp(seconds(now - listed_->begin) / seconds(here.duration), 0.0, 1.0);
  here.x = here.to_x = here.x + (here.to_x - here.x) * part;
  here.y = here.to_y = here.y + (here.to_y - here.y) * part;
  here.duration = stays_for;
  listed_->renew_at = now + stays_for / 2;
  try {
    tracked_.reset();
    mount_->track(BeamPath(here, site_.location()).target(observer_, now, 2s));
  } catch (const Error&) {  // who goes on is told
    listed_.reset();
  }
}

Time Beam::drift(const StepPart& part, const std::stop_token& stop) {
  const BeamPath path(part.step, site_.location());
  const Time now = site_.clock()->now();
  const Time begun = part.begun.value_or(now + slew_time(path.target(observer_, now, {})) + 3s);
  tracked_.reset();
  mount_->slew_to(path.target(observer_, begun, {}));
  is_held_ = true;
  wait_on_target(*mount_, site_, stop);
  Time begin = begun + part.done;
  if (part.begun) {
    // What comes next of the sky passes again after each turn of the Earth.
    while (begin < site_.clock()->now()) begin += sidereal_day;
  }
  site_.clock()->sleep_until(begin, stop);
  return std::max(begin, site_.clock()->now());
}

void Beam::check_still_there() const {
  if (!mount_ || !is_held_) return;
  const MountReport report = mount_->status();
  if (tracked_ && report.tracking) return;
  if (!tracked_ && mount_->target()) return;
  mount_->wait_until_on_target(Duration{});  // throws what ended it
}

}  // namespace astro::detail
