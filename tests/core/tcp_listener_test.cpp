// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <astro/error.hpp>
#include <astro/tcp_connection.hpp>
#include <astro/tcp_listener.hpp>

#include "bench.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(TcpListener, TakesWhoConnects) {
  TcpListener listener;
  listener.open("127.0.0.1", 0);
  ASSERT_NE(listener.port(), 0);
  EXPECT_FALSE(listener.take());
  TcpConnection connection;
  connection.open("127.0.0.1", listener.port());
  pollfd waiting{listener.file(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
  const auto taken = listener.take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->from, "127.0.0.1");
  ASSERT_EQ(::write(taken->file, "hello\n", 6), 6);
  EXPECT_EQ(connection.read_until("\n", std::chrono::seconds(5)), "hello");
  ::close(taken->file);
}

TEST(TcpListener, SaysWhereItCannotListenAndWhy) {
  TcpListener first;
  first.open("127.0.0.1", 0);
  TcpListener second;
  const std::string place = "127.0.0.1:" + std::to_string(first.port());
  EXPECT_THAT([&] { second.open("127.0.0.1", first.port()); },
              ThrowsMessage<Error>(HasSubstr("listening at " + place + ": Address already in use; take another port")));
  EXPECT_THAT([&] { second.open("nowhere", 0); }, ThrowsMessage<Error>(HasSubstr("listening at nowhere:0: ")));
  EXPECT_EQ(second.file(), -1);
  const std::uint16_t port = first.port();
  first.close();
  second.open("127.0.0.1", port);
  EXPECT_EQ(second.port(), port);
}

}  // namespace
}  // namespace astro::testing
