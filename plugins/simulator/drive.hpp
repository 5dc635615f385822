// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "astro/clock.hpp"
#include "drift.hpp"
#include "kept.hpp"
#include "motion.hpp"
#include "world.hpp"

namespace simulator {

/// How the beam errs from what the encoders say.
struct PointingError {
  astro::Axes offset{};  ///< constant
  astro::Angle noise{};  ///< standard deviation of a slow wander, on each axis
  std::uint64_t seed = 0;
};

/// The same for another process.
struct DriveState {
  astro::Geometry geometry = astro::Geometry::alt_az;
  PointingError error{};
  astro::Time since{};
  AxisState first{};
  AxisState second{};
};

/// The mechanics of a simulated mount, safe for all threads. What was kept of it goes on: a dish whose driver was
/// killed turns until somebody stops it.
class Drive final : public Dish {
 public:
  Drive(astro::Geometry geometry, const AxisLimits& first, const AxisLimits& second, astro::Axes start,
        const PointingError& error, std::shared_ptr<const astro::Clock> clock, const std::filesystem::path& file);

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

  void keep() noexcept;

  const astro::Geometry geometry_;
  const PointingError error_;
  const std::shared_ptr<const astro::Clock> clock_;
  astro::Time opened_;
  Drift wander_first_;
  Drift wander_second_;
  mutable std::mutex mutex_;
  Axis first_;
  Axis second_;
  Kept<DriveState> kept_;
};

/// The same as another process keeps it.
class DistantDish final : public Dish {
 public:
  explicit DistantDish(const std::filesystem::path& file) : kept_(file, false) {}

  bool is_there() const noexcept { return kept_.version() != 0; }
  astro::Geometry geometry() const override;
  astro::Axes axes(astro::Time time) const override;

 private:
  void read() const;

  Kept<DriveState> kept_;
  mutable std::mutex mutex_;  ///< of what follows: the last that was read
  mutable std::uint32_t version_ = 0;
  mutable DriveState state_{};
  mutable Axis first_{};
  mutable Axis second_{};
};

/// Where a beam is that errs from its axes.
astro::Axes with_error(astro::Axes axes, const PointingError& error, astro::Time time);

}  // namespace simulator
