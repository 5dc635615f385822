// SPDX-License-Identifier: BSD-3-Clause
#include "broker_kit/tickets.hpp"

#include <algorithm>
#include <chrono>

#include "astro/error.hpp"

namespace astro::broker {

namespace {

constexpr std::size_t most_refusals = 1000;  // of somebody who never asks

}  // namespace

Ticket Tickets::next(std::size_t count) {
  const std::lock_guard lock(mutex_);
  settled_.resize(settled_.size() + count, false);
  last_ += count;
  return last_ - count + 1;
}

Ticket Tickets::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Tickets::settle(std::span<const Ticket> tickets) {
  if (tickets.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const Ticket ticket : tickets) settle_locked(ticket);
  advance_locked();
}

void Tickets::settle_locked(Ticket ticket) {
  if (ticket > confirmed_) settled_[ticket - confirmed_ - 1] = true;
}

void Tickets::advance_locked() {
  while (!settled_.empty() && settled_.front()) {
    settled_.pop_front();
    ++confirmed_;
  }
  if (confirmed_ >= awaited_) progress_.notify_all();
}

void Tickets::refuse(Ticket ticket, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (ticket <= confirmed_) return;
  if (refusals_.size() < most_refusals) refusals_.push_back("message " + std::to_string(ticket) + ": " + why);
  settle_locked(ticket);
  advance_locked();
  progress_.notify_all();
}

Ticket Tickets::confirmed(Ticket ticket, Duration at_most) {
  std::unique_lock lock(mutex_);
  const auto is_known = [&] {
    if (closed_ || !refusals_.empty() || confirmed_ >= ticket) return true;
    awaited_ = std::min(awaited_, ticket);
    return false;
  };
  // A wait of years would overflow the clock; nobody has waited for a day.
  progress_.wait_for(lock, std::clamp<Duration>(at_most, Duration::zero(), std::chrono::hours(24)), is_known);
  if (confirmed_ >= awaited_) awaited_ = ~Ticket{0};  // others who wait say so again
  if (awaited_ == ~Ticket{0}) progress_.notify_all();
  if (closed_) throw Error(ErrorCode::transport, "waiting for a confirmation: the transport is closed; open it first");
  if (!refusals_.empty()) {
    const std::string refusal = std::move(refusals_.front());
    refusals_.pop_front();
    throw Error(ErrorCode::transport, refusal);
  }
  return confirmed_;
}

void Tickets::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  progress_.notify_all();
}

}  // namespace astro::broker
