// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry.hpp"

/// \file
/// What was measured, as it rests in a store: each point once, however often it was delivered.
namespace astro::telemetry {

/// A point and who counted it. A source is "device", or "node/device" for what came from another process;
/// (source, boot, sequence) is unlike that of any other point.
struct SourcedPoint {
  Point point{};
  std::string source{};
  std::int64_t boot = 0;    ///< rises with each start of the source
  bool historical = false;  ///< from a backlog: no news
};

struct HistoryPoint {
  std::string key{};
  std::string id{};
  Time time{};
  Value value{};
  std::string unit{};
  Quality quality = Quality::good;
  std::string source{};
  std::int64_t boot = 0;
  std::int64_t sequence = 0;
  bool historical = false;
};

/// What is asked of the history. Both ends are exclusive.
struct HistoryQuery {
  std::string id{};  ///< empty: all points
  std::optional<Time> from{};
  std::optional<Time> to{};
  std::size_t limit = 1000;  ///< the newest so many; 0: all
};

/// As it is kept. A point whose source does not count (sequence 0) is known by its id and time.
ASTRO_API HistoryPoint history_point(const SourcedPoint& point);
ASTRO_API Point point_of(const HistoryPoint& kept);

/// Stores what is not there yet; returns how many were new.
ASTRO_API std::size_t store_points(const StoreHandle& store, std::span<const SourcedPoint> points);

/// Oldest first; of too many the newest.
ASTRO_API std::vector<HistoryPoint> find_history(const StoreHandle& store, const HistoryQuery& query = {});
/// How many there are, whatever the limit.
ASTRO_API std::size_t count_history(const StoreHandle& store, const HistoryQuery& query = {});

/// Removes by hand what the query finds, whatever its limit, and leaves a record of it (`Loss`). Averages stay.
/// Returns how many.
ASTRO_API std::size_t clear_history(const StoreHandle& store, const HistoryQuery& query, const std::string& who,
                                    Time now);

struct ReplayOptions {
  double speed = 1.0;  ///< times as fast as it was; 0: without waiting
  std::stop_token stop{};
};

/// Gives the history to a listener as if it happened now, in order of time; returns how many points. Throws
/// `invalid_argument` for a negative speed, and what the store or the listener throws.
ASTRO_API std::size_t replay_history(const StoreHandle& store, const HistoryQuery& query, Listener& listener,
                                     const ReplayOptions& options = {});

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::HistoryPoint> {
  using P = telemetry::HistoryPoint;
  static constexpr const char* name = "telemetry_point";
  static constexpr std::array fields{
      field<&P::key>("key", {.says = "source/boot/sequence"}),
      field<&P::id>("id", {.says = "device.point; of a bare device the point's name alone"}),
      field<&P::time>("time", {.says = "UTC of the measurement"}),
      field<&P::value>("value", {.says = "what was measured"}),
      field<&P::unit>("unit", {.says = "of the value"}),
      field<&P::quality>("quality", {.says = "whether to trust it"}),
      field<&P::source>("source", {.says = "who counts: device, or node/device"}),
      field<&P::boot>("boot", {.says = "rises with each start of the source"}),
      field<&P::sequence>("sequence", {.says = "of the source since its start: a jump is a loss"}),
      field<&P::historical>("historical", {.says = "came late, from a backlog"})};
};

}  // namespace astro
