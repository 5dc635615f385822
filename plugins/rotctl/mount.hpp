// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "astro/mount.hpp"
#include "astro/record.hpp"
#include "dialogue.hpp"

namespace rotctl {

/// A rotator behind Hamlib's rotctld, or behind anything that speaks its protocol.
class Mount final : public astro::Mount {
 public:
  struct Settings {
    std::string host = "localhost";
    std::int64_t port = 4533;
    astro::Angle accuracy = astro::degrees(1);
    astro::Duration poll_every = std::chrono::milliseconds(200);
  };
  static astro::MountDescription description();

  explicit Mount(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void move_to(astro::Axes target) override;
  void park() override;
  astro::MountStatus status() override;

 private:
  void connect_if_lost();
  void ask_for_reach();
  void ask_for_abilities();
  astro::Angle unwrapped(double degrees) const;
  bool is_moving(const astro::Axes& position);

  const Settings settings_;
  astro::MountDescription description_;
  std::shared_ptr<astro::Clock> clock_;
  Dialogue dialogue_;
  bool tells_motion_ = false;  ///< "get_status" works
  std::atomic<bool> parking_ = false;
  std::atomic<bool> owes_stop_ = false;  ///< it was asked for while there was no connection
  std::optional<astro::Axes> last_;
  astro::Time changed_{};  ///< when the position did, or when it was told to move
};

}  // namespace rotctl

template <>
struct astro::Description<rotctl::Mount::Settings> {
  using S = rotctl::Mount::Settings;
  static constexpr std::array fields{
      field<&S::host>("host", {.says = "where rotctld runs: a name or an address"}),
      field<&S::port>("port", {.min = 1, .max = 65535, .says = "on which it listens"}),
      field<&S::accuracy>("accuracy",
                          {.min = 0.001, .max = 20, .says = "how near the rotator comes to where it is sent"}),
      field<&S::poll_every>("poll_every", {.min = 0.02, .max = 10, .says = "how often it is asked where it is"})};
};
