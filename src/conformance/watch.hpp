// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "astro/time.hpp"

namespace astro::conformance {

/// Knows which hooks run and how long each took, in real time.
class Watch final {
 public:
  using Steady = std::chrono::steady_clock;
  /// Called once, from the watch's thread, when a hook has not returned this long after its bound.
  using Overrun = std::function<void(const std::string& hook)>;
  static constexpr Duration patience = std::chrono::seconds(3);

  explicit Watch(Overrun hangs);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  class Scope {
   public:
    Scope(Watch& watch, const char* hook, Duration bound);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    struct Running {
      std::string hook;
      Steady::time_point began;
      Steady::time_point deadline;
    };
    friend class Watch;
    Watch& watch_;
    std::list<Running>::iterator running_;
  };

  /// The longest call of each hook since this was asked last.
  std::map<std::string, Duration> take();

 private:
  void look();

  const Overrun hangs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Scope::Running> running_;
  std::map<std::string, Duration> longest_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace astro::conformance
