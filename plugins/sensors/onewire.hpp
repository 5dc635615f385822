// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/record.hpp"
#include "source.hpp"

namespace sensors {

/// Thermometers on 1-Wire, as the kernel's w1_therm shows them: DS18B20, DS18S20, DS1822, DS1825, DS28EA00.
class OneWire final : public Source {
 public:
  struct Settings {
    std::string root = "/sys";
    astro::Duration every = std::chrono::seconds(10);
    std::vector<std::string> names{};
  };

  /// A conversion takes 0.75 s, of each sensor after the other.
  static astro::ControllerDescription bounds();

  explicit OneWire(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;

 protected:
  std::vector<Reading> look() override;
  astro::ControllerDescription about() const override;

 private:
  Reading read(const fs::path& device, astro::Field field);

  const Settings settings_;
  std::map<std::string, std::string> names_{};  ///< by the number on the sensor
  std::map<std::string, double> last_{};        ///< by point
};

}  // namespace sensors

template <>
struct astro::Description<sensors::OneWire::Settings> {
  using S = sensors::OneWire::Settings;
  static constexpr std::array fields{
      field<&S::root>("root", {.unit = "path", .says = "where the kernel's sysfs is"}),
      field<&S::every>("every", {.min = 0.05,
                                 .max = 3600,
                                 .says = "from one look to the next; each sensor takes up to "
                                         "0.75 s"}),
      field<&S::names>("names", {.says = "of the points: \"28-0316a2794bff=focus\"; others are called by their number",
                                 .required = false})};
};
