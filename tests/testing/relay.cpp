// SPDX-License-Identifier: BSD-3-Clause
#include "testing/relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace astro::testing {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

Relay::Relay(int server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("a relay found no free port");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
  is_over_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  cut();
  for (Pair& pair : pairs_) {
    for (std::thread& thread : pair.threads) thread.join();
    for (const int socket : pair.sockets) ::close(socket);
  }
}

void Relay::accept_all() {
  while (!is_over_) {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_port_);
    if (is_cut_ || ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      continue;
    }
    send_at_once(client);
    send_at_once(server);
    const std::lock_guard lock(mutex_);
    Pair& pair = pairs_.emplace_back();
    pair.sockets[0] = client;
    pair.sockets[1] = server;
    pair.threads[0] = std::thread([=] { carry(client, server); });
    pair.threads[1] = std::thread([=] { carry(server, client); });
  }
}

void Relay::carry(int from, int to) {
  std::vector<char> buffer(1 << 16);
  for (ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0); got > 0;
       got = ::recv(from, buffer.data(), buffer.size(), 0)) {
    for (ssize_t put = 0; put < got;) {
      const ssize_t more = ::send(to, buffer.data() + put, static_cast<std::size_t>(got - put), MSG_NOSIGNAL);
      if (more <= 0) break;
      put += more;
    }
  }
  ::shutdown(from, SHUT_RDWR);
  ::shutdown(to, SHUT_RDWR);
}

void Relay::cut() {
  is_cut_ = true;
  const std::lock_guard lock(mutex_);
  for (const Pair& pair : pairs_) {
    for (const int socket : pair.sockets) ::shutdown(socket, SHUT_RDWR);
  }
}

void Relay::mend() { is_cut_ = false; }

}  // namespace astro::testing
