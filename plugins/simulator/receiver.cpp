// SPDX-License-Identifier: BSD-3-Clause
#include "receiver.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/registry.hpp"

namespace simulator {
namespace {

/// A call of `fill` takes about this much real time at most, well within what is allowed.
constexpr std::chrono::milliseconds patience(80);
/// And brings about this much real time's items.
constexpr double portion_s = 0.05;

Antenna antenna_of(const ReceiverSettings& settings) {
  return {.dish_diameter_m = settings.dish_diameter_m,
          .beam_width = settings.beam_width,
          .spillover = settings.spillover,
          .ground_k = settings.ground_k,
          .sun_sfu = settings.sun_sfu,
          .sources = settings.sources,
          .opacity = settings.opacity,
          .receiver_k = settings.receiver_k,
          .fixed = {settings.fixed_azimuth, settings.fixed_altitude}};
}

void check(const char* what, double value, double from, double to, const char* unit) {
  if (value >= from && value <= to) return;
  throw astro::Error(astro::ErrorCode::out_of_limits,
                     std::string("tuning: ") + what + " " + std::to_string(value) + " " + unit +
                         " cannot be had; expected " + std::to_string(from) + " to " + std::to_string(to) + " " + unit);
}

}  // namespace

astro::ReceiverDescription Receiver::description() {
  return {.lowest = astro::megahertz(1),
          .highest = astro::gigahertz(100),
          .slowest = astro::kilohertz(1),
          .fastest = astro::megahertz(100)};
}

Receiver::Receiver(Settings settings) : settings_(std::move(settings)), faults_(settings_.faults) {
  tuning_ = {.frequency = settings_.frequency,
             .sample_rate = settings_.sample_rate,
             .bandwidth = settings_.bandwidth > astro::Frequency{} ? settings_.bandwidth : settings_.sample_rate,
             .gain_db = settings_.gain_db};
}

void Receiver::open(astro::Emitter& host) {
  const astro::Surroundings& here = host.surroundings();
  description_ = here.twin_of ? here.twin_of->receiver : description();
  // A twin begins with what the real one can do.
  if (!description_.antennas.empty()) tuning_.antenna = description_.antennas.front();
  tuning_.frequency = std::clamp(tuning_.frequency, description_.lowest, description_.highest);
  tuning_.sample_rate = std::clamp(tuning_.sample_rate, description_.slowest, description_.fastest);
  tuning_.bandwidth = std::min(tuning_.bandwidth, tuning_.sample_rate);
  tuning_.gain_db = std::clamp(settings_.gain_db, description_.min_gain_db, description_.max_gain_db);
  host.describe(description_);
  world_ = World::of(here);
  device_ = here.device;
  auto truth = std::make_shared<Truth>(settings_.truth, settings_.truth_profile);
  source_ = std::make_unique<SignalSource>(
      settings_, Scene(antenna_of(settings_), here.location, world_, here.mount, settings_.frontend),
      [truth](const Snapshot& snapshot) { truth->write(snapshot); });
  clock_ = here.clock;
  key_ = mix(static_cast<std::uint64_t>(settings_.seed), here.device);
  const astro::Time now = clock_->now();
  faults_.open(world_->switched_on(device_, now), now);
}

void Receiver::close() noexcept {
  stop();
  source_.reset();
  if (world_) world_->forget(device_);
  world_.reset();
  clock_.reset();
}

void Receiver::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    hold_.reset();
  }
  wake_.notify_all();
}

astro::StreamSettings Receiver::stream_settings() const {
  astro::StreamSettings stream;
  stream.tuning = tuning_;
  if (settings_.format == Format::spectra) {
    stream.dtype = astro::Dtype::f32;
    stream.item_shape = {static_cast<std::size_t>(settings_.channels)};
    stream.item_period = settings_.integration;
  } else {
    stream.dtype = settings_.samples == Samples::cu8 ? astro::Dtype::cu8 : astro::Dtype::cf32;
    stream.item_period = astro::from_seconds(1.0 / tuning_.sample_rate.hertz());
  }
  return stream;
}

