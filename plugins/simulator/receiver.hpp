// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/receiver.hpp"
#include "faults.hpp"
#include "receiver_settings.hpp"
#include "signal_source.hpp"
#include "truth.hpp"

namespace simulator {

/// A receiver under a physical sky: see scene.hpp for what it sees and signal_source.hpp for what
/// its electronics add. Its stream is paced by the observatory's clock: a simulated clock is held
/// until the samples are made, so that none is lost; on the system's clock falling behind is an overflow.
class Receiver final : public astro::Receiver {
 public:
  using Settings = ReceiverSettings;

  static astro::ReceiverDescription description();

  explicit Receiver(Settings settings);

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  using Steady = std::chrono::steady_clock;

  astro::StreamSettings stream_settings() const;
  astro::Time time_of(std::uint64_t item) const noexcept;
  std::uint64_t item_at(astro::Time time) const noexcept;
  std::uint64_t portion(std::uint64_t room) const noexcept;
  void begin_at(astro::Time start);
  void skip_to(std::uint64_t item) noexcept;
  bool hold_until(astro::Time instant);
  void let_go() noexcept;
  astro::Time counted_time() const;
  astro::Time utc_of(std::uint64_t item) const;
  bool wait_until(astro::Time instant, Steady::time_point deadline);
  bool is_stalled(Steady::time_point deadline);
  void catch_up(astro::Time now);
  void silence(std::span<std::byte> out) const noexcept;
  void make(std::span<std::byte> out, std::uint64_t items);

  Settings settings_;
  Faults faults_;
  astro::ReceiverDescription description_{};
  astro::Tuning tuning_{};
  std::shared_ptr<astro::Clock> clock_{};
  std::shared_ptr<World> world_{};
  std::string device_{};
  std::unique_ptr<SignalSource> source_{};
  std::uint64_t key_ = 0;

  astro::Time epoch_{};  ///< of item 0 since the last tuning
  std::pair<astro::Time, Steady::time_point> counted_from_{};
  std::uint64_t next_ = 0;  ///< item that comes next
  std::uint64_t lost_ = 0;  ///< not yet told
  bool streaming_ = false;  ///< `start` was called; the worker's own
  bool lagging_ = false;    ///< the clock was let go: it may have passed us

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = true;
  std::optional<astro::Clock::Hold> hold_{};
};

}  // namespace simulator
