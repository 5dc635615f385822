// SPDX-License-Identifier: BSD-3-Clause
#include "video.hpp"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"

namespace camera {

namespace {

constexpr std::uint32_t capture = V4L2_BUF_TYPE_VIDEO_CAPTURE;
constexpr std::uint32_t how_many_buffers = 4;

/// A signal may come between.
int ioctl_on(int file, unsigned long request, void* argument) {
  for (;;) {
    if (::ioctl(file, request, argument) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace

void Video::fail(const std::string& doing, int error) const {
  throw astro::Error(astro::ErrorCode::device_fault,
                     "the camera " + path_ + ": " + doing + ": " + std::strerror(error));
}

void Video::ask(unsigned long request, void* argument, const std::string& doing) const {
  if (const int error = ioctl_on(file_, request, argument); error != 0) fail(doing, error);
}

Video::Video(std::string path, const std::string& wanted, std::size_t columns, std::size_t rows,
             astro::Duration frame_period)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
  if (file_ < 0) {
    const int error = errno;
    throw astro::Error(astro::ErrorCode::device_fault,
                       "opening the camera " + path_ + ": " + std::strerror(error) +
                           "; see that it is plugged in (v4l2-ctl --list-devices), that no other program has it, and "
                           "that you are in the group video");
  }
  try {
    check_abilities();
    choose_format(wanted, columns, rows);
    choose_period(frame_period);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

Video::~Video() {
  stop();
  release();
  ::close(file_);
}

void Video::check_abilities() {
  v4l2_capability can{};
  ask(VIDIOC_QUERYCAP, &can, "asking what it is");
  const std::uint32_t has = (can.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? can.device_caps : can.capabilities;
  name_ = reinterpret_cast<const char*>(can.card);
  if ((has & V4L2_CAP_VIDEO_CAPTURE) != 0 && (has & V4L2_CAP_STREAMING) != 0) return;
  throw astro::Error(astro::ErrorCode::unsupported, "the camera " + path_ + ": " + name_ +
                                                        " gives no stream of frames; of the devices of a camera it may "
                                                        "be another one (v4l2-ctl --list-devices)");
}

void Video::choose_format(const std::string& wanted, std::size_t columns, std::size_t rows) {
  std::string has;
  std::vector<std::uint32_t> codes;
  v4l2_fmtdesc each{};
  each.type = capture;
  for (; ioctl_on(file_, VIDIOC_ENUM_FMT, &each) == 0 && each.index < 1000; ++each.index) {
    has += (has.empty() ? "" : ", ") + text_of(each.pixelformat);
    if (format_of(each.pixelformat).code != 0) codes.push_back(each.pixelformat);
  }
  // In the order in which the formats that can be read are listed: the most bits first.
  std::uint32_t code = code_of(wanted);
  if (wanted.empty() && !codes.empty()) {
    code = *std::ranges::min_element(codes, {}, [](std::uint32_t one) { return rank_of(one); });
  }
  if (std::ranges::find(codes, code) == codes.end()) {
    throw astro::Error(
        astro::ErrorCode::unsupported,
        "the camera " + path_ + ": " +
            (wanted.empty() ? "none of its formats can be read" : "it has no format " + wanted + " that can be read") +
            "; it has " + (has.empty() ? "none" : has) + "; what can be read is " + known_formats());
  }
  v4l2_format format{};
  format.type = capture;
  ask(VIDIOC_G_FMT, &format, "asking for its format");
  format.fmt.pix.pixelformat = code;
  if (columns > 0) format.fmt.pix.width = static_cast<std::uint32_t>(columns);
  if (rows > 0) format.fmt.pix.height = static_cast<std::uint32_t>(rows);
  format.fmt.pix.field = V4L2_FIELD_NONE;
  format.fmt.pix.bytesperline = 0;
  ask(VIDIOC_S_FMT, &format, "setting its format");
  const v4l2_pix_format& taken = format.fmt.pix;
  if (taken.pixelformat != code || (columns > 0 && taken.width != columns) || (rows > 0 && taken.height != rows)) {
    throw astro::Error(astro::ErrorCode::out_of_limits,
                       "the camera " + path_ + ": it takes " + std::to_string(taken.width) + " x " +
                           std::to_string(taken.height) + " of " + text_of(taken.pixelformat) +
                           " in place of what was asked "
                           "for; see what it has (v4l2-ctl --list-formats-ext)");
  }
  format_ = format_of(code);
  size_ = {taken.height, taken.width, planes_of(format_.layout)};
  stride_ = std::max<std::size_t>(taken.bytesperline, row_bytes_of(format_.layout, size_.columns));
  if (size_.rows == 0 || size_.columns < 2) fail("setting its format", EINVAL);
}

void Video::choose_period(astro::Duration wanted) {
  v4l2_streamparm parameters{};
  parameters.type = capture;
  if (ioctl_on(file_, VIDIOC_G_PARM, &parameters) != 0) return;  // it does not say
  v4l2_fract& frame = parameters.parm.capture.timeperframe;
  if (wanted > astro::Duration::zero() && (parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) != 0) {
    frame = {static_cast<std::uint32_t>(std::clamp(std::lround(astro::seconds(wanted) * 1e6), 1L, 4'000'000'000L)),
             1'000'000};
    ask(VIDIOC_S_PARM, &parameters, "setting the time from frame to frame");
  }
  if (frame.denominator != 0) period_ = astro::from_seconds(static_cast<double>(frame.numerator) / frame.denominator);
}

std::optional<Control> Video::find(std::uint32_t id) const {
  v4l2_queryctrl about{};
  about.id = id;
  if (ioctl_on(file_, VIDIOC_QUERYCTRL, &about) != 0 || (about.flags & V4L2_CTRL_FLAG_DISABLED) != 0)
    return std::nullopt;
  return Control{id, about.minimum, about.maximum, std::max(about.step, 1)};
}

void Video::set(const Control& control, std::int64_t value) {
  v4l2_control setting{control.id, static_cast<std::int32_t>(std::clamp(value, control.min, control.max))};
  ask(VIDIOC_S_CTRL, &setting, "setting one of its controls");
}

std::int64_t Video::get(const Control& control) const {
  v4l2_control setting{control.id, 0};
  ask(VIDIOC_G_CTRL, &setting, "asking for one of its controls");
  return setting.value;
}

void Video::start() {
  v4l2_requestbuffers wanted{};
  wanted.count = how_many_buffers;
  wanted.type = capture;
  wanted.memory = V4L2_MEMORY_MMAP;
  ask(VIDIOC_REQBUFS, &wanted, "asking for buffers (another program may have it)");
  try {
    for (std::uint32_t i = 0; i < wanted.count; ++i) {
      v4l2_buffer buffer{};
      buffer.type = capture;
      buffer.memory = V4L2_MEMORY_MMAP;
      buffer.index = i;
      ask(VIDIOC_QUERYBUF, &buffer, "asking for a buffer");
      void* at = ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, file_, buffer.m.offset);
      if (at == MAP_FAILED) fail("mapping a buffer", errno);
      buffers_.push_back({static_cast<std::byte*>(at), buffer.length});
      ask(VIDIOC_QBUF, &buffer, "giving it a buffer");
    }
    std::uint32_t type = capture;
    ask(VIDIOC_STREAMON, &type, "starting its stream");
    streaming_ = true;
  } catch (...) {
    release();
    throw;
  }
}

void Video::stop() noexcept {
  if (!streaming_) return;
  streaming_ = false;
  std::uint32_t type = capture;
  (void)ioctl_on(file_, VIDIOC_STREAMOFF, &type);
  release();
}

void Video::release() noexcept {
  for (const std::span<std::byte> buffer : buffers_) ::munmap(buffer.data(), buffer.size());
  buffers_.clear();
  v4l2_requestbuffers none{};
  none.type = capture;
  none.memory = V4L2_MEMORY_MMAP;
  (void)ioctl_on(file_, VIDIOC_REQBUFS, &none);
}

std::optional<Video::Frame> Video::take(astro::Duration at_most) {
  pollfd waiting{file_, POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  const int ready = ::poll(&waiting, 1, static_cast<int>(left));
  if (ready < 0 && errno != EINTR) fail("waiting for a frame", errno);
  if (ready <= 0) return std::nullopt;
  v4l2_buffer buffer{};
  buffer.type = capture;
  buffer.memory = V4L2_MEMORY_MMAP;
  const int error = ioctl_on(file_, VIDIOC_DQBUF, &buffer);
  if (error == EAGAIN) return std::nullopt;
  if (error != 0) fail("taking a frame", error);
  if (buffer.index >= buffers_.size()) fail("taking a frame", ERANGE);
  Frame frame{
      .bytes = buffers_[buffer.index].first(std::min<std::size_t>(buffer.bytesused, buffers_[buffer.index].size())),
      .index = buffer.index,
      .sequence = buffer.sequence,
      .damaged = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0};
  if ((buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    frame.monotonic =
        std::chrono::seconds(buffer.timestamp.tv_sec) + std::chrono::microseconds(buffer.timestamp.tv_usec);
  return frame;
}

void Video::give_back(const Frame& frame) {
  v4l2_buffer buffer{};
  buffer.type = capture;
  buffer.memory = V4L2_MEMORY_MMAP;
  buffer.index = frame.index;
  ask(VIDIOC_QBUF, &buffer, "giving a buffer back");
}

}  // namespace camera
