// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"

namespace rotctl {

namespace {

constexpr astro::Duration first_bound = std::chrono::seconds(5);         // of connecting
constexpr astro::Duration again_bound = std::chrono::milliseconds(300);  // of connecting anew, within a hook
constexpr astro::Duration still_moves = std::chrono::seconds(2);         // after its position changed
constexpr double turn = 360.0;

bool is_known(int code) { return code != not_implemented && code != not_available; }

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::alt_az,
          .first = {astro::degrees(-180), astro::degrees(540)},  // of any rotator; the server says what this one can
          .second = {astro::degrees(0), astro::degrees(180)},
          .fastest = {astro::degrees(6), astro::degrees(3)},
          .accuracy = astro::degrees(1),
          .parks = true,
          .poll_every = std::chrono::milliseconds(200),
          .hook_bound = std::chrono::seconds(2),
          .open_bound = std::chrono::seconds(20)};
}

void Mount::open(astro::Emitter& host) {
  clock_ = host.surroundings().clock;
  dialogue_.open(settings_.host, static_cast<std::uint16_t>(settings_.port), first_bound);
  try {
    description_ = description();
    description_.accuracy = settings_.accuracy;
    description_.poll_every = settings_.poll_every;
    dialogue_.stop();  // it may still turn from before
    if (dialogue_.is_extended()) {
      ask_for_reach();
      ask_for_abilities();
    } else {
      description_.first = {astro::degrees(0), astro::degrees(360)};
      description_.second = {astro::degrees(0), astro::degrees(90)};
      description_.parks = false;
    }
    last_.reset();
    parking_ = false;
    owes_stop_ = false;
    (void)status();
  } catch (...) {
    dialogue_.close();
    throw;
  }
  host.describe(description_);
}

void Mount::close() noexcept {
  dialogue_.stop();
  dialogue_.close();
}

void Mount::ask_for_reach() {
  const Answer answer = dialogue_.ask("dump_state");
  std::optional<double> from_azimuth;
  std::optional<double> to_azimuth;
  std::optional<double> from_elevation;
  std::optional<double> to_elevation;
  const auto take = [](std::optional<double>& into, const std::string& line, const char* name, const char* old_name) {
    if (const auto number = number_after(line, name)) into = number;
    if (const auto number = number_after(line, old_name)) into = number;
  };
  for (const std::string& line : answer.lines) {
    take(from_azimuth, line, "Minimum Azimuth:", "min_az=");
    take(to_azimuth, line, "Maximum Azimuth:", "max_az=");
    take(from_elevation, line, "Minimum Elevation:", "min_el=");
    take(to_elevation, line, "Maximum Elevation:", "max_el=");
  }
  const auto put = [](astro::AxisRange& range, std::optional<double> from, std::optional<double> to) {
    if (from && to && *from < *to && *to - *from <= 2 * turn) range = {astro::degrees(*from), astro::degrees(*to)};
  };
  put(description_.first, from_azimuth, to_azimuth);
  put(description_.second, from_elevation, to_elevation);
}

void Mount::ask_for_abilities() {
  const Answer abilities = dialogue_.ask("dump_caps");
  if (std::ranges::any_of(abilities.lines, [](const std::string& line) {
        return line.starts_with("Can Park:") && line.ends_with('N');
      })) {
    description_.parks = false;
  }
  try {
    tells_motion_ = is_known(dialogue_.ask("get_status").code);
  } catch (const astro::Error& error) {
    if (error.code() != astro::ErrorCode::timeout) throw;
    tells_motion_ = false;  // of before Hamlib 4.3, which says nothing at all to it
  }
}

void Mount::connect_if_lost() {
  if (dialogue_.is_open()) return;
  dialogue_.reopen(again_bound);
  if (owes_stop_.exchange(false)) dialogue_.stop();
}

void Mount::stop() noexcept {
  parking_ = false;
  if (!dialogue_.stop()) owes_stop_ = true;
}

void Mount::move_to(astro::Axes target) {
  connect_if_lost();
  parking_ = false;
  dialogue_.go_to(target.first.degrees(), target.second.degrees());
  changed_ = clock_->now();
}

void Mount::park() {
  if (!description_.parks) return astro::Mount::park();
  connect_if_lost();
  const int code = dialogue_.ask("park").code;
  if (code != 0) {
    throw astro::Error(astro::ErrorCode::device_fault, "parking: rotctld refused with RPRT " + std::to_string(code) +
                                                           "; move it to a position instead");
  }
  parking_ = true;
  changed_ = clock_->now();
}

/// Many rotators tell an azimuth within one turn, though they know more: the one that is next to where it was.
astro::Angle Mount::unwrapped(double degrees) const {
  if (!last_) return astro::degrees(degrees);
  const double before = last_->first.degrees();
  const double nearest = degrees + turn * std::round((before - degrees) / turn);
  const double slack = std::max(settings_.accuracy.degrees(), 0.5);
  const bool can_be =
      nearest >= description_.first.from.degrees() - slack && nearest <= description_.first.to.degrees() + slack;
  return astro::degrees(can_be ? nearest : degrees);
}

bool Mount::is_moving(const astro::Axes& position) {
  const astro::Time now = clock_->now();
  if (!last_ || position != *last_) changed_ = now;
  if (!tells_motion_) return now - changed_ < still_moves;
  const Answer answer = dialogue_.ask("get_status");
  return std::ranges::any_of(answer.lines,
                             [](const std::string& line) { return line.find("MOVING") != std::string::npos; });
}

astro::MountStatus Mount::status() {
  connect_if_lost();
  try {
    const auto [azimuth, elevation] = dialogue_.position();
    const astro::Axes position{unwrapped(azimuth), astro::degrees(elevation)};
    const bool moving = is_moving(position);
    last_ = position;
    if (moving) return {.position = position, .state = astro::MountState::moving};
    return {.position = position, .state = parking_ ? astro::MountState::parked : astro::MountState::stopped};
  } catch (const astro::Error&) {
    dialogue_.close();  // an answer that comes late would be taken for that to the next question
    throw;
  }
}

}  // namespace rotctl
