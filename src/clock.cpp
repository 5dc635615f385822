// SPDX-License-Identifier: BSD-3-Clause
#include "astro/clock.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <utility>

#include "apart_socket.hpp"
#include "astro/error.hpp"
#include "clock_sharing.hpp"
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

namespace {

constexpr std::size_t most_holds = 1024;
constexpr std::uint32_t layout = 1;  // of the page

/// Simulated time runs from an anchor, a pair of instants. Held time is not made up for: when a
/// hold stops the clock, the anchor moves along, so that the clock goes on from where it stood.
/// All of it lies in one page of memory, which another process may share (a driver that runs apart):
/// nothing here points anywhere, and whoever is killed in the middle leaves it whole.
struct Page {
  struct Anchor {
    Time time;
    Steady::time_point real;
  };
  struct HoldSlot {
    pid_t holder;  // 0: free
    Time instant;
  };

  std::uint32_t layout;
  pthread_mutex_t mutex;  // of all that follows, but for `wakes`
  double speed;
  std::array<Anchor, 2> anchors;
  std::atomic<std::uint32_t> anchor;  // which of them counts
  Time shown;                         // the latest that anybody was told
  Time limit;                         // the earliest hold
  Time awaited;                       // the earliest instant that somebody waits for behind a hold
  std::uint32_t slots;                // so many were ever in use
  std::array<HoldSlot, most_holds> holds;
  std::atomic<std::uint32_t> wakes;  // sleepers wait for a change of it
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

class PageLock {
 public:
  explicit PageLock(Page& page) noexcept : page_(page) {
    if (::pthread_mutex_lock(&page_.mutex) == EOWNERDEAD) ::pthread_mutex_consistent(&page_.mutex);
  }
  ~PageLock() { ::pthread_mutex_unlock(&page_.mutex); }
  PageLock(const PageLock&) = delete;
  PageLock& operator=(const PageLock&) = delete;

 private:
  Page& page_;
};

/// futex(2) has no function of its own in the C library.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* wait) noexcept {
  return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, wait, nullptr, 0);
}

void wake_all(Page& page) noexcept {
  ++page.wakes;
  futex(page.wakes, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr);
}

}  // namespace

struct Clock::State {
  bool simulated = false;
  detail::SharedMemory memory{};

  Page& page() const noexcept { return *reinterpret_cast<Page*>(memory.bytes().data()); }

  // Those that take the page's lock for granted.

  /// Now, by the holds as they are. To be called before one of them moves on or is gone. A hold in
  /// the past takes back what nobody has seen yet, and no more.
  static Time advance(Page& page) noexcept {
    const std::uint32_t which = page.anchor.load(std::memory_order_relaxed);
    const Page::Anchor& from = page.anchors[which];
    const auto real = Steady::now();
    const Time free = plus(from.time, scaled(real - from.real, static_cast<long double>(page.speed)));
    page.shown = std::max(page.shown, std::min(free, page.limit));
    if (page.shown != free) {
      page.anchors[1 - which] = {page.shown, real};
      page.anchor.store(1 - which, std::memory_order_release);
    }
    return page.shown;
  }

  /// A hold has moved or is gone. Sleepers behind a hold wait without a deadline: they are woken when it no longer is
  /// in their way.
  static void change_limit(Page& page) noexcept {
    Time limit = Time::max();
    for (std::uint32_t i = 0; i < page.slots; ++i) {
      if (page.holds[i].holder != 0) limit = std::min(limit, page.holds[i].instant);
    }
    page.limit = limit;
    if (page.awaited > limit) return;
    page.awaited = Time::max();  // those that go on waiting say so again
    wake_all(page);
  }

  bool sleep_until(Time instant, const std::stop_token& stop) const {
    Page& shared = page();
    const std::stop_callback wake(stop, [&] { wake_all(shared); });
    for (;;) {
      const std::uint32_t seen = shared.wakes.load();
      Duration wait = longest_wait;
      {
        const PageLock lock(shared);
        const Time now = advance(shared);
        if (now >= instant) return true;
        if (stop.stop_requested()) return false;
        if (shared.limit < instant) shared.awaited = std::min(shared.awaited, instant);
        else wait = std::min(scaled(wait_between(now, instant), 1.0L / static_cast<long double>(shared.speed)), wait);
      }
      wait += std::chrono::nanoseconds(1);
      const auto whole = std::chrono::floor<std::chrono::seconds>(wait);
      const timespec left{static_cast<time_t>(whole.count()), static_cast<long>((wait - whole).count())};
      futex(shared.wakes, FUTEX_WAIT, seen, &left);
    }
  }

