// SPDX-License-Identifier: BSD-3-Clause
#include "authority_gate.hpp"

#include <utility>

#include "astro/error.hpp"

namespace astro::detail {

namespace {
std::string name_of(const Issuer& issuer) {
  const std::string rank = Description<Rank>::choices.at(static_cast<std::size_t>(issuer.rank));
  if (issuer.name.starts_with(rank + " ")) return issuer.name;  // an observation that nobody signed
  return rank + " " + (issuer.name.empty() ? "without a name" : issuer.name);
}
}  // namespace

AuthorityGate::AuthorityGate(std::string device, std::shared_ptr<Clock> clock,
                             std::function<void(const std::string&)> tell, std::shared_ptr<Hands> elsewhere)
    : device_(std::move(device)), clock_(std::move(clock)), tell_(std::move(tell)), elsewhere_(std::move(elsewhere)) {}

std::optional<Holder> AuthorityGate::current() const {
  if (holder_ && holder_->until <= clock_->now()) return std::nullopt;
  return holder_;
}

void AuthorityGate::check(const Issuer& issuer, const Holder& holder) const {
  if (issuer.rank > holder.issuer.rank) return;
  throw Error(ErrorCode::not_holder, "device '" + device_ + "' is held by " + name_of(holder.issuer) + " until " +
                                         format_time(holder.until, 0) + "; wait until then, or ask for it");
}

void AuthorityGate::take(const Issuer& issuer, Duration lease) {
  if (lease <= Duration::zero() || lease > std::chrono::hours(24 * 30)) {
    throw Error(ErrorCode::invalid_argument,
                "taking device '" + device_ + "': a lease is longer than 0 and at most 30 days");
  }
  if (elsewhere_) return elsewhere_->take(issuer, lease);
  std::string change;
  {
    const std::lock_guard lock(mutex_);
    const std::optional<Holder> before = current();
    const bool renews = before && before->issuer == issuer;
    if (before && !renews) check(issuer, *before);
    holder_ = Holder{issuer, clock_->now() + lease};
    if (before && !renews) change = name_of(before->issuer) + " lost it: " + name_of(issuer) + " took it over";
    else if (!renews) change = name_of(issuer) + " took it";
  }
  if (!change.empty()) tell_(change);
}

void AuthorityGate::release(const Issuer& issuer) {
  if (elsewhere_) return elsewhere_->release(issuer);
  {
    const std::lock_guard lock(mutex_);
    const std::optional<Holder> before = current();
    if (!before || before->issuer != issuer) return;
    holder_.reset();
  }
  tell_(name_of(issuer) + " gave it back");
}

std::optional<Holder> AuthorityGate::holder() const {
  if (elsewhere_) return elsewhere_->holder();
  const std::lock_guard lock(mutex_);
  return current();
}

void AuthorityGate::pass(const Issuer& issuer) {
  if (elsewhere_) return;  // it passes there, or is refused
  std::string change;
  {
    const std::lock_guard lock(mutex_);
    const std::optional<Holder> before = current();
    if (!before || before->issuer == issuer) return;
    check(issuer, *before);
    holder_ = Holder{issuer, clock_->now() + default_lease};
    change = name_of(before->issuer) + " lost it: " + name_of(issuer) + " commands and outranks";
  }
  tell_(change);
}

}  // namespace astro::detail
