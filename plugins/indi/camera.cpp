// SPDX-License-Identifier: BSD-3-Clause
#include "camera.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "fits.hpp"
#include "telescope_kit/camera.hpp"

namespace indi {

namespace {

using telescope_kit::number_in;
using telescope_kit::option;

constexpr astro::Duration size_bound = std::chrono::seconds(8);      // from connected to the sensor's size
constexpr astro::Duration apply_bound = std::chrono::seconds(4);     // a driver may just draw or read a frame
constexpr astro::Duration patience = std::chrono::milliseconds(80);  // of a call of `fill`
constexpr astro::Duration readout_bound = std::chrono::seconds(60);  // behind the exposure, on a slow network
constexpr std::array<const char*, 4> frame_types{"light", "bias", "dark", "flat"};
constexpr std::array<const char*, 4> indi_frame_types{"FRAME_LIGHT", "FRAME_BIAS", "FRAME_DARK", "FRAME_FLAT"};

astro::Dtype dtype_of(double bits) {
  return bits <= 8 ? astro::Dtype::u8 : bits <= 16 ? astro::Dtype::u16 : astro::Dtype::i64;
}

/// Of what the option "frame" may hold.
const char* indi_name_of(const std::string& frame_type) {
  return indi_frame_types.at(
      static_cast<std::size_t>(std::ranges::find(frame_types, frame_type) - frame_types.begin()));
}

}  // namespace

astro::ReceiverDescription Camera::description() {
  return {.hook_bound = std::chrono::seconds(20), .open_bound = std::chrono::seconds(40)};
}

void Camera::open(astro::Emitter& host) {
  host_ = &host;
  abort_xml_ = session_.switch_xml("CCD_ABORT_EXPOSURE", "ABORT");
  {
    const std::lock_guard lock(mutex_);
    streaming_ = is_exposing_ = false;
    frame_.reset();
    options_ = {};
    exposure_ = settings_.exposure;
  }
  session_.open(host, {.changed = [this](const std::string& property) { watch(property); },
                       .blob = [this](Element&& blob) { take(std::move(blob)); },
                       .ready = [this] { prepare(); }});
  try {
    const auto has_size = [this] {
      const auto info = session_.find("CCD_INFO");
      const auto* columns = info ? info->find("CCD_MAX_X") : nullptr;
      const auto frame = session_.find("CCD_FRAME");
      const auto* width = frame ? frame->find("WIDTH") : nullptr;
      return columns != nullptr && columns->number > 0 && width != nullptr && width->number > 0 &&
             session_.has("CCD_EXPOSURE") && session_.has(settings_.chip);
    };
    if (!session_.wait(size_bound, has_size)) {
      throw astro::Error(
          astro::ErrorCode::device_fault,
          "opening the " + session_.name() +
              ": it does not say how large its sensor is (CCD_INFO, CCD_FRAME); see that it is a camera");
    }
    session_.settle();
    (void)session_.urgent(abort_xml_);
    describe(host);
  } catch (...) {
    session_.close();
    throw;
  }
}

void Camera::close() noexcept {
  stop();
  session_.close();
}

void Camera::describe(astro::Emitter& host) {
  astro::ReceiverDescription made = description();
  using Type = astro::FieldType;
  const Property info = session_.get("CCD_INFO");
  const Property exposures = session_.get("CCD_EXPOSURE");
  const Element* exposure = exposures.find("CCD_EXPOSURE_VALUE");
  const auto binning = session_.find("CCD_BINNING");
  const Element* most = binning ? binning->find("HOR_BIN") : nullptr;
  const bool has_range = exposure != nullptr && exposure->max > exposure->min;
  made.options = telescope_kit::camera_options(has_range ? exposure->min : 0.0, has_range ? exposure->max : 86400.0,
                                               most != nullptr ? std::max(1.0, most->max) : 1.0,
                                               info.number("CCD_MAX_X"), info.number("CCD_MAX_Y"));
  for (const auto& [name, property, element] :
       {std::array{"gain", "CCD_GAIN", "GAIN"}, std::array{"offset", "CCD_OFFSET", "OFFSET"}}) {
    const auto found = session_.find(property);
    const Element* range = found ? found->find(element) : nullptr;
    if (range != nullptr)
      made.options.push_back(option(name, Type::number, range->min, range->max, "", "in its own units"));
  }
  if (session_.has("CCD_FRAME_TYPE")) {
    made.options.push_back(option("frame", Type::choice, 0, 0, "", "what the shutter does"));
    made.options.back().choices.assign(frame_types.begin(), frame_types.end());
  }
  host.describe(made);
}

/// What a driver forgets when it ends: called each time that the camera was connected.
void Camera::prepare() {
  session_.send("<enableBLOB device=\"" + escaped(session_.device()) + "\" name=\"" + escaped(settings_.chip) +
                "\">Also</enableBLOB>\n");
  session_.set_switch("UPLOAD_MODE", "UPLOAD_CLIENT");
  session_.set_switch("CCD_TRANSFER_FORMAT", "FORMAT_FITS");
  session_.set_switch("CCD_COMPRESSION", settings_.compress ? "INDI_ENABLED" : "INDI_DISABLED");
  const std::lock_guard lock(mutex_);
  // The settings of before, then the exposure that its end has cut short.
  if (const auto binning = number_in(options_, "binning"))
    session_.set_numbers("CCD_BINNING", {{"HOR_BIN", *binning}, {"VER_BIN", *binning}});
  Values frame;
  for (const auto& [name, element] : {std::pair{"x", "X"}, {"y", "Y"}, {"width", "WIDTH"}, {"height", "HEIGHT"}}) {
    if (const auto value = number_in(options_, name)) frame.emplace_back(element, *value);
  }
  if (frame.size() == 4) session_.set_numbers("CCD_FRAME", frame);
  if (const auto gain = number_in(options_, "gain")) session_.set_numbers("CCD_GAIN", {{"GAIN", *gain}});
  if (const auto offset = number_in(options_, "offset")) session_.set_numbers("CCD_OFFSET", {{"OFFSET", *offset}});
  if (const astro::Value* type = options_.find("frame"); type != nullptr && !type->is_null())
    session_.set_switch("CCD_FRAME_TYPE", indi_name_of(type->as_text()));
  if (!streaming_) return;
  if (is_exposing_) ++lost_;
  expose();
}

/// Under the lock.
void Camera::expose() {
  is_exposing_ = true;
  due_ = std::chrono::steady_clock::now() + exposure_ + readout_bound;
  session_.set_numbers("CCD_EXPOSURE", {{"CCD_EXPOSURE_VALUE", astro::seconds(exposure_)}});
}

void Camera::take(Element&& blob) {
  if (blob.name != settings_.chip || blob.bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!streaming_ || !is_exposing_) return;
  if (frame_) ++lost_;  // nobody came for the one before
  frame_ = std::move(blob);
  expose();
  came_.notify_all();
}

void Camera::watch(const std::string& property) {
  if (property != "CCD_EXPOSURE") return;
  const auto exposure = session_.find(property);
  if (!exposure || exposure->state != State::alert) return;
  const std::lock_guard lock(mutex_);
  if (!streaming_ || !is_exposing_) return;
  fail("the camera has ended the exposure: " + session_.last_words());
}

/// Under the lock.
void Camera::fail(const std::string& why) {
  fault_ = why;
  is_exposing_ = false;
  came_.notify_all();
}

void Camera::stop() noexcept {
  const std::lock_guard lock(mutex_);
  streaming_ = false;
  is_exposing_ = false;
  came_.notify_all();
  (void)session_.urgent(abort_xml_);
}

void Camera::wait_for(const std::string& property, std::uint64_t before) {
  const bool is_set = session_.wait(apply_bound, [&] {
    const auto now = session_.find(property);
    return now && now->changes != before && now->state != State::busy;
  });
  const auto now = session_.find(property);
  if (is_set && now->state != State::alert) return;
  throw astro::Error(is_set ? astro::ErrorCode::out_of_limits : astro::ErrorCode::timeout,
                     "tuning the camera: it does not take " + property +
                         (is_set ? ": " + session_.last_words() : std::string("; it says nothing to it")));
}

void Camera::apply(const std::string& property, const Values& values) {
  const Property now = session_.get(property);
  if (std::ranges::all_of(values, [&](const auto& value) { return now.number(value.first) == value.second; })) return;
  session_.set_numbers(property, values);
  wait_for(property, now.changes);
}

astro::StreamSettings Camera::tune(const astro::Tuning& wanted) {
  session_.check();
  astro::Value options;
  bool was_exposing = false;
  {
    const std::lock_guard lock(mutex_);
    options = telescope_kit::merged(options_, wanted.options);
    was_exposing = std::exchange(is_exposing_, false);
    frame_.reset();
  }
  if (was_exposing) {  // what it says to that is not said to the next exposure
    (void)session_.urgent(abort_xml_);
    (void)session_.wait(apply_bound, [this] {
      const auto exposing = session_.find("CCD_EXPOSURE");
      return !exposing || exposing->state != State::busy;
    });
  }
  if (const auto binning = number_in(options, "binning"))
    apply("CCD_BINNING", {{"HOR_BIN", *binning}, {"VER_BIN", *binning}});
  const Property info = session_.get("CCD_INFO");
  if (const auto window = telescope_kit::window_in(options, info.number("CCD_MAX_X"), info.number("CCD_MAX_Y"))) {
    apply("CCD_FRAME", {{"X", window->x}, {"Y", window->y}, {"WIDTH", window->width}, {"HEIGHT", window->height}});
  }
  if (const auto gain = number_in(options, "gain")) apply("CCD_GAIN", {{"GAIN", *gain}});
  if (const auto offset = number_in(options, "offset")) apply("CCD_OFFSET", {{"OFFSET", *offset}});
  if (const astro::Value* type = options.find("frame"); type != nullptr && !type->is_null()) {
    const Property now = session_.get("CCD_FRAME_TYPE");
    const char* name = indi_name_of(type->as_text());
    if (!now.is_on(name)) {
      session_.set_switch("CCD_FRAME_TYPE", name);
      wait_for("CCD_FRAME_TYPE", now.changes);
    }
  }
  const std::lock_guard lock(mutex_);
  if (const auto exposure = number_in(options, "exposure")) exposure_ = astro::from_seconds(*exposure);
  stream_ = taken();
  options_ = stream_.tuning.options;
  if (streaming_) expose();
  return stream_;
}

/// What the camera says that it does now. Under the lock.
astro::StreamSettings Camera::taken() const {
  const Property frame = session_.get("CCD_FRAME");
  const auto binning = session_.find("CCD_BINNING");
  const double columns_binned = binning ? binning->number("HOR_BIN") : 1.0;
  const double rows_binned = binning ? binning->number("VER_BIN") : 1.0;
  const double rows = std::floor(frame.number("HEIGHT") / rows_binned);
  const double columns = std::floor(frame.number("WIDTH") / columns_binned);
  const double bits = session_.get("CCD_INFO").number("CCD_BITSPERPIXEL");
  constexpr double most = 100000;
  if (!(rows >= 1 && rows <= most && columns >= 1 && columns <= most)) {
    throw astro::Error(astro::ErrorCode::device_fault, "the camera says that its frames have " + std::to_string(rows) +
                                                           " rows and " + std::to_string(columns) + " columns");
  }
  astro::StreamSettings stream;
  stream.dtype = dtype_of(bits);
  stream.item_shape = {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)};
  if (stream.item_bytes() > static_cast<std::size_t>(settings_.largest_frame) << 20) {
    throw astro::Error(
        astro::ErrorCode::out_of_limits,
        "the camera's frames have " + std::to_string(stream.item_bytes()) + " bytes, more than `largest_frame` allows");
  }
  stream.item_period = exposure_;
  astro::Value options;
  options.set("exposure", astro::seconds(exposure_));
  if (binning) options.set("binning", static_cast<std::int64_t>(columns_binned));
  for (const auto& [name, element] : {std::pair{"x", "X"}, {"y", "Y"}, {"width", "WIDTH"}, {"height", "HEIGHT"}}) {
    options.set(name, static_cast<std::int64_t>(frame.number(element)));
  }
  if (const auto gain = session_.find("CCD_GAIN")) options.set("gain", gain->number("GAIN"));
  if (const auto offset = session_.find("CCD_OFFSET")) options.set("offset", offset->number("OFFSET"));
  if (const auto type = session_.find("CCD_FRAME_TYPE")) {
    const auto index = std::ranges::find(indi_frame_types, type->chosen()) - indi_frame_types.begin();
    if (index < static_cast<std::ptrdiff_t>(frame_types.size()))
      options.set("frame", frame_types.at(static_cast<std::size_t>(index)));
  }
  stream.tuning.options = std::move(options);
  return stream;
}

void Camera::start() {
  session_.check();
  const std::lock_guard lock(mutex_);
  frame_.reset();
  fault_.clear();
  lost_ = 0;
  streaming_ = true;
  expose();
}

astro::Filled Camera::fill(std::span<std::byte> buffer) {
  std::optional<Element> blob;
  astro::Filled filled;
  {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, patience, [this] { return frame_ || !fault_.empty() || !streaming_; });
    if (!streaming_) return {};
    if (is_exposing_ && std::chrono::steady_clock::now() > due_) {
      fail("no frame has come 60 s after the end of its exposure; look at the camera, and at the network");
    }
    if (!frame_ && !fault_.empty()) throw astro::Error(astro::ErrorCode::device_fault, fault_);
    if (!frame_) return {};
    blob.swap(frame_);
    filled.lost = std::exchange(lost_, 0);
  }
  filled.time = read_frame(*blob, stream_, buffer.first(std::min(buffer.size(), stream_.item_bytes())));
  filled.items = 1;
  return filled;
}

}  // namespace indi