astro::StreamSettings Receiver::tune(const astro::Tuning& wanted) {
  faults_.strike("tuning", clock_->now());
  astro::Tuning tuning = tuning_;
  if (wanted.frequency != astro::Frequency{}) tuning.frequency = wanted.frequency;
  if (wanted.sample_rate != astro::Frequency{}) tuning.sample_rate = tuning.bandwidth = wanted.sample_rate;
  if (wanted.bandwidth != astro::Frequency{}) tuning.bandwidth = std::min(wanted.bandwidth, tuning.sample_rate);
  if (wanted.gain_db) tuning.gain_db = wanted.gain_db;
  if (!wanted.antenna.empty()) tuning.antenna = wanted.antenna;
  check("frequency", tuning.frequency.megahertz(), description_.lowest.megahertz(), description_.highest.megahertz(),
        "MHz");
  check("sample rate", tuning.sample_rate.megahertz(), std::max(description_.slowest, astro::kilohertz(1)).megahertz(),
        std::min(description_.fastest, astro::megahertz(100)).megahertz(), "MHz");
  check("gain", *tuning.gain_db, description_.min_gain_db, description_.max_gain_db, "dB");
  const bool changed = tuning != tuning_;
  tuning_ = tuning;
  if (streaming_ && changed) begin_at(time_of(next_));
  return stream_settings();
}

void Receiver::begin_at(astro::Time start) {
  const auto instant = static_cast<std::uint64_t>(start.time_since_epoch().count());
  epoch_ = start;
  next_ = 0;
  source_->begin(tuning_, start, mix(key_, instant));
}

void Receiver::start() {
  faults_.strike("starting the stream", clock_->now());
  lost_ = 0;
  lagging_ = false;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = false;
  }
  const astro::Time now = clock_->now();
  counted_from_ = {now, Steady::now()};
  hold_until(now);
  begin_at(now);
  streaming_ = true;
}

/// By the receiver's own oscillator, which does not care when somebody sets the machine's clock.
astro::Time Receiver::counted_time() const {
  if (clock_->is_simulated()) return clock_->now();
  return counted_from_.first + std::chrono::round<astro::Duration>(Steady::now() - counted_from_.second);
}

astro::Time Receiver::time_of(std::uint64_t item) const noexcept {
  if (settings_.format == Format::spectra) return epoch_ + settings_.integration * static_cast<std::int64_t>(item);
  const long double ns = static_cast<long double>(item) * 1e9L / static_cast<long double>(tuning_.sample_rate.hertz());
  return epoch_ + astro::Duration(std::llround(ns));
}

/// Of an item, by the clock as it stands now.
astro::Time Receiver::utc_of(std::uint64_t item) const {
  if (clock_->is_simulated()) return time_of(item);
  return clock_->now() - (counted_time() - time_of(item));
}

/// The first item that begins at the instant or after it.
std::uint64_t Receiver::item_at(astro::Time time) const noexcept {
  if (time <= epoch_) return 0;
  const double since = astro::seconds(time - epoch_);
  const double rate =
      settings_.format == Format::spectra ? 1.0 / astro::seconds(settings_.integration) : tuning_.sample_rate.hertz();
  return static_cast<std::uint64_t>(std::ceil(since * rate));
}

std::uint64_t Receiver::portion(std::uint64_t room) const noexcept {
  const astro::Time to =
      time_of(next_) + std::chrono::round<astro::Duration>(std::chrono::duration<double>(portion_s * clock_->speed()));
  const std::uint64_t items = item_at(to) > next_ ? item_at(to) - next_ : 1;
  return std::min(room, items);
}

void Receiver::skip_to(std::uint64_t item) noexcept {
  if (item <= next_) return;
  lost_ += item - next_;
  next_ = item;
}

