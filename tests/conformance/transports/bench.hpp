// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/transport.hpp"
#include "plugins/plain_host.hpp"
#include "testing/testing.hpp"

// What the tests of transports share that try more than their promises: faults, brokers that vanish, many of them.
namespace astro::testing {

/// A time-out for machines that are busy with something else.
Map patiently(Map settings);
std::span<const std::byte> bytes(std::string_view text);
std::string text_of(std::span<const std::byte> body);
/// A level that no other test has used, also not on a server that earlier runs have filled.
std::string unused_level();

/// One that is open. Topics are below a part of the tree that is its own, unless it is told another's.
class Open final {
 public:
  Open(std::unique_ptr<Transport> transport, std::string below);
  ~Open() { transport_->close(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  Transport* operator->() const { return transport_.get(); }

  const std::string& below() const { return below_; }
  std::string topic(std::string_view rest) const { return below_ + "/" + std::string(rest); }
  Published send(std::string_view rest, std::string_view body, bool retained = false) const;
  /// Sends all, also when there is no room for a while.
  Ticket send_all(std::span<const Message> messages) const;
  void subscribe(const std::string& rest, Subscriber& subscriber, const std::string& group = {}) const {
    transport_->subscribe(topic(rest), subscriber, group);
  }
  /// Also at a broker that has just started, and takes connections before it is ready.
  void subscribe_patiently(const std::string& rest, Subscriber& subscriber) const;

 private:
  const std::string below_;
  const TemporaryFolder state_;

 public:
  PlainHost host{state_.path()};

 private:
  const std::unique_ptr<Transport> transport_;
};

/// Remembers what it got, as "rest of the topic=body"; before, it does what it is told.
class Recorder : public Subscriber {
 public:
  using Before = std::function<void(std::span<const Message>)>;
  explicit Recorder(Before before = {}) : before_(std::move(before)) {}

  void deliver(std::span<const Message> messages) override;
  std::vector<std::string> got() const;
  std::size_t count() const;
  /// Until so many came; false after a minute.
  bool wait_for(std::size_t count) const;
  bool wait_for(const std::string& what) const;

 private:
  bool wait_until(const std::function<bool()>& is_over) const;

  const Before before_;
  std::atomic<bool> inside_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::vector<std::string> got_;
};

/// The error that it throws; fails the test when it throws none.
Error error_of(const std::function<void()>& function);

}  // namespace astro::testing
