// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry/history.hpp"

namespace astro::telemetry {

enum class Period : std::uint8_t { minute, hour, day };

/// Of all numbers of a point within a minute, an hour or a day of UTC; the begin belongs to it, the end to the next
/// one. Truth counts as 1, what is of bad quality or no finite number does not count.
struct Aggregate {
  std::string key{};
  std::int64_t revision = 0;
  std::string id{};
  Period period = Period::hour;
  Time begin{};
  std::string unit{};
  std::int64_t count = 0;
  double average = 0.0;
  double min = 0.0;
  double max = 0.0;
};

/// The begin of the minute, hour or day in which the time lies.
ASTRO_API Time begin_of(Period period, Time time) noexcept;
ASTRO_API Duration length_of(Period period) noexcept;
/// The number that counts, or nothing.
ASTRO_API std::optional<double> number_of(const Point& point) noexcept;

struct AggregateQuery {
  std::string id{};  ///< empty: all points
  Period period = Period::hour;
  std::optional<Time> from{};  ///< the first that begins then or later
  std::optional<Time> to{};    ///< the last that begins before
};

/// By time. What the hub has not yet written is not in it.
ASTRO_API std::vector<Aggregate> find_aggregates(const StoreHandle& store, const AggregateQuery& query);

/// Computes them anew from the history, for those that the query touches: after somebody else (`astro
/// recorder`) has written points. Of points that were thinned only those count that were kept. Returns how many.
ASTRO_API std::size_t rebuild_aggregates(const StoreHandle& store, const AggregateQuery& query);

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::Period> {
  static constexpr std::array choices{"minute", "hour", "day"};
};

template <>
struct Description<telemetry::Aggregate> {
  using A = telemetry::Aggregate;
  static constexpr const char* name = "telemetry_aggregate";
  static constexpr std::array fields{field<&A::key>("key", {.says = "id/period/begin"}),
                                     field<&A::revision>("revision", {.says = "counts changes"}),
                                     field<&A::id>("id", {.says = "of the point"}),
                                     field<&A::period>("period", {.says = "how long it is, in UTC"}),
                                     field<&A::begin>("begin", {.says = "belongs to it; the end to the next one"}),
                                     field<&A::unit>("unit", {.says = "of the values"}),
                                     field<&A::count>("count", {.says = "of the numbers that were measured"}),
                                     field<&A::average>("average", {.says = "each point counts the same"}),
                                     field<&A::min>("min", {.says = "the least"}),
                                     field<&A::max>("max", {.says = "the greatest"})};
};

}  // namespace astro
