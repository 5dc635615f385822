// SPDX-License-Identifier: BSD-3-Clause
#include "camera.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "image.hpp"
#include "telescope_kit/camera.hpp"

namespace alpaca {

namespace {

using Steady = std::chrono::steady_clock;
using telescope_kit::number_in;

constexpr std::chrono::milliseconds patience(80);        // of a call of `fill`
constexpr std::chrono::milliseconds between_looks(20);   // whether the image is there
constexpr std::chrono::milliseconds between_tries(500);  // of a server that is away
constexpr std::chrono::seconds readout_bound(60);        // behind the exposure
constexpr std::chrono::seconds download_bound(120);
constexpr astro::Duration settle_bound = std::chrono::seconds(2);
constexpr double idle_state = 0;
constexpr double error_state = 5;  // of ASCOM's CameraStates
constexpr double colour = 1;       // of ASCOM's SensorType: three planes

astro::Dtype dtype_of(double largest) {
  return largest <= 255 ? astro::Dtype::u8 : largest <= 65535 ? astro::Dtype::u16 : astro::Dtype::i64;
}

}  // namespace

astro::ReceiverDescription Camera::description() {
  return {.hook_bound = std::chrono::seconds(15), .open_bound = std::chrono::seconds(60)};
}

void Camera::open(astro::Emitter& host) {
  host_ = &host;
  client_.open();
  pictures_.open_like(client_);
  client_.put("connected", {{"Connected", text_of(true)}});
  can_abort_ = client_.get_bool("canabortexposure");
  columns_ = client_.get_number("cameraxsize");
  rows_ = client_.get_number("cameraysize");
  constexpr double most = 100000;
  if (!(columns_ >= 1 && columns_ <= most && rows_ >= 1 && rows_ <= most)) {
    client_.refuse("cameraxsize", "the size of a sensor", text_of(columns_) + " by " + text_of(rows_));
  }
  dtype_ = dtype_of(client_.get_number("maxadu"));
  const astro::Value sensor = client_.get_if_there("sensortype");
  planes_ = !sensor.is_null() && sensor.as_number() == colour ? 3 : 1;
  {
    const std::lock_guard lock(mutex_);
    streaming_ = paused_ = is_busy_ = is_away_ = false;
    exposure_ = settings_.exposure;
    light_ = settings_.frame == Shutter::light;
    options_ = {};
    if (!light_) options_.set("frame", "dark");
    frame_.reset();
    fault_.reset();
  }
  if (can_abort_) client_.put_if_it_may("abortexposure");
  describe(host);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Camera::close() noexcept {
  stop();
  thread_ = {};
}

void Camera::describe(astro::Emitter& host) {
  astro::ReceiverDescription made = description();
  using Type = astro::FieldType;
  const auto number = [this](const char* method, double otherwise) {
    const astro::Value value = client_.get_if_there(method);
    return value.is_null() ? otherwise : value.as_number();
  };
  const double longest = number("exposuremax", 86400.0);
  made.options = telescope_kit::camera_options(std::min(number("exposuremin", 0.0), longest), longest,
                                               std::max(1.0, number("maxbinx", 1.0)), columns_, rows_);
  for (const auto& [name, low, high, names] :
       {std::array{"gain", "gainmin", "gainmax", "gains"}, std::array{"offset", "offsetmin", "offsetmax", "offsets"}}) {
    if (client_.get_if_there(name).is_null()) continue;
    const astro::Value least = client_.get_if_there(low);
    const astro::Value list = least.is_null() ? client_.get_if_there(names) : astro::Value();
    const auto* known = list.get_if<astro::List>();
    const double most = known != nullptr ? static_cast<double>(known->size()) - 1 : number(high, 1e6);
    made.options.push_back(telescope_kit::option(name, Type::integer, least.is_null() ? 0.0 : least.as_number(), most,
                                                 "", "in its own units, or which of its names"));
  }
  made.options.push_back(telescope_kit::option("frame", Type::choice, 0, 0, "", "what the shutter does"));
  made.options.back().choices = {"light", "dark"};
  host.describe(made);
}

std::unique_lock<std::mutex> Camera::paused() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !is_busy_; });
  return lock;
}

