// SPDX-License-Identifier: BSD-3-Clause
#include "between.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace astro::testing {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Appends what comes; false: the other side hung up.
bool receive(int from, std::string& text) {
  char buffer[65536];
  const ssize_t got = ::recv(from, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  text.append(buffer, static_cast<std::size_t>(got));
  return true;
}

/// A head's Content-Length, 0 without one.
std::size_t length_in(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::size_t at = head.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::strtoull(head.c_str() + at + 17, nullptr, 10);
}

/// Head and body of one message; what there is when the other side hangs up before. `enough` bytes of the body will do.
std::pair<std::string, std::string> message(int from, int client, double share) {
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos) {
    if (!receive(from, text)) return {text, ""};
  }
  const std::size_t body = text.find("\r\n\r\n") + 4;
  const std::string head = text.substr(0, body);
  text.erase(0, body);
  if (head.find("100-continue") != std::string::npos) send_all(client, "HTTP/1.1 100 Continue\r\n\r\n");
  const auto wanted = static_cast<std::size_t>(static_cast<double>(length_in(head)) * share);
  while (text.size() < wanted && receive(from, text)) continue;
  return {head, text};
}

}  // namespace

Between::Between(int server) : server_(server) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0) {
    throw std::runtime_error("no port on the loopback");
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { listen(); });
}

Between::~Between() {
  ends_ = true;
  thread_.join();
  ::close(listener_);
}

void Between::next(const std::string& begin, std::vector<Fault> faults) {
  const std::lock_guard lock(mutex_);
  faulty_ = begin;
  faults_.assign(faults.begin(), faults.end());
}

std::vector<std::string> Between::seen(const std::string& begin) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const std::string& head : heads_) {
    if (head.starts_with(begin)) found.push_back(head);
  }
  return found;
}

Between::Fault Between::fault_of(const std::string& head) {
  const std::lock_guard lock(mutex_);
  heads_.push_back(head);
  if (faults_.empty() || !head.starts_with(faulty_)) return Fault::none;
  const Fault fault = faults_.front();
  faults_.pop_front();
  return fault;
}

void Between::listen() {
  while (!ends_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    serve(client);
    ::close(client);
  }
}

/// One request on each connection: after its answer it is closed.
void Between::serve(int client) {
  std::string peeked(4096, '\0');
  const ssize_t got = ::recv(client, peeked.data(), peeked.size(), MSG_PEEK);
  if (got <= 0) return;
  peeked.resize(static_cast<std::size_t>(got));
  const Fault fault = fault_of(peeked.substr(0, peeked.find("\r\n\r\n")));
  auto [head, body] = message(client, client, fault == Fault::cut_request ? 0.5 : 1.0);
  if (fault == Fault::cut_request) return;
  if (fault == Fault::unavailable) {
    return send_all(client, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(server_);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::size_t expect = head.find("Expect: 100-continue\r\n");
    if (expect != std::string::npos) head.erase(expect, 22);
    send_all(server, head + body);
    const bool has_no_body = head.starts_with("HEAD ");
    auto [answer, content] = message(server, client, has_no_body ? 0.0 : 1.0);
    if (fault == Fault::spoil && !content.empty()) content[content.size() / 2] ^= '\1';
    if (fault == Fault::cut_response) content.resize(content.size() / 2);
    answer.insert(answer.find("\r\n"), "\r\nConnection: close");
    if (fault != Fault::lose_answer) send_all(client, answer + content);
  }
  ::close(server);
}

}  // namespace astro::testing
