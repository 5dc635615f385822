// SPDX-License-Identifier: BSD-3-Clause
#include "gaps.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace soapy {

namespace {

constexpr std::chrono::seconds period(5);  // oscillators drift against each other: an older way does not count
constexpr std::int64_t another_count = 3600LL * 1'000'000'000;  // a stamp so far off is of another start

}  // namespace

void Gaps::begin(double sample_rate_hz, Steady::time_point now) {
  *this = {};
  rate_ = sample_rate_hz;
  began_ = period_ = now;
  arrivals_.begin(sample_rate_hz, now);
}

double Gaps::behind(Steady::time_point now) const {
  return std::chrono::duration<double>(now - began_).count() * rate_ - static_cast<double>(counted_);
}

/// It changes with the oscillators' drift, which is seen between two gaps.
std::optional<double> Gaps::way() const {
  if (!least_now_) return way_;
  const double least = std::min(*least_now_, least_before_.value_or(*least_now_));
  return way_ ? *way_ + least - *least_first_ : least;
}

void Gaps::remember(double behind, Steady::time_point now) {
  const auto lower = [behind](std::optional<double>& least) { least = std::min(behind, least.value_or(behind)); };
  if (now - period_ > period) {
    period_ = now;
    least_before_ = std::exchange(least_now_, std::nullopt);
  }
  lower(least_now_);
  if (!least_before_) lower(least_first_);
}

std::uint64_t Gaps::lost_before(std::uint64_t samples, std::optional<std::int64_t> time_ns, Steady::time_point now) {
  std::uint64_t lost = 0;
  const bool is_stamped = time_ns && next_ns_ && std::abs(*time_ns - *next_ns_) < another_count;
  if (is_stamped) {
    const double missing = static_cast<double>(*time_ns - *next_ns_) * 1e-9 * rate_;
    if (missing >= 0.5) lost = static_cast<std::uint64_t>(std::llround(missing));
  } else if (const auto known = way(); broken_ && known) {
    const double missing = behind(now) - static_cast<double>(samples) - *known;
    if (missing >= 1.0) lost = static_cast<std::uint64_t>(std::llround(missing));
    way_ = known;
    period_ = now;
    least_first_ = least_now_ = least_before_ = std::nullopt;
  }
  if (broken_) arrivals_.begin(rate_, now);
  else if (!time_ns && !next_ns_) lost = arrivals_.lost_before(samples, now);
  broken_ = false;
  counted_ += samples + lost;
  if (time_ns) next_ns_ = *time_ns + std::llround(static_cast<double>(samples) / rate_ * 1e9);
  else if (next_ns_) next_ns_ = *next_ns_ + std::llround(static_cast<double>(samples + lost) / rate_ * 1e9);
  remember(behind(now), now);
  return lost;
}

}  // namespace soapy
