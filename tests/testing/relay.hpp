// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <thread>

namespace astro::testing {

/// A link to a server of this machine that a test can break: what comes to `port()` goes on to the
/// server's port, until the link is cut.
class Relay final {
 public:
  explicit Relay(int server_port);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const noexcept { return port_; }
  void cut();  ///< all connections break, and new ones break at once
  void mend();

 private:
  struct Pair {
    int sockets[2];
    std::thread threads[2];
  };
  void accept_all();
  static void carry(int from, int to);

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> is_cut_ = false;
  std::atomic<bool> is_over_ = false;
  std::mutex mutex_;
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace astro::testing
