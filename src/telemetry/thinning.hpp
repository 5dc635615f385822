// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/telemetry.hpp"
#include "astro/telemetry/section.hpp"

namespace astro::telemetry::detail {

/// `*` in a pattern stands for any text.
bool pattern_matches(const std::string& pattern, const std::string& id) noexcept;

/// Which points are kept.
class ASTRO_API Thinning {
 public:
  explicit Thinning(std::vector<std::pair<std::string, PointRule>> rules) : rules_(std::move(rules)) {}

  /// Whether this one is kept; the next ones are compared with it then.
  bool keeps(const Point& point);

 private:
  struct Kept {
    const PointRule* rule = nullptr;
    double dead_band = 0.0;
    std::optional<Point> last{};
  };

  Kept& kept_of(const Point& point);
  static bool is_news(const Kept& kept, const Point& point);

  std::vector<std::pair<std::string, PointRule>> rules_;
  std::unordered_map<std::string, Kept> all_;
};

}  // namespace astro::telemetry::detail
