// SPDX-License-Identifier: BSD-3-Clause
#include "pad.hpp"

#include <algorithm>
#include <utility>

namespace handset {

bool Pad::button(Source source, Does does, bool pressed) noexcept {
  auto& known = pressed_[static_cast<std::size_t>(source)];
  const bool was = std::exchange(known[static_cast<std::size_t>(does)], pressed);
  if (!pressed || was) return false;
  if (does == Does::faster) speed_ = std::min(speed_ + 1, speeds_ - 1);
  if (does == Does::slower) speed_ -= speed_ > 0 ? 1 : 0;
  if (does == Does::stop) waits_ = true;
  return true;
}

void Pad::release(Source source) noexcept {
  pressed_[static_cast<std::size_t>(source)] = {};
  if (source == Source::gamepad) stick_ = {};
}

Pad::Wish Pad::wish() noexcept {
  const auto axis = [&](double stick, Does plus, Does minus) {
    return std::clamp(stick + (is(plus) ? 1.0 : 0.0) - (is(minus) ? 1.0 : 0.0), -1.0, 1.0);
  };
  Wish wish{.first = axis(stick_[0], Does::right, Does::left), .second = axis(stick_[1], Does::up, Does::down)};
  const bool is_neutral = wish.first == 0.0 && wish.second == 0.0 && !is(Does::hold);
  if (is_neutral) waits_ = false;
  wish.steers = !waits_ && (wish.first != 0.0 || wish.second != 0.0) && (!needs_hold_ || is(Does::hold));
  if (!wish.steers) wish.first = wish.second = 0.0;
  return wish;
}

}  // namespace handset
