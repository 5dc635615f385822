// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <astro/tcp_connection.hpp>
#include <cstring>
#include <optional>
#include <thread>

#include "bench.hpp"

namespace astro::testing {
namespace {

/// A server for one client after the other.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 4) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ADD_FAILURE() << "no server: " << std::strerror(errno);
    }
    port_ = ntohs(address.sin_port);
  }
  ~Server() {
    leave();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  void take() { client_ = ::accept(listener_, nullptr, nullptr); }
  void leave() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }
  void say(std::string_view text) {
    EXPECT_EQ(::send(client_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  std::string hear(std::size_t size) {
    std::string text(size, '\0');
    EXPECT_EQ(::recv(client_, text.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    return text;
  }

 private:
  int listener_;
  int client_ = -1;
  std::uint16_t port_ = 0;
};

struct Connected {
  Server server;
  TcpConnection connection;

  Connected() {
    connection.open("127.0.0.1", server.port());
    server.take();
  }
};

TEST(TcpConnection, ReadsAnAnswerAndKeepsWhatIsBehindIt) {
  Connected c;
  std::thread rotator([&] {
    EXPECT_EQ(c.server.hear(2), "p\n");
    c.server.say("180.0\n45");
    std::this_thread::sleep_for(20ms);
    c.server.say(".0\nleft over");
  });
  EXPECT_EQ(c.connection.ask("p\n", "\n", 5s), "180.0");
  EXPECT_EQ(c.connection.read_until("\n", 5s), "45.0");
  rotator.join();
  std::array<std::byte, 4> bytes{};
  EXPECT_EQ(c.connection.read_some(bytes, 5s), 4U);
  EXPECT_EQ(static_cast<char>(bytes[3]), 't');
}

TEST(TcpConnection, KeepsWhatCameWhenTheTimeWasOver) {
  Connected c;
  c.server.say("hal");
  std::string message;
  EXPECT_EQ(code_of([&] { (void)c.connection.read_until("\n", 50ms); }, &message), ErrorCode::timeout);
  EXPECT_THAT(message, ::testing::HasSubstr("127.0.0.1:" + std::to_string(c.server.port())));
  c.server.say("f\n");
  EXPECT_EQ(c.connection.read_until("\n", 5s), "half");
  std::array<std::byte, 4> bytes{};
  EXPECT_EQ(c.connection.read_some(bytes, 20ms), 0U);
}

TEST(TcpConnection, WritesUrgentThingsWhileAnotherWaitsForAnAnswer) {
  Connected c;
  std::thread waiting([&] { EXPECT_EQ(c.connection.ask("p\n", "\n", 10s), "done"); });
  EXPECT_EQ(c.server.hear(2), "p\n");
  EXPECT_LT(elapsed_ms([&] { EXPECT_TRUE(c.connection.urgent("S\n")); }), 2000.0) << "the answer takes up to 10 s";
  EXPECT_EQ(c.server.hear(2), "S\n");
  c.server.say("done\n");
  waiting.join();
}

TEST(TcpConnection, TellsThatTheOtherSideHasEndedItAndOpensAgain) {
  Connected c;
  c.server.leave();
  std::string message;
  EXPECT_EQ(code_of([&] { (void)c.connection.read_until("\n", 5s); }, &message), ErrorCode::device_fault);
  EXPECT_THAT(message, ::testing::HasSubstr("ended the connection"));
  for (int i = 0; i < 5; ++i) c.connection.urgent("S\n");  // and no SIGPIPE
  c.connection.open("127.0.0.1", c.server.port());
  c.server.take();
  c.server.say("back\n");
  EXPECT_EQ(c.connection.read_until("\n", 5s), "back");
}

TEST(TcpConnection, ClosesBesideAWaitingReader) {
  Connected c;
  std::optional<ErrorCode> code;
  std::thread waiting([&] { code = code_of([&] { (void)c.connection.read_until("\n", 10s); }); });
  std::this_thread::sleep_for(20ms);
  EXPECT_LT(elapsed_ms([&] { c.connection.close(); }), 2000.0);
  waiting.join();
  EXPECT_TRUE(code == ErrorCode::interrupted || code == ErrorCode::device_fault);
  EXPECT_FALSE(c.connection.is_open());
  EXPECT_FALSE(c.connection.urgent("S\n"));
}

TEST(TcpConnection, RefusesAddressesAtWhichNobodyIs) {
  std::uint16_t port = 0;
  {
    const Server gone;
    port = gone.port();
  }
  TcpConnection connection;
  EXPECT_EQ(code_of([&] { connection.open("127.0.0.1", port); }), ErrorCode::device_fault);
  EXPECT_EQ(code_of([&] { connection.open("no.such.host.invalid", 1); }), ErrorCode::device_fault);
  EXPECT_EQ(code_of([&] { connection.write("x"); }), ErrorCode::device_fault);
}

}  // namespace
}  // namespace astro::testing
