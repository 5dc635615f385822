// SPDX-License-Identifier: BSD-3-Clause
#include "session.hpp"

namespace astro::postgres {

const Connection& Session::within() const {
  const Connection& connection = *transaction_->lease;
  if (!connection.is_alive()) refuse_lost();
  return connection;
}

void Session::refuse_lost() const {
  throw Error(ErrorCode::storage, "using the store " + target().name +
                                      ": the connection to the server was lost within a transaction, and nothing of it "
                                      "was stored: roll back and begin again");
}

void Session::begin() {
  if (in_transaction()) {
    throw Error(ErrorCode::invalid_argument, "beginning a transaction in the store " + target().name +
                                                 ": one is open already; commit it or roll it back first");
  }
  const auto open = [&] {
    Pool::Lease lease = pool_->take(true);
    auto transaction = std::make_unique<Transaction>(*lease, "beginning a transaction in the store");
    transaction_.emplace(std::move(lease), std::move(transaction));
  };
  try {
    return open();
  } catch (const Lost&) {
    pool_->forget_idle();
  }
  open();
}

void Session::commit() {
  if (!in_transaction()) {
    throw Error(ErrorCode::invalid_argument,
                "committing in the store " + target().name + ": no transaction is open; begin one first");
  }
  within();
  const std::string doing = "committing in the store";
  const Mark mark = transaction_->transaction->mark();
  try {
    transaction_->transaction->commit();
  } catch (const Lost&) {
    transaction_.reset();
    pool_->forget_idle();
    if (was_committed(mark, doing)) return;
    throw Error(ErrorCode::storage, doing + " " + target().name +
                                        ": the connection to the server was lost before it was committed, and nothing "
                                        "of it was stored: begin again");
  }
  transaction_.reset();
}

void Session::roll_back() noexcept {
  if (!in_transaction()) return;
  // The transaction's own end does it; a connection that is gone did it already.
  transaction_->transaction.reset();
  transaction_.reset();
}

bool Session::was_committed(const Mark& mark, const std::string& doing) {
  const Pool::Lease lease = pool_->take(true);
  // To touch the row waits for the lost transaction's end, should the server still be at it.
  const Answer answer = (*lease).ask(
      "INSERT INTO astro_sessions(id, transactions, at) VALUES($1, 0, now())"
      " ON CONFLICT(id) DO UPDATE SET at = now() RETURNING transactions",
      doing, {mark.session});
  return answer.integer(0, 0) == mark.number;
}

}  // namespace astro::postgres
