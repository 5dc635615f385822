// SPDX-License-Identifier: BSD-3-Clause
#include "observing/rival.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "astro/sky/frames.hpp"
#include "astro/sky/observer.hpp"

namespace astro::testing {

using namespace std::chrono_literals;

namespace {

constexpr double every_s = 60.0;
constexpr double speed_deg_per_s = 2.0;
constexpr double settle_s = 2.0;
constexpr double never_s = 1e12;

}  // namespace

Site rival_site() {
  return parse_site(R"(
site: {name: Rivals, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}
mounts:
  dish: {driver: simulator, max_speed: 2 deg, limits: {azimuth: [0 deg, 450 deg], altitude: [10 deg, 88 deg]}}
receivers:
  hydrogen: {driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 2 MHz}
stores:
  archive: {driver: sqlite, path: rivals.db}
)");
}

Time random_evening(std::mt19937& random) {
  return parse_time("2026-01-01T19:00:00Z") + 24h * std::uniform_int_distribution(0, 364)(random);
}

std::vector<QueuedRequest> random_queue(std::mt19937& random, std::size_t count, Time now, bool priorities) {
  std::uniform_real_distribution<double> ra(0.0, 360.0);
  std::uniform_real_distribution<double> sine(std::sin(-50 * 0.01745), 1.0);
  std::uniform_int_distribution<int> minutes(15, 75);
  std::uniform_int_distribution<int> priority(0, 10);
  std::vector<QueuedRequest> queue;
  for (std::size_t i = 0; i < count; ++i) {
    QueuedRequest made{.id = "r" + std::to_string(i)};
    made.request.target = to_string(Target(Icrs{.ra = degrees(ra(random)), .dec = radians(std::asin(sine(random)))}));
    made.request.target_name = "target " + std::to_string(i);
    made.request.integration_time = std::chrono::minutes(minutes(random));
    made.request.calibration = CalibrationKind::none;
    made.user = "user " + std::to_string(i);
    if (priorities) made.priority = priority(random);
    made.created = made.updated = now;
    queue.push_back(std::move(made));
  }
  return queue;
}

Rival::Rival(const Site& site, const std::vector<QueuedRequest>& queue, Time from, Time to)
    : from_(from), span_s_(seconds(to - from)) {
  const auto count = static_cast<std::size_t>(span_s_ / every_s) + 1;
  std::vector<Time> times;
  for (std::size_t i = 0; i < count; ++i) times.push_back(from + std::chrono::minutes(i));
  for (const QueuedRequest& each : queue) {
    Work work{.length_s = seconds(each.request.integration_time),
              .weight = std::exp2(static_cast<double>(each.priority) / 2.0),
              .deadline_s = each.deadline ? seconds(*each.deadline - from) : never_s,
              .places = {},
              .next_s = std::vector<double>(count, never_s)};
    const Target target = parse_target(each.request.target);
    for (const AltAz& place : sky::altaz(target, site.location, times, sky::standard_weather(site.location)))
      work.places.push_back({place.azimuth.degrees(), place.altitude.degrees()});
    const auto needed = static_cast<std::size_t>(std::ceil(work.length_s / every_s)) + 1;
    std::size_t run = 0;
    for (std::size_t i = count; i-- > 0;) {
      const double altitude = work.places[i].altitude_deg;
      run = altitude >= 10.0 && altitude <= 88.0 ? run + 1 : 0;
      work.next_s[i] = run > needed ? every_s * static_cast<double>(i) : i + 1 < count ? work.next_s[i + 1] : never_s;
    }
    works_.push_back(std::move(work));
  }
}

std::size_t Rival::sample(double time_s) const {
  return std::min(works_.front().places.size() - 1, static_cast<std::size_t>(std::max(0.0, time_s) / every_s));
}

double Rival::way_s(const Place& from, const Place& to) const {
  const double turn = std::abs(std::remainder(from.azimuth_deg - to.azimuth_deg, 360.0));
  return std::max(turn, std::abs(from.altitude_deg - to.altitude_deg)) / speed_deg_per_s + settle_s;
}

double Rival::slew_s(std::size_t from, Time left, std::size_t to, Time begun) const {
  return way_s(works_[from].places[sample(seconds(left - from_))], works_[to].places[sample(seconds(begun - from_))]);
}

bool Rival::is_free(std::size_t request, Time begin) const {
  const double begin_s = seconds(begin - from_);
  const std::size_t at = sample(begin_s);
  return works_[request].next_s[at] <= begin_s && begin_s + works_[request].length_s <= span_s_;
}

bool Rival::is_up(std::size_t request, Time time) const {
  const double altitude = works_[request].places[sample(seconds(time - from_))].altitude_deg;
  return altitude >= 10.0 && altitude <= 88.0;
}

std::optional<Time> Rival::first_begin(std::size_t request, Time from) const {
  const double next_s = std::max(seconds(from - from_), works_[request].next_s[sample(seconds(from - from_))]);
  if (next_s + works_[request].length_s > span_s_) return std::nullopt;
  return from_ + from_seconds(next_s);
}

double Rival::value(const std::vector<std::size_t>& order, double spare_s, std::size_t* deadlines) const {
  double now_s = 0.0;
  double sum = 0.0;
  Place at{225.0, 49.0};
  for (const std::size_t number : order) {
    const Work& work = works_[number];
    double begin_s = now_s + way_s(at, work.places[sample(now_s)]);
    begin_s = std::max(begin_s, work.next_s[sample(begin_s)]);
    const double end_s = begin_s + work.length_s;
    if (end_s > span_s_ || end_s > work.deadline_s - spare_s) continue;
    now_s = end_s;
    at = work.places[sample(end_s)];
    sum += work.weight * work.length_s;
    if (deadlines != nullptr && work.deadline_s < never_s) ++*deadlines;
  }
  return sum;
}

template <class Look>
void Rival::each_order(Look look) const {
  for (unsigned subset = 1; subset < 1u << works_.size(); ++subset) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < works_.size(); ++i) {
      if ((subset >> i & 1u) != 0) order.push_back(i);
    }
    do {
      look(order);
    } while (std::ranges::next_permutation(order).found);
  }
}

