// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <mutex>

#include "fault.hpp"

namespace wrong {

/// Yields silence by the clock, and loses what is not fetched in time.
class Receiver final : public astro::Receiver, private Faulty {
 public:
  using Settings = wrong::Settings;
  static astro::ReceiverDescription description();

  explicit Receiver(Settings settings) : Faulty(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  using Steady = std::chrono::steady_clock;

  void halt() noexcept;
  std::uint64_t come() const;
  astro::Filled filled(std::span<std::byte> buffer, std::uint64_t lost);

  std::shared_ptr<astro::Clock> clock_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  astro::StreamSettings taken_{};
  bool streaming_ = false;
  bool was_started_ = false;
  Steady::time_point began_{};
  std::uint64_t next_ = 0;
  int fills_ = 0;
};

}  // namespace wrong
