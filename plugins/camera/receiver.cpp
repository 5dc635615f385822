// SPDX-License-Identifier: BSD-3-Clause
#include "receiver.hpp"

#include <linux/videodev2.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"

namespace camera {

namespace {

constexpr std::chrono::milliseconds patience(60);  // of a call of `fill`
constexpr std::chrono::milliseconds slice(15);     // of a wait within it, so that a stop is seen
constexpr std::chrono::seconds least_silence(5);   // and three periods: what is silent for so long is gone
constexpr std::chrono::milliseconds between_looks(500);
constexpr double exposure_unit_s = 1e-4;  // of V4L2_CID_EXPOSURE_ABSOLUTE

astro::Field number_option(const char* name, const char* unit, double min, double max, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = unit[0] != '\0' ? astro::FieldType::number : astro::FieldType::integer;
  field.unit = unit;
  field.min = min;
  field.max = max;
  field.says = says;
  return field;
}

[[noreturn]] void has_not(const Video& video, const char* what) {
  throw astro::Error(astro::ErrorCode::unsupported,
                     "tuning: the camera " + video.name() + " has no " + what + " that can be set; leave it out");
}

}  // namespace

astro::ReceiverDescription Receiver::description() {
  return {.hook_bound = std::chrono::seconds(3), .open_bound = std::chrono::seconds(20)};
}

astro::ReceiverDescription Receiver::description_of(const Video& video) const {
  astro::ReceiverDescription can = description();
  if (const auto exposure = video.find(V4L2_CID_EXPOSURE_ABSOLUTE)) {
    can.options.push_back(number_option("exposure", "s", static_cast<double>(exposure->min) * exposure_unit_s,
                                        static_cast<double>(exposure->max) * exposure_unit_s, "of a frame"));
  }
  if (const auto gain = video.find(V4L2_CID_GAIN)) {
    can.options.push_back(number_option("gain", "", static_cast<double>(gain->min), static_cast<double>(gain->max),
                                        "in the camera's own numbers"));
  }
  return can;
}

/// A number that is asked for ends what the camera does by itself.
void Receiver::set(Video& video, const astro::Value& options) const {
  if (const astro::Value* wanted = options.find("exposure"); wanted != nullptr && !wanted->is_null()) {
    const auto control = video.find(V4L2_CID_EXPOSURE_ABSOLUTE);
    if (!control) has_not(video, "exposure");
    if (const auto automatic = video.find(V4L2_CID_EXPOSURE_AUTO)) video.set(*automatic, V4L2_EXPOSURE_MANUAL);
    video.set(*control, std::llround(wanted->as_number() / exposure_unit_s));
  }
  if (const astro::Value* wanted = options.find("gain"); wanted != nullptr && !wanted->is_null()) {
    const auto control = video.find(V4L2_CID_GAIN);
    if (!control) has_not(video, "gain");
    if (const auto automatic = video.find(V4L2_CID_AUTOGAIN)) video.set(*automatic, 0);
    video.set(*control, wanted->as_integer());
  }
}

astro::Value Receiver::taken(const Video& video) const {
  astro::Value options;
  const auto exposure = video.find(V4L2_CID_EXPOSURE_ABSOLUTE);
  if (exposure) options.set("exposure", static_cast<double>(video.get(*exposure)) * exposure_unit_s);
  if (const auto gain = video.find(V4L2_CID_GAIN)) options.set("gain", video.get(*gain));
  return options;
}

std::unique_ptr<Video> Receiver::make() const {
  return std::make_unique<Video>(settings_.device, settings_.format, static_cast<std::size_t>(settings_.columns),
                                 static_cast<std::size_t>(settings_.rows), settings_.every);
}

astro::StreamSettings Receiver::stream_of(const Video& video) const {
  astro::StreamSettings stream;
  stream.tuning.options = taken(video);
  stream.dtype = dtype_of(video.layout());
  const Size& size = video.size();
  stream.item_shape = {size.rows, size.columns, size.planes};
  stream.item_period =
      video.period() > astro::Duration::zero() ? video.period() : astro::Duration(std::chrono::seconds(1));
  return stream;
}

void Receiver::open(astro::Emitter& host) {
  auto video = make();
  astro::Value options;
  if (settings_.exposure) options.set("exposure", astro::seconds(*settings_.exposure));
  if (settings_.gain) options.set("gain", *settings_.gain);
  set(*video, options);
  host.describe(description_of(*video));
  host.log(astro::LogLevel::info, "the camera " + video->name() + " gives " + std::to_string(video->size().columns) +
                                      " x " + std::to_string(video->size().rows) + " as " + video->format_text());
  const std::lock_guard lock(mutex_);
  host_ = &host;
  options_ = std::move(options);
  stream_ = stream_of(*video);
  video_ = std::move(video);
}

void Receiver::close() noexcept {
  stop();
  seeker_ = {};
  const std::lock_guard lock(mutex_);
  video_.reset();
  host_ = nullptr;
}

void Receiver::stop() noexcept {
  streaming_ = false;
  woken_.notify_all();
  // A hook that works with the camera ends soon; then the host calls this again.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock && video_) video_->stop();
}

astro::StreamSettings Receiver::tune(const astro::Tuning& wanted) {
  const std::lock_guard lock(mutex_);
  if (!video_) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "tuning: the camera is away; plug it in again, and try when its log says that it is back");
  }
  set(*video_, wanted.options);
  if (const astro::Map* asked = wanted.options.get_if<astro::Map>()) {
    for (const auto& [name, value] : *asked) {
      if (!value.is_null()) options_.set(name, value);
    }
  }
  stream_ = stream_of(*video_);
  return stream_;
}

