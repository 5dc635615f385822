// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>

#include "astro/error.hpp"

namespace indi {

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* place_property = "EQUATORIAL_EOD_COORD";
constexpr const char* park_property = "TELESCOPE_PARK";
constexpr const char* track_property = "TELESCOPE_TRACK_STATE";
constexpr const char* abort_property = "TELESCOPE_ABORT_MOTION";
constexpr astro::Duration define_bound = std::chrono::seconds(5);  // from connected to where it points
constexpr astro::Duration answer_bound = std::chrono::seconds(2);  // after which a command that nobody answered is over
constexpr astro::Duration rate_settles = std::chrono::milliseconds(700);  // until its place tells of a new rate
constexpr double fastest_track_rate = 16384.0;                            // arcsec/s, of INDI::Telescope

std::int64_t steady_now() { return Steady::now().time_since_epoch().count(); }

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::hour_angle_dec,
          .first = {astro::degrees(-180), astro::degrees(180)},
          .second = {astro::degrees(-90), astro::degrees(90)},
          .fastest = {astro::degrees(2), astro::degrees(2)},
          .accuracy = astro::degrees(0.05),
          .rates = true,
          .parks = true,
          .self_tracking = true,
          .poll_every = std::chrono::milliseconds(250),
          .hook_bound = std::chrono::seconds(2),
          .open_bound = std::chrono::seconds(30)};
}

void Mount::open(astro::Emitter& host) {
  clock_ = host.surroundings().clock;
  location_ = host.surroundings().location;
  equator_.emplace(location_, telescope_kit::System::of_date, settings_.refracts);
  stop_xml_ = session_.switch_xml(abort_property, "ABORT") + session_.switch_xml(track_property, "TRACK_OFF");
  owes_stop_ = false;
  rate_ends_ = 0;
  approach_.end();
  sent_.reset();
  unparking_ = follows_sky_ = false;
  is_reversed_ = {};
  session_.open(host, {.ready = [this] { prepare(); }, .tick = [this] { let_rate_die(); }});
  try {
    if (!session_.wait(define_bound, [this] { return session_.has(place_property) && session_.has(abort_property); })) {
      throw astro::Error(astro::ErrorCode::device_fault,
                         "opening the " + session_.name() +
                             ": it does not say where it points (EQUATORIAL_EOD_COORD); see that it is a telescope");
    }
    session_.settle();
    (void)session_.urgent(stop_xml_);  // it may still move from before
    (void)session_.wait(answer_bound, [this] {
      const auto track = session_.find(track_property);
      return !track || !track->is_on("TRACK_ON");
    });
    (void)status();
  } catch (...) {
    session_.close();
    throw;
  }
  describe(host);
}

void Mount::close() noexcept {
  stop();
  session_.close();
}

void Mount::describe(astro::Emitter& host) {
  astro::MountDescription described = description();
  described.accuracy = settings_.accuracy;
  described.poll_every = settings_.poll_every;
  described.parks = session_.has(park_property);
  described.self_tracking = session_.has(track_property);
  const auto mode = session_.find("TELESCOPE_TRACK_MODE");
  described.rates =
      session_.has("TELESCOPE_TRACK_RATE") && mode && mode->find("TRACK_CUSTOM") != nullptr && described.self_tracking;
  if (const auto at = session_.find("TELESCOPE_PARK_POSITION"); at && at->find("PARK_HA") && at->find("PARK_DEC")) {
    described.parks_at = astro::Axes{astro::hours(at->number("PARK_HA")), astro::degrees(at->number("PARK_DEC"))};
  }
  host.describe(described);
}

