// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <astro/serial_port.hpp>

#include "bench.hpp"
#include "peer.hpp"

namespace astro::testing {
namespace {

TEST(SerialPort, AsksAndReadsUpToTheTerminator) {
  Peer peer;
  SerialPort port;
  port.open(peer.path(), 9600);
  std::thread rotator([&] {
    EXPECT_EQ(peer.hear("C2\r"), "C2\r");
    peer.say("AZ=18");
    std::this_thread::sleep_for(20ms);
    peer.say("0  EL=045\r\nleft over");
  });
  EXPECT_EQ(port.ask("C2\r", "\r\n", 5s), "AZ=180  EL=045");
  rotator.join();
  std::thread again([&] {
    EXPECT_EQ(peer.hear("?\r"), "?\r");
    peer.say("ok\n");
  });
  EXPECT_EQ(port.ask("?\r", "\n", 5s), "ok") << "what came unasked was thrown away";
  again.join();
}

TEST(SerialPort, TimesOutWithASentence) {
  Peer peer;
  SerialPort port;
  port.open(peer.path(), 9600);
  std::string message;
  EXPECT_EQ(code_of([&] { (void)port.ask("C2\r", "\r\n", 50ms); }, &message), ErrorCode::timeout);
  EXPECT_THAT(message, ::testing::HasSubstr(peer.path()));
}

TEST(SerialPort, WritesUrgentThingsWhileAnotherWaitsForAnAnswer) {
  Peer peer;
  SerialPort port;
  port.open(peer.path(), 9600);
  std::thread waiting([&] { EXPECT_EQ(port.ask("C2\r", "\r\n", 10s), "done"); });
  ASSERT_EQ(peer.hear("C2\r"), "C2\r");
  EXPECT_LT(elapsed_ms([&] { EXPECT_TRUE(port.urgent("S\r")); }), 2000.0) << "the answer takes up to 10 s";
  EXPECT_EQ(peer.hear("S\r"), "S\r");
  peer.say("done\r\n");
  waiting.join();
}

TEST(SerialPort, ClosesBesideAWaitingQuestion) {
  Peer peer;
  SerialPort port;
  port.open(peer.path(), 9600);
  std::optional<ErrorCode> code;
  std::thread waiting([&] { code = code_of([&] { (void)port.ask("C2\r", "\r\n", 10s); }); });
  ASSERT_EQ(peer.hear("C2\r"), "C2\r");
  EXPECT_LT(elapsed_ms([&] { port.close(); }), 2000.0);
  waiting.join();
  EXPECT_EQ(code, ErrorCode::interrupted);
  EXPECT_FALSE(port.is_open());
  EXPECT_FALSE(port.urgent("S\r"));
  port.open(peer.path(), 19200);
  EXPECT_TRUE(port.is_open());
}

TEST(SerialPort, RefusesWhatIsNoSerialLine) {
  TemporaryFolder folder;
  SerialPort port;
  EXPECT_EQ(code_of([&] { port.open((folder.path() / "none").string(), 9600); }), ErrorCode::device_fault);
  EXPECT_EQ(code_of([&] { port.open(folder.write("file", "text").string(), 9600); }), ErrorCode::device_fault);
  EXPECT_EQ(code_of([&] { port.open("/dev/null", 1234); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { port.write("x"); }), ErrorCode::device_fault);
}

}  // namespace
}  // namespace astro::testing
