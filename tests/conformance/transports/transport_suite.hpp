// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/transport.hpp"
#include "plugins/plain_host.hpp"
#include "testing/testing.hpp"

/// \file
/// What is true of every transport. Whoever writes one says how to make it and runs the suite:
///
///     INSTANTIATE_TEST_SUITE_P(Mine, TransportConformance, ::testing::Values(TransportUnderTest{...}), name_of);
namespace astro::testing {

/// How to make a transport for the suite.
struct TransportUnderTest {
  std::string name{};
  /// Not open; with these settings beside its own. All reach the same other side, if there is one.
  std::function<std::unique_ptr<Transport>(Map settings)> make{};
  bool is_remote = true;    ///< the other side is no part of the process: everything takes longer and stays there
  bool has_headers = true;  ///< key, headers, time and lifetime reach the subscriber
};
inline std::string name_of(const ::testing::TestParamInfo<TransportUnderTest>& info) { return info.param.name; }
inline void PrintTo(const TransportUnderTest& transport, std::ostream* out) { *out << transport.name; }

/// A time-out for machines that are busy with something else.
Map patiently(Map settings);
std::span<const std::byte> bytes(std::string_view text);
std::string text_of(std::span<const std::byte> body);
/// A level that no other test has used, also not on a server that earlier runs have filled.
std::string unused_level();

/// One that is open. Topics are below a part of the tree that is its own, unless it is told another's.
class Open final {
 public:
  explicit Open(const TransportUnderTest& how, const Map& settings = {}, std::string below = {});
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

class TransportConformance : public ::testing::TestWithParam<TransportUnderTest> {};

}  // namespace astro::testing
