// SPDX-License-Identifier: BSD-3-Clause
#include "astro/clock.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <set>
#include <utility>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro {

namespace {

using Steady = std::chrono::steady_clock;

/// Long enough for everybody, short enough to be added to any instant of the steady clock.
constexpr Duration longest_wait = std::chrono::hours(24 * 365 * 100);

/// later - earlier, without overflow, at most `longest_wait`.
Duration wait_between(Time earlier, Time later) noexcept {
  if (later <= earlier) return Duration::zero();
  const auto ns = static_cast<std::uint64_t>(later.time_since_epoch().count()) -
                  static_cast<std::uint64_t>(earlier.time_since_epoch().count());
  return ns < static_cast<std::uint64_t>(longest_wait.count()) ? Duration(static_cast<std::int64_t>(ns)) : longest_wait;
}

Duration scaled(Duration duration, long double factor) noexcept {
  const long double ns = static_cast<long double>(duration.count()) * factor;
  const bool fits = ns < static_cast<long double>(Duration::max().count());
  return fits ? Duration(static_cast<std::int64_t>(ns)) : Duration::max();
}

Time plus(Time time, Duration duration) noexcept {
  return time > Time::max() - duration ? Time::max() : time + duration;
}

Time wall_clock() noexcept { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

bool sleep_real(Duration wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  const auto deadline = Steady::now() + wait;
  woken.wait_until(lock, stop, deadline, [] { return false; });
  return Steady::now() >= deadline;
}

}  // namespace

/// Simulated time runs from an anchor, a pair of instants. Held time is not made up for: when a
/// hold stops the clock, the anchor moves along, so that the clock goes on from where it stood.
struct Clock::State {
  bool simulated = false;
  double speed = 1.0;

  std::mutex mutex;
  std::condition_variable_any changed;
  Time anchor;
  Steady::time_point real_anchor;
  Time shown = Time::min();  // the latest that anybody was told
  std::multiset<Time> holds;
  std::multiset<Time> awaited;  // instants that sleepers wait for

  // All that follow are called with the mutex held.

  Time limit() const noexcept { return holds.empty() ? Time::max() : *holds.begin(); }

  /// Now, by the holds as they are. To be called before one of them moves on or is gone. A hold in
  /// the past takes back what nobody has seen yet, and no more.
  Time advance() noexcept {
    const auto real = Steady::now();
    const Time free = plus(anchor, scaled(real - real_anchor, static_cast<long double>(speed)));
    shown = std::max(shown, std::min(free, limit()));
    if (shown != free) {
      anchor = shown;
      real_anchor = real;
    }
    return shown;
  }

  /// Sleepers behind a hold wait without a deadline; wakes them when it no longer is in their way.
  void tell_sleepers(Time old_limit) noexcept {
    const auto freed = awaited.upper_bound(old_limit);
    if (freed != awaited.end() && *freed <= limit()) changed.notify_all();
  }

  bool sleep_until(Time instant, const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    const auto entry = awaited.insert(instant);
    bool reached = false;
    while (true) {
      const Time now = advance();
      reached = now >= instant;
      if (reached || stop.stop_requested()) break;
      const auto held = [&] { return limit() < instant; };
      if (held()) {
        changed.wait(lock, stop, [&] { return !held(); });
      } else {
        const auto wait = scaled(wait_between(now, instant), 1.0L / static_cast<long double>(speed));
        const auto deadline = Steady::now() + std::min(wait, longest_wait) + std::chrono::nanoseconds(1);
        changed.wait_until(lock, stop, deadline, [] { return false; });
      }
    }
    awaited.erase(entry);
    return reached;
  }
};

struct Clock::Hold::State {
  std::shared_ptr<Clock::State> clock;
  std::multiset<Time>::iterator entry;
  bool holds = false;  // guarded by the clock's mutex, as the entry is

  ~State() { release(); }

  void release() noexcept {
    if (!clock) return;  // never came to hold anything
    const std::lock_guard lock(clock->mutex);
    if (!std::exchange(holds, false)) return;
    clock->advance();
    const Time old_limit = clock->limit();
    clock->holds.erase(entry);
    clock->tell_sleepers(old_limit);
  }
};

Clock::Clock(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Clock::~Clock() = default;

std::shared_ptr<Clock> Clock::system() {
  static const std::shared_ptr<Clock> clock(new Clock(std::make_shared<State>()));
  return clock;
}

std::shared_ptr<Clock> Clock::simulated(Time start, double speed) {
  if (!(speed > 0.0 && speed <= 1e6)) {
    throw Error(ErrorCode::invalid_argument, "a simulated clock with speed " + text::of(speed) +
                                                 ": expected more than 0 and at most 1e6 times real time");
  }
  auto state = std::make_shared<State>();
  state->simulated = true;
  state->speed = speed;
  state->anchor = start;
  state->real_anchor = Steady::now();
  return std::shared_ptr<Clock>(new Clock(std::move(state)));
}

Time Clock::now() const noexcept {
  if (!state_->simulated) return wall_clock();
  const std::lock_guard lock(state_->mutex);
  return state_->advance();
}

bool Clock::is_simulated() const noexcept { return state_->simulated; }
double Clock::speed() const noexcept { return state_->speed; }

bool Clock::sleep_until(Time instant, const std::stop_token& stop) const {
  if (state_->simulated) return state_->sleep_until(instant, stop);
  const Duration wait = wait_between(wall_clock(), instant);
  return wait == Duration::zero() || sleep_real(wait, stop);
}

bool Clock::sleep_for(Duration duration, const std::stop_token& stop) const {
  if (duration <= Duration::zero()) return true;
  if (state_->simulated) return state_->sleep_until(plus(now(), duration), stop);
  return sleep_real(std::min(duration, longest_wait), stop);
}

Clock::Hold::Hold() noexcept = default;
Clock::Hold::Hold(Hold&&) noexcept = default;
Clock::Hold& Clock::Hold::operator=(Hold&&) noexcept = default;
Clock::Hold::~Hold() = default;

void Clock::Hold::move_to(Time instant) noexcept {
  if (!state_) return;
  Clock::State& clock = *state_->clock;
  const std::lock_guard lock(clock.mutex);
  if (!state_->holds) return;
  clock.advance();
  const Time old_limit = clock.limit();
  auto node = clock.holds.extract(state_->entry);  // the same node: moving allocates nothing
  node.value() = instant;
  state_->entry = clock.holds.insert(std::move(node));
  clock.tell_sleepers(old_limit);
}

void Clock::Hold::release() noexcept {
  if (state_) state_->release();
}

Clock::Hold Clock::hold(Time instant) {
  Hold made;
  if (!state_->simulated) return made;
  made.state_ = std::make_shared<Hold::State>();
  const std::lock_guard lock(state_->mutex);
  made.state_->entry = state_->holds.insert(instant);
  made.state_->holds = true;
  made.state_->clock = state_;
  return made;
}

}  // namespace astro
