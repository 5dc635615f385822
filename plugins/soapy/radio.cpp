// SPDX-License-Identifier: BSD-3-Clause
#include "radio.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Formats.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "astro/error.hpp"

namespace soapy {

namespace {

constexpr int receive = SOAPY_SDR_RX;

struct Kind {
  const char* name;
  astro::Dtype dtype;
};
constexpr std::array<Kind, 4> kinds{{{SOAPY_SDR_CS8, astro::Dtype::ci8},
                                     {SOAPY_SDR_CU8, astro::Dtype::cu8},
                                     {SOAPY_SDR_CS16, astro::Dtype::ci16},
                                     {SOAPY_SDR_CF32, astro::Dtype::cf32}}};

/// Under which names drivers hide it: RTL-SDR and Airspy, HackRF, SDRplay, others.
constexpr std::array bias_names{"biastee", "bias_tx", "biasT_ctrl", "bias_tee", "biasT", "bias"};

std::string what_is_there() {
  std::string list;
  for (const SoapySDR::Kwargs& each : SoapySDR::Device::enumerate()) {
    SoapySDR::Kwargs shown;
    for (const char* key : {"driver", "serial", "label"}) {
      if (const auto found = each.find(key); found != each.end()) shown.insert(*found);
    }
    list += (list.empty() ? "\"" : ", \"") + SoapySDR::KwargsToString(shown) + "\"";
  }
  return list.empty() ? "there is none: see that it is plugged in, and that its module of SoapySDR is installed"
                      : "there is " + list;
}

bool is_among(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& each : list) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

std::pair<double, double> ends_of(const SoapySDR::RangeList& ranges, std::pair<double, double> otherwise) {
  if (ranges.empty()) return otherwise;
  double from = ranges.front().minimum();
  double to = ranges.front().maximum();
  for (const SoapySDR::Range& range : ranges) {
    from = std::min(from, range.minimum());
    to = std::max(to, range.maximum());
  }
  return {from, to};
}

/// What the hardware took may differ by the rounding of its dividers, but not by much.
void check_taken(const char* what, double wanted, double taken, double slack) {
  if (std::isfinite(taken) && std::abs(taken - wanted) <= slack) return;
  throw astro::Error(astro::ErrorCode::out_of_limits,
                     std::string("tuning: the ") + what + " " + std::to_string(wanted) +
                         " Hz cannot be had; the hardware took " + std::to_string(taken) + " Hz");
}

}  // namespace

/// SoapySDR's modules throw what they like; the message says what was being done.
template <class Do>
auto Radio::asked(const std::string& doing, Do act) const {
  try {
    return act();
  } catch (const astro::Error&) {
    throw;
  } catch (const std::exception& thrown) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "the SDR \"" + settings_.device + "\": " + doing + " failed in SoapySDR: " + thrown.what());
  }
}

Radio::Radio(const Settings& settings) : settings_(settings), channel_(static_cast<std::size_t>(settings.channel)) {
  try {
    device_ = SoapySDR::Device::make(settings_.device);
  } catch (const std::exception& thrown) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "opening the SDR \"" + settings_.device + "\": " + thrown.what() + "; " + what_is_there());
  }
  if (device_ == nullptr) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "opening the SDR \"" + settings_.device + "\": SoapySDR made none");
  }
  try {
    asked("setting it up", [this] { set_once(); });
  } catch (...) {
    SoapySDR::Device::unmake(device_);
    throw;
  }
}

Radio::~Radio() {
  stop();
  try {
    if (stream_ != nullptr) device_->closeStream(stream_);
  } catch (const std::exception&) {  // it is gone, and with it its stream
  }
  try {
    SoapySDR::Device::unmake(device_);
  } catch (const std::exception&) {}
}

void Radio::choose_format() {
  const std::vector<std::string> can = device_->getStreamFormats(receive, channel_);
  double full_scale = 0.0;
  std::string wanted = device_->getNativeStreamFormat(receive, channel_, full_scale);
  if (settings_.format != Format::native) {
    const auto dtype = static_cast<std::size_t>(settings_.format);
    constexpr std::array names{"", SOAPY_SDR_CF32, SOAPY_SDR_CS16, SOAPY_SDR_CS8, SOAPY_SDR_CU8};
    wanted = names.at(dtype);
    if (!is_among(can, wanted)) {
      throw astro::Error(astro::ErrorCode::unsupported, "the SDR \"" + settings_.device + "\" gives no samples as " +
                                                            wanted + "; it has " + joined(can));
    }
  }
  const auto find = [](const std::string& name) {
    return std::ranges::find_if(kinds, [&](const Kind& kind) { return kind.name == name; });
  };
  auto kind = find(wanted);
  if (kind == kinds.end()) kind = find(SOAPY_SDR_CF32);  // of what is packed tighter SoapySDR makes floats
  format_ = kind->name;
  dtype_ = kind->dtype;
}

