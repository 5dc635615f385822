// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/observing/safety.hpp"
#include "astro/telemetry.hpp"

namespace astro::detail {

/// Watches the points of a mount's conditions. Safe for all threads.
class SafetyConditions {
 public:
  using Latest = std::function<std::optional<Point>(const std::string& id)>;

  SafetyConditions(std::vector<SafetyCondition> conditions, Latest latest, Time began);

  struct Active {
    std::string reason;
    SafetyAction action;
  };
  /// Looks at the latest values; what counts now.
  std::vector<Active> active(Time now);
  /// What has begun to count since this was asked for the last time.
  std::vector<Active> begun(Time now);

 private:
  struct Watched {
    SafetyCondition condition;
    bool counts = false;
    bool told = false;
    std::optional<Time> met_since{};
    std::optional<Time> clear_since{};
    std::string reason{};
  };

  void look(Time now);
  void look(Watched& watched, Time now) const;
  /// Why it is met, or nothing.
  std::optional<std::string> met(const SafetyCondition& condition, Time now) const;

  const Latest latest_;
  const Time began_;
  std::mutex mutex_;
  std::vector<Watched> all_;
};

}  // namespace astro::detail
