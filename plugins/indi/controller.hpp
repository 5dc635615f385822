// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "astro/controller.hpp"
#include "astro/record.hpp"
#include "session.hpp"

namespace indi {

/// Any device behind indiserver: a focuser, a filter wheel, a dome, a weather station, or what else there is. Its
/// properties are the points, and those that can be written are the commands.
class Controller final : public astro::Controller {
 public:
  struct Settings {
    std::string host = "localhost";
    std::int64_t port = 7624;
    std::string device{};
    bool connect = true;
    astro::Duration silence = default_silence;
    astro::Duration poll_every = std::chrono::seconds(1);
  };
  static astro::ControllerDescription description();

  explicit Controller(Settings settings) : settings_(std::move(settings)), session_(peer_of(settings_)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  /// A command whose end the device has not told yet.
  struct Pending {
    std::string id{};
    astro::Time since{};
    bool is_answered = false;
  };

  void describe();
  void emit(const std::string& name, const Property& property);
  void hear(const std::string& property);
  void end(const std::string& property, astro::Outcome outcome);
  void end_all(const std::string& why);
  std::string xml_of(const std::string& name, const Property& property, const astro::Call& call) const;

  const Settings settings_;
  Session session_;
  astro::Emitter* host_ = nullptr;
  std::atomic<bool> is_described_ = false;
  std::map<std::string, std::string> properties_;  ///< from the command's name
  std::map<std::string, std::uint64_t> shown_;     ///< changes of a property that its points tell
  astro::Time all_shown_{};

  std::mutex mutex_;  ///< of what follows
  std::string stop_xml_;
  std::map<std::string, Pending> pending_;  ///< by property
};

}  // namespace indi

template <>
struct astro::Description<indi::Controller::Settings> {
  using S = indi::Controller::Settings;
  static constexpr std::array fields{
      INDI_PEER_FIELDS(S),
      field<&S::poll_every>("poll_every", {.min = 0.05, .max = 60, .says = "how often what has changed is told"})};
};
