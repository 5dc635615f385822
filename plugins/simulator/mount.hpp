// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "astro/mount.hpp"
#include "drive.hpp"
#include "faults.hpp"

namespace simulator {

/// A mount with inertia, backlash and limits. As a twin it has the geometry, reach and capabilities
/// of the driver that it stands for.
class Mount final : public astro::Mount {
 public:
  struct Settings {
    astro::Geometry geometry = astro::Geometry::alt_az;
    astro::Angle max_speed = astro::degrees(5);
    astro::Angle acceleration = astro::degrees(5);
    astro::Angle accuracy = astro::degrees(0.05);
    astro::Angle backlash{};
    astro::Axes start{astro::degrees(180), astro::degrees(45)};
    astro::Axes park{astro::degrees(180), astro::degrees(88)};
    astro::Axes pointing_offset{};
    astro::Angle pointing_noise{};
    std::int64_t seed = 1;
    std::vector<Fault> faults{};
  };

  /// What it can do where it is nobody's twin.
  static astro::MountDescription description();

  explicit Mount(Settings settings);

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;

  void move_to(astro::Axes target) override;
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override;
  void park() override;
  void home() override;
  void self_track(bool on) override;
  astro::MountStatus status() override;

 private:
  enum class Errand : std::uint8_t { none, parking, tracking };

  void put(std::shared_ptr<Drive> drive) noexcept;
  void begin(const char* doing);
  astro::Time now() const noexcept { return clock_->now(); }
  astro::MountState state(astro::Time time) const;

  Settings settings_;
  Faults faults_;
  astro::MountDescription description_{};
  std::shared_ptr<astro::Clock> clock_{};
  std::shared_ptr<World> world_{};
  std::string device_{};
  std::mutex mutex_;  ///< of `drive_` itself: `stop` may come beside `open` and `close`
  std::shared_ptr<Drive> drive_{};
  std::atomic<Errand> errand_ = Errand::none;
};

}  // namespace simulator

template <>
struct astro::Description<simulator::Mount::Settings> {
  using S = simulator::Mount::Settings;
  static constexpr std::array fields{
      field<&S::geometry>("geometry", {.says = "which sky angles the axes follow"}),
      field<&S::max_speed>("max_speed", {.min = 0.001, .max = 1000, .says = "fastest, per second"}),
      field<&S::acceleration>("acceleration", {.min = 0.001, .max = 10000, .says = "per second, each second"}),
      field<&S::accuracy>("accuracy", {.min = 0, .says = "within this it is on target"}),
      field<&S::backlash>("backlash", {.min = 0, .max = 10, .says = "play of the gears behind the encoders"}),
      field<&S::start>("start", {.says = "position when it is opened"}),
      field<&S::park>("park", {.says = "position when it is parked"}),
      field<&S::pointing_offset>("pointing_offset", {.says = "of the beam from what the encoders say"}),
      field<&S::pointing_noise>("pointing_noise", {.min = 0, .says = "standard deviation of a slow wander"}),
      field<&S::seed>("seed", {.says = "of everything that is random"}),
      field<&S::faults>("faults", {.says = "what goes wrong, and when: stall, dropout, exception, hang"})};
};
