// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "astro/command.hpp"

namespace astro::detail {

/// Where drivers hand in commands for other devices: carried out one after the other, from a thread of its own, so that
/// no driver waits for the journal.
class CommandDesk final {
 public:
  using Execute = std::function<void(Command)>;  ///< does not throw

  ~CommandDesk() { end(); }

  /// False when too many wait: then it was not taken.
  bool hand_in(Command command);
  /// From now on they are carried out.
  void begin(Execute execute);
  /// What waits is dropped; what is being carried out is waited for.
  void end() noexcept;

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Command> waiting_;
  Execute execute_;
  bool ending_ = false;
  std::thread thread_;  ///< from the first command on
};

}  // namespace astro::detail
