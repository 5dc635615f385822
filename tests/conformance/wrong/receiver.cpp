// SPDX-License-Identifier: BSD-3-Clause
#include "receiver.hpp"

#include <algorithm>
#include <complex>
#include <cstring>
#include <thread>

namespace wrong {

using namespace astro::literals;
using namespace std::chrono_literals;

namespace {

constexpr double portion_s = 0.02;
constexpr double kept_s = 0.2;

}  // namespace

astro::ReceiverDescription Receiver::description() {
  return {.lowest = 1_MHz,
          .highest = 2_GHz,
          .slowest = 100_kHz,
          .fastest = 4_MHz,
          .max_gain_db = 50.0,
          .open_bound = 250ms};
}

void Receiver::open(astro::Emitter& host) {
  clock_ = host.surroundings().clock;
  open_faulty();
}

void Receiver::close() noexcept {
  halt();
  close_faulty();
}

void Receiver::stop() noexcept {
  if (is("stop waits")) std::this_thread::sleep_for(300ms);
  if (!is("streams after a stop")) halt();
}

void Receiver::halt() noexcept {
  {
    const std::lock_guard lock(mutex_);
    streaming_ = false;
  }
  stopped_.notify_all();
}

astro::StreamSettings Receiver::tune(const astro::Tuning& wanted) {
  const std::lock_guard lock(mutex_);
  const astro::ReceiverDescription can = description();
  if (wanted.frequency > can.highest && !is("takes any frequency")) {
    throw astro::Error(astro::ErrorCode::out_of_limits, "tuning: expected at most 2 GHz");
  }
  astro::Tuning& taken = taken_.tuning;
  taken.frequency = wanted.frequency == astro::Frequency{} ? 1420_MHz : wanted.frequency;
  taken.sample_rate =
      wanted.sample_rate == astro::Frequency{} ? 1_MHz : std::clamp(wanted.sample_rate, can.slowest, can.fastest);
  taken.gain_db = is("takes any gain") ? 500.0 : std::clamp(wanted.gain_db.value_or(20.0), 0.0, 50.0);
  taken_.dtype = astro::Dtype::cf32;
  taken_.item_period = astro::from_seconds(1.0 / taken.sample_rate.hertz());
  if (streaming_ && is("tuning ends the stream")) streaming_ = false;
  return taken_;
}

void Receiver::start() {
  const std::lock_guard lock(mutex_);
  if (is("starts only once") && was_started_) return;
  was_started_ = true;
  streaming_ = true;
  began_ = Steady::now();
  next_ = 0;
  fills_ = 0;
}

/// By the hardware's clock.
std::uint64_t Receiver::come() const {
  const double rate = taken_.tuning.sample_rate.hertz() * (is("has another rate than it says") ? 0.5 : 1.0);
  return static_cast<std::uint64_t>(rate * std::chrono::duration<double>(Steady::now() - began_).count());
}

astro::Filled Receiver::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  if (!streaming_) return {};
  const double rate = taken_.tuning.sample_rate.hertz();
  const auto kept = static_cast<std::uint64_t>(kept_s * rate);
  std::uint64_t lost = 0;
  if (come() > next_ + kept) {
    lost = come() - next_;
    next_ += lost;
  }
  const double wanted_s =
      std::min(is("fills for too long") ? 0.3 : portion_s, static_cast<double>(buffer.size() / 8) / rate);
  const auto wanted = std::chrono::duration<double>(wanted_s);
  if (is("fills on after a stop")) {
    lock.unlock();
    std::this_thread::sleep_for(90ms);
    lock.lock();
  } else if (stopped_.wait_for(lock, wanted, [this] { return !streaming_; })) {
    return {};
  }
  return filled(buffer, lost);
}

astro::Filled Receiver::filled(std::span<std::byte> buffer, std::uint64_t lost) {
  const std::uint64_t items = std::min<std::uint64_t>(buffer.size() / 8, come() - next_);
  std::memset(buffer.data(), 0, static_cast<std::size_t>(items) * 8);
  if (is("writes behind its buffer")) std::memset(buffer.data() + buffer.size(), 0, 64);
  const double ago_s = static_cast<double>(come() - next_) / taken_.tuning.sample_rate.hertz();
  const astro::Time time = clock_->now() - astro::from_seconds(ago_s) + (is("lives in another time zone") ? 1h : 0h);
  next_ += items;
  return {.items = static_cast<std::size_t>(items),
          .lost = is("does not count what it loses") ? 0 : lost,
          .time = time,
          .ended = is("ends what does not end") && ++fills_ > 5};
}

}  // namespace wrong
