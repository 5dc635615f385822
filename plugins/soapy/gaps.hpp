// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "astro/time.hpp"
#include "stream_kit/arrivals.hpp"

namespace soapy {

using Steady = std::chrono::steady_clock;

/// Counts what a stream lost: exactly where the hardware stamps its samples, and else by the machine's clock. How much
/// an overflow lost, is what by the clock should have come, less what did, less the way from the antenna to here, which
/// is the least of the last seconds. The samples behind a gap may have been late, so that too much was counted; the way
/// stays what it was then, and the next gap makes it good. What is lost without a word, as in a time-out, cannot be
/// told from what is only late before the samples have come for some seconds: see `stream_kit::Arrivals`.
class Gaps final {
 public:
  void begin(double sample_rate_hz, Steady::time_point now);

  /// The hardware said that it lost something: the next samples are behind a gap.
  void broke() noexcept { broken_ = true; }
  bool is_broken() const noexcept { return broken_; }
  /// It was away, and its stamps count from another start.
  void was_away() noexcept {
    broken_ = true;
    next_ns_.reset();
  }

  /// These came, the first stamped so: how many are missing before them.
  std::uint64_t lost_before(std::uint64_t samples, std::optional<std::int64_t> time_ns, Steady::time_point now);

 private:
  double behind(Steady::time_point now) const;
  std::optional<double> way() const;
  void remember(double behind, Steady::time_point now);

  double rate_ = 1.0;
  Steady::time_point began_{};
  std::uint64_t counted_ = 0;  ///< came or were lost
  bool broken_ = false;
  std::optional<std::int64_t> next_ns_{};  ///< stamp of the next sample if nothing is lost
  std::optional<double> way_{};            ///< as it was before the last gap that was counted by the clock
  // How far behind the samples were at the least, since then.
  Steady::time_point period_{};
  std::optional<double> least_first_{};  ///< in the first period
  std::optional<double> least_now_{};
  std::optional<double> least_before_{};
  stream_kit::Arrivals arrivals_{};  ///< since the last gap that the hardware told, where it stamps nothing
};

}  // namespace soapy