astro::StreamSettings Camera::tune(const astro::Tuning& wanted) {
  const auto go_on = std::shared_ptr<void>(nullptr, [this](void*) {
    const std::lock_guard again(mutex_);
    paused_ = false;
    changed_.notify_all();
  });
  std::unique_lock lock = paused();
  const astro::Value options = telescope_kit::merged(options_, wanted.options);
  lock.unlock();
  apply(options);
  astro::StreamSettings stream = taken(options);
  lock.lock();
  stream_ = stream;
  options_ = stream.tuning.options;
  exposure_ = stream.item_period;
  const astro::Value* shutter = options_.find("frame");
  light_ = shutter == nullptr || shutter->as_text() == "light";
  frame_.reset();  // of the settings before
  return stream;
}

void Camera::apply(const astro::Value& options) {
  const double binning = number_in(options, "binning").value_or(1.0);
  if (number_in(options, "binning")) {
    client_.put("binx", {{"BinX", text_of(binning)}});
    client_.put("biny", {{"BinY", text_of(binning)}});
  }
  const auto given = telescope_kit::window_in(options, columns_, rows_);
  if (given || number_in(options, "binning")) {
    const telescope_kit::Window window = given.value_or(telescope_kit::Window{0, 0, columns_, rows_});
    client_.put("startx", {{"StartX", text_of(std::floor(window.x / binning))}});
    client_.put("starty", {{"StartY", text_of(std::floor(window.y / binning))}});
    client_.put("numx", {{"NumX", text_of(std::max(1.0, std::floor(window.width / binning)))}});
    client_.put("numy", {{"NumY", text_of(std::max(1.0, std::floor(window.height / binning)))}});
  }
  if (const auto gain = number_in(options, "gain")) client_.put("gain", {{"Gain", text_of(*gain)}});
  if (const auto offset = number_in(options, "offset")) client_.put("offset", {{"Offset", text_of(*offset)}});
}

/// What the camera says that it does now.
astro::StreamSettings Camera::taken(astro::Value options) {
  const double binning = client_.get_number("binx");
  const double columns = client_.get_number("numx");
  const double rows = client_.get_number("numy");
  if (!(binning >= 1 && columns >= 1 && columns <= columns_ && rows >= 1 && rows <= rows_)) {
    client_.refuse("numx", "a window within the sensor", text_of(columns) + " by " + text_of(rows));
  }
  astro::StreamSettings stream;
  stream.dtype = dtype_;
  stream.item_shape = {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)};
  if (planes_ > 1) stream.item_shape.push_back(planes_);
  if (stream.item_bytes() > static_cast<std::size_t>(settings_.largest_frame) << 20) {
    throw astro::Error(
        astro::ErrorCode::out_of_limits,
        "the camera's frames have " + std::to_string(stream.item_bytes()) + " bytes, more than `largest_frame` allows");
  }
  const auto exposure = number_in(options, "exposure");
  stream.item_period = exposure ? astro::from_seconds(*exposure) : settings_.exposure;
  options.set("exposure", astro::seconds(stream.item_period)).set("binning", static_cast<std::int64_t>(binning));
  for (const auto& [name, method] :
       {std::pair{"x", "startx"}, {"y", "starty"}, {"width", "numx"}, {"height", "numy"}}) {
    options.set(name, static_cast<std::int64_t>(client_.get_number(method) * binning));
  }
  stream.tuning.options = std::move(options);
  return stream;
}

void Camera::start() {
  const std::lock_guard lock(mutex_);
  frame_.reset();
  fault_.reset();
  lost_ = 0;
  streaming_ = true;
  changed_.notify_all();
}

void Camera::stop() noexcept {
  const std::lock_guard lock(mutex_);
  streaming_ = false;  // the thread aborts what it is with
  changed_.notify_all();
}

void Camera::run(const std::stop_token& stop) {
  const auto goes_on = [this, &stop] {
    const std::lock_guard lock(mutex_);
    return streaming_ && !paused_ && !stop.stop_requested();
  };
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return streaming_ && !paused_ && !fault_; })) {
    is_busy_ = true;
    lock.unlock();
    bool is_away = false;
    std::optional<astro::Error> fault;
    std::string why;
    try {
      expose(goes_on);
    } catch (const Refusal& refusal) {
      fault.emplace(refusal);
    } catch (const astro::Error& error) {
      // Whoever does not answer, or is not there, may be back; what came broken is a fault.
      is_away = error.code() == astro::ErrorCode::timeout || !pictures_.answers();
      if (!is_away && error.code() != astro::ErrorCode::interrupted) fault.emplace(error);
      why = error.what();
    } catch (const std::exception& error) {
      fault.emplace(astro::ErrorCode::device_fault, error.what());
    }
    if (is_away && !is_away_)
      host_->log(astro::LogLevel::warning, "the camera is away: " + why + "; it is asked for until it is back");
    lock.lock();
    is_busy_ = false;
    if (is_away) ++lost_;
    if (is_away_ && !is_away) host_->log(astro::LogLevel::info, "the camera is back");
    is_away_ = is_away;
    if (fault) fault_ = std::move(fault);
    changed_.notify_all();
    if (is_away) changed_.wait_for(lock, stop, between_tries, [this] { return !streaming_; });
  }
}

