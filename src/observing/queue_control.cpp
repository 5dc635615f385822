// SPDX-License-Identifier: BSD-3-Clause
#include "observing/queue_control.hpp"

namespace astro {

namespace {

template <class Use>
bool with_running(QueueControl::State& state, Use use) noexcept {
  const std::lock_guard lock(state.mutex);
  if (!state.running) return false;
  use(*state.running);
  return true;
}

}  // namespace

QueueControl::QueueControl() : state_(std::make_shared<State>()) {}

void QueueControl::stop() noexcept { state_->stop.request_stop(); }
std::stop_token QueueControl::token() const noexcept { return state_->stop.get_token(); }

std::string QueueControl::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->id;
}

bool QueueControl::pause() noexcept {
  return with_running(*state_, [](ObservationControl& running) { running.pause(); });
}
bool QueueControl::go_on() noexcept {
  return with_running(*state_, [](ObservationControl& running) { running.go_on(); });
}
bool QueueControl::cancel() noexcept {
  return with_running(*state_, [](ObservationControl& running) { running.cancel(); });
}
bool QueueControl::extend(std::int64_t passes) noexcept {
  return with_running(*state_, [&](ObservationControl& running) { running.extend(passes); });
}

bool QueueControl::is_paused() const noexcept {
  bool is = false;
  with_running(*state_, [&](const ObservationControl& running) { is = running.is_paused(); });
  return is;
}

}  // namespace astro
