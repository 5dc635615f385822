// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/tcp_connection.hpp"

// The words of rotctld(1), Hamlib 4.
namespace rotctl {

inline constexpr astro::Duration answer_bound = std::chrono::milliseconds(400);

/// What a server said no to, by Hamlib's number (rig.h, enum rig_errcode_e).
inline constexpr int not_implemented = -4;
inline constexpr int not_available = -11;

struct Answer {
  int code = 0;                      ///< of "RPRT n"
  std::vector<std::string> lines{};  ///< before it
};

/// Questions and answers with a server that speaks Hamlib's extended protocol, or only the plain one, as many small
/// controllers do: `p` and `P` and `S`, answered by bare numbers.
class Dialogue {
 public:
  /// Connects, and finds out which protocol the server speaks.
  void open(const std::string& host, std::uint16_t port, astro::Duration at_most);
  /// Connects again to the same server.
  void reopen(astro::Duration at_most);
  void close() noexcept { connection_.close(); }
  bool is_open() const noexcept { return connection_.is_open(); }
  bool is_extended() const noexcept { return extended_; }

  /// Of the extended protocol alone: "get_pos", "set_pos 180 45".
  Answer ask(const std::string& command);
  /// Where it is: azimuth and elevation in degrees.
  std::pair<double, double> position();
  void go_to(double azimuth, double elevation);
  /// Never waits for an answer.
  bool stop() noexcept;

 private:
  [[noreturn]] void fail(const std::string& doing, const std::string& got) const;
  std::string line();
  int plain_code(const std::string& doing);

  std::string host_;
  std::uint16_t port_ = 0;
  astro::TcpConnection connection_;
  std::atomic<bool> extended_ = true;
  std::atomic<int> stops_ = 0;  ///< whose plain answers are still to come
};

/// What a line like "Minimum Azimuth: -180.000000" or "min_az=-180.000000" says; nothing when it says something else.
std::optional<double> number_after(std::string_view line, std::string_view key);

}  // namespace rotctl
