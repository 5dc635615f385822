// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>

#include "astro/controller.hpp"
#include "astro/record.hpp"
#include "astro/tcp_connection.hpp"

namespace sensors {

/// Time and place by satellites, from gpsd and its JSON (gpsd_json(5)).
class Gpsd final : public astro::Controller {
 public:
  struct Settings {
    std::string host = "localhost";
    std::int64_t port = 2947;
    std::string receiver{};
  };
  static astro::ControllerDescription description();

  explicit Gpsd(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // it moves nothing
  void poll() override;

 private:
  using Steady = std::chrono::steady_clock;

  void connect(astro::Duration at_most);
  void read_what_came();
  void hear(const std::string& line);
  void show_fix(const astro::Value& report);
  void show_no_place(astro::Quality fix);
  void show_nothing();
  /// The value, or none; fails where it lies outside.
  std::optional<double> within(std::optional<double> value, double least, double most, const char* what) const;
  [[noreturn]] void fail(const std::string& what) const;

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  astro::TcpConnection connection_;
  Steady::time_point heard_{};  ///< when a fix, or that there is none, was told last
};

}  // namespace sensors

template <>
struct astro::Description<sensors::Gpsd::Settings> {
  using S = sensors::Gpsd::Settings;
  static constexpr std::array fields{
      field<&S::host>("host", {.says = "where gpsd runs: a name or an address"}),
      field<&S::port>("port", {.min = 1, .max = 65535, .says = "on which it listens"}),
      field<&S::receiver>(
          "receiver", {.says = "which of gpsd's receivers: \"/dev/ttyACM0\"; empty: all of them", .required = false})};
};
