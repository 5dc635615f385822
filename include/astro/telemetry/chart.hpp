// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry/aggregates.hpp"

namespace astro::telemetry {

/// A point over a span of time, in buckets of one length: least, greatest and average of the numbers of each. Buckets
/// without a number are left out. The arrays have one length.
struct Chart {
  std::string unit{};
  std::optional<Period> period{};  ///< of the averages from which it was made; nothing: of the points themselves
  std::vector<double> time{};      ///< mean of the times in the bucket, seconds since 1970
  std::vector<double> min{};
  std::vector<double> max{};
  std::vector<double> average{};
  std::vector<std::int64_t> count{};
};

/// From the first of these times to before the second, in about `width` buckets: from the finest of points, minutes,
/// hours and days that is not more than 20,000 rows, so that a year takes no longer than a minute. Where a history has
/// no averages (that of `astro recorder`) all its points are read; `rebuild_aggregates` makes them. Throws
/// `invalid_argument` for a span that ends before it begins, or a width that is not 1 to 100,000.
ASTRO_API Chart chart(const StoreHandle& store, const std::string& id, Time from, Time to, std::size_t width = 1000);

}  // namespace astro::telemetry
