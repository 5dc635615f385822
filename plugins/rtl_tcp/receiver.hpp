// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "astro/tcp_connection.hpp"
#include "protocol.hpp"
#include "stream_kit/arrivals.hpp"

namespace rtl_tcp {

using Steady = std::chrono::steady_clock;

enum class DirectSampling : std::uint8_t { off, i, q };

/// An RTL-SDR behind rtl_tcp on another machine. The connection lives as long as the stream does, since rtl_tcp sends
/// without being asked, and serves one program at a time.
class Receiver final : public astro::Receiver {
 public:
  struct Settings {
    std::string host{};
    std::int64_t port = 1234;
    astro::Frequency frequency = astro::hydrogen_line;
    astro::Frequency sample_rate = astro::megahertz(2.4);
    std::optional<double> gain_db{};
    std::int64_t correction_ppm = 0;
    bool bias_tee = false;
    bool agc = false;
    DirectSampling direct_sampling = DirectSampling::off;
    astro::Duration settle = std::chrono::milliseconds(200);
  };
  static astro::ReceiverDescription description();

  explicit Receiver(Settings settings) : settings_(std::move(settings)) {}
  ~Receiver() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  struct Line {
    astro::TcpConnection connection{};
    Greeting greeting{};
  };

  std::unique_ptr<Line> connect(astro::Duration at_most) const;
  astro::Tuning real(const astro::Tuning& wanted) const;
  astro::ReceiverDescription description_of(const Tuner& tuner) const;
  /// All that the server is to know; `before`: what it knows already.
  void tell_server(Line& line, const astro::Tuning& wanted, const astro::Tuning* before) const;
  astro::Filled read(std::span<std::byte> buffer);
  std::size_t receive(std::span<std::byte> buffer);
  std::size_t throw_away(std::span<std::byte> buffer, std::size_t samples);
  void lose(const std::string& why);
  void seek(const std::stop_token& stop, astro::Duration after);
  void begin_seeking(astro::Duration after);
  std::uint64_t samples_of_settling() const;
  void check_reach(astro::Frequency wanted) const;
  std::string place() const { return settings_.host + ":" + std::to_string(settings_.port); }

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  Tuner tuner_{};
  std::uint32_t gains_ = 0;

  std::mutex mutex_;  ///< of the line: a hook that works with it, or who brings it back
  std::condition_variable_any woken_;
  std::unique_ptr<Line> line_;  ///< null while nothing streams, and while the server is away
  std::jthread seeker_;
  astro::Tuning tuning_{};
  std::atomic<bool> streaming_ = false;
  stream_kit::Arrivals arrivals_;
  std::optional<std::byte> half_{};  ///< a sample's first byte, whose second has not come yet
  std::uint64_t to_throw_away_ = 0;
  bool has_come_ = false;           ///< a sample, since the start
  Steady::time_point silent_{};     ///< since
  Steady::time_point connected_{};  ///< at
};

}  // namespace rtl_tcp

template <>
struct astro::Description<rtl_tcp::DirectSampling> {
  static constexpr std::array choices{"off", "i", "q"};
};

template <>
struct astro::Description<rtl_tcp::Receiver::Settings> {
  using S = rtl_tcp::Receiver::Settings;
  static constexpr std::array fields{
      field<&S::host>("host", {.says = "where rtl_tcp runs: a name or an address", .required = true}),
      field<&S::port>("port", {.min = 1, .max = 65535, .says = "on which it listens"}),
      field<&S::frequency>("frequency", {.min = 1, .says = "centre of the band until it is tuned"}),
      field<&S::sample_rate>("sample_rate", {.min = 1, .says = "complex samples a second until it is tuned"}),
      field<&S::gain_db>("gain", {.unit = "dB", .says = "of the tuner; null: automatic"}),
      field<&S::correction_ppm>("correction", {.unit = "ppm", .min = -500, .max = 500, .says = "of its oscillator"}),
      field<&S::bias_tee>("bias_tee", {.says = "feeds the amplifier at the dish through the cable"}),
      field<&S::agc>("agc", {.says = "automatic gain of the demodulator, behind the tuner"}),
      field<&S::direct_sampling>("direct_sampling",
                                 {.says = "past the tuner, for below 28.8 MHz: by which input of the demodulator"}),
      field<&S::settle>("settle", {.min = 0,
                                   .max = 10,
                                   .says = "after each tuning the samples of so long are thrown away: they were on "
                                           "their way already"})};
};
