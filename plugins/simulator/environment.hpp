// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <string>

#include "astro/controller.hpp"
#include "drift.hpp"

namespace simulator {

/// A small weather station: temperature, pressure, humidity and its own state.
class Environment final : public astro::Controller {
 public:
  struct Settings {
    astro::Duration interval = std::chrono::seconds(1);
    double temperature_c = 22.0;
    double pressure_hpa = 1013.0;
    double humidity_percent = 50.0;
    std::int64_t seed = 1;
  };

  static astro::ControllerDescription description();

  explicit Environment(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  struct Calibration {
    std::string command;
    astro::Time start;
    astro::Time end;
  };

  double reading(std::size_t sensor) const noexcept;
  std::string status() const;
  astro::Performed set_interval(const astro::Call& call);
  astro::Performed set_value(const astro::Call& call);
  astro::Performed calibrate(const astro::Call& call);
  astro::Performed report() const;
  void follow_calibration();

  Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::shared_ptr<astro::Clock> clock_{};
  astro::Duration interval_{};
  std::array<std::optional<double>, 3> forced_{};
  std::string forced_status_{};
  std::optional<Calibration> calibration_{};
  std::atomic<bool> cut_short_ = false;
};

}  // namespace simulator

template <>
struct astro::Description<simulator::Environment::Settings> {
  using S = simulator::Environment::Settings;
  static constexpr std::array fields{
      field<&S::interval>("interval", {.min = 0.1, .max = 60, .says = "from one reading to the next"}),
      field<&S::temperature_c>("temperature", {.unit = "degC", .min = 18, .max = 35, .says = "about which it wanders"}),
      field<&S::pressure_hpa>("pressure", {.unit = "hPa", .min = 980, .max = 1050, .says = "about which it wanders"}),
      field<&S::humidity_percent>("humidity", {.unit = "%", .min = 20, .max = 80, .says = "about which it wanders"}),
      field<&S::seed>("seed", {.says = "of everything that is random"})};
};