void Radio::set_once() {
  const std::size_t channels = device_->getNumChannels(receive);
  if (channel_ >= channels) {
    throw astro::Error(astro::ErrorCode::invalid_argument, "the SDR \"" + settings_.device + "\" has " +
                                                               std::to_string(channels) +
                                                               " channels that receive; `channel` counts from 0");
  }
  const auto choose = [this](const std::string& wanted, const char* what, const std::vector<std::string>& can) {
    if (wanted.empty() || is_among(can, wanted)) return !wanted.empty();
    throw astro::Error(astro::ErrorCode::invalid_argument, "the SDR \"" + settings_.device + "\" has no " + what +
                                                               " \"" + wanted + "\"; it has " + joined(can));
  };
  if (choose(settings_.clock_source, "clock source", device_->listClockSources()))
    device_->setClockSource(settings_.clock_source);
  if (choose(settings_.time_source, "time source", device_->listTimeSources()))
    device_->setTimeSource(settings_.time_source);
  if (settings_.correction_ppm != 0.0) device_->setFrequencyCorrection(receive, channel_, settings_.correction_ppm);
  for (const auto& [key, value] : SoapySDR::KwargsFromString(settings_.settings)) device_->writeSetting(key, value);
  set_bias_tee();
  // Without a gain of ours; some drivers begin with a fixed one.
  if (!settings_.gain_db && device_->hasGainMode(receive, channel_)) device_->setGainMode(receive, channel_, true);
  for (const std::string& name : device_->listGains(receive, channel_)) {
    std::string option = "gain_" + name;
    std::ranges::transform(option, option.begin(), [](unsigned char c) {
      return std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '_';
    });
    elements_.push_back({option, name});
  }
  choose_format();
}

void Radio::set_bias_tee() {
  const auto key_in = [](const SoapySDR::ArgInfoList& list) -> std::optional<std::string> {
    for (const SoapySDR::ArgInfo& info : list) {
      if (std::ranges::find(bias_names, info.key) != bias_names.end()) return info.key;
    }
    return std::nullopt;
  };
  const std::string on = settings_.bias_tee ? "true" : "false";
  if (const auto key = key_in(device_->getSettingInfo())) device_->writeSetting(*key, on);
  else if (const auto of_channel = key_in(device_->getSettingInfo(receive, channel_)))
    device_->writeSetting(receive, channel_, *of_channel, on);
  else if (settings_.bias_tee) {
    throw astro::Error(astro::ErrorCode::unsupported, "the SDR \"" + settings_.device +
                                                          "\" has no bias tee that its driver knows of; leave out "
                                                          "`bias_tee`, or say its key in `settings`");
  }
}

astro::ReceiverDescription Radio::description() const {
  return asked("asking what it can do", [this] {
    astro::ReceiverDescription can;
    const auto [lowest, highest] = ends_of(device_->getFrequencyRange(receive, channel_), {0.0, 1e12});
    const auto [slowest, fastest] = ends_of(device_->getSampleRateRange(receive, channel_), {1.0, 1e11});
    const SoapySDR::Range gains = device_->getGainRange(receive, channel_);
    can.lowest = astro::hertz(lowest);
    can.highest = astro::hertz(highest);
    can.slowest = astro::hertz(slowest);
    can.fastest = astro::hertz(fastest);
    can.min_gain_db = gains.minimum();
    can.max_gain_db = std::max(gains.minimum(), gains.maximum());
    can.antennas = device_->listAntennas(receive, channel_);
    for (const Element& element : elements_) {
      const SoapySDR::Range range = device_->getGainRange(receive, channel_, element.name);
      astro::Field field;
      field.name = element.option;
      field.type = astro::FieldType::number;
      field.unit = "dB";
      field.min = range.minimum();
      field.max = range.maximum();
      field.says = "gain of its element " + element.name;
      can.options.push_back(std::move(field));
    }
    can.hook_bound = std::chrono::seconds(2);
    can.open_bound = std::chrono::seconds(20);
    return can;
  });
}

