// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <mutex>

#include "fault.hpp"

namespace wrong {

/// Turns at a constant speed, and has rates that die.
class Mount final : public astro::Mount, private Faulty {
 public:
  using Settings = wrong::Settings;
  static astro::MountDescription description();

  explicit Mount(Settings settings) : Faulty(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void move_to(astro::Axes target) override;
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override;
  void park() override;
  void home() override;
  astro::MountStatus status() override;

 private:
  void freeze() noexcept;
  void go_to(astro::Axes target);
  astro::Axes position() const;

  std::shared_ptr<astro::Clock> clock_;
  std::atomic<bool> is_ready_ = false;
  std::mutex mutex_;
  astro::Axes start_{astro::degrees(100), astro::degrees(75)};
  astro::Axes target_ = start_;
  astro::AxisRates rates_{};
  astro::Time started_{};
  astro::Duration lifetime_{};
  bool is_rate_ = false;
  bool is_parking_ = false;
};

}  // namespace wrong
