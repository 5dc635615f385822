// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include "astro/telemetry/history.hpp"

namespace astro::telemetry::detail {

/// The conditions of a query, for a store: `from` and `to` exclusive.
std::vector<Condition> conditions_of(const HistoryQuery& query);

/// What makes it unlike any other. A point whose source does not count is known by its id and time.
std::string history_key(const HistoryPoint& point);

/// The history in order of time, a page at a time, each point once; until the function returns false.
void for_each_page(const StoreHandle& store, const HistoryQuery& query,
                   const std::function<bool(std::vector<HistoryPoint>&)>& take);

}  // namespace astro::telemetry::detail
