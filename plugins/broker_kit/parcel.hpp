// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>

#include "astro/transport.hpp"

namespace astro::broker {

/// A message with all that it borrowed, in one piece of memory.
class Parcel final {
 public:
  explicit Parcel(const Message& message);
  const Message& message() const noexcept { return message_; }
  std::size_t size() const noexcept { return size_; }

  /// What a parcel of this message takes.
  static std::size_t size_of(const Message& message) noexcept;

 private:
  std::size_t size_;
  std::unique_ptr<std::byte[]> memory_;
  Message message_;
};

/// Whether it is not older than it may become.
inline bool is_alive(const Message& message, Time now) noexcept {
  return message.lifetime <= Duration::zero() || now - message.time <= message.lifetime;
}

}  // namespace astro::broker
