// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <string>

#include "astro/transport.hpp"

namespace astro::broker {

/// How far a publisher has come: numbers what is accepted, is told of each what became of it, in any
/// order, and knows up to where all is settled. From any thread.
class Tickets final {
 public:
  Ticket next(std::size_t count = 1);  ///< the first of so many more messages
  Ticket last() const;                 ///< that was given out
  void settle(std::span<const Ticket> tickets);
  void refuse(Ticket ticket, const std::string& why);  ///< for good
  Ticket confirmed(Ticket ticket, Duration at_most);   ///< as `Transport::confirmed`
  void close();                                        ///< ends the waits; after it `confirmed` throws

 private:
  void settle_locked(Ticket ticket);
  void advance_locked();

  mutable std::mutex mutex_;
  std::condition_variable progress_;
  std::deque<bool> settled_;  // from the first ticket that is not
  Ticket confirmed_ = 0;
  Ticket last_ = 0;
  std::deque<std::string> refusals_;
  Ticket awaited_ = ~Ticket{0};  // the lowest that somebody waits for
  bool closed_ = false;
};

}  // namespace astro::broker
