// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>

#include "conformance/trial.hpp"

namespace astro::conformance {

namespace {

using namespace std::chrono_literals;

constexpr const char* mount_header = "astro/mount.hpp";
constexpr const char* rate_promise =
    "Moves at these rates for at most `lifetime` of the observatory's clock, then stops by itself unless the call is "
    "repeated: a rate dies when whoever commands it does, also when no hook is called any more (a thread of the driver "
    "or the hardware's own timer ends it).";
constexpr const char* move_promise = "Starts towards the position and returns; a new target replaces an old one.";

double distance_deg(const Axes& a, const Axes& b) {
  return std::max((a.first - b.first).abs().degrees(), (a.second - b.second).abs().degrees());
}

std::string place(const Axes& axes) {
  return shown(axes.first.degrees()) + ", " + shown(axes.second.degrees()) + " deg";
}

/// A mount that is open, and how far it may go.
class OpenMount : public Opened<Mount> {
 public:
  explicit OpenMount(Trial& trial) : Opened<Mount>(trial) {}

  MountDescription can() { return host().description().mount; }
  MountStatus status() { return call("status", &Mount::status); }
  Axes here() { return status().position; }
  /// One that can only be at certain places cannot be sent on a way.
  void move_to(Axes target) {
    try {
      call("move_to", &Mount::move_to, target);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::out_of_limits) throw;
      throw NotOffered{std::string("it can only be at certain places: ") + error.what()};
    }
  }

  /// The site's limits, where it has some, within the reach.
  MountLimits reach() {
    const MountDescription description = can();
    MountLimits reach{description.first, description.second};
    if (const auto& given = trial().entry().limits) {
      reach.first = {std::max(reach.first.from, given->first.from), std::min(reach.first.to, given->first.to)};
      reach.second = {std::max(reach.second.from, given->second.from), std::min(reach.second.to, given->second.to)};
    }
    return reach;
  }

  /// A short way that is still well seen.
  double step_deg() { return std::max(3.0, 5.0 * can().accuracy.degrees()); }
  double accuracy_deg() { return can().accuracy.degrees(); }

  /// So far away on both axes, towards where there is room.
  Axes away(double by_deg) {
    const Axes from = here();
    const MountLimits within = reach();
    return {shifted(from.first, within.first, by_deg), shifted(from.second, within.second, by_deg)};
  }

  Duration time_for(double way_deg) {
    const MountDescription description = can();
    const double speed = std::min(description.fastest.first, description.fastest.second).degrees();
    return from_seconds(3.0 * way_deg / std::max(speed, 0.01)) + 2 * description.braking + 5s;
  }

  /// Until the condition holds of a reading, or so long.
  template <class Condition>
  bool eventually(Duration at_most, Condition condition) {
    const Time end = trial().clock().now() + at_most;
    do {
      if (condition(status())) return true;
      trial().wait(20ms);
    } while (trial().clock().now() < end);
    return condition(status());
  }

  void arrive(const Axes& target, double way_deg) {
    MountStatus last;
    const bool arrived = eventually(time_for(way_deg), [&](const MountStatus& now) {
      last = now;
      return distance_deg(now.position, target) <= accuracy_deg() && now.state != MountState::moving;
    });
    if (arrived) return;
    const std::string where = distance_deg(last.position, target) <= accuracy_deg()
                                  ? "is there, but still says that it moves"
                                  : "is at " + place(last.position);
    broke("it was sent to " + place(target) + " and " + where + ", " + shown(seconds(time_for(way_deg))) +
          " s later (" + last.detail + ")");
  }

  /// Sends it far and returns when it is on its way. Where it began, and where it was sent.
  std::pair<Axes, Axes> depart() {
    const Axes from = here();
    const double seconds_of_way = 3.0;  // so that a busy machine sees it on its way
    const double fastest = std::max(can().fastest.first, can().fastest.second).degrees();
    const Axes target = away(std::max({4.0 * step_deg(), 20.0, seconds_of_way * fastest}));
    move_to(target);
    const bool departed = eventually(5s, [&](const MountStatus& now) {
      return distance_deg(now.position, from) > 0.02 * distance_deg(target, from);
    });
    require(departed, "it was sent from " + place(from) + " to " + place(target) + " and has not moved for 5 s");
    return {from, target};
  }

