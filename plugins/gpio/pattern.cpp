// SPDX-License-Identifier: BSD-3-Clause
#include "pattern.hpp"

namespace gpio {

bool Pattern::is_on(Monotonic now) const noexcept {
  if (part <= 0.0 || part >= 1.0) return part > 0.0;
  const Monotonic into = (now - begun) % period;
  return static_cast<double>(into.count()) < part * static_cast<double>(period.count());
}

std::optional<Monotonic> Pattern::next(Monotonic now) const noexcept {
  if (part <= 0.0 || part >= 1.0) return std::nullopt;
  const Monotonic into = (now - begun) % period;
  const Monotonic on_for(static_cast<Monotonic::rep>(part * static_cast<double>(period.count())));
  return now - into + (into < on_for ? on_for : period);
}

void Debounce::edge(bool on, Monotonic time) noexcept {
  raw_ = on;
  raw_since_ = time;
}

std::optional<Monotonic> Debounce::due() const noexcept {
  if (raw_ == on_) return std::nullopt;
  return raw_since_ + settles_in_;
}

bool Debounce::settle(bool level, Monotonic now) noexcept {
  if (level != raw_) edge(level, now);  // an edge was lost: the kernel keeps only some
  if (raw_ == on_ || now < raw_since_ + settles_in_) return false;
  on_ = raw_;
  since_ = raw_since_;
  return true;
}

}  // namespace gpio
