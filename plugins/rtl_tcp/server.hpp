// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/controller.hpp"
#include "astro/files/recordings.hpp"
#include "astro/tcp_listener.hpp"
#include "protocol.hpp"

namespace rtl_tcp {

using Steady = std::chrono::steady_clock;

/// Plays a recording of IQ to programs that listen to rtl_tcp, as fast as it was recorded, to each from its beginning.
/// What they command is taken and shown, and changes nothing: the recording is as it is.
class Server final : public astro::Controller {
 public:
  struct Settings {
    std::string file{};
    std::string address = "127.0.0.1";
    std::int64_t port = 1234;
    astro::Frequency sample_rate{};
    bool repeat = true;
  };
  static astro::ControllerDescription description();

  explicit Server(Settings settings) : settings_(std::move(settings)) {}
  ~Server() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // it moves nothing
  void poll() override;

 private:
  struct Client {
    Client(int its_file, std::string its_address, const astro::files::IqInfo& recording)
        : file(its_file), from(std::move(its_address)), reader(recording) {}

    int file;
    std::string from;
    astro::files::IqReader reader;
    Steady::time_point began = Steady::now();
    std::uint64_t played = 0;           ///< samples that were due until now
    std::vector<std::byte> waiting{};   ///< bytes for the network
    std::size_t sent = 0;               ///< of these, from the first
    std::vector<std::byte> commands{};  ///< less than a whole one
    bool is_told = false;               ///< that the recording has another rate
    bool ended = false;                 ///< it has heard all
  };
  struct Heard {
    double frequency_hz = 0.0;
    double sample_rate_hz = 0.0;
    double gain_db = 0.0;
    std::uint64_t commands = 0;
  };

  void serve(const std::stop_token& stop);
  void take_client();
  bool hear(Client& client);
  void obey(Client& client, std::uint8_t command, std::uint32_t number);
  bool play(Client& client);
  void read_until(Client& client, std::uint64_t due);
  bool send(Client& client);

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  astro::files::IqInfo recording_{};
  astro::TcpListener listener_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< of the thread alone
  std::vector<std::byte> samples_;                ///< as the file has them
  std::atomic<std::int64_t> count_ = 0;
  std::atomic<std::int64_t> dropped_ = 0;
  std::mutex mutex_;
  Heard heard_;
  std::jthread thread_;
};

}  // namespace rtl_tcp

template <>
struct astro::Description<rtl_tcp::Server::Settings> {
  using S = rtl_tcp::Server::Settings;
  static constexpr std::array fields{
      field<&S::file>("file", {.unit = "path", .says = "the recording: IQ of any kind that is read", .required = true}),
      field<&S::address>("address", {.says = "on which it listens; 0.0.0.0: on all of the machine's"}),
      field<&S::port>("port", {.min = 0, .max = 65535, .says = "on which it listens; 0: any, as the log says"}),
      field<&S::sample_rate>("sample_rate", {.min = 0, .says = "where the file does not say it"}),
      field<&S::repeat>("repeat", {.says = "begins again at the end; else the connection ends there"})};
};
