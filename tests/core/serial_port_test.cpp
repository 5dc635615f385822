// SPDX-License-Identifier: BSD-3-Clause
#include <astro/serial_port.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.hpp"

namespace astro::testing {
namespace {

/// The other end of a line: a pseudo-terminal (pty(7)).
class Peer {
 public:
  Peer() : file_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (::grantpt(file_) != 0 || ::unlockpt(file_) != 0) throw std::runtime_error("no pseudo-terminal");
    path_ = ::ptsname(file_);
  }
  ~Peer() { ::close(file_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& path() const { return path_; }
  void say(std::string_view text) { ASSERT_EQ(::write(file_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  /// What came until this ending, or what came within 5 s.
  std::string hear(std::string_view ending) {
    std::string heard;
    pollfd waiting{file_, POLLIN, 0};
    while (!heard.ends_with(ending) && ::poll(&waiting, 1, 5000) > 0) {
      char byte = 0;
      if (::read(file_, &byte, 1) != 1) break;
      heard += byte;
    }
    return heard;
  }

 private:
  int file_;
  std::string path_;
};

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
  EXPECT_LT(elapsed_ms([&] { EXPECT_TRUE(port.urgent("S\r")); }), 50.0);
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
