// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "astro/export.hpp"
#include "astro/time.hpp"

namespace astro {

/// A serial line for drivers of mounts and instruments: 8 data bits, no parity, one stop bit, raw.
/// Exchanges wait for each other; `urgent` waits for none of them, and its bytes never fall inside
/// those of a `write`. All functions may be called from any thread, `urgent` also beside open and
/// close (it then returns false). Failures are `device_fault`, an answer that does not come
/// `timeout`, each naming the port.
class ASTRO_API SerialPort final {
 public:
  SerialPort();
  ~SerialPort();
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  void open(const std::string& path, int baud);
  void close() noexcept;
  bool is_open() const noexcept;

  void write(std::string_view text);
  /// Throws away what came unasked, writes, and reads up to and including the terminator, which is
  /// not part of the answer.
  std::string ask(std::string_view text, std::string_view terminator = "\n",
                  Duration at_most = std::chrono::milliseconds(400));
  /// Writes at once, also while another thread waits for an answer; returns false on failure.
  bool urgent(std::string_view text) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro
