// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "connection.hpp"

namespace astro::postgres {

/// The connections of this process to one server, for all stores there: at most so many, each used by one call at a
/// time. Any thread may take one.
class Pool final : public std::enable_shared_from_this<Pool> {
 public:
  /// The pool for this target; it lives as long as somebody has it.
  static std::shared_ptr<Pool> of(const Target& target, std::size_t most);

  Pool(Target target, std::size_t most) : target_(std::move(target)), most_(most) {}

  /// A connection that goes back at the end of the scope, if it is still good.
  class Lease final {
   public:
    Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection) noexcept
        : pool_(std::move(pool)), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    const Connection& operator*() const noexcept { return *connection_; }

   private:
    std::shared_ptr<Pool> pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// Waits for one that is free, as long as the target's patience; then `busy`. A patient one waits as long for a
  /// server that is away.
  Lease take(bool is_patient);
  /// The server went away: what lies here idle is of no use.
  void forget_idle();
  const Target& target() const noexcept { return target_; }

 private:
  void give_back(std::unique_ptr<Connection> connection) noexcept;

  const Target target_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace astro::postgres
