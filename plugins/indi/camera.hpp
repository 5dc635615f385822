// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "session.hpp"

namespace indi {

/// A camera behind indiserver: one exposure after the other, each a frame.
class Camera final : public astro::Receiver {
 public:
  struct Settings {
    std::string host = "localhost";
    std::int64_t port = 7624;
    std::string device{};
    bool connect = true;
    astro::Duration silence = default_silence;
    astro::Duration exposure = std::chrono::seconds(1);
    std::string chip = "CCD1";
    bool compress = false;
    std::int64_t largest_frame = 256;  ///< MiB
  };
  static astro::ReceiverDescription description();

  explicit Camera(Settings settings)
      : settings_(std::move(settings)),
        session_(peer_of(settings_), static_cast<std::size_t>(settings_.largest_frame) << 20) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  void describe(astro::Emitter& host);
  void prepare();
  void take(Element&& blob);
  void watch(const std::string& property);
  void expose();
  void apply(const std::string& property, const Values& values);
  void wait_for(const std::string& property, std::uint64_t before);
  astro::StreamSettings taken() const;
  void fail(const std::string& why);

  const Settings settings_;
  Session session_;
  astro::Emitter* host_ = nullptr;
  std::string abort_xml_;

  mutable std::mutex mutex_;  ///< of what follows
  std::condition_variable came_;
  bool streaming_ = false;
  astro::Duration exposure_{};
  astro::Value options_;  ///< as they were asked for: what a camera that comes back gets
  std::optional<Element> frame_;
  std::uint64_t lost_ = 0;
  std::string fault_;  ///< why no frame comes
  bool is_exposing_ = false;
  std::chrono::steady_clock::time_point due_{};
  astro::StreamSettings stream_;
};

}  // namespace indi

template <>
struct astro::Description<indi::Camera::Settings> {
  using S = indi::Camera::Settings;
  static constexpr std::array fields{
      INDI_PEER_FIELDS(S), field<&S::exposure>("exposure", {.min = 0, .max = 86400, .says = "until it is tuned"}),
      field<&S::chip>("chip", {.says = "which of its sensors: CCD1, or CCD2 of one that has a guider"}),
      field<&S::compress>("compress", {.says = "lets it send frames compressed without loss"}),
      field<&S::largest_frame>("largest_frame",
                               {.unit = "MiB", .min = 1, .max = 4096, .says = "what is larger is refused"})};
};
