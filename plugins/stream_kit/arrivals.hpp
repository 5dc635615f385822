// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace stream_kit {

using Steady = std::chrono::steady_clock;

/// Finds out by the machine's clock what a stream lost that numbers nothing. How far the samples are behind the clock
/// is the way from the antenna to here, which comes and goes with the network, and what was lost, which stays: so it is
/// judged by the least of each second, and only when that has stood still. A loss of more than `least_seen` is so seen
/// about four seconds after it; a smaller one goes with the drift of the oscillators.
class Arrivals final {
 public:
  static constexpr double least_seen_s = 0.03;

  /// The next samples are the first, or the stream looks different from now on.
  void begin(double sample_rate_hz, Steady::time_point now);

  /// The connection was gone: what did not come in the meantime is lost, and is told with the next samples.
  void was_away() noexcept { away_ = true; }

  /// These are thrown away.
  void threw_away(std::uint64_t samples) noexcept { thrown_ += samples; }

  /// These came: how many are lost before them, as far as is known by now.
  std::uint64_t lost_before(std::uint64_t samples, Steady::time_point now);

  /// Samples a second over the last seconds, where they are not those that were asked for.
  std::optional<double> wrong_rate();

 private:
  double behind(Steady::time_point now) const;
  std::uint64_t judge(double least);
  std::uint64_t without_what_was_too_much(double missing);

  double rate_ = 1.0;
  Steady::time_point began_{};
  std::uint64_t counted_ = 0;  ///< came, or were lost
  std::uint64_t thrown_ = 0;   ///< since the last samples
  bool away_ = false;
  bool was_away_ = false;  ///< and the way since is not known yet
  double over_ = 0.0;      ///< counted too many: the first samples after it was away were late

  Steady::time_point second_{};        ///< when this one began
  std::optional<double> least_now_{};  ///< how far behind, of this second
  std::optional<double> least_before_{};
  std::optional<double> way_{};  ///< that of samples of which none is lost
  int standing_ = 0;             ///< seconds since it last moved
  int running_ = 0;              ///< seconds in which it moved the same way, much
  double wrong_ = 0.0;
};

}  // namespace stream_kit
