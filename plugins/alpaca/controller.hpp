// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "astro/controller.hpp"
#include "astro/record.hpp"
#include "client.hpp"
#include "devices.hpp"

namespace alpaca {

/// Any device behind an Alpaca server that is neither telescope nor camera.
class Controller final : public astro::Controller {
 public:
  struct Settings {
    DeviceType type = DeviceType::focuser;
    std::string address{};
    std::int64_t port = usual_port;
    std::int64_t number = 0;
    astro::Duration timeout = std::chrono::seconds(1);
    std::int64_t discovery = discovery_port;
    astro::Duration poll_every = std::chrono::seconds(1);
  };
  static astro::ControllerDescription description();

  explicit Controller(const Settings& settings)
      : settings_(settings),
        device_(abilities_of(settings.type)),
        client_(peer_of(settings), device_.path),
        urgent_(peer_of(settings), device_.path) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override { stop(); }
  void stop() noexcept override;
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  /// One of a switch's: they are as many as the device has, under names of its own.
  struct Switch {
    std::int64_t id = 0;
    std::string name{};
    bool is_boolean = true;
    bool can_write = false;
  };

  void describe(astro::Emitter& host);
  void describe_switches(astro::ControllerDescription& into);
  astro::Value read(const Reading& reading);
  bool is_under_way(const Act& act, const astro::Call& call);
  void look_after();
  astro::Performed perform_switch(const astro::Call& call);

  const Settings settings_;
  const Abilities& device_;
  Client client_;
  Client urgent_;  ///< for a stop beside a hook that waits
  astro::Emitter* host_ = nullptr;
  std::vector<const Reading*> readings_;  ///< those that this one has
  std::vector<Switch> switches_;
  std::optional<astro::Call> running_;
  const Act* act_ = nullptr;           ///< of what runs
  std::atomic<bool> stopped_ = false;  ///< since it runs
};

}  // namespace alpaca

template <>
struct astro::Description<alpaca::Controller::Settings> {
  using S = alpaca::Controller::Settings;
  static constexpr std::array fields{
      field<&S::type>("type", {.says = "what kind of device it is", .required = true}), ALPACA_PEER_FIELDS(S),
      field<&S::poll_every>("poll_every", {.min = 0.05, .max = 60, .says = "how often it is read"})};
};
