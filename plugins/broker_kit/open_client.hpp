// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "astro/error.hpp"

namespace astro::broker {

/// The client of a transport that is open. Whoever is in a call keeps it; `Client` has `close`.
template <class Client>
class OpenClient final {
 public:
  /// Throws `transport` when it is not open.
  std::shared_ptr<Client> get() const {
    std::shared_ptr<Client> client = get_or_null();
    if (!client) throw Error(ErrorCode::transport, "using the transport: it is not open; open it first");
    return client;
  }
  std::shared_ptr<Client> get_or_null() const noexcept {
    const std::lock_guard lock(mutex_);
    return client_;
  }
  void put(std::shared_ptr<Client> client) noexcept {
    const std::lock_guard lock(mutex_);
    client_ = std::move(client);
  }
  void close() noexcept {
    const std::shared_ptr<Client> closing = get_or_null();
    if (!closing) return;
    closing->close();  // without the lock: a subscriber may publish until it has returned
    put(nullptr);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Client> client_;
};

}  // namespace astro::broker
