// SPDX-License-Identifier: BSD-3-Clause
#include "stream_kit/arrivals.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stream_kit {

namespace {

constexpr std::chrono::seconds period(1);
constexpr int stands = 2;             // periods without a move before it is believed
constexpr int is_wrong = 5;           // periods of the same drift before it is told
constexpr double oscillators = 1e-3;  // differ by less
constexpr double much = 0.02;         // of the rate: no oscillator is so wrong

}  // namespace

void Arrivals::begin(double sample_rate_hz, Steady::time_point now) {
  *this = {};
  rate_ = sample_rate_hz;
  began_ = second_ = now;
}

double Arrivals::behind(Steady::time_point now) const {
  return std::chrono::duration<double>(now - began_).count() * rate_ - static_cast<double>(counted_);
}

/// A second is over, in which the samples were at least so far behind.
std::uint64_t Arrivals::judge(double least) {
  const double before = std::exchange(least_before_, least).value_or(least);
  const double moved = least - before;
  running_ = std::abs(moved) > much * rate_ ? running_ + 1 : 0;
  wrong_ = rate_ - moved;
  standing_ = std::abs(moved) < (0.25 * least_seen_s + oscillators) * rate_ ? standing_ + 1 : 0;
  if (standing_ < stands) return 0;
  const double more = least - way_.value_or(least);
  if (std::exchange(was_away_, false)) over_ += std::max(0.0, -more);
  if (more <= least_seen_s * rate_) {
    way_ = least;  // a shorter way, or oscillators that drift against each other
    return 0;
  }
  const std::uint64_t found = without_what_was_too_much(more);
  way_ = least_before_ = least - static_cast<double>(found);
  return found;
}

std::uint64_t Arrivals::without_what_was_too_much(double missing) {
  const double taken = std::min(over_, missing);
  over_ -= taken;
  return static_cast<std::uint64_t>(std::llround(missing - taken));
}

std::uint64_t Arrivals::lost_before(std::uint64_t samples, Steady::time_point now) {
  std::uint64_t lost = std::exchange(thrown_, 0);
  counted_ += lost;
  if (std::exchange(away_, false)) {
    const double missing = behind(now) - static_cast<double>(samples) - way_.value_or(0.0);
    if (missing >= 1.0) {
      const std::uint64_t count = without_what_was_too_much(missing);
      lost += count;
      counted_ += count;
    }
    was_away_ = true;
    least_now_.reset();
    least_before_.reset();
    standing_ = 0;
    second_ = now;
  }
  counted_ += samples;
  const double here = behind(now);
  least_now_ = least_now_ ? std::min(*least_now_, here) : here;
  if (now - second_ < period) return lost;
  second_ = now;
  const std::uint64_t found = judge(*std::exchange(least_now_, std::nullopt));
  counted_ += found;
  return lost + found;
}

std::optional<double> Arrivals::wrong_rate() {
  if (running_ < is_wrong) return std::nullopt;
  running_ = 0;
  return wrong_;
}

}  // namespace stream_kit
