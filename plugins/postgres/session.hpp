// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pool.hpp"

namespace astro::postgres {

/// One store's way to its server. What can be repeated after the server went away is repeated, once.
class Session final {
 public:
  explicit Session(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  const Target& target() const noexcept { return pool_->target(); }
  bool in_transaction() const noexcept { return transaction_.has_value(); }

  /// Throws at once when the server is not there: a wrong setting is better heard of now than after all patience.
  void reach() { pool_->take(false); }

  /// Calls the function with a connection and returns its result; for what may be done twice.
  template <class Function>
  auto read(Function function);
  /// Calls it within a transaction of its own, or within a part of the one that is open.
  template <class Function>
  auto write(const std::string& doing, Function function);

  void begin();
  void commit();
  void roll_back() noexcept;

 private:
  struct Open {
    Pool::Lease lease;
    std::unique_ptr<Transaction> transaction;
  };

  const Connection& within() const;
  [[noreturn]] void refuse_lost() const;
  /// Calls the function in a part of the transaction that is open.
  template <class Function>
  auto in_part(const std::string& doing, Function function);
  /// Whether a transaction whose commit was not answered was committed all the same.
  bool was_committed(const Mark& mark, const std::string& doing);

  std::shared_ptr<Pool> pool_;
  std::optional<Open> transaction_;
};

template <class Function>
auto Session::in_part(const std::string& doing, Function function) {
  try {
    Transaction part(within(), doing);  // so that what fails in it leaves the rest standing
    auto result = function(within());
    part.commit();
    return result;
  } catch (const Lost&) {
    refuse_lost();
  }
}

template <class Function>
auto Session::read(Function function) {
  if (in_transaction()) return in_part("reading the store", function);
  try {
    const Pool::Lease lease = pool_->take(true);
    return function(*lease);
  } catch (const Lost&) {
    pool_->forget_idle();
  }
  const Pool::Lease lease = pool_->take(true);
  return function(*lease);
}

template <class Function>
auto Session::write(const std::string& doing, Function function) {
  if (in_transaction()) return in_part(doing, function);
  Mark mark;
  std::optional<std::invoke_result_t<Function, const Connection&>> result;
  for (const bool is_repeated : {false, true}) {
    try {
      const Pool::Lease lease = pool_->take(true);
      Transaction whole(*lease, doing);
      result = function(*lease);
      mark = whole.mark();  // from here on it may be committed though nobody heard of it
      whole.commit();
      return *std::move(result);
    } catch (const Lost&) {
      pool_->forget_idle();
      if (result && was_committed(mark, doing)) return *std::move(result);
      if (is_repeated) throw;
      result.reset();
    }
  }
  throw Error(ErrorCode::internal, doing + ": neither done nor refused");
}

}  // namespace astro::postgres
