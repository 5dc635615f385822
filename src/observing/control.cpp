// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <atomic>

#include "astro/observing/observe.hpp"

namespace astro {

namespace {

constexpr std::int64_t most_passes = 100'000;  // as of a request's `repeat`

}  // namespace

struct ObservationControl::State {
  std::stop_source stop{};
  std::atomic<bool> paused = false;
  std::atomic<std::int64_t> passes = 0;
};

ObservationControl::ObservationControl() : state_(std::make_shared<State>()) {}

void ObservationControl::pause() noexcept { state_->paused = true; }
void ObservationControl::go_on() noexcept { state_->paused = false; }
bool ObservationControl::is_paused() const noexcept { return state_->paused; }
void ObservationControl::cancel() noexcept { state_->stop.request_stop(); }
std::stop_token ObservationControl::token() const noexcept { return state_->stop.get_token(); }
void ObservationControl::extend(std::int64_t passes) noexcept {
  if (passes <= 0) return;
  std::int64_t before = state_->passes;
  while (!state_->passes.compare_exchange_weak(before, std::min(before + std::min(passes, most_passes), most_passes))) {
  }
}
std::int64_t ObservationControl::passes_to_add() const noexcept { return state_->passes; }

}  // namespace astro
