// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "astro/observing/observe.hpp"
#include "astro/observing/queue.hpp"

namespace astro {

struct QueueControl::State {
  std::stop_source stop{};
  mutable std::mutex mutex{};
  std::string id{};
  std::optional<ObservationControl> running{};
};

namespace detail {

/// A request has the reins while this lives.
class Reined {
 public:
  Reined(const QueueControl& control, const std::string& id, const ObservationControl& running)
      : state_(control.state()) {
    const std::lock_guard lock(state_.mutex);
    state_.id = id;
    state_.running = running;
  }
  ~Reined() {
    const std::lock_guard lock(state_.mutex);
    state_.id.clear();
    state_.running.reset();
  }
  Reined(const Reined&) = delete;
  Reined& operator=(const Reined&) = delete;

 private:
  QueueControl::State& state_;
};

}  // namespace detail

}  // namespace astro
