// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <stop_token>

#include "astro/export.hpp"
#include "astro/time.hpp"

namespace astro {

/// The observatory's clock: UTC of the machine, or a simulated one that starts where it is told and
/// runs at a multiple of real time. Everything that waits or stamps asks this clock, so that a
/// simulated night is short and repeatable. All functions may be called from any thread.
class ASTRO_API Clock final {
 public:
  /// UTC of the machine. Waits use the monotonic clock: a step of the wall clock lengthens none.
  static std::shared_ptr<Clock> system();
  /// Starts at `start` and runs `speed` times as fast as real time; throws `invalid_argument` when
  /// the speed is not in (0, 1e6].
  static std::shared_ptr<Clock> simulated(Time start, double speed = 1.0);

  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  ~Clock();

  Time now() const noexcept;
  bool is_simulated() const noexcept;
  double speed() const noexcept;  ///< 1 for the system's clock

  /// Waits until the instant, or until stop is requested; true when the instant has come.
  bool sleep_until(Time instant, const std::stop_token& stop = {}) const;
  bool sleep_for(Duration duration, const std::stop_token& stop = {}) const;

  /// While a hold lives, a simulated clock does not pass its instant: a simulated stream holds the
  /// clock at the end of what it has produced, so that no sample is lost for want of processor
  /// time. On the system's clock it does nothing. The holder moves it forward as it goes.
  class ASTRO_API Hold {
   public:
    Hold() noexcept;
    Hold(Hold&&) noexcept;
    Hold& operator=(Hold&&) noexcept;
    ~Hold();  ///< lets the clock go on
    void move_to(Time instant) noexcept;
    void release() noexcept;  ///< lets the clock go on; harmless twice, and beside `move_to`

   private:
    friend class Clock;
    struct State;
    std::shared_ptr<State> state_;
  };
  Hold hold(Time instant);

 private:
  struct State;
  explicit Clock(std::shared_ptr<State> state) noexcept;
  std::shared_ptr<State> state_;
};

}  // namespace astro
