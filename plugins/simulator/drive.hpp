// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>

#include "astro/clock.hpp"
#include "drift.hpp"
#include "motion.hpp"
#include "world.hpp"

namespace simulator {

/// How the beam errs from what the encoders say.
struct PointingError {
  astro::Axes offset{};  ///< constant
  astro::Angle noise{};  ///< standard deviation of a slow wander, on each axis
  std::uint64_t seed = 0;
};

/// The mechanics of a simulated mount, safe for all threads.
class Drive final : public Dish {
 public:
  Drive(astro::Geometry geometry, const AxisLimits& first, const AxisLimits& second, astro::Axes start,
        const PointingError& error, std::shared_ptr<const astro::Clock> clock);

  void move_to(astro::Axes target);
  void move_rate(astro::AxisRates rates, astro::Duration lifetime);
  void stop() noexcept;
  void freeze();

  astro::Axes encoders(astro::Time time) const;
  bool is_moving(astro::Time time) const;

  astro::Geometry geometry() const override { return geometry_; }
  astro::Axes axes(astro::Time time) const override;

 private:
  double now() const noexcept { return since_open(clock_->now()); }
  double since_open(astro::Time time) const noexcept { return astro::seconds(time - opened_); }

  const astro::Geometry geometry_;
  const PointingError error_;
  const std::shared_ptr<const astro::Clock> clock_;
  const astro::Time opened_;
  Drift wander_first_;
  Drift wander_second_;
  mutable std::mutex mutex_;
  Axis first_;
  Axis second_;
};

}  // namespace simulator