void Radio::set_gain(const astro::Tuning& wanted) {
  if (wanted.gain_db) {
    if (device_->hasGainMode(receive, channel_)) device_->setGainMode(receive, channel_, false);
    device_->setGain(receive, channel_, *wanted.gain_db);
  }
  const astro::Map* options = wanted.options.get_if<astro::Map>();
  if (options == nullptr) return;
  for (const Element& element : elements_) {
    for (const auto& [name, value] : *options) {
      if (name != element.option || value.is_null()) continue;
      if (device_->hasGainMode(receive, channel_)) device_->setGainMode(receive, channel_, false);
      device_->setGain(receive, channel_, element.name, value.as_number());
    }
  }
}

astro::Tuning Radio::taken() const {
  astro::Tuning tuning;
  tuning.frequency = astro::hertz(device_->getFrequency(receive, channel_));
  tuning.sample_rate = astro::hertz(device_->getSampleRate(receive, channel_));
  tuning.bandwidth = astro::hertz(std::max(0.0, device_->getBandwidth(receive, channel_)));
  const bool automatic = device_->hasGainMode(receive, channel_) && device_->getGainMode(receive, channel_);
  if (!automatic) tuning.gain_db = device_->getGain(receive, channel_);
  tuning.antenna = device_->getAntenna(receive, channel_);
  astro::Value options;
  for (const Element& element : elements_) {
    if (!automatic) options.set(element.option, device_->getGain(receive, channel_, element.name));
  }
  tuning.options = std::move(options);
  return tuning;
}

astro::StreamSettings Radio::tune(const astro::Tuning& wanted) {
  return asked("tuning", [&] {
    // Several drivers lose their place when the rate changes under a running stream.
    const bool other_rate = wanted.sample_rate != astro::Frequency{} &&
                            wanted.sample_rate.hertz() != device_->getSampleRate(receive, channel_);
    const bool pauses = active_ && other_rate;
    if (pauses) stop();
    if (!wanted.antenna.empty()) device_->setAntenna(receive, channel_, wanted.antenna);
    if (other_rate) device_->setSampleRate(receive, channel_, wanted.sample_rate.hertz());
    if (wanted.bandwidth != astro::Frequency{}) device_->setBandwidth(receive, channel_, wanted.bandwidth.hertz());
    if (wanted.frequency != astro::Frequency{}) device_->setFrequency(receive, channel_, wanted.frequency.hertz());
    set_gain(wanted);
    astro::StreamSettings stream;
    stream.tuning = taken();
    if (wanted.frequency != astro::Frequency{})
      check_taken("frequency", wanted.frequency.hertz(), stream.tuning.frequency.hertz(), 1000.0);
    if (other_rate) {
      check_taken("sample rate", wanted.sample_rate.hertz(), stream.tuning.sample_rate.hertz(),
                  1e-3 * wanted.sample_rate.hertz());
    }
    stream.dtype = dtype_;
    stream.item_period = astro::from_seconds(1.0 / stream.tuning.sample_rate.hertz());
    if (pauses) start();
    return stream;
  });
}

void Radio::start() {
  asked("starting its stream", [this] {
    if (stream_ == nullptr)
      stream_ = device_->setupStream(receive, format_, {channel_}, SoapySDR::KwargsFromString(settings_.stream));
    const int code = device_->activateStream(stream_);
    if (code != 0) {
      throw astro::Error(astro::ErrorCode::device_fault,
                         "the SDR \"" + settings_.device + "\": starting its stream: " + SoapySDR::errToStr(code));
    }
    active_ = true;
    return 0;
  });
}

void Radio::stop() noexcept {
  if (!active_) return;
  active_ = false;
  try {
    device_->deactivateStream(stream_);
  } catch (const std::exception&) {  // it is gone
  }
}

std::size_t Radio::block() const {
  if (stream_ == nullptr) return 0;
  return asked("asking for its block", [this] { return device_->getStreamMTU(stream_); });
}

Radio::Read Radio::read(std::span<std::byte> into, std::size_t item_bytes, astro::Duration at_most) {
  void* buffers[1] = {into.data()};
  int flags = 0;
  long long time_ns = 0;
  const long patience_us = static_cast<long>(std::chrono::ceil<std::chrono::microseconds>(at_most).count());
  Read read;
  read.code = asked("reading samples", [&] {
    return device_->readStream(stream_, buffers, into.size() / item_bytes, flags, time_ns, patience_us);
  });
  if (read.code > 0 && (flags & SOAPY_SDR_HAS_TIME) != 0) read.time_ns = time_ns;
  return read;
}

}  // namespace soapy
