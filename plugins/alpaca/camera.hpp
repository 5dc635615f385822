// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "client.hpp"

namespace alpaca {

/// What the shutter does while it exposes.
enum class Shutter : std::uint8_t { light, dark };

/// A camera behind an Alpaca server: one exposure after the other, each a frame.
class Camera final : public astro::Receiver {
 public:
  struct Settings {
    std::string address{};
    std::int64_t port = usual_port;
    std::int64_t number = 0;
    astro::Duration timeout = std::chrono::seconds(1);
    std::int64_t discovery = discovery_port;
    astro::Duration exposure = std::chrono::seconds(1);
    Shutter frame = Shutter::light;
    std::int64_t largest_frame = 256;  ///< MiB
  };
  static astro::ReceiverDescription description();

  explicit Camera(const Settings& settings)
      : settings_(settings), client_(peer_of(settings), "camera"), pictures_(peer_of(settings), "camera") {}
  ~Camera() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  struct Frame {
    astro::Bytes pixels{};
    std::optional<astro::Time> time{};
  };

  void describe(astro::Emitter& host);
  void apply(const astro::Value& options);
  astro::StreamSettings taken(astro::Value options);
  void run(const std::stop_token& stop);
  void expose(const std::function<bool()>& goes_on);
  bool is_idle(const std::function<bool()>& goes_on);
  bool begin(const std::function<bool()>& goes_on, astro::Duration exposure, bool light);
  bool is_ready(const std::function<bool()>& goes_on, astro::Duration exposure);
  /// Waits until nothing is exposed, and keeps it so.
  std::unique_lock<std::mutex> paused();

  const Settings settings_;
  Client client_;    ///< of the hooks
  Client pictures_;  ///< of the thread
  astro::Emitter* host_ = nullptr;
  bool can_abort_ = false;
  double columns_ = 0.0;
  double rows_ = 0.0;
  std::size_t planes_ = 1;
  astro::Dtype dtype_ = astro::Dtype::u16;

  std::mutex mutex_;  ///< of what follows
  std::condition_variable_any changed_;
  bool streaming_ = false;
  bool paused_ = false;
  bool is_busy_ = false;  ///< the thread is with an exposure
  bool is_away_ = false;
  astro::Duration exposure_{};
  bool light_ = true;
  astro::Value options_;
  astro::StreamSettings stream_;
  std::optional<Frame> frame_;
  std::optional<astro::Error> fault_;  ///< why no frame comes
  std::uint64_t lost_ = 0;
  std::jthread thread_;
};

}  // namespace alpaca

template <>
struct astro::Description<alpaca::Shutter> {
  static constexpr std::array choices{"light", "dark"};
};

template <>
struct astro::Description<alpaca::Camera::Settings> {
  using S = alpaca::Camera::Settings;
  static constexpr std::array fields{
      ALPACA_PEER_FIELDS(S), field<&S::exposure>("exposure", {.min = 0, .max = 86400, .says = "until it is tuned"}),
      field<&S::frame>("frame", {.says = "whether the shutter opens, until it is tuned"}),
      field<&S::largest_frame>("largest_frame",
                               {.unit = "MiB", .min = 1, .max = 4096, .says = "what is larger is refused"})};
};
