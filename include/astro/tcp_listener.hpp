// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "astro/export.hpp"

namespace astro {

/// Waits for programs that connect by TCP: what a driver that is itself a server begins with. One thread at a time.
class ASTRO_API TcpListener final {
 public:
  TcpListener() = default;
  ~TcpListener() { close(); }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  /// `address` is an IPv4 address of this machine, or 0.0.0.0 for all of them; port 0: any that is free. Throws
  /// `device_fault`, naming both.
  void open(const std::string& address, std::uint16_t port);
  void close() noexcept;

  std::uint16_t port() const noexcept { return port_; }  ///< that it has
  int file() const noexcept { return file_; }            ///< for poll(2): readable when somebody waits

  struct Taken {
    int file = -1;  ///< does not block, sends without delay; whoever took it closes it
    std::string from{};
  };
  /// The next who waits; nothing when nobody does.
  std::optional<Taken> take();

 private:
  int file_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace astro
