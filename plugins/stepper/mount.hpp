// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/controller.hpp"
#include "astro/mount.hpp"
#include "motors.hpp"

namespace stepper {

/// Two stepper motors behind drivers with step and direction inputs.
class Mount final : public astro::Mount {
 public:
  using Settings = stepper::Settings;
  static astro::MountDescription description();

  explicit Mount(Settings settings);

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void move_to(astro::Axes target) override;
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override;
  void park() override;
  void home() override;
  astro::MountStatus status() override;

 private:
  astro::MountDescription described() const;
  Place known_place(astro::Emitter& host);
  void keep_place() noexcept;
  std::shared_ptr<Motors> motors() const;

  const Settings settings_;
  std::shared_ptr<astro::Clock> clock_;
  std::filesystem::path file_;  ///< where the place is kept while the device is closed
  std::string observatory_;
  std::string device_;
  mutable std::mutex mutex_;  ///< of `motors_` itself: `stop` may come beside `open` and `close`
  std::shared_ptr<Motors> motors_;
  std::atomic<bool> parking_ = false;
  astro::Emitter* host_ = nullptr;
  std::string fault_;  ///< that was told last
};

/// What the motors of a mount tell beside its position.
class Watch final : public astro::Controller {
 public:
  struct Settings {
    std::string of{};
  };
  static astro::ControllerDescription description();

  explicit Watch(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override { host_ = &host; }
  void close() noexcept override { host_ = nullptr; }
  void stop() noexcept override {}  // it moves nothing
  void poll() override;

 private:
  const Settings settings_;
  astro::Emitter* host_ = nullptr;
};

}  // namespace stepper

template <>
struct astro::Description<stepper::Watch::Settings> {
  using S = stepper::Watch::Settings;
  static constexpr std::array fields{
      field<&S::of>("of", {.says = "the mount whose motors it watches", .required = true, .names = "mount"})};
};
