// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/handles.hpp"
#include "astro/metrics.hpp"
#include "block_pool.hpp"
#include "block_stream.hpp"
#include "device_host.hpp"

namespace astro {

class ReceiverHost final : public DeviceHost {
 public:
  explicit ReceiverHost(detail::HostSetup setup);

  ReceiverReport status() const noexcept;
  ReceiverDescription description() const;
  std::shared_ptr<const StreamSettings> settings() const;
  Tuning tune(const Issuer& issuer, const Tuning& wanted);
  BlockStream stream(const Issuer& issuer);

  std::vector<CommandDescription> commands() const override;
  std::vector<Field> points() const override;
  using DeviceHost::describe;
  void describe(const ReceiverDescription& description) override;

  Duration turn() noexcept override;

 private:
  using StreamState = std::shared_ptr<BlockStream::State>;

  /// Items that are in a buffer and not yet handed out. Of the worker's thread alone.
  struct Pending {
    detail::BlockPool::Buffer buffer{};
    std::size_t begin = 0;  ///< bytes
    std::size_t end = 0;
    std::uint64_t first = 0;
    std::uint64_t lost = 0;
    std::optional<Time> exact{};
    detail::Steady::time_point since{};
    bool empty() const noexcept { return begin == end; }
  };
  /// From counts to UTC.
  struct Anchor {
    std::uint64_t first = 0;
    Time time{};
    bool exact = false;  ///< by the receiver's own clock
  };

  Action prepare(const std::string& command, const Value& parameters) override;
  Duration hook_bound() const override;
  Duration open_bound() const override;
  void poll() override;
  void opened() override;
  void on_stop() override;
  void on_lost() override;
  void on_close() override;

  Receiver& receiver() { return static_cast<Receiver&>(driver()); }
  Tuning merged(const Tuning& wanted) const;
  void check(const Tuning& wanted) const;
  Action tune_action(const Tuning& wanted);
  Action start_action();
  void use(StreamSettings taken);
  void make_pool();
  void begin_stream();
  void end_streams(const std::optional<Error>& why);
  std::vector<StreamState> open_streams();

  bool fill_once();
  bool waits_for_readers();
  std::span<std::byte> room();
  void account(const Filled& filled, std::size_t capacity, bool into_scratch);
  void hand_out(bool last = false);
  void follow_clock();
  Time time_of(std::uint64_t first) const;
  void show();

  mutable std::mutex mutex_;
  ReceiverDescription description_;
  std::shared_ptr<const StreamSettings> settings_;
  std::vector<StreamState> streams_;

  std::atomic<bool> streaming_ = false;
  std::atomic<std::uint64_t> items_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  const Counter samples_total_ = counter("astro_samples_total", "Items that a receiver gave", {{"device", name()}});
  const Counter samples_lost_total_ = counter(
      "astro_samples_lost_total", "Items that the hardware lost, or that found no free block", {{"device", name()}});
  const Counter blocks_total_ =
      counter("astro_blocks_total", "Blocks that a receiver handed out", {{"device", name()}});

  // Of the worker's thread alone.
  const detail::BlockPool::Held held_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<detail::BlockPool> pool_;
  std::unique_ptr<std::byte[]> scratch_;
  std::optional<detail::Steady::time_point> starved_since_;  ///< of buffers
  Pending pending_;
  std::uint64_t position_ = 0;  ///< of the next item, lost ones counted
  std::uint64_t gap_ = 0;       ///< items lost since the last block
  bool settings_changed_ = false;
  std::optional<Anchor> anchor_;
  std::optional<Duration> clock_ahead_;  ///< UTC of the machine less its steady clock, when it was last looked at
  detail::Steady::time_point shown_{};
};

}  // namespace astro
