// SPDX-License-Identifier: BSD-3-Clause
#include "observing/schedule_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace astro::detail {

namespace {

/// SplitMix64 (Steele, Lea & Flood 2014, OOPSLA): the same on every machine, which the distributions
/// of the standard library are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30u)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27u)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31u);
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>((*this)() % count); }
  double unit() { return static_cast<double>((*this)() >> 11u) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

/// The turn of a place whose whole track lies between `low` and `high` (all in degrees, of one turn)
/// that the axis reaches soonest; the place alone where no turn holds the track.
double in_nearest_turn(const Drive& drive, double place, double low, double high) {
  const auto nearest = [&](double least, double most) {
    const double wanted = std::round((drive.first_deg - place) / 360.0);
    return std::clamp(wanted, least, most);
  };
  double least = std::ceil((drive.from_deg - low) / 360.0 - 1e-9);
  double most = std::floor((drive.to_deg - high) / 360.0 + 1e-9);
  if (least > most) {
    least = std::ceil((drive.from_deg - place) / 360.0 - 1e-9);
    most = std::floor((drive.to_deg - place) / 360.0 + 1e-9);
  }
  return least > most ? place : place + 360.0 * nearest(least, most);
}

double slew_to(Drive& drive, double first_deg, double second_deg) {
  const double time_s = std::max(std::abs(first_deg - drive.first_deg) / drive.first_deg_per_s,
                                 std::abs(second_deg - drive.second_deg) / drive.second_deg_per_s);
  drive.first_deg = first_deg;
  drive.second_deg = second_deg;
  return time_s;
}

/// One attempt to do a task from a time on.
struct Attempt {
  Visit visit{};
  Drive drive{};
};

/// `hoped_s`: when it could begin on its target; the way there is that of this time, if it is later.
Attempt attempt(const Night& night, const Task& task, double start_s, Drive drive, double hoped_s) {
  Attempt made;
  made.visit.start_s = start_s;
  double now_s = start_s;
  double slew_s = 0.0;
  for (const Leg& leg : task.lead) {
    double needed_s = 0.0;
    if (leg.has_place) {
      const double turn = in_nearest_turn(drive, leg.first_deg, leg.first_deg, leg.first_deg);
      needed_s = slew_to(drive, turn, leg.second_deg);
    }
    slew_s += needed_s;
    now_s += needed_s + (now_s > start_s || leg.has_place ? settling_s : 0.0) + leg.duration_s;
  }
  double begin_s = now_s;
  if (!task.first_deg.empty()) {
    const std::size_t last = task.first_deg.size() - 1;
    const auto sample = [&](double time_s) {
      return std::min(last, static_cast<std::size_t>(std::max(0.0, time_s) / night.every_s));
    };
    double needed_s = 0.0;
    double turn = 0.0;
    for (int pass = 0; pass < 2; ++pass) {  // while it slews, the sky turns on
      const std::size_t at = sample(std::max(begin_s, hoped_s));
      Drive moved = drive;
      turn = in_nearest_turn(drive, task.first_deg[at], task.lowest_deg[at], task.highest_deg[at]) - task.first_deg[at];
      needed_s = slew_to(moved, task.first_deg[at] + turn, task.second_deg[at]);
      begin_s = now_s + needed_s + settling_s;
    }
    slew_s += needed_s;
    const std::size_t end = sample(begin_s + task.body_s);
    const double ended = task.first_deg[end] + turn;
    const bool holds = ended >= drive.from_deg - 1e-9 && ended <= drive.to_deg + 1e-9;
    drive.first_deg = holds ? ended : in_nearest_turn(drive, ended, ended, ended);
    drive.second_deg = task.second_deg[end];
  }
  made.visit.begin_s = begin_s;
  made.visit.end_s = begin_s + task.body_s;
  made.visit.slew_s = slew_s;
  made.drive = drive;
  return made;
}

/// What a visit adds. A hundredth for being early decides between what is equal otherwise: what weighs
/// more goes first, and the way that takes less time wins.
double merit_of(const Night& night, const Task& task, const Visit& done) {
  return task.weight * task.science_s * (1.0 - 0.01 * done.end_s / night.span_s);
}

/// A schedule under way: an order, and the state before each of its places.
class Walk {
 public:
  Walk(const Night& night, std::vector<std::size_t> order) : night_(&night), order_(std::move(order)) {
    states_.resize(order_.size() + 1);
    states_.front().drives = night.drives;
    scratch_ = states_;
    follow(order_, 0, states_);
  }

  const std::vector<std::size_t>& order() const { return order_; }
  double merit() const { return states_.back().merit; }
  /// Whether the task at that place of the order fits.
  bool is_in(std::size_t place) const { return states_[place + 1].merit > states_[place].merit; }

  /// The merit of another order that is the same up to `from`.
  double tried(const std::vector<std::size_t>& order, std::size_t from) {
    scratch_[from] = states_[from];
    follow(order, from, scratch_);
    return scratch_.back().merit;
  }
  /// Takes what was tried last.
  void take(const std::vector<std::size_t>& order, std::size_t from) {
    order_ = order;
    for (std::size_t i = from; i < states_.size(); ++i) std::swap(states_[i], scratch_[i]);
  }

 private:
  void follow(const std::vector<std::size_t>& order, std::size_t from, std::vector<NightState>& states) const {
    for (std::size_t i = from; i < order.size(); ++i) {
      states[i + 1] = states[i];
      (void)visit(*night_, order[i], states[i + 1]);
    }
  }

  const Night* night_;
  std::vector<std::size_t> order_;
  std::vector<NightState> states_;
  std::vector<NightState> scratch_;
};

/// What a choice earns in the time that it takes.
double rate_of(const NightState& before, const NightState& after) {
  return (after.merit - before.merit) / std::max(1.0, after.now_s - before.now_s);
}

/// Again and again what earns most a second together with the best that can follow it.
std::vector<std::size_t> greedy(const Night& night) {
  std::vector<std::size_t> left(night.tasks.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::vector<std::size_t> order;
  NightState state{.drives = night.drives};
  while (!left.empty()) {
    double best_rate = -1.0;
    std::size_t best = left.size();
    for (std::size_t i = 0; i < left.size(); ++i) {
      NightState after = state;
      if (!visit(night, left[i], after)) continue;
      double rate = rate_of(state, after);
      for (std::size_t j = 0; j < left.size(); ++j) {
        NightState then = after;
        if (j != i && visit(night, left[j], then)) rate = std::max(rate, rate_of(state, then));
      }
      // The first of a good pair: the one that earns more at once goes first.
      rate += 1e-3 * rate_of(state, after);
      if (rate > best_rate) best_rate = rate, best = i;
    }
    if (best == left.size()) break;
    (void)visit(night, left[best], state);
    order.push_back(left[best]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
  }
  order.insert(order.end(), left.begin(), left.end());
  return order;
}

void move(std::vector<std::size_t>& order, std::size_t from, std::size_t to) {
  const auto at = [&](std::size_t place) { return order.begin() + static_cast<std::ptrdiff_t>(place); };
  if (from < to) std::rotate(at(from), at(from) + 1, at(to) + 1);
  else std::rotate(at(to), at(from), at(from) + 1);
}

class Annealing {
 public:
  Annealing(const Night& night, std::uint64_t seed, std::int64_t evaluations)
      : night_(night), random_(seed), evaluations_(evaluations), walk_(night, greedy(night)), best_(walk_.order()) {
    best_merit_ = walk_.merit();
  }

  Found operator()() {
    const std::size_t count = night_.tasks.size();
    if (count >= 2) {
      cool();
      fill();
    }
    return {.order = best_, .evaluations = done_};
  }

 private:
  void cool() {
    double mean = 0.0;
    for (const Task& task : night_.tasks) mean += std::min(task.weight, 1e3) * task.science_s;
    mean /= static_cast<double>(night_.tasks.size());
    const double hot = 0.3 * mean;
    const double cold = 0.002 * mean;
    // Some are kept for the insertions at the end.
    const std::int64_t budget = evaluations_ - evaluations_ / 10;
    for (; done_ < budget; ++done_) {
      const double at = static_cast<double>(done_) / static_cast<double>(budget);
      step(hot * std::pow(cold / hot, at));
    }
  }

  void step(double temperature) {
    std::vector<std::size_t>& order = tried_;
    order = walk_.order();
    const std::size_t count = order.size();
    const std::size_t a = random_.below(count);
    std::size_t b = random_.below(count);
    const std::size_t kind = random_.below(4);
    // Near places oftener than far ones, except for what is out and comes in from the end.
    if (kind >= 2) b = std::min(count - 1, a + 1 + random_.below(3));
    if (kind == 0) std::swap(order[a], order[b]);
    else if (kind == 3 && random_.below(4) == 0) move(order, a, b = count - 1);
    else move(order, a, b);
    if (a == b) return;
    const std::size_t from = std::min(a, b);
    const double merit = walk_.tried(order, from);
    if (merit < walk_.merit() && random_.unit() >= std::exp((merit - walk_.merit()) / temperature)) return;
    walk_.take(order, from);
    if (merit <= best_merit_) return;
    best_merit_ = merit;
    best_ = order;
  }

  /// What is still out, into every place where it adds something: so that nobody waits beside an
  /// idle telescope.
  void fill() {
    bool better = true;
    while (better && done_ < evaluations_) {
      better = false;
      walk_ = Walk(night_, best_);
      for (std::size_t place = 0; place < best_.size() && !better; ++place) {
        if (!walk_.is_in(place)) better = inserted(place);
      }
    }
  }

  bool inserted(std::size_t place) {
    for (std::size_t to = 0; to < best_.size() && done_ < evaluations_; ++to, ++done_) {
      tried_ = best_;
      move(tried_, place, to);
      const double merit = walk_.tried(tried_, std::min(place, to));
      if (merit <= best_merit_ * (1.0 + 1e-12)) continue;
      best_merit_ = merit;
      best_ = tried_;
      return true;
    }
    return false;
  }

  const Night& night_;
  Random random_;
  std::int64_t evaluations_;
  std::int64_t done_ = 0;
  Walk walk_;
  std::vector<std::size_t> best_;
  std::vector<std::size_t> tried_;
  double best_merit_ = 0.0;
};

}  // namespace

void Task::prepare(double every_s) {
  const std::size_t count = free.size();
  const auto length = static_cast<std::size_t>(std::ceil(body_s / every_s)) + 1;
  barred_from.assign(count + 1, count);
  begins.assign(count + 1, count);
  lowest_deg = highest_deg = first_deg;
  for (std::size_t i = count; i-- > 0;) {
    barred_from[i] = free[i] ? barred_from[i + 1] : i;
    begins[i] = barred_from[i] > i + length ? i : begins[i + 1];
    if (begins[i] != i) continue;
    for (std::size_t j = i; j <= i + length; ++j) {
      lowest_deg[i] = std::min(lowest_deg[i], first_deg[j]);
      highest_deg[i] = std::max(highest_deg[i], first_deg[j]);
    }
  }
}

std::optional<double> Task::next_begin_s(double time_s, double every_s) const {
  if (first_deg.empty()) return time_s;
  const double at = std::floor(std::max(0.0, time_s) / every_s);
  if (at >= static_cast<double>(free.size())) return std::nullopt;
  const auto sample = static_cast<std::size_t>(at);
  if (begins[sample] == sample) return time_s;
  const std::size_t next = begins[sample];
  if (next >= free.size()) return std::nullopt;
  return static_cast<double>(next) * every_s;
}

std::optional<Visit> visit(const Night& night, std::size_t number, NightState& state) {
  const Task& task = night.tasks[number];
  const double first_s = std::max(state.now_s, task.earliest_s);
  const Drive& drive = state.drives[task.drive];
  double start_s = first_s;
  double hoped_s = 0.0;
  for (int tries = 0; tries < 8; ++tries) {
    if (start_s + task.body_s > task.latest_s) return std::nullopt;
    Attempt made = attempt(night, task, start_s, drive, hoped_s);
    if (made.visit.end_s > task.latest_s) return std::nullopt;
    const std::optional<double> possible_s = task.next_begin_s(made.visit.begin_s, night.every_s);
    if (!possible_s) return std::nullopt;
    if (*possible_s <= made.visit.begin_s) {
      made.visit.task = number;
      state.now_s = made.visit.end_s;
      state.drives[task.drive] = made.drive;
      state.merit += merit_of(night, task, made.visit);
      return made.visit;
    }
    // It leaves so that it is there in time, and not before.
    hoped_s = *possible_s;
    const double way_s = attempt(night, task, start_s, drive, hoped_s).visit.begin_s - start_s;
    start_s = std::max({first_s, *possible_s - way_s + 1e-3, tries < 2 ? first_s : start_s + 1.0});
  }
  return std::nullopt;
}

std::vector<Visit> visits_of(const Night& night, const std::vector<std::size_t>& order) {
  NightState state{.drives = night.drives};
  std::vector<Visit> visits;
  for (const std::size_t task : order) {
    if (const auto done = visit(night, task, state)) visits.push_back(*done);
  }
  return visits;
}

Found search(const Night& night, std::uint64_t seed, std::int64_t evaluations) {
  return Annealing(night, seed, evaluations)();
}

}  // namespace astro::detail
