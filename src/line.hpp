// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>

#include "astro/time.hpp"

namespace astro::detail {

/// Whose bytes go out now. (A timed mutex would do, but the thread sanitizer does not know it.)
class Sending {
 public:
  bool begin(Duration at_most);
  void end();

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;
};

/// Exchanges over a file that does not block: what a serial line and a connection have in common. All functions may
/// be called from any thread. Failures are `device_fault`, what does not come in time is `timeout`, each with the name.
class Line final {
 public:
  /// A serial line reads nothing when there is nothing yet; a connection, when the other side has ended it.
  enum class Nothing { is_silence, is_the_end };

  explicit Line(Nothing nothing) : nothing_(nothing) {}
  ~Line() { end(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// Ends what was there, and takes the file that `open` makes; `name`: "serial port /dev/ttyUSB0". `ended` is called
  /// with the file before it is closed, without waiting for anything.
  void begin(std::string name, const std::function<int()>& open, std::function<void(int)> ended = {});
  void end() noexcept;
  bool is_open() const noexcept;

  void write(std::string_view text);
  std::string ask(std::string_view text, std::string_view terminator, Duration at_most);
  std::string read_until(std::string_view terminator, Duration at_most);
  std::size_t read_some(std::span<std::byte> into, Duration at_most);
  bool urgent(std::string_view text) noexcept;

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  [[noreturn]] void fail(const std::string& doing, int error) const;
  void check_open() const;
  void send_all(std::string_view text);
  int send(std::string_view text, Duration at_most);
  void wait_to_read(Deadline deadline, std::size_t read_so_far);
  std::string read_answer(std::string_view terminator, Deadline deadline);
  void throw_away();

  const Nothing nothing_;
  std::mutex exchange_;                   ///< one exchange at a time
  Sending sending_;                       ///< the bytes of one write stay together
  mutable std::shared_mutex file_mutex_;  ///< shared: the file is in use; alone: it is opened or closed
  int file_ = -1;
  int wake_[2] = {-1, -1};  ///< what `end` writes to, so that a waiting `ask` ends
  std::string name_;
  std::function<void(int)> ended_;
  std::string ahead_;  ///< read, but behind the end of what was asked for; of a connection alone
};

}  // namespace astro::detail
