// SPDX-License-Identifier: BSD-3-Clause
#include "receiver.hpp"

#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Logger.hpp>

#include "astro/error.hpp"
#include "astro/plugin.hpp"

namespace soapy {

namespace {

constexpr std::chrono::milliseconds slice(15);    // of a read, so that a stop is seen
constexpr int most_reads = 4;                     // of a call of `fill`
constexpr std::chrono::seconds first_silence(5);  // the first reads after a start may bring nothing
constexpr std::chrono::seconds later_silence(2);  // what is silent for so long was unplugged
constexpr std::chrono::milliseconds between_looks(500);
constexpr std::chrono::seconds between_words(10);
constexpr std::chrono::milliseconds hiccup(250);  // a bus or a network may have one

std::string milliseconds_of(Steady::duration duration) {
  return std::to_string(std::chrono::round<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

astro::ReceiverDescription Receiver::description() {
  return {.lowest = astro::Frequency{},
          .highest = astro::gigahertz(1000),
          .slowest = astro::hertz(1),
          .fastest = astro::gigahertz(100),
          .min_gain_db = -200.0,
          .max_gain_db = 200.0,
          .hook_bound = std::chrono::seconds(2),
          .open_bound = std::chrono::seconds(20)};
}

void Receiver::open(astro::Emitter& host) {
  SoapySDR::setLogLevel(SOAPY_SDR_ERROR);  // on the terminal; what matters here comes as an error or a number
  auto radio = std::make_unique<Radio>(settings_);
  host.describe(radio->description());
  const astro::StreamSettings stream = radio->tune({.frequency = settings_.frequency,
                                                    .sample_rate = settings_.sample_rate,
                                                    .bandwidth = settings_.bandwidth,
                                                    .gain_db = settings_.gain_db,
                                                    .antenna = settings_.antenna});
  const std::lock_guard lock(mutex_);
  host_ = &host;
  tuning_ = stream.tuning;
  item_bytes_ = stream.item_bytes();
  radio_ = std::move(radio);
}

void Receiver::close() noexcept {
  stop();
  seeker_ = {};
  const std::lock_guard lock(mutex_);
  radio_.reset();
  host_ = nullptr;
}

void Receiver::stop() noexcept {
  streaming_ = false;
  back_.notify_all();
  // A hook that works with the radio ends soon; then the host calls this again.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock && radio_) radio_->stop();
}

void Receiver::tell(astro::LogLevel level, const std::string& message) {
  if (host_ != nullptr) host_->log(level, message);
}

astro::StreamSettings Receiver::tune(const astro::Tuning& wanted) {
  const std::lock_guard lock(mutex_);
  if (!radio_) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "tuning: the SDR is away; plug it in again, and try when its log says that it is back");
  }
  astro::StreamSettings stream = radio_->tune(wanted);
  tuning_ = stream.tuning;
  item_bytes_ = stream.item_bytes();
  if (streaming_) gaps_.begin(tuning_.sample_rate.hertz(), Steady::now());
  return stream;
}

void Receiver::begin(Radio& radio) {
  radio.start();
  block_ = radio.block();
  has_come_ = timed_out_ = false;
}

void Receiver::start() {
  const std::lock_guard lock(mutex_);
  if (radio_) begin(*radio_);
  const auto now = Steady::now();
  gaps_.begin(tuning_.sample_rate.hertz(), now);
  has_come_ = false;
  silent_ = now;
  disturbances_ = told_ = {};
  told_at_ = {};
  streaming_ = true;
}

astro::Filled Receiver::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  if (!radio_) {
    back_.wait_for(lock, most_reads * slice, [this] { return radio_ != nullptr || !streaming_; });
    return {};
  }
  try {
    return read(buffer);
  } catch (const astro::Error& error) {
    lose(error.what());
    return {};
  }
}

astro::Filled Receiver::read(std::span<std::byte> buffer) {
  for (int reads = 0; streaming_ && reads < most_reads; ++reads) {
    const Radio::Read got = radio_->read(buffer, item_bytes_, slice);
    const auto now = Steady::now();
    if (got.code > 0) return came(got, now);
    if (got.code == SOAPY_SDR_OVERFLOW || got.code == SOAPY_SDR_CORRUPTION) {  // what came broken is lost as well
      gaps_.broke();
      ++disturbances_.overflows;
      tell_disturbances(now);
    } else if (got.code == SOAPY_SDR_TIMEOUT) {
      timed_out_ = true;
    } else if (got.code != 0) {
      lose(SoapySDR::errToStr(got.code));
      return {};
    }
    if (now - silent_ > (has_come_ ? astro::Duration(later_silence) : astro::Duration(first_silence))) {
      lose("no samples came");
      return {};
    }
  }
  return {};
}

astro::Filled Receiver::came(const Radio::Read& got, Steady::time_point now) {
  if (timed_out_ && has_come_) count_time_out(now - silent_);
  has_come_ = true;
  timed_out_ = false;
  silent_ = now;
  const bool is_told = gaps_.is_broken();
  const auto samples = static_cast<std::uint64_t>(got.code);
  const std::uint64_t lost = gaps_.lost_before(samples, got.time_ns, now);
  if (!is_told) disturbances_.lost_untold += lost;
  tell_disturbances(now);
  return {.items = static_cast<std::size_t>(got.code), .lost = lost};
}

/// Nothing but the end of a read's patience is what each read of a slow radio brings. Whether more was late is seen
/// by what comes now, and counted by `Gaps`.
void Receiver::count_time_out(Steady::duration silence) {
  const std::chrono::duration<double> between_blocks(static_cast<double>(block_) / tuning_.sample_rate.hertz());
  if (silence < 2 * between_blocks + hiccup) return;
  ++disturbances_.time_outs;
  disturbances_.silence += silence;
}

void Receiver::tell_disturbances(Steady::time_point now) {
  if (disturbances_ == told_ || (told_at_ != Steady::time_point{} && now - told_at_ < between_words)) return;
  told_ = disturbances_;
  told_at_ = now;
  tell(astro::LogLevel::warning,
       "the SDR's samples do not come as they should: since it was started " + std::to_string(told_.overflows) +
           " overflows, " + std::to_string(told_.time_outs) + " time-outs, in which nothing came for " +
           milliseconds_of(told_.silence) + " in all, and " + std::to_string(told_.lost_untold) +
           " samples that were lost without a word; this machine, the SDR's bus or the network is too slow for its "
           "rate");
}

/// It was unplugged, or its driver has lost it: from now on it is looked for.
void Receiver::lose(const std::string& why) {
  tell(astro::LogLevel::error, "the SDR is gone: " + why + "; it is looked for until it is back");
  radio_.reset();
  gaps_.was_away();
  seeker_ = std::jthread([this](const std::stop_token& stop) { look_for_it(stop); });
}

void Receiver::look_for_it(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      auto radio = std::make_unique<Radio>(settings_);
      const std::lock_guard lock(mutex_);
      (void)radio->tune(tuning_);
      if (streaming_) begin(*radio);
      silent_ = Steady::now();
      radio_ = std::move(radio);
      back_.notify_all();
      tell(astro::LogLevel::warning, "the SDR is back");
      return;
    } catch (const std::exception&) {  // not yet
    }
    std::unique_lock lock(mutex_);
    back_.wait_for(lock, stop, between_looks, [] { return false; });
  }
}

}  // namespace soapy

ASTRO_PLUGIN(soapy, "1.0.0", registry) {
  registry.add<soapy::Receiver>("soapy", soapy::Receiver::description(),
                                "Software-defined radios by SoapySDR: RTL-SDR, Airspy, HackRF, Lime, SDRplay, USRP");
}
