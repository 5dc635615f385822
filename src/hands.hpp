// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>

#include "astro/authority.hpp"

namespace astro::detail {

/// Who holds a device that another process serves: its gate is there, and this is the way to it. From any thread.
class Hands {
 public:
  virtual ~Hands() = default;
  /// Waits for the answer, and throws a refusal.
  virtual void take(const Issuer& issuer, Duration lease) = 0;
  /// Does not wait.
  virtual void release(const Issuer& issuer) = 0;
  /// As far as it was heard.
  virtual std::optional<Holder> holder() const = 0;
};

/// A driver of such a device.
class HasHands {
 public:
  virtual ~HasHands() = default;
  /// They may outlive the driver.
  virtual std::shared_ptr<Hands> hands() const = 0;
};

}  // namespace astro::detail
