// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"

namespace alpaca {

namespace {

using Steady = std::chrono::steady_clock;

// Of ASCOM's EquatorialCoordinateType; 0 is "other" and 1 "topocentric", both of date.
constexpr double j2000 = 2;
constexpr double b1950 = 4;
constexpr double j2050 = 3;

std::string axis_text(int axis) { return std::to_string(axis); }

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::hour_angle_dec,
          .first = {astro::degrees(-180), astro::degrees(180)},
          .second = {astro::degrees(-90), astro::degrees(90)},
          .fastest = {astro::degrees(3), astro::degrees(3)},
          .accuracy = astro::degrees(0.05),
          .rates = true,
          .parks = true,
          .homes = true,
          .self_tracking = true,
          .poll_every = std::chrono::milliseconds(250),
          .hook_bound = std::chrono::seconds(10),
          .open_bound = std::chrono::seconds(40)};
}

astro::MountDescription AltAzMount::description() {
  astro::MountDescription made = Mount::description();
  made.geometry = astro::Geometry::alt_az;
  made.first = {astro::degrees(0), astro::degrees(360)};
  made.second = {astro::degrees(0), astro::degrees(90)};
  return made;
}

void Mount::open(astro::Emitter& host) {
  clock_ = host.surroundings().clock;
  client_.open();
  urgent_.open_like(client_);
  client_.put("connected", {{"Connected", text_of(true)}});
  const astro::Location site = host.surroundings().location;
  if (settings_.set_place) tell_place(site);
  const astro::Value system = client_.get_if_there("equatorialsystem");
  const double number = system.is_null() ? 1 : client_.get_number("equatorialsystem");
  if (number == b1950 || number == j2050) {
    client_.refuse("equatorialsystem", "coordinates of date or J2000", text_of(number));
  }
  const astro::Value refracts = client_.get_if_there("doesrefraction");
  equator_.emplace(site, number == j2000 ? telescope_kit::System::j2000 : telescope_kit::System::of_date,
                   refracts == astro::Value(true));
  owes_stop_ = stopped_ = follows_sky_ = false;
  approach_.end();
  sent_.reset();
  describe(host);
  end_motion(client_);  // it may still move from before
  (void)status();
  rate_watch_ = std::jthread([this](const std::stop_token& stop) { let_rates_die(stop); });
}

void Mount::close() noexcept {
  stop();
  rate_watch_ = {};
}

void Mount::tell_place(const astro::Location& site) {
  // A telescope may have no such thing, or keep its own.
  client_.put_if_it_may("sitelatitude", {{"SiteLatitude", text_of(site.latitude.degrees())}});
  client_.put_if_it_may("sitelongitude", {{"SiteLongitude", text_of(site.longitude.wrapped_signed().degrees())}});
  client_.put_if_it_may("siteelevation", {{"SiteElevation", text_of(site.height_m)}});
}

void Mount::describe(astro::Emitter& host) {
  described_ = geometry_ == astro::Geometry::alt_az ? AltAzMount::description() : description();
  described_.accuracy = settings_.accuracy;
  described_.poll_every = settings_.poll_every;
  const char* slews = geometry_ == astro::Geometry::alt_az ? "canslewaltazasync" : "canslewasync";
  if (!client_.get_bool(slews)) {
    throw astro::Error(astro::ErrorCode::unsupported,
                       "opening the " + client_.name() + ": it cannot slew while others ask it (" + slews +
                           " is false); take the driver alpaca or alpaca.altaz, whichever it can");
  }
  described_.parks = client_.get_bool("canpark");
  described_.homes = client_.get_bool("canfindhome");
  can_unpark_ = client_.get_bool("canunpark");
  can_set_tracking_ = client_.get_bool("cansettracking");
  described_.self_tracking = can_set_tracking_;
  const auto fastest = [this](int axis) {
    const Parameters which{{"Axis", axis_text(axis)}};
    double most = 0.0;
    if (!client_.get_bool("canmoveaxis", which)) return most;
    const astro::Value ranges = client_.get("axisrates", which);
    const astro::List* list = ranges.get_if<astro::List>();
    for (const astro::Value& range : list != nullptr ? *list : astro::List{}) {
      const astro::Value* maximum = range.find("Maximum");
      if (maximum == nullptr) client_.refuse("axisrates", "a Maximum in each range", astro::to_json(range));
      most = std::max(most, maximum->as_number());
    }
    return most;
  };
  const double first = fastest(0);
  const double second = fastest(1);
  described_.rates = first > 0.0 && second > 0.0 && turns_its_axes();
  if (described_.rates) described_.fastest = {astro::degrees(first), astro::degrees(second)};
  host.describe(described_);
}

