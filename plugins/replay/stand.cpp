// SPDX-License-Identifier: BSD-3-Clause
#include "stand.hpp"

#include <map>
#include <utility>

namespace replay {

std::shared_ptr<Stand> Stand::of(const std::string& observatory, const std::string& mount) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::weak_ptr<Stand>> stands;
  const std::lock_guard lock(mutex);
  std::erase_if(stands, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Stand>& kept = stands[{observatory, mount}];
  std::shared_ptr<Stand> stand = kept.lock();
  if (!stand) kept = stand = std::make_shared<Stand>();
  return stand;
}

void Stand::put(const astro::AltAz& place) {
  const std::lock_guard lock(mutex_);
  place_ = place;
}

std::optional<astro::AltAz> Stand::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

void Stand::clear() noexcept {
  const std::lock_guard lock(mutex_);
  place_.reset();
}

}  // namespace replay
