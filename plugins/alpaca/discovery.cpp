// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "astro/error.hpp"
#include "client.hpp"

namespace alpaca {

namespace {

constexpr std::string_view question = "alpacadiscovery1";
constexpr std::chrono::milliseconds answers_for(1000);
constexpr std::size_t most_servers = 64;

/// Where each network of this machine hears a broadcast; the loopback, which has none, itself.
std::vector<in_addr> broadcast_addresses() {
  std::vector<in_addr> found;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_UP) == 0) continue;
    const bool broadcasts = (each->ifa_flags & IFF_BROADCAST) != 0 && each->ifa_broadaddr != nullptr;
    sockaddr_in address{};
    std::memcpy(&address, broadcasts ? each->ifa_broadaddr : each->ifa_addr, sizeof address);
    found.push_back(address.sin_addr);
  }
  ::freeifaddrs(all);
  return found;
}

/// The port in {"AlpacaPort": 11111}; 0 when it says something else.
std::int64_t port_in(std::string_view answer) {
  try {
    const astro::Value said = astro::parse_json(answer);
    const astro::Value* port = said.find("AlpacaPort");
    const std::int64_t number = port != nullptr ? port->as_integer() : 0;
    return number > 0 && number < 65536 ? number : 0;
  } catch (const astro::Error&) {
    return 0;
  }
}

struct Socket {
  int file = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  Socket() = default;
  ~Socket() {
    if (file >= 0) ::close(file);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
};

}  // namespace

std::vector<std::pair<std::string, std::int64_t>> discovered(std::int64_t port) {
  const Socket socket;
  const int on = 1;
  if (socket.file < 0 || ::setsockopt(socket.file, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       std::string("looking for Alpaca's servers: ") + std::strerror(errno));
  }
  for (const in_addr& address : broadcast_addresses()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr = address;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    // A network that is down hears nothing: others may.
    (void)::sendto(socket.file, question.data(), question.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  std::vector<std::pair<std::string, std::int64_t>> servers;
  const auto end = std::chrono::steady_clock::now() + answers_for;
  while (servers.size() < most_servers) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{socket.file, POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) break;
    std::array<char, 1024> bytes{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t count =
        ::recvfrom(socket.file, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count <= 0) continue;
    const std::int64_t at = port_in({bytes.data(), static_cast<std::size_t>(count)});
    std::array<char, INET_ADDRSTRLEN> text{};
    if (at == 0 || ::inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size()) == nullptr) continue;
    std::pair<std::string, std::int64_t> server(text.data(), at);
    if (std::ranges::find(servers, server) == servers.end()) servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace alpaca
