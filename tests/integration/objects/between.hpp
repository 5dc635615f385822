// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace astro::testing {

/// Stands between a client and an HTTP server on this machine, and does to the next requests what it is told.
class Between {
 public:
  enum class Fault {
    none,
    unavailable,   ///< answers 503 without asking the server
    cut_request,   ///< hangs up when half of the request's body has come
    cut_response,  ///< hangs up when half of the answer's body is gone
    spoil,         ///< changes a byte in the middle of the answer's body
    lose_answer,   ///< the server does it, and nobody hears of it
  };

  explicit Between(int server);
  ~Between();
  Between(const Between&) = delete;
  Between& operator=(const Between&) = delete;

  int port() const noexcept { return port_; }
  /// Of requests that begin so ("PUT /objects"), the next ones.
  void next(const std::string& begin, std::vector<Fault> faults);
  /// The heads of all requests so far that begin so.
  std::vector<std::string> seen(const std::string& begin) const;

 private:
  void listen();
  void serve(int client);
  Fault fault_of(const std::string& head);

  int server_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ends_ = false;
  mutable std::mutex mutex_;
  std::string faulty_;
  std::deque<Fault> faults_;
  std::vector<std::string> heads_;
  std::thread thread_;
};

}  // namespace astro::testing