/// What a driver forgets when it ends: called each time that the telescope was connected.
void Mount::prepare() {
  if (owes_stop_.exchange(false)) session_.send(stop_xml_);
  session_.set_numbers("POLLING_PERIOD",
                       {{"PERIOD_MS", std::chrono::duration<double, std::milli>(settings_.poll_every).count()}});
  if (!settings_.set_place) return;
  const std::string now = astro::format_time(clock_->now(), 0);
  session_.set_texts("TIME_UTC", {{"UTC", now.substr(0, now.size() - 1)}, {"OFFSET", "0"}});
  session_.set_numbers("GEOGRAPHIC_COORD", {{"LAT", location_.latitude.degrees()},
                                            {"LONG", location_.longitude.wrapped().degrees()},
                                            {"ELEV", location_.height_m}});
}

void Mount::stop() noexcept {
  stopped_ = true;
  rate_ends_ = 0;
  if (!session_.urgent(stop_xml_)) owes_stop_ = true;
}

void Mount::let_rate_die() {
  std::int64_t ends = rate_ends_;
  if (ends == 0 || steady_now() < ends) return;
  // A newer one may have come just now.
  if (rate_ends_.compare_exchange_strong(ends, 0)) session_.send(stop_xml_);
}

bool Mount::is_parked() const {
  const auto park = session_.find(park_property);
  return park && park->is_on("PARK") && park->state != State::busy;
}

void Mount::unpark() {
  session_.set_switch(park_property, "UNPARK");
  unparking_ = true;
}

bool Mount::is_sent_already(const telescope_kit::Equatorial& place, bool is_moving) const {
  if (!sent_ || stopped_ || !(is_moving || follows_sky_)) return false;
  const astro::Angle close = settings_.accuracy / 4;
  return (place.ra - sent_->ra).wrapped_signed().abs() < close && (place.dec - sent_->dec).abs() < close;
}

void Mount::move_to(astro::Axes target) {
  session_.check();
  rate_ends_ = 0;
  if (stopped_) unparking_ = false;
  // The host sends a telescope that follows the sky to its target anew at each reading until it is there: the same
  // place in the sky, which it is on its way to.
  const Property now = session_.get(place_property);
  if (approach_.is_under_way() && is_sent_already(equator_->of(target, clock_->now()), now.state == State::busy))
    return;
  stopped_ = false;
  follows_sky_ = false;
  approach_.begin(target);
  if (unparking_) return;  // the goal goes out then
  if (is_parked()) return unpark();
  send_goal(target);
}

void Mount::send_goal(const astro::Axes& goal) {
  unparking_ = false;
  sent_ = equator_->of(goal, clock_->now());
  sent_time_ = clock_->now();
  changes_at_sending_ = session_.get(place_property).changes;
  // Always so that it follows the sky there: what is to stand is told so when it has come (`Approach`).
  if (const auto mode = session_.find("ON_COORD_SET")) {
    session_.set_switch("ON_COORD_SET", mode->find("TRACK") != nullptr ? "TRACK" : "SLEW");
  }
  session_.set_numbers(place_property, {{"RA", sent_->ra.hours()}, {"DEC", sent_->dec.degrees()}});
}

void Mount::self_track(bool on) {
  follows_sky_ = on;
  if (approach_.is_under_way()) return;  // it goes on when it is there
  session_.check();
  session_.set_switch(track_property, on ? "TRACK_ON" : "TRACK_OFF");
}

void Mount::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  session_.check();
  approach_.end();
  follows_sky_ = false;
  stopped_ = false;
  if (is_parked()) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "moving at a rate: the telescope is parked; send it to a position first");
  }
  if (std::max(rates.first.abs(), rates.second.abs()).arcseconds() > fastest_track_rate) {
    throw astro::Error(astro::ErrorCode::out_of_limits, "moving at a rate: at most 4.55 degrees a second");
  }
  const bool is_new = rate_ends_.exchange(steady_now() + lifetime.count()) == 0 || rates != rates_;
  rates_ = rates;
  if (is_new) {
    rates_hold_ = Steady::now() + rate_settles;
    rates_from_.reset();
  }
  send_rates();
}