double Rival::exhaustive() const {
  double best = 0.0;
  each_order([&](const std::vector<std::size_t>& order) { best = std::max(best, value(order)); });
  return best;
}

std::size_t Rival::most_deadlines(Duration spare) const {
  std::size_t most = 0;
  each_order([&](const std::vector<std::size_t>& order) {
    std::size_t kept = 0;
    (void)value(order, seconds(spare), &kept);
    most = std::max(most, kept);
  });
  return most;
}

double Rival::annealed(std::mt19937& random, std::int64_t evaluations) const {
  std::vector<std::size_t> order(works_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::shuffle(order, random);
  double now = value(order);
  double best = now;
  double mean = 0.0;
  for (const Work& work : works_) mean += work.weight * work.length_s / static_cast<double>(works_.size());
  std::uniform_int_distribution<std::size_t> place(0, order.size() - 1);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<std::size_t> tried;
  for (std::int64_t i = 0; i < evaluations; ++i) {
    const double temperature = mean * std::pow(1e-3, static_cast<double>(i) / static_cast<double>(evaluations));
    tried = order;
    std::size_t cuts[3] = {place(random), place(random), place(random)};
    std::ranges::sort(cuts);
    const auto at = [&](std::size_t n) { return tried.begin() + static_cast<std::ptrdiff_t>(n); };
    if (unit(random) < 0.5) std::reverse(at(cuts[0]), at(cuts[1]) + 1);
    else std::rotate(at(cuts[0]), at(cuts[1]), at(cuts[2]) + 1);
    const double then = value(tried);
    if (then < now && unit(random) >= std::exp((then - now) / temperature)) continue;
    now = then;
    order.swap(tried);
    best = std::max(best, now);
  }
  return best;
}

}  // namespace astro::testing
