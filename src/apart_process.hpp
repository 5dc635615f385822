// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "apart_socket.hpp"
#include "astro/detail/apart.hpp"

namespace astro::detail {

/// A child process with its two sockets, and what it prints.
class Process final {
 public:
  /// Throws `not_found` when the program cannot be started.
  explicit Process(const Program& program);
  ~Process() { end({}); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  PacketSocket calls;
  PacketSocket stops;
  /// To be waited on; -1 when nothing more will come.
  int output() const noexcept { return output_ended_ ? -1 : output_.number(); }
  /// Hands over the whole lines that it printed so far.
  void read_output(const std::function<void(const std::string&)>& line);
  pid_t id() const noexcept { return id_; }

  void kill() noexcept;
  /// Hangs up, waits so long for its end and then kills it. How it ended: "signal 9", "exit code 1".
  std::string end(Duration at_most) noexcept;

 private:
  bool is_reaped(bool waits) noexcept;

  File output_{};
  std::atomic<bool> output_ended_ = false;
  std::mutex output_mutex_{};
  std::string line_{};
  pid_t id_ = -1;
  std::mutex mutex_{};  // of the next two: who was reaped is killed no more
  bool reaped_ = false;
  std::string how_{};
};

/// The program that came with libastro: it has the drivers of plugins.
Program driver_program();
/// What `remember_program` was told; without arguments when nothing was.
Program remembered_program(DeviceKind kind, const std::string& driver);

}  // namespace astro::detail
