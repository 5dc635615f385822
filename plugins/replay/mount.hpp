// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "astro/mount.hpp"
#include "stand.hpp"

namespace replay {

/// A mount that was: it points only where something was recorded, and is there at once.
class Mount final : public astro::Mount {
 public:
  struct Settings {
    std::vector<std::string> files{};
    astro::Angle within = astro::degrees(0.5);
  };

  static astro::MountDescription description();

  explicit Mount(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // it never moves
  void move_to(astro::Axes target) override;
  astro::MountStatus status() override;

 private:
  Settings settings_;
  std::vector<astro::AltAz> places_{};  ///< each once
  std::shared_ptr<Stand> stand_{};
};

}  // namespace replay

template <>
struct astro::Description<replay::Mount::Settings> {
  using S = replay::Mount::Settings;
  static constexpr std::array fields{
      field<&S::files>("files", {.unit = "path", .says = "recordings, or folders of them", .required = true}),
      field<&S::within>("within", {.min = 0, .max = 180, .says = "so near to a place is at it"})};
};