  /// One that is parked may want a position before it does anything else.
  void wake() {
    if (status().state != MountState::parked) return;
    const Axes target = away(step_deg());
    move_to(target);
    arrive(target, step_deg());
  }

  /// About when it stands after something ended its motion.
  Duration braking() { return can().braking + 2 * can().poll_every + 300ms; }

 private:
  static Angle shifted(Angle at, const AxisRange& range, double by_deg) {
    const Angle by = degrees(by_deg);
    if (range.to - at >= by) return at + by;
    if (at - range.from >= by) return at - by;
    return range.to - at > at - range.from ? range.to : range.from;
  }
};

void needs(bool is_offered, const char* what) {
  if (!is_offered) throw NotOffered{std::string("the description says ") + what};
}

void opens_stopped(Trial& trial) {
  OpenMount mount(trial);
  const bool tracked = mount.status().state == MountState::tracking;
  trial.wait(mount.braking());
  const Axes then = mount.here();
  trial.wait(500ms);
  const Axes later = mount.here();
  require(distance_deg(then, later) <= mount.accuracy_deg(),
          "it moves from " + place(then) + " to " + place(later) + " after it was opened");
  require(!tracked, "it tracks as soon as it was opened");
  require(mount.eventually(5s, [](const MountStatus& now) { return now.state != MountState::moving; }),
          "5 s after it was opened it still says that it moves");
}

void arrives(Trial& trial) {
  OpenMount mount(trial);
  const Axes target = mount.away(mount.step_deg());
  mount.move_to(target);
  mount.arrive(target, mount.step_deg());
}

void replaces_a_target(Trial& trial) {
  OpenMount mount(trial);
  const auto [from, far] = mount.depart();
  mount.move_to(from);
  mount.arrive(from, distance_deg(from, far));
}

void says_whether_it_moves(Trial& trial) {
  OpenMount mount(trial);
  const Axes from = mount.here();
  const Axes target = mount.away(2.0 * mount.step_deg());
  mount.move_to(target);
  const double seen_deg = std::max(1e-6, 0.01 * mount.accuracy_deg());
  MountStatus before = mount.status();
  const Time end = trial.clock().now() + mount.time_for(distance_deg(from, target));
  while (trial.clock().now() < end && distance_deg(before.position, target) > mount.accuracy_deg()) {
    trial.wait(20ms);
    const MountStatus now = mount.status();
    const bool moved = distance_deg(now.position, before.position) > seen_deg;
    const bool says_so = now.state == MountState::moving || before.state == MountState::moving;
    require(!moved || says_so, "between two readings it went from " + place(before.position) + " to " +
                                   place(now.position) + ", and neither said that it moves");
    before = now;
  }
}

void tells_the_time(Trial& trial) {
  OpenMount mount(trial);
  std::optional<Time> before;
  for (int i = 0; i < 5; ++i) {
    const MountStatus status = mount.status();
    if (!status.time) throw NotOffered{"its readings carry no time: the host stamps them"};
    const double behind = seconds(trial.clock().now() - *status.time);
    require(std::abs(behind) < 5.0, "a reading is stamped " + shown(behind) + " s before now");
    require(!before || *status.time >= *before, "a reading is stamped earlier than the one before it");
    before = status.time;
    trial.wait(30ms);
  }
}

void stops_a_motion(Trial& trial) {
  OpenMount mount(trial);
  const Axes target = mount.depart().second;
  mount.stop();
  trial.wait(mount.braking());
  const Axes stopped = mount.here();
  if (distance_deg(stopped, target) <= mount.accuracy_deg() + 0.1) {
    broke("it was stopped on its way, and went on to its target");
  }
  trial.wait(600ms);
  const Axes later = mount.here();
  require(distance_deg(stopped, later) <= std::max(0.02, 0.1 * mount.accuracy_deg()),
          "after a stop it still goes, from " + place(stopped) + " to " + place(later));
  require(mount.eventually(5s, [](const MountStatus& now) { return now.state != MountState::moving; }),
          "5 s after a stop it still says that it moves");
}

void closes_stopped(Trial& trial) {
  if (trial.is_on_node()) throw NotOffered{"on a node it goes on for whoever else uses it there"};
  OpenMount mount(trial);
  mount.depart();
  const Axes before = mount.here();
  mount.close();
  trial.wait(mount.braking() + 1s);
  mount.open_again();
  const double went = distance_deg(before, mount.here());
  const double speed = std::max(mount.can().fastest.first, mount.can().fastest.second).degrees();
  const double allowed = speed * seconds(mount.braking()) + mount.accuracy_deg();
  require(went <= allowed,
          "it was closed while it moved, and went on for " + shown(went) + " deg until it was opened again");
}

/// Slow enough to be seen, for long enough to be measured.
struct Rate {
  AxisRates rates;
  double deg_s;
  Duration lifetime;
};

Rate rate_of(OpenMount& mount) {
  const double fastest = std::min(mount.can().fastest.first, mount.can().fastest.second).degrees();
  const double deg_s = 0.25 * fastest;
  const double lifetime_s = std::max(1.0, 4.0 * mount.accuracy_deg() / deg_s);
  const Axes from = mount.here();
  const Axes to = mount.away(4.0 * deg_s * lifetime_s + 1.0);
  const auto towards = [&](Angle a, Angle b) { return degrees(b > a ? deg_s : -deg_s); };
  return {{towards(from.first, to.first), towards(from.second, to.second)}, deg_s, from_seconds(lifetime_s)};
}

Duration go_at(OpenMount& mount, const Rate& rate) {
  mount.call("move_rate", &Mount::move_rate, rate.rates, rate.lifetime);
  return rate.lifetime;
}

/// So many lifetimes long, without ever letting it die.
void keep_going(OpenMount& mount, const Rate& rate, int lifetimes) {
  constexpr int repeats = 8;
  for (int i = 0; i < lifetimes * repeats; ++i) mount.trial().wait(go_at(mount, rate) / repeats);
}

void moves_at_a_rate(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().rates, "that it has no rates");
  mount.wake();
  const Rate rate = rate_of(mount);
  keep_going(mount, rate, 2);  // hardware may have to learn which way its rates count
  const Time began = trial.clock().now();
  const Axes from = mount.here();
  keep_going(mount, rate, 1);
  const Axes to = mount.here();
  const double took_s = seconds(trial.clock().now() - began);
  mount.stop();
  const auto along = [](Angle before, Angle after, Angle per_second) {
    return (after - before).degrees() * (per_second > Angle{} ? 1.0 : -1.0);
  };
  const double expected = rate.deg_s * took_s;
  for (const double went :
       {along(from.first, to.first, rate.rates.first), along(from.second, to.second, rate.rates.second)}) {
    require(went > 0.2 * expected && went < 2.0 * expected + mount.accuracy_deg(),
            "in " + shown(took_s) + " s at " + shown(rate.deg_s) + " deg/s an axis went " + shown(went) +
                " deg the way that was asked for");
  }
}

