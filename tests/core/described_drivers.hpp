// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <astro/registry.hpp>
#include <string>
#include <utility>
#include <vector>

// Drivers that a site file may name: described as any plugin's, and never opened here.
namespace astro::testing {

enum class Parity : std::uint8_t { none, even, odd };

class Rotor final : public Mount {
 public:
  struct Settings {
    std::string port{};
    int baud = 9600;
    Parity parity = Parity::none;
    std::string password{};
    std::string frontend{};
    std::string wisdom{};
  };

  explicit Rotor(Settings given) : settings(std::move(given)) {}
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void move_to(Axes target) override { position_ = target; }
  MountStatus status() override { return {.position = position_}; }

  const Settings settings;

 private:
  Axes position_{};
};

class Radio final : public Receiver {
 public:
  struct Settings {
    Frequency frequency = megahertz(1420);
    int channels = 2;
    std::vector<double> gains{};
    std::optional<Duration> settle{};
  };

  explicit Radio(Settings) {}
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  StreamSettings tune(const Tuning&) override { return {}; }
  void start() override {}
  Filled fill(std::span<std::byte>) override { return {}; }
};

class Lamp final : public Controller {
 public:
  struct Settings {
    int seed = 1;
  };

  explicit Lamp(Settings) {}
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void poll() override {}
};

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Parity> {
  static constexpr std::array choices{"none", "even", "odd"};
};

template <>
struct astro::Description<astro::testing::Rotor::Settings> {
  using S = astro::testing::Rotor::Settings;
  static constexpr std::array fields{
      field<&S::port>("port", {.says = "serial device", .required = true}),
      field<&S::baud>("baud", {.unit = "Bd", .min = 1200, .max = 115200, .says = "line speed"}),
      field<&S::parity>("parity", {.says = "of the line"}),
      field<&S::password>("password", {.says = "of the controller", .secret = true}),
      field<&S::frontend>("frontend", {.says = "what switches its power", .names = "controller"}),
      field<&S::wisdom>("wisdom", {.unit = "path", .says = "file of corrections"})};
};

template <>
struct astro::Description<astro::testing::Radio::Settings> {
  using S = astro::testing::Radio::Settings;
  static constexpr std::array fields{field<&S::frequency>("frequency", {.min = 1e6, .says = "of the centre"}),
                                     field<&S::channels>("channels", {.min = 1, .max = 16, .says = "of the receiver"}),
                                     field<&S::gains>("gains", {.says = "of its stages"}),
                                     field<&S::settle>("settle", {.says = "after tuning"})};
};

template <>
struct astro::Description<astro::testing::Lamp::Settings> {
  static constexpr std::array fields{field<&astro::testing::Lamp::Settings::seed>("seed", {.says = "of its noise"})};
};
