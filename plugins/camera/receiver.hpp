// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "video.hpp"

namespace camera {

/// A camera of the kernel's Video4Linux: frames as they come, each with its time. One that is unplugged is asked for
/// until it is back.
class Receiver final : public astro::Receiver {
 public:
  struct Settings {
    std::string device = "/dev/video0";
    std::string format{};
    std::int64_t columns = 0;
    std::int64_t rows = 0;
    astro::Duration every{};
    std::optional<astro::Duration> exposure{};
    std::optional<std::int64_t> gain{};
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
  using Steady = std::chrono::steady_clock;

  std::unique_ptr<Video> make() const;
  void set(Video& video, const astro::Value& options) const;
  astro::Value taken(const Video& video) const;
  astro::ReceiverDescription description_of(const Video& video) const;
  astro::StreamSettings stream_of(const Video& video) const;
  astro::Filled take(std::span<std::byte> buffer);
  bool decode(const Video::Frame& frame, std::span<std::byte> buffer);
  std::optional<astro::Time> time_of(const Video::Frame& frame) const;
  void lose(const std::string& why);
  void seek(const std::stop_token& stop);

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::mutex mutex_;  ///< of the camera: a hook that works with it, or who brings it back
  std::condition_variable_any woken_;
  std::unique_ptr<Video> video_;  ///< null while it is unplugged
  std::jthread seeker_;
  std::atomic<bool> streaming_ = false;
  Jpeg jpeg_;
  astro::Value options_{};
  astro::StreamSettings stream_{};
  std::optional<std::uint32_t> next_{};  ///< sequence of the next frame if none is lost
  std::uint64_t owed_ = 0;               ///< frames that were lost since the last good one
  Steady::time_point last_{};            ///< a frame came, or the stream began
};

}  // namespace camera

template <>
struct astro::Description<camera::Receiver::Settings> {
  using S = camera::Receiver::Settings;
  static constexpr std::array fields{
      field<&S::device>("device", {.unit = "path", .says = "the camera, as `v4l2-ctl --list-devices` lists it"}),
      field<&S::format>("format",
                        {.says = "by its four characters: Y16, GREY, YUYV, MJPG; empty: the most bits that it has",
                         .required = false}),
      field<&S::columns>("columns", {.min = 0, .max = 32768, .says = "of a frame; 0: as the camera likes"}),
      field<&S::rows>("rows", {.min = 0, .max = 32768, .says = "of a frame; 0: as the camera likes"}),
      field<&S::every>("every", {.min = 0, .max = 3600, .says = "from one frame to the next; 0: as the camera likes"}),
      field<&S::exposure>("exposure", {.min = 0, .max = 3600, .says = "until it is tuned; null: automatic"}),
      field<&S::gain>("gain", {.says = "until it is tuned, in the camera's own numbers; null: automatic"})};
};