void rate_dies(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().rates, "that it has no rates");
  mount.wake();
  const Rate rate = rate_of(mount);
  const Axes from = mount.here();
  go_at(mount, rate);
  trial.wait(2 * rate.lifetime + mount.braking() + 1s);  // and no hook is called
  const Axes to = mount.here();
  const double allowed = rate.deg_s * seconds(rate.lifetime + mount.can().braking + 500ms) + mount.accuracy_deg();
  require(distance_deg(from, to) <= allowed, "a rate that had to die after " + shown(seconds(rate.lifetime)) +
                                                 " s went " + shown(distance_deg(from, to)) + " deg; " +
                                                 shown(allowed) + " deg at most was right");
  trial.wait(500ms);
  require(distance_deg(to, mount.here()) <= std::max(0.02, 0.1 * mount.accuracy_deg()),
          "a rate still moves it, long after its lifetime");
}

void rate_is_kept_alive(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().rates, "that it has no rates");
  mount.wake();
  for (int attempt = 0; attempt < 5; ++attempt) {
    const Rate rate = rate_of(mount);
    const Time began = trial.clock().now();
    const auto wait_until = [&](double lifetimes) {
      trial.clock().sleep_until(began + from_seconds(lifetimes * seconds(rate.lifetime)));
    };
    go_at(mount, rate);
    wait_until(0.6);
    go_at(mount, rate);
    const bool in_time = trial.clock().now() - began < rate.lifetime;
    wait_until(1.05);  // by now the first call has died
    const Axes from = mount.here();
    wait_until(1.5);
    const double went = distance_deg(from, mount.here());
    mount.stop();
    if (!in_time) continue;  // the machine was busy, and the rate was right to die
    if (went > 0.15 * rate.deg_s * seconds(rate.lifetime)) return;
    if (attempt > 1) broke("a rate that was repeated before it died has died all the same");
  }
  throw NotOffered{"this machine is too busy to repeat a rate in time"};
}