  static std::shared_ptr<Clock> over_page(detail::SharedMemory memory) {
    auto state = std::make_shared<State>();
    state->simulated = true;
    state->memory = std::move(memory);
    return std::shared_ptr<Clock>(new Clock(std::move(state)));
  }

  static int file_of(const Clock& clock) { return clock.state_->simulated ? clock.state_->memory.file() : -1; }
  static std::shared_ptr<Clock> over_file(int number) {
    const detail::File file(number);
    auto clock = over_page(detail::SharedMemory(file, sizeof(Page)));
    if (clock->state_->page().layout != layout) {
      throw Error(ErrorCode::unsupported, "the clock's page is of another libastro: let both sides have the same");
    }
    return clock;
  }
  static void release_holds(const Clock& clock, pid_t of) {
    if (!clock.state_->simulated) return;
    Page& page = clock.state_->page();
    const PageLock lock(page);
    advance(page);
    for (std::uint32_t i = 0; i < page.slots; ++i) {
      if (page.holds[i].holder == of) page.holds[i].holder = 0;
    }
    change_limit(page);
  }
  static const bool is_shared;
};

detail::ClockSharing detail::clock_sharing;
const bool Clock::State::is_shared = (detail::clock_sharing = {&file_of, &over_file, &release_holds}, true);

struct Clock::Hold::State {
  std::shared_ptr<Clock::State> clock;
  std::size_t slot = most_holds;  // guarded by the page's lock; none: it holds nothing any more

  ~State() { release(); }

  void release() noexcept {
    Page& page = clock->page();
    const PageLock lock(page);
    const std::size_t held = std::exchange(slot, most_holds);
    if (held == most_holds) return;
    Clock::State::advance(page);
    page.holds[held].holder = 0;
    Clock::State::change_limit(page);
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
  detail::SharedMemory memory(sizeof(Page));
  Page& page = *new (memory.bytes().data()) Page{};
  page.layout = layout;
  pthread_mutexattr_t kind;
  ::pthread_mutexattr_init(&kind);
  ::pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(&page.mutex, &kind);
  ::pthread_mutexattr_destroy(&kind);
  page.speed = speed;
  page.anchors[0] = {start, Steady::now()};
  page.shown = Time::min();
  page.limit = page.awaited = Time::max();
  return State::over_page(std::move(memory));
}

Time Clock::now() const noexcept {
  if (!state_->simulated) return wall_clock();
  const PageLock lock(state_->page());
  return State::advance(state_->page());
}

bool Clock::is_simulated() const noexcept { return state_->simulated; }
double Clock::speed() const noexcept { return state_->simulated ? state_->page().speed : 1.0; }

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
  Page& page = state_->clock->page();
  const PageLock lock(page);
  if (state_->slot == most_holds) return;
  Clock::State::advance(page);
  page.holds[state_->slot].instant = instant;
  Clock::State::change_limit(page);
}

void Clock::Hold::release() noexcept {
  if (state_) state_->release();
}

Clock::Hold Clock::hold(Time instant) {
  Hold made;
  if (!state_->simulated) return made;
  auto held = std::make_shared<Hold::State>();
  held->clock = state_;
  Page& page = state_->page();
  const PageLock lock(page);
  const auto free = std::ranges::find(page.holds, pid_t{0}, &Page::HoldSlot::holder);
  if (free == page.holds.end()) {
    throw Error(ErrorCode::busy, "a simulated clock is held by " + std::to_string(most_holds) + " holds already");
  }
  const auto slot = static_cast<std::uint32_t>(free - page.holds.begin());
  *free = {::getpid(), instant};
  page.slots = std::max(page.slots, slot + 1);
  State::change_limit(page);
  held->slot = slot;
  made.state_ = std::move(held);
  return made;
}

}  // namespace astro
