// SPDX-License-Identifier: BSD-3-Clause
#include "astro/tcp_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "astro/error.hpp"

namespace astro {

namespace {

/// 0, or the reason why not.
int listen_at(int file, sockaddr_in& address) {
  const int on = 1;
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (file >= 0 && ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(file, generic, size) == 0 && ::listen(file, 8) == 0 && ::getsockname(file, generic, &size) == 0) {
    return 0;
  }
  return errno;
}

}  // namespace

void TcpListener::open(const std::string& address, std::uint16_t port) {
  close();
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  int error = ::inet_pton(AF_INET, address.c_str(), &at.sin_addr) == 1 ? 0 : EADDRNOTAVAIL;
  if (error == 0) {
    file_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = listen_at(file_, at);
  }
  if (error != 0) {
    close();
    throw Error(ErrorCode::device_fault, "listening at " + address + ":" + std::to_string(port) + ": " +
                                             std::strerror(error) + "; take another port, or end who has it");
  }
  port_ = ntohs(at.sin_port);
}

void TcpListener::close() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  port_ = 0;
}

std::optional<TcpListener::Taken> TcpListener::take() {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const int file = ::accept4(file_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (file < 0) return std::nullopt;
  const int on = 1;
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char text[INET_ADDRSTRLEN] = "?";
  ::inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
  return Taken{file, text};
}

}  // namespace astro