bool Camera::is_ready(const std::function<bool()>& goes_on, astro::Duration exposure) {
  const auto end = Steady::now() + exposure + readout_bound;
  while (!pictures_.get_bool("imageready")) {
    if (!goes_on()) {
      if (can_abort_) pictures_.put_if_it_may("abortexposure");
      return false;
    }
    if (pictures_.get_number("camerastate") == error_state) {
      throw Refusal(astro::ErrorCode::device_fault,
                    pictures_.name() + ": the camera has ended the exposure with an error", 0);
    }
    if (Steady::now() > end) {
      throw Refusal(astro::ErrorCode::timeout,
                    pictures_.name() + ": no image is ready 60 s after the end of its exposure", 0);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, between_looks, [this] { return !streaming_ || paused_; });
  }
  return true;
}

/// What was broken off before may still be under way, here or by who had the camera before us.
bool Camera::is_idle(const std::function<bool()>& goes_on) {
  const auto end = Steady::now() + readout_bound;
  for (double state = pictures_.get_number("camerastate"); state != idle_state && state != error_state;
       state = pictures_.get_number("camerastate")) {
    if (!goes_on() || Steady::now() > end) return false;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, between_looks, [this] { return !streaming_ || paused_; });
  }
  return goes_on();
}

/// A camera that has just said that it is idle may still refuse while it tidies up.
bool Camera::begin(const std::function<bool()>& goes_on, astro::Duration exposure, bool light) {
  const auto end = Steady::now() + settle_bound;
  while (goes_on()) {
    try {
      pictures_.put("startexposure", {{"Duration", text_of(astro::seconds(exposure))}, {"Light", text_of(light)}});
      return true;
    } catch (const Refusal&) {
      if (Steady::now() > end) throw;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, between_looks, [this] { return !streaming_ || paused_; });
  }
  return false;
}

void Camera::expose(const std::function<bool()>& goes_on) {
  std::unique_lock lock(mutex_);
  const astro::Duration exposure = exposure_;
  const bool light = light_;
  const bool was_away = is_away_;
  const astro::Value options = options_;
  const astro::StreamSettings stream = stream_;
  lock.unlock();
  if (was_away) {  // it may have been switched off meanwhile, and know nothing of before
    pictures_.put("connected", {{"Connected", text_of(true)}});
    apply(options);
  }
  if (!is_idle(goes_on) || !begin(goes_on, exposure, light)) return;
  if (!is_ready(goes_on, exposure)) return;
  const std::size_t most = (static_cast<std::size_t>(settings_.largest_frame) << 20) + 4096;
  const ImageAnswer answer = pictures_.get_image(most, download_bound, goes_on);
  Frame frame;
  frame.pixels.resize(stream.item_bytes());
  read_image(pictures_, answer, stream, frame.pixels);
  if (const astro::Value began = pictures_.get_if_there("lastexposurestarttime");
      began.get_if<std::string>() != nullptr) {
    try {
      frame.time = astro::parse_time(began.as_text());
    } catch (const astro::Error&) {  // it has a form of its own: the host estimates
    }
  }
  lock.lock();
  if (!streaming_ || paused_) return;
  if (frame_) ++lost_;  // nobody came for the one before
  frame_ = std::move(frame);
  changed_.notify_all();
}

astro::Filled Camera::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return frame_ || fault_ || !streaming_; });
  if (!streaming_) return {};
  if (!frame_ && fault_) throw *fault_;
  if (!frame_ || buffer.size() < frame_->pixels.size()) return {};
  std::ranges::copy(frame_->pixels, buffer.begin());
  const astro::Filled filled{.items = 1, .lost = std::exchange(lost_, 0), .time = frame_->time};
  frame_.reset();
  return filled;
}

}  // namespace alpaca
