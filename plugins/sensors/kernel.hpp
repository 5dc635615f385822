// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/record.hpp"
#include "source.hpp"

namespace sensors {

/// Where the kernel shows its devices, and how often they are looked at.
struct TreeSettings {
  std::string root = "/sys";
  astro::Duration every = std::chrono::seconds(5);
};

/// The machine's own sensors: temperatures, voltages, fans, currents, powers, as the kernel's hwmon shows them
/// (Documentation/hwmon/sysfs-interface.rst).
class Hwmon final : public Source {
 public:
  using Settings = TreeSettings;

  explicit Hwmon(Settings settings) : settings_(std::move(settings)) {}

 protected:
  std::vector<Reading> look() override;
  astro::ControllerDescription about() const override;

 private:
  const Settings settings_;
};

/// Sensors of the kernel's Industrial I/O: thermometers, barometers, hygrometers, light, converters, accelerometers
/// (Documentation/ABI/testing/sysfs-bus-iio).
class Iio final : public Source {
 public:
  using Settings = TreeSettings;

  explicit Iio(Settings settings) : settings_(std::move(settings)) {}

 protected:
  std::vector<Reading> look() override;
  astro::ControllerDescription about() const override;

 private:
  const Settings settings_;
};

}  // namespace sensors

template <>
struct astro::Description<sensors::TreeSettings> {
  using S = sensors::TreeSettings;
  static constexpr std::array fields{
      field<&S::root>("root", {.unit = "path", .says = "where the kernel's sysfs is"}),
      field<&S::every>("every", {.min = 0.05, .max = 3600, .says = "from one look to the next"})};
};