void ends_at_its_reach(Trial& trial) {
  OpenMount mount(trial);
  const MountLimits reach = mount.reach();
  const Axes from = mount.here();
  struct End {
    double way_deg;
    Axes target;
    AxisRates outward;
  };
  const auto fastest = mount.can().fastest;
  std::vector<End> ends{
      {(reach.first.to - from.first).degrees(), {reach.first.to, from.second}, {fastest.first, {}}},
      {(from.first - reach.first.from).degrees(), {reach.first.from, from.second}, {-fastest.first, {}}},
      {(reach.second.to - from.second).degrees(), {from.first, reach.second.to}, {{}, fastest.second}},
      {(from.second - reach.second.from).degrees(), {from.first, reach.second.from}, {{}, -fastest.second}}};
  // Within the site's limits it is the host that keeps it.
  const MountDescription can = mount.can();
  const std::array is_open{reach.first.to == can.first.to, reach.first.from == can.first.from,
                           reach.second.to == can.second.to, reach.second.from == can.second.from};
  for (std::size_t i = ends.size(); i-- > 0;) {
    if (!is_open.at(i)) ends.erase(ends.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (ends.empty()) throw NotOffered{"the site's limits are narrower on all sides"};
  const End nearest = *std::ranges::min_element(ends, {}, &End::way_deg);
  const auto check = [&](const MountStatus& now) {
    const double slack = mount.accuracy_deg() + 1e-6;
    const auto beyond = [&](Angle at, const AxisRange& range) {
      return std::max((at - range.to).degrees(), (range.from - at).degrees());
    };
    const double most = std::max(beyond(now.position.first, reach.first), beyond(now.position.second, reach.second));
    require(most <= slack, "it is " + shown(most) + " deg beyond its reach, at " + place(now.position));
    return distance_deg(now.position, nearest.target) <= mount.accuracy_deg() && now.state != MountState::moving;
  };
  mount.move_to(nearest.target);
  require(mount.eventually(mount.time_for(nearest.way_deg), check),
          "it does not come to the end of its reach, " + place(nearest.target));
  if (!mount.can().rates) return;
  try {
    mount.call("move_rate", &Mount::move_rate, nearest.outward, Duration(500ms));
  } catch (const Error&) {  // that is one way to keep it
    return;
  }
  (void)mount.eventually(mount.braking() + 1s, [&](const MountStatus& now) {
    check(now);
    return false;
  });
}

void parks(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().parks, "that it does not park");
  mount.call("park", &Mount::park);
  const auto parks_at = mount.can().parks_at;
  const double way = parks_at ? distance_deg(mount.here(), *parks_at) : 360.0;
  require(mount.eventually(mount.time_for(way), [](const MountStatus& now) { return now.state == MountState::parked; }),
          "it was told to park, and its state does not become `parked`");
  if (!parks_at) return;
  require(distance_deg(mount.here(), *parks_at) <= mount.accuracy_deg(),
          "it says that it is parked, at " + place(mount.here()) + " and not at " + place(*parks_at));
}

void homes(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().homes, "that it does not find its reference");
  mount.call("home", &Mount::home);
  trial.wait(300ms);
  require(mount.status().state != MountState::fault, "finding its reference is a fault: " + mount.status().detail);
  mount.stop();
}

void tracks_by_itself(Trial& trial) {
  OpenMount mount(trial);
  needs(mount.can().self_tracking, "that it does not follow the sky by itself");
  mount.wake();
  const auto is_tracking = [](const MountStatus& now) { return now.state == MountState::tracking; };
  mount.call("self_track", &Mount::self_track, true);
  require(mount.eventually(5s, is_tracking), "it was told to follow the sky, and its state does not become `tracking`");
  mount.call("self_track", &Mount::self_track, false);
  require(mount.eventually(5s, [&](const MountStatus& now) { return !is_tracking(now); }),
          "it was told to cease, and its state is still `tracking`");
}

void refuses(Trial& trial, bool MountDescription::*offered, const char* hook,
             const std::function<void(Mount&)>& function) {
  OpenMount mount(trial);
  if (mount.can().*offered) throw NotOffered{"it can"};
  const Error error = mount.error_of(hook, [&] { function(mount.driver()); });
  require(error.code() == ErrorCode::unsupported, std::string(hook) + " is not in its description and threw " +
                                                      std::string(to_string(error.code())) + " (" + error.what() +
                                                      "): leave the default, which throws `unsupported`");
}

}  // namespace