void Mount::send_rates() {
  const double first = (is_reversed_[0] ? -1.0 : 1.0) * rates_.first.arcseconds();
  const double second = (is_reversed_[1] ? -1.0 : 1.0) * rates_.second.arcseconds();
  session_.set_switch("TELESCOPE_TRACK_MODE", "TRACK_CUSTOM");
  session_.set_numbers("TELESCOPE_TRACK_RATE", {{"TRACK_RATE_RA", first}, {"TRACK_RATE_DE", second}});
  session_.set_switch(track_property, "TRACK_ON");
}

/// INDI does not say which way a rate counts: with some telescopes the declination's turns with the side of the pier.
/// One that goes the wrong way is turned round before it has gone far.
void Mount::watch_rates(const astro::Axes& position) {
  if (rate_ends_ == 0) return;
  if (Steady::now() < rates_hold_ || !rates_from_) rates_from_ = position;
  const auto goes_back = [this](astro::Angle moved, astro::Angle rate) {
    return moved.abs() > settings_.accuracy && (moved > astro::Angle()) != (rate > astro::Angle()) &&
           rate != astro::Angle();
  };
  const bool first = goes_back((position.first - rates_from_->first).wrapped_signed(), rates_.first);
  const bool second = goes_back(position.second - rates_from_->second, rates_.second);
  if (!first && !second) return;
  if (first) is_reversed_[0] = !is_reversed_[0];
  if (second) is_reversed_[1] = !is_reversed_[1];
  rates_hold_ = Steady::now() + rate_settles;
  send_rates();
}

void Mount::park() {
  if (!session_.has(park_property)) return astro::Mount::park();
  session_.check();
  approach_.end();
  rate_ends_ = 0;
  stopped_ = false;
  follows_sky_ = false;
  session_.set_switch(park_property, "PARK");
}

/// While it slews or stands the place is that of when it was told; while it follows the sky it tells nothing new.
astro::Axes Mount::position(const Property& place) const {
  const telescope_kit::Equatorial told{astro::hours(place.number("RA")), astro::degrees(place.number("DEC"))};
  const auto track = session_.find(track_property);
  const bool follows = track && track->is_on("TRACK_ON") && place.state != State::busy;
  return equator_->axes(told, follows ? clock_->now() : place.time);
}

astro::MountStatus Mount::status() {
  session_.check();
  const Property place = session_.get(place_property);
  const auto park = session_.find(park_property);
  astro::MountStatus status{.position = position(place)};
  if (stopped_) {
    approach_.end();
    unparking_ = false;
  }
  if (unparking_) {
    if (park && park->is_on("UNPARK") && park->state != State::busy) send_goal(approach_.goal());
    status.state = astro::MountState::moving;
    return status;
  }
  // An answer from before the command says nothing of it.
  const bool is_answered =
      place.changes != changes_at_sending_ || clock_->now() - sent_time_ > answer_bound || stopped_;
  if (approach_.is_under_way() && is_answered && place.state == State::alert) {
    approach_.end();
    status.state = astro::MountState::fault;
    status.detail = "it does not go where it was sent: " + session_.last_words();
    return status;
  }
  watch_rates(status.position);
  const bool is_moving = place.state == State::busy || (approach_.is_under_way() && !is_answered) ||
                         (park && park->state == State::busy) || rate_ends_ != 0;
  switch (approach_.step(status.position, is_moving, follows_sky_, settings_.accuracy)) {
    case telescope_kit::Approach::Step::again:
      send_goal(approach_.goal());
      break;
    case telescope_kit::Approach::Step::there:
      if (session_.has(track_property)) session_.set_switch(track_property, follows_sky_ ? "TRACK_ON" : "TRACK_OFF");
      break;
    case telescope_kit::Approach::Step::none:
      break;
  }
  const auto track = session_.find(track_property);
  status.state = is_moving || approach_.is_under_way() ? astro::MountState::moving
                 : is_parked()                         ? astro::MountState::parked
                 : track && track->is_on("TRACK_ON")   ? astro::MountState::tracking
                                                       : astro::MountState::stopped;
  return status;
}

}  // namespace indi