/// Keeps a simulated clock from passing the instant; false once the receiver was stopped.
bool Receiver::hold_until(astro::Time instant) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  if (hold_) hold_->move_to(instant);
  else hold_ = clock_->hold(instant);
  return true;
}

void Receiver::let_go() noexcept {
  const std::lock_guard lock(mutex_);
  hold_.reset();
  lagging_ = true;
}

/// In real time at most until the deadline, since another receiver may hold the clock.
bool Receiver::wait_until(astro::Time instant, Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const astro::Time now = counted_time();
    if (now >= instant) return true;
    if (Steady::now() >= deadline) return false;
    const auto left = std::chrono::duration<double>(astro::seconds(instant - now) / clock_->speed());
    const auto slice =
        std::max(std::chrono::round<std::chrono::nanoseconds>(std::min(left, std::chrono::duration<double>(1.0))),
                 std::chrono::nanoseconds(50'000));
    wake_.wait_until(lock, std::min(deadline, Steady::now() + slice));
  }
  return false;
}

/// While it stalls nothing comes, and the clock goes on.
bool Receiver::is_stalled(Steady::time_point deadline) {
  const Fault* stall = faults_.at(FaultKind::stall, clock_->now());
  if (stall == nullptr) return false;
  let_go();
  wait_until(faults_.end_of(*stall), deadline);
  return true;
}

/// What the receiver could not keep is lost.
void Receiver::catch_up(astro::Time now) {
  if (clock_->is_simulated() && !lagging_) return;
  if (now - time_of(next_) > settings_.buffer) skip_to(item_at(now));
  lagging_ = false;
}

astro::Filled Receiver::fill(std::span<std::byte> buffer) {
  const auto deadline = Steady::now() + patience;
  faults_.strike("reading samples", clock_->now());
  if (is_stalled(deadline)) return {};
  catch_up(counted_time());
  if (const Fault* overflow = faults_.once(FaultKind::overflow, clock_->now())) {
    skip_to(item_at(time_of(next_) + overflow->lasts));
  }
  const std::size_t bytes = stream_settings().item_bytes();
  std::uint64_t items = portion(buffer.size() / bytes);
  if (items == 0 || !hold_until(time_of(next_ + items))) return {};
  if (!wait_until(time_of(next_ + items), deadline)) {
    const std::uint64_t ready = item_at(counted_time());
    items = std::min(items, ready > next_ + 1 ? ready - next_ - 1 : 0);
    const std::lock_guard lock(mutex_);
    if (stopped_ || items == 0) return {};
  }
  const auto out = buffer.first(static_cast<std::size_t>(items) * bytes);
  if (faults_.at(FaultKind::dropout, time_of(next_)) != nullptr) silence(out);
  else make(out, items);
  astro::Filled filled{.items = static_cast<std::size_t>(items), .lost = lost_, .time = utc_of(next_)};
  lost_ = 0;
  next_ += items;
  return filled;
}

void Receiver::silence(std::span<std::byte> out) const noexcept {
  const bool cu8 = settings_.format == Format::iq && settings_.samples == Samples::cu8;
  std::ranges::fill(out, cu8 ? std::byte{128} : std::byte{0});
}

void Receiver::make(std::span<std::byte> out, std::uint64_t items) {
  if (settings_.format == Format::spectra) {
    const auto channels = static_cast<std::size_t>(settings_.channels);
    const std::span all(reinterpret_cast<float*>(out.data()), static_cast<std::size_t>(items) * channels);
    for (std::uint64_t i = 0; i < items; ++i) {
      source_->spectrum(next_ + i, all.subspan(static_cast<std::size_t>(i) * channels, channels));
    }
  } else if (settings_.samples == Samples::cu8) {
    source_->samples(next_, std::span(reinterpret_cast<std::uint8_t*>(out.data()), out.size()));
  } else {
    source_->samples(next_,
                     std::span(reinterpret_cast<std::complex<float>*>(out.data()), static_cast<std::size_t>(items)));
  }
}

}  // namespace simulator
