// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "astro/export.hpp"
#include "astro/time.hpp"

namespace astro {

/// A TCP connection for drivers of devices on the network, with the promises of `SerialPort`: exchanges wait for each
/// other; `urgent` waits for none of them, and its bytes never fall inside those of a `write`. All functions may be
/// called from any thread, `urgent` also beside open and close (it then returns false). Failures are `device_fault`,
/// what does not come in time is `timeout`, each naming the address. After a failure, `open` it again.
class ASTRO_API TcpConnection final {
 public:
  TcpConnection();
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// Looks the name up once, which may take longer than `at_most`; opened again at the same address it does not.
  void open(const std::string& host, std::uint16_t port, Duration at_most = std::chrono::seconds(3));
  void close() noexcept;
  bool is_open() const noexcept;

  void write(std::string_view text);
  /// Throws away what came unasked, writes, and reads up to and including the terminator, which is
  /// not part of the answer.
  std::string ask(std::string_view text, std::string_view terminator = "\n",
                  Duration at_most = std::chrono::milliseconds(400));
  /// Reads on, up to and including the terminator; at most 64 KiB. What had come when the time was over is kept.
  std::string read_until(std::string_view terminator = "\n", Duration at_most = std::chrono::milliseconds(400));
  /// Reads what is there, at least one byte unless none comes in time: then 0.
  std::size_t read_some(std::span<std::byte> into, Duration at_most);
  /// Writes at once, also while another thread waits for an answer; returns false on failure.
  bool urgent(std::string_view text) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro
