// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "astro/record.hpp"
#include "source.hpp"

namespace sensors {

/// The computer that this runs on: processors, memory, disk, temperature.
class Host final : public Source {
 public:
  struct Settings {
    std::string root = "/";
    std::string disk = "/";
    astro::Duration every = std::chrono::seconds(5);
  };

  explicit Host(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;

 protected:
  std::vector<Reading> look() override;
  astro::ControllerDescription about() const override;

 private:
  Reading processors();
  void add_memory(std::vector<Reading>& readings) const;
  void add_disk(std::vector<Reading>& readings) const;
  Reading temperature() const;

  const Settings settings_;
  std::uint64_t busy_ = 0;  ///< ticks since the machine was started
  std::uint64_t all_ = 0;
};

}  // namespace sensors

template <>
struct astro::Description<sensors::Host::Settings> {
  using S = sensors::Host::Settings;
  static constexpr std::array fields{
      field<&S::root>("root", {.unit = "path", .says = "under which the kernel's proc and sys are"}),
      field<&S::disk>("disk", {.unit = "path", .says = "any file or folder on the disk that is watched"}),
      field<&S::every>("every", {.min = 0.05, .max = 3600, .says = "from one look to the next"})};
};
