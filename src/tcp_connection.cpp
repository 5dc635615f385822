// SPDX-License-Identifier: BSD-3-Clause
#include "astro/tcp_connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "astro/error.hpp"
#include "line.hpp"
#include "steady.hpp"

namespace astro {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::vector<Address> look_up(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); error != 0) {
    throw Error(ErrorCode::device_fault, "looking up the host \"" + host + "\": " + ::gai_strerror(error) +
                                             "; see that its name is right, or give its address");
  }
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Address address;
    address.size = each->ai_addrlen;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

/// 0, or the reason why not.
int finish_connecting(int file, detail::Steady::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - detail::Steady::now()).count();
  pollfd waiting{file, POLLOUT, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int connect_to(const Address& address, detail::Steady::time_point deadline, int& error) {
  const int file = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (file < 0) {
    error = errno;
    return -1;
  }
  const int on = 1;
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  error = 0;
  if (::connect(file, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    error = errno == EINPROGRESS ? finish_connecting(file, deadline) : errno;
  }
  if (error == 0) return file;
  ::close(file);
  return -1;
}

}  // namespace

struct TcpConnection::State {
  detail::Line line{detail::Line::Nothing::is_the_end};
  std::mutex mutex;  ///< of what follows
  std::string looked_up;
  std::vector<Address> addresses;

  std::vector<Address> find(const std::string& host, std::uint16_t port) {
    const std::string asked = host + ":" + std::to_string(port);
    const std::lock_guard lock(mutex);
    if (looked_up != asked) {
      addresses = look_up(host, port);
      looked_up = asked;
    }
    return addresses;
  }
};

TcpConnection::TcpConnection() : state_(std::make_unique<State>()) {}
TcpConnection::~TcpConnection() { close(); }

void TcpConnection::open(const std::string& host, std::uint16_t port, Duration at_most) {
  const std::vector<Address> addresses = state_->find(host, port);
  const std::string name = host + ":" + std::to_string(port);
  state_->line.begin(name, [&] {
    const auto deadline = detail::after(at_most);
    int error = EHOSTUNREACH;
    for (const Address& address : addresses) {
      if (const int file = connect_to(address, deadline, error); file >= 0) return file;
    }
    throw Error(error == ETIMEDOUT ? ErrorCode::timeout : ErrorCode::device_fault,
                "connecting to " + name + ": " + std::strerror(error) +
                    "; see that it is switched on, and that its server listens there");
  });
}

void TcpConnection::close() noexcept { state_->line.end(); }
bool TcpConnection::is_open() const noexcept { return state_->line.is_open(); }
void TcpConnection::write(std::string_view text) { state_->line.write(text); }

std::string TcpConnection::ask(std::string_view text, std::string_view terminator, Duration at_most) {
  return state_->line.ask(text, terminator, at_most);
}

std::string TcpConnection::read_until(std::string_view terminator, Duration at_most) {
  return state_->line.read_until(terminator, at_most);
}

std::size_t TcpConnection::read_some(std::span<std::byte> into, Duration at_most) {
  return state_->line.read_some(into, at_most);
}

bool TcpConnection::urgent(std::string_view text) noexcept { return state_->line.urgent(text); }

}  // namespace astro
