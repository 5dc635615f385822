// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/authority.hpp"
#include "astro/clock.hpp"
#include "hands.hpp"

namespace astro::detail {

/// Who may command one device. Of one that another process serves that process decides.
class AuthorityGate {
 public:
  /// `tell` hears each change of hands, as a sentence. `elsewhere`: of a device that another process serves, else null.
  AuthorityGate(std::string device, std::shared_ptr<Clock> clock, std::function<void(const std::string&)> tell,
                std::shared_ptr<Hands> elsewhere = nullptr);

  bool is_elsewhere() const noexcept { return elsewhere_ != nullptr; }

  void take(const Issuer& issuer, Duration lease);
  void release(const Issuer& issuer);
  std::optional<Holder> holder() const;

  /// Lets a command through, and takes the device over from whom the issuer outranks. Throws `not_holder`.
  void pass(const Issuer& issuer);

 private:
  std::optional<Holder> current() const;  // with the lock
  void check(const Issuer& issuer, const Holder& holder) const;

  std::string device_;
  std::shared_ptr<Clock> clock_;
  std::function<void(const std::string&)> tell_;
  const std::shared_ptr<Hands> elsewhere_;
  mutable std::mutex mutex_;
  std::optional<Holder> holder_;
};

}  // namespace astro::detail
