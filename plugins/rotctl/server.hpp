// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "astro/controller.hpp"
#include "astro/tcp_listener.hpp"
#include "astro/telemetry.hpp"

namespace rotctl {

/// Speaks as rotctld does, so that programs that steer rotators (gpredict, SDRangel, SatDump) steer a mount of the
/// observatory. What they ask for passes the gate of all commands, as that of an operator.
class Server final : public astro::Controller {
 public:
  struct Settings {
    std::string mount{};
    std::string address = "127.0.0.1";
    std::int64_t port = 4533;
    std::string name = "rotctld";
  };
  static astro::ControllerDescription description();

  explicit Server(Settings settings) : settings_(std::move(settings)) {}
  ~Server() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // it moves nothing itself
  void poll() override;
  void heard(std::span<const astro::Point> points) override;
  void commanded(const astro::Acknowledgment& acknowledgment) override;

 private:
  using Steady = std::chrono::steady_clock;

  struct Answer {
    std::string text{};
    std::string command{};  ///< id of one whose fate is waited for; then it is told behind the text
    bool moves = false;
    Steady::time_point until{};
  };
  struct Client {
    int file = -1;
    std::string from{};
    std::string line{};
    std::deque<Answer> answers{};
  };
  struct Position {
    double azimuth_deg = 0.0;
    double elevation_deg = 0.0;
  };

  void serve();
  void take_client();
  bool read(Client& client);
  bool say(Client& client);
  void let_go(const Client& client);
  void wake() noexcept;
  int patience() const;
  bool is_ending();
  /// Finds what is said to a line; false: the client wants to leave.
  bool answer(std::string_view line, Client& client);
  Answer carry_out(const std::string& command, astro::Value parameters, std::string said);
  std::optional<int> code_of(const Answer& answer);
  std::optional<Position> position() const;
  std::optional<double> value(const char* point) const;

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  double latitude_rad_ = 0.0;
  astro::TcpListener listener_;
  int wake_[2] = {-1, -1};
  std::thread thread_;
  std::vector<Client> clients_;  ///< of the thread alone
  std::atomic<std::int64_t> count_ = 0;

  mutable std::mutex mutex_;
  std::map<std::string, double> heard_;
  std::map<std::string, std::optional<astro::Acknowledgment>> fates_;  ///< by id, of the commands that are waited for
  bool is_in_fault_ = false;                                           ///< the mount
  bool ending_ = false;
};

}  // namespace rotctl

template <>
struct astro::Description<rotctl::Server::Settings> {
  using S = rotctl::Server::Settings;
  static constexpr std::array fields{
      field<&S::mount>("steers", {.says = "the mount that it steers", .required = true, .names = "mount"}),
      field<&S::address>("address", {.says = "on which it listens; 0.0.0.0: on all of the machine's"}),
      field<&S::port>("port", {.min = 0, .max = 65535, .says = "on which it listens; 0: any, as the log says"}),
      field<&S::name>("issuer", {.says = "under which name it commands"})};
};