void Receiver::start() {
  const std::lock_guard lock(mutex_);
  next_.reset();
  owed_ = 0;
  last_ = Steady::now();
  streaming_ = true;
  if (video_) video_->start();
}

astro::Filled Receiver::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  if (!video_) {
    woken_.wait_for(lock, patience, [this] { return video_ != nullptr || !streaming_; });
    return {};
  }
  try {
    return take(buffer);
  } catch (const astro::Error& error) {
    lose(error.what());
    return {};
  }
}

std::optional<astro::Time> Receiver::time_of(const Video::Frame& frame) const {
  const auto& clock = *host_->surroundings().clock;
  if (!frame.monotonic || clock.is_simulated()) return std::nullopt;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return clock.now() - (std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) - *frame.monotonic);
}

/// False for one that is damaged: it counts as lost.
bool Receiver::decode(const Video::Frame& frame, std::span<std::byte> buffer) {
  if (frame.damaged) return false;
  try {
    convert(frame.bytes, video_->layout(), video_->stride(), video_->size(), buffer, jpeg_);
    return true;
  } catch (const astro::Error&) {
    return false;
  }
}

astro::Filled Receiver::take(std::span<std::byte> buffer) {
  const auto deadline = Steady::now() + patience;
  while (streaming_ && Steady::now() < deadline) {
    const auto frame = video_->take(slice);
    if (!frame) continue;
    last_ = Steady::now();
    // The camera's own count; after the first, what it jumps over was lost. It is 32 bits wide, and may wrap.
    const std::uint32_t jumped = next_ ? frame->sequence - *next_ : 0;
    next_ = frame->sequence + 1;
    owed_ += jumped < 0x80000000U ? jumped : 0;
    const bool is_good = decode(*frame, buffer);
    const auto time = time_of(*frame);
    video_->give_back(*frame);
    if (is_good) return {.items = 1, .lost = std::exchange(owed_, 0), .time = time};
    ++owed_;
  }
  const astro::Duration silence = std::max<astro::Duration>(least_silence, 3 * stream_.item_period);
  if (streaming_ && Steady::now() - last_ > silence) lose("no frame came");
  return {};
}

/// It was unplugged, or its driver has lost it: from now on it is looked for.
void Receiver::lose(const std::string& why) {
  host_->log(astro::LogLevel::error, "the camera is gone: " + why + "; it is looked for until it is back");
  video_.reset();
  next_.reset();
  seeker_ = std::jthread([this](const std::stop_token& stop) { seek(stop); });
}

void Receiver::seek(const std::stop_token& stop) {
  bool is_told = false;
  while (!stop.stop_requested()) {
    try {
      auto video = make();
      const std::lock_guard lock(mutex_);
      set(*video, options_);
      const astro::StreamSettings now = stream_of(*video);
      if (now.dtype == stream_.dtype && now.item_shape == stream_.item_shape) {
        if (streaming_) video->start();
        const auto missed =
            (Steady::now() - last_) / std::max<astro::Duration>(stream_.item_period, astro::Duration(1));
        if (streaming_) owed_ += static_cast<std::uint64_t>(std::max<std::int64_t>(missed - 1, 0));
        last_ = Steady::now();
        video_ = std::move(video);
        woken_.notify_all();
        host_->log(astro::LogLevel::warning, "the camera is back");
        return;
      }
      if (!std::exchange(is_told, true)) {
        host_->log(astro::LogLevel::error,
                   "the camera is back with frames of another size or kind; open the site again to take them");
      }
    } catch (const std::exception&) {  // not yet
    }
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, between_looks, [] { return false; });
  }
}

}  // namespace camera
