// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/time.hpp"
#include "pixels.hpp"

namespace camera {

/// A setting of the camera that has a number, in its own unit.
struct Control {
  std::uint32_t id = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t step = 1;
};

/// One camera of the kernel's Video4Linux, open (Documentation/userspace-api/media/v4l). One thread at a time; failures
/// are `device_fault`, naming the device.
class Video final {
 public:
  /// `wanted`: a format's characters, or empty for the first that can be read, the widest first.
  Video(std::string path, const std::string& wanted, std::size_t columns, std::size_t rows,
        astro::Duration frame_period);
  ~Video();
  Video(const Video&) = delete;
  Video& operator=(const Video&) = delete;

  const Size& size() const noexcept { return size_; }
  Layout layout() const noexcept { return format_.layout; }
  const std::string& name() const noexcept { return name_; }
  std::string format_text() const { return text_of(format_.code); }
  /// From a frame to the next; zero where the camera does not say it.
  astro::Duration period() const noexcept { return period_; }

  std::optional<Control> find(std::uint32_t id) const;
  void set(const Control& control, std::int64_t value);
  std::int64_t get(const Control& control) const;

  void start();
  void stop() noexcept;

  struct Frame {
    std::span<const std::byte> bytes{};  ///< until it is given back
    std::uint32_t index = 0;
    std::uint32_t sequence = 0;  ///< counts frames, also those that nobody got
    bool damaged = false;
    std::optional<astro::Duration> monotonic{};  ///< when, by the monotonic clock
  };
  /// Nothing when none comes in time.
  std::optional<Frame> take(astro::Duration at_most);
  void give_back(const Frame& frame);
  std::size_t stride() const noexcept { return stride_; }

 private:
  [[noreturn]] void fail(const std::string& doing, int error) const;
  void ask(unsigned long request, void* argument, const std::string& doing) const;
  void check_abilities();
  void choose_format(const std::string& wanted, std::size_t columns, std::size_t rows);
  void choose_period(astro::Duration wanted);
  void release() noexcept;

  const std::string path_;
  std::string name_;
  int file_ = -1;
  PixelFormat format_{};
  Size size_{};
  std::size_t stride_ = 0;
  astro::Duration period_{};
  std::vector<std::span<std::byte>> buffers_{};
  bool streaming_ = false;
};

}  // namespace camera