void exercise_mount(Trial& trial, Mount& mount, ListeningHost& host) {
  const Duration bound = trial.hook_bound(host);
  const auto status = [&] { return trial.call("status", bound, [&] { return mount.status(); }); };
  const Axes here = status().position;
  trial.call("move_to", bound, [&] { mount.move_to(here); });
  (void)status();
  trial.call("stop", Opened<Mount>::stop_bound, [&] { mount.stop(); });
}

std::vector<Check> mount_checks() {
  return {
      {{"M-01", "astro/device.hpp",
        "`open` connects and leaves the device stopped; after it threw, the driver is as before it, and `close` is not "
        "called.",
        "opens the mount and watches it for half a second"},
       opens_stopped},
      {{"M-02", mount_header, move_promise, "sends it a few degrees away and waits until it is there"}, arrives},
      {{"M-03", mount_header, move_promise, "sends it far away, and back as soon as it moves"}, replaces_a_target},
      {{"M-04", mount_header, "One consistent reading of a mount.",
        "reads it while it moves: where the position changed, the state has to be `moving`"},
       says_whether_it_moves},
      {{"M-05", mount_header, "UTC of this reading where the driver knows it; else when it was asked",
        "compares the times of readings with the clock and with each other"},
       tells_the_time},
      {{"M-06", "astro/device.hpp", "Ends whatever the device does, at once; harmless when it does nothing.",
        "sends it far away, stops it on its way, and watches where it stands"},
       stops_a_motion},
      {{"M-07", "astro/device.hpp", "`close` ends whatever the device does, as `stop` would.",
        "closes it while it moves, waits a second, opens it and looks where it is"},
       closes_stopped},
      {{"M-08", mount_header, "The axes never leave the reach of the description, whatever is asked for.",
        "sends it to the nearest end of its reach, and on from there at a rate"},
       ends_at_its_reach},
      {{"M-11", mount_header, rate_promise,
        "keeps it at a quarter of its fastest rate for three lifetimes, and measures how far it went in the last"},
       moves_at_a_rate},
      {{"M-12", mount_header, rate_promise, "begins a rate, calls no hook for long, and looks how far it went"},
       rate_dies},
      {{"M-13", mount_header, rate_promise, "repeats a rate before it dies, and looks whether it still moves"},
       rate_is_kept_alive},
      {{"M-21", mount_header, "Starts towards the park position; the state becomes `parked` there.",
        "parks it and waits for its state"},
       parks},
      {{"M-22", mount_header, "Starts finding the reference of its axes.", "begins it, and stops it"}, homes},
      {{"M-23", mount_header, "Follows the sky from here by its own clock, or ceases to.",
        "begins it and ends it, and looks at the state"},
       tracks_by_itself},
      {{"M-31", mount_header, "Throws `unsupported` unless `.rates`.", "calls `move_rate` of one that has none"},
       [](Trial& trial) {
         refuses(trial, &MountDescription::rates, "move_rate", [](Mount& m) { m.move_rate({}, 100ms); });
       }},
      {{"M-32", mount_header, "`unsupported` unless `.parks`.", "calls `park` of one that does not"},
       [](Trial& trial) { refuses(trial, &MountDescription::parks, "park", [](Mount& m) { m.park(); }); }},
      {{"M-33", mount_header, "`unsupported` unless `.homes`.", "calls `home` of one that does not"},
       [](Trial& trial) { refuses(trial, &MountDescription::homes, "home", [](Mount& m) { m.home(); }); }},
      {{"M-34", mount_header, "`unsupported` unless `.self_tracking`.", "calls `self_track` of one that does not"},
       [](Trial& trial) {
         refuses(trial, &MountDescription::self_tracking, "self_track", [](Mount& m) { m.self_track(true); });
       }},
      {{"M-35", mount_header, "For drivers that hand the target on to another machine.",
        "calls `follow` of one that does not offer it: it has to throw `unsupported`"},
       [](Trial& trial) {
         refuses(trial, &MountDescription::follows, "follow", [](Mount& m) { m.follow(parse_target("altaz 180 45")); });
       }},
  };
}

}  // namespace astro::conformance
