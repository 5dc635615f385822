// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/block.hpp"
#include "astro/device.hpp"
#include "astro/frequency.hpp"

namespace astro {

/// What a receiver can do. A driver registers it, and may refine it in `open`.
struct ReceiverDescription {
  Frequency lowest{};  ///< of the centre frequency
  Frequency highest = gigahertz(1000);
  Frequency slowest = hertz(1);  ///< of the sample rate
  Frequency fastest = gigahertz(100);
  double min_gain_db = 0.0;
  double max_gain_db = 100.0;
  std::vector<std::string> antennas{};                   ///< empty: there is nothing to choose
  std::vector<Field> options{};                          ///< what `Tuning::options` may hold; the host checks it
  Duration hook_bound = std::chrono::milliseconds(500);  ///< of all hooks but `fill`, `open` and `close`
  Duration open_bound = std::chrono::seconds(10);        ///< of `open` and `close`
};

/// What one `fill` brought.
struct Filled {
  std::size_t items = 0;       ///< samples, spectra or frames that are now in the buffer, from its start
  std::uint64_t lost = 0;      ///< items lost before the first of these
  std::optional<Time> time{};  ///< UTC of the first item where the hardware knows it; else the host estimates
  bool ended = false;          ///< a recording is over: no more will come
};

/// Listens or looks. See `Driver` for what holds for all hooks.
class ASTRO_API Receiver : public Device {
 public:
  ~Receiver() override;

  /// Sets the receiver and says what the hardware really took, and what its stream looks like.
  /// A zero in `wanted` means: as you like. May be called while it streams; the host marks the
  /// next block. What cannot be had at all is `out_of_limits`.
  virtual StreamSettings tune(const Tuning& wanted) = 0;

  /// Starts the stream. The host has called `tune` at least once.
  virtual void start() = 0;

  /// Waits for items and puts them into the buffer, which is a whole number of items long and
  /// belongs to the host. Returns after at most 100 ms, also with fewer items or none. `stop`
  /// beside it makes it return at once. It returns before a gap: `lost` cannot lie inside a buffer. An overflow is not
  /// a failure: it is counted in `lost`.
  virtual Filled fill(std::span<std::byte> buffer) = 0;
};

}  // namespace astro