/// Rates are those of the hardware's axes, which may be others than it is sent by.
bool Mount::turns_its_axes() {
  constexpr double by_azimuth = 0;  // of ASCOM's AlignmentModes
  const astro::Value mode = client_.get_if_there("alignmentmode");
  if (mode.is_null()) return true;
  return (client_.get_number("alignmentmode") == by_azimuth) == (geometry_ == astro::Geometry::alt_az);
}

/// Aborts, and lets it stand.
void Mount::end_motion(Client& by, Deadline ends) {
  // It refuses what it does not do just now, as when it is parked.
  by.put_if_it_may("abortslew", {}, ends);
  if (described_.rates) {
    for (const int axis : {0, 1}) by.put_if_it_may("moveaxis", {{"Axis", axis_text(axis)}, {"Rate", "0"}}, ends);
  }
  if (can_set_tracking_) by.put_if_it_may("tracking", {{"Tracking", text_of(false)}}, ends);
}

void Mount::stop() noexcept {
  stopped_ = true;
  try {
    {
      const std::lock_guard lock(rate_mutex_);
      rate_ends_.reset();
    }
    end_motion(urgent_, end_of_stop());
  } catch (const std::exception&) {
    owes_stop_ = true;
  }
}

/// Again what nobody heard. One that goes unheard meanwhile is owed too.
void Mount::make_owed_stop() {
  if (!owes_stop_.exchange(false)) return;
  try {
    end_motion(client_);
  } catch (...) {
    owes_stop_ = true;
    throw;
  }
}

void Mount::begin_command() {
  make_owed_stop();  // before, since it would end what begins now
  stopped_ = false;
  follows_sky_ = false;
  approach_.end();
  {
    const std::lock_guard lock(rate_mutex_);
    if (!std::exchange(rate_ends_, std::nullopt)) return;
  }
  for (const int axis : {0, 1}) client_.put("moveaxis", {{"Axis", axis_text(axis)}, {"Rate", "0"}});
}

void Mount::unpark() {
  if (can_unpark_ && client_.get_bool("atpark")) client_.put("unpark");
}

void Mount::track(bool on) {
  if (can_set_tracking_) client_.put("tracking", {{"Tracking", text_of(on)}});
}

bool Mount::is_on_its_way_to(const astro::Axes& target) const {
  if (!approach_.is_under_way() || stopped_) return false;
  const astro::Angle close = settings_.accuracy / 4;
  if (geometry_ == astro::Geometry::alt_az) {
    return (target.first - approach_.goal().first).abs() < close &&
           (target.second - approach_.goal().second).abs() < close;
  }
  const auto place = equator_->of(target, clock_->now());
  return sent_ && (place.ra - sent_->ra).wrapped_signed().abs() < close && (place.dec - sent_->dec).abs() < close;
}

void Mount::move_to(astro::Axes target) {
  // The host sends a telescope that follows the sky to its target anew at each reading until it is there.
  if (is_on_its_way_to(target)) return;
  begin_command();
  unpark();
  send_goal(target);
  approach_.begin(target);
}

