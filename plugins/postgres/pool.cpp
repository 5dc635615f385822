// SPDX-License-Identifier: BSD-3-Clause
#include "pool.hpp"

#include <algorithm>
#include <utility>

namespace astro::postgres {

std::shared_ptr<Pool> Pool::of(const Target& target, std::size_t most) {
  static std::mutex mutex;
  static std::vector<std::weak_ptr<Pool>> all;
  const std::lock_guard lock(mutex);
  std::erase_if(all, [](const std::weak_ptr<Pool>& each) { return each.expired(); });
  for (const std::weak_ptr<Pool>& each : all) {
    std::shared_ptr<Pool> pool = each.lock();
    if (pool && pool->target_ == target && pool->most_ == most) return pool;
  }
  auto made = std::make_shared<Pool>(target, most);
  all.push_back(made);
  return made;
}

Pool::Lease Pool::take(bool is_patient) {
  {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, target_.patience, [&] { return in_use_ < most_; })) {
      throw Error(ErrorCode::busy, "using the store " + target_.name + ": all " + std::to_string(most_) +
                                       " connections are in use: try again, or raise `connections`");
    }
    ++in_use_;
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return {shared_from_this(), std::move(connection)};
    }
  }
  try {
    return {shared_from_this(), std::make_unique<Connection>(target_, is_patient)};
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

Pool::Lease::~Lease() {
  if (pool_) pool_->give_back(std::move(connection_));
}

void Pool::give_back(std::unique_ptr<Connection> connection) noexcept {
  const std::lock_guard lock(mutex_);
  --in_use_;
  if (connection && connection->is_alive() && connection->is_idle()) idle_.push_back(std::move(connection));
  returned_.notify_one();
}

void Pool::forget_idle() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

}  // namespace astro::postgres
