// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/observing/queue.hpp"

namespace astro::detail {

std::optional<QueuedRequest> find_queued(const StoreHandle& store, const std::string& id);

/// Reads the record, lets `change` alter it and replaces it, again while others are faster. `change`
/// may decline by false. Returns what is stored, or nothing.
std::optional<QueuedRequest> change_queued(const StoreHandle& store, const std::string& id, Time now,
                                           const std::function<bool(QueuedRequest&)>& change);

bool has_ended(QueueState state) noexcept;

}  // namespace astro::detail