void Mount::send_goal(const astro::Axes& goal) {
  if (geometry_ == astro::Geometry::alt_az) {
    track(false);  // ASCOM wants it off for this, and on for the other
    client_.put("slewtoaltazasync",
                {{"Azimuth", text_of(goal.first.wrapped().degrees())}, {"Altitude", text_of(goal.second.degrees())}});
    return;
  }
  track(true);
  sent_ = equator_->of(goal, clock_->now());
  client_.put("slewtocoordinatesasync",
              {{"RightAscension", text_of(sent_->ra.hours())}, {"Declination", text_of(sent_->dec.degrees())}});
}

void Mount::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  if (!described_.rates) return astro::Mount::move_rate(rates, lifetime);
  bool is_new = false;
  {
    const std::lock_guard lock(rate_mutex_);
    is_new = !rate_ends_;
    rate_ends_ = Steady::now() + lifetime;
  }
  rate_changed_.notify_all();
  stopped_ = false;
  if (is_new) {
    approach_.end();
    follows_sky_ = false;
    unpark();
    track(false);
  }
  // A right ascension grows where an hour angle shrinks.
  const double sign = geometry_ == astro::Geometry::alt_az ? 1.0 : -1.0;
  client_.put("moveaxis", {{"Axis", "0"}, {"Rate", text_of(sign * rates.first.degrees())}});
  client_.put("moveaxis", {{"Axis", "1"}, {"Rate", text_of(rates.second.degrees())}});
}

void Mount::let_rates_die(const std::stop_token& stop) {
  std::unique_lock lock(rate_mutex_);
  while (!stop.stop_requested()) {
    if (!rate_ends_) {
      rate_changed_.wait(lock, stop, [this] { return rate_ends_.has_value(); });
      continue;
    }
    const auto ends = *rate_ends_;
    if (rate_changed_.wait_until(lock, stop, ends, [&] { return rate_ends_ != ends; })) continue;
    if (Steady::now() < ends) continue;  // the driver closes: the rate dies with it
    rate_ends_.reset();
    lock.unlock();
    try {
      end_motion(urgent_);
    } catch (const std::exception&) {
      owes_stop_ = true;
    }
    lock.lock();
  }
  if (!rate_ends_) return;
  lock.unlock();
  try {
    end_motion(urgent_);
  } catch (const std::exception&) {  // nobody hears it any more
  }
}

void Mount::park() {
  if (!described_.parks) return astro::Mount::park();
  begin_command();
  client_.put("park");
}

void Mount::home() {
  if (!described_.homes) return astro::Mount::home();
  begin_command();
  unpark();
  client_.put("findhome");
}

void Mount::self_track(bool on) {
  if (!can_set_tracking_) return astro::Mount::self_track(on);
  follows_sky_ = on;
  if (!approach_.is_under_way()) track(on);  // else when it is there
}

astro::Axes Mount::position() {
  if (geometry_ == astro::Geometry::alt_az) {
    return {astro::degrees(client_.get_number("azimuth")), astro::degrees(client_.get_number("altitude"))};
  }
  const astro::Time before = clock_->now();
  const double ra = client_.get_number("rightascension");
  const astro::Time asked = before + (clock_->now() - before) / 2;
  return equator_->axes({astro::hours(ra), astro::degrees(client_.get_number("declination"))}, asked);
}

astro::MountStatus Mount::status() {
  make_owed_stop();
  if (stopped_) approach_.end();
  // First whether it moves: of one that rests, the place that is read then is the last.
  const bool is_moving = client_.get_bool("slewing");
  astro::MountStatus status{.position = position(), .time = clock_->now()};
  switch (approach_.step(status.position, is_moving, follows_sky_, settings_.accuracy)) {
    case telescope_kit::Approach::Step::again:
      send_goal(approach_.goal());
      break;
    case telescope_kit::Approach::Step::there:
      track(follows_sky_);
      break;
    case telescope_kit::Approach::Step::none:
      break;
  }
  status.state = is_moving || approach_.is_under_way()            ? astro::MountState::moving
                 : described_.parks && client_.get_bool("atpark") ? astro::MountState::parked
                 : client_.get_bool("tracking")                   ? astro::MountState::tracking
                                                                  : astro::MountState::stopped;
  return status;
}

}  // namespace alpaca
