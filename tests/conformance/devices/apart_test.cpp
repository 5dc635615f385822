// SPDX-License-Identifier: BSD-3-Clause
// What a process of its own is for: whatever becomes of the driver, its host goes on, and the device is stopped.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "conformance/devices/device_suite.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

bool is_back(const Obliging& bench, std::size_t opens) {
  return eventually(
      [&] { return bench.count("dish", "open") > opens && bench.dish().status().state == MountState::stopped; });
}

/// Also when nobody has waited for it.
bool is_gone(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string number, name, state;
  return !(status >> number >> name >> state) || state == "Z";
}

TEST(Apart, DriversRunInProcessesOfTheirOwn) {
  const Obliging bench(apart());
  EXPECT_NE(bench.process("dish"), ::getpid());
  EXPECT_NE(bench.process("dish"), bench.process("lamp"));
}

TEST(Apart, ADriverThatIsKilledIsStartedAgainAndStopped) {
  const Obliging bench(apart());
  const MountHandle dish = bench.dish();
  bench.ask("dish", "goes_on");
  dish.move_to({degrees(200), degrees(30)});
  const std::size_t opens = bench.count("dish", "open");
  ::kill(bench.process("dish"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return bench.noticed().find("signal 9") != std::string::npos; }));
  EXPECT_TRUE(is_back(bench, opens));
  EXPECT_FALSE(dish.is_lost());
  EXPECT_THAT(bench.noticed(), HasSubstr("started again"));
  dish.move_to({degrees(359.9), degrees(12.3)});
  EXPECT_TRUE(bench.tells("dish", "move_to 359.9 12.3"));
}

TEST(Apart, AHookThatHangsCostsItsProcessAndNotTheDevice) {
  const Obliging bench(apart());
  const std::size_t opens = bench.count("dish", "open");
  bench.ask("dish", "hang.move_to");
  std::string message;
  EXPECT_EQ(code_of([&] { bench.dish().move_to({degrees(20), degrees(30)}); }, &message), ErrorCode::device_fault);
  EXPECT_THAT(message, HasSubstr("did not return from move_to()"));
  bench.ask_no_more("dish", "hang.move_to");
  EXPECT_TRUE(is_back(bench, opens));
  EXPECT_FALSE(bench.dish().is_lost());
  bench.dish().move_to({degrees(20), degrees(30)});
}

TEST(Apart, AStopThatHangsCostsItsProcessAndNotTheDevice) {
  const Obliging bench(apart());
  const std::size_t opens = bench.count("dish", "open");
  bench.ask("dish", "hang.stop");
  bench.dish().stop();
  EXPECT_TRUE(eventually([&] { return bench.noticed().find("did not stop in") != std::string::npos; }));
  bench.ask_no_more("dish", "hang.stop");
  EXPECT_TRUE(is_back(bench, opens));
  EXPECT_FALSE(bench.dish().is_lost());
}

TEST(Apart, AProcessThatEndsInAHookIsToldWithHowItEnded) {
  ::setenv("ASAN_OPTIONS", "handle_segv=0", 1);  // or the sanitizer would make an exit of the crash
  const Obliging bench(apart());
  for (const auto& [what, how] : {std::pair{"exit.move_to", "exit code 7"}, std::pair{"crash.move_to", "signal 11"}}) {
    const std::size_t opens = bench.count("dish", "open");
    bench.ask("dish", what);
    std::string message;
    EXPECT_EQ(code_of([&] { bench.dish().move_to({degrees(20), degrees(30)}); }, &message), ErrorCode::device_fault);
    EXPECT_THAT(message, HasSubstr(how));
    bench.ask_no_more("dish", what);
    EXPECT_TRUE(is_back(bench, opens));
  }
}

TEST(Apart, AStreamWhoseDriverIsKilledEndsAndTheNextOneIsTunedAsBefore) {
  const Obliging bench(apart());
  bench.hydrogen().tune({.frequency = megahertz(1612)});
  BlockStream stream = bench.hydrogen().stream();
  ASSERT_NE(stream.next(1min), nullptr);
  const std::size_t opens = bench.count("hydrogen", "open");
  ::kill(bench.process("hydrogen"), SIGKILL);
  EXPECT_EQ(code_of([&] {
              while (stream.next(1min)) {}
            }),
            ErrorCode::device_fault);
  EXPECT_TRUE(eventually([&] { return bench.count("hydrogen", "open") > opens; }));
  std::optional<BlockStream> again;
  EXPECT_TRUE(eventually([&] { return !code_of([&] { again = bench.hydrogen().stream(); }); }));
  ASSERT_NE(again->next(1min), nullptr);
  const auto told = bench.told("hydrogen");
  const auto last_tune = std::find_if(told.rbegin(), told.rend(), [](const auto& l) { return l.starts_with("tune"); });
  EXPECT_EQ(*last_tune, "tune 1.612e+09");
  EXPECT_EQ(*std::prev(last_tune), "start") << "before it starts";
}

TEST(Apart, ACommandWhoseDriverIsKilledFailsAsInterrupted) {
  const Obliging bench(apart());
  bench.ask("lamp", "goes_on");
  const Execution slow = bench.lamp().perform("warm_up");
  EXPECT_TRUE(eventually([&] { return slow.latest().progress_percent == 40.0; }));
  ::kill(bench.process("lamp"), SIGKILL);
  const Acknowledgment end = slow.wait(1min);
  EXPECT_EQ(end.state, CommandState::failed);
  EXPECT_EQ(end.error_code, "interrupted");
}

TEST(Apart, WhatDoesNotFitIntoAPacketIsRefusedClearly) {
  const Obliging bench(apart());
  std::string message;
  EXPECT_TRUE(code_of([&] { (void)bench.lamp().perform("shout").wait_completed(1min); }, &message));
  EXPECT_THAT(message, HasSubstr("does not fit"));
  EXPECT_TRUE(eventually([&] { return bench.noticed().find("I am here") != std::string::npos; }));
  EXPECT_EQ(bench.lamp().perform("set_level", Map{{"level", 1.0}}).wait_completed(1min).message, "set");
}

TEST(Apart, ADriverDoesNotOutliveWhoStartedIt) {
  TemporaryFolder folder;
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto* bench = new Obliging(apart());  // NOLINT: it goes with its process
    bench->ask("dish", "goes_on");
    bench->dish().move_to({degrees(200), degrees(30)});
    folder.write("driver", std::to_string(bench->process("dish")));
    folder.write("folder", bench->folder().string());
    folder.write("ready", "");
    for (;;) ::pause();
  }
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder.path() / "ready"); }));
  const int driver = std::stoi(read_file(folder.path() / "driver"));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return is_gone(driver); }));
  const std::filesystem::path left = read_file(folder.path() / "folder");
  EXPECT_THAT(read_file(left / "dish" / "told"), ::testing::EndsWith("stop\nclose\n"));
  std::filesystem::remove_all(left);
}

Site site_of(const std::string& program, const std::string& more = {}) {
  return parse_site("site: {name: Vendor, latitude: 28 deg, longitude: -16 deg}\nmounts:\n  dish: {runs: {apart: \"" +
                    program + "\"}" + more + "}\n");
}

std::string complaint_of(const std::string& program, const std::string& more = {}) {
  std::string message;
  EXPECT_EQ(code_of([&] { (void)site_of(program, more); }, &message), ErrorCode::invalid_site);
  return message;
}

TEST(Apart, ProgramsThatBreakTheProtocolAreRefusedWithASentence) {
  const TemporaryFolder folder;
  const auto broken = [&](const std::string& how) {
    std::filesystem::create_symlink(std::string(ASTRO_TEST_PROGRAMS) + "/broken", folder.path() / how);
    return complaint_of((folder.path() / how).string());
  };
  EXPECT_THAT(broken("exits"), ::testing::AllOf(HasSubstr("exit code 7"), HasSubstr("I do not want to")));
  EXPECT_THAT(broken("garbage"), HasSubstr("sent what is no JSON"));
  EXPECT_THAT(broken("list"), HasSubstr("sent JSON that is no object"));
  EXPECT_THAT(broken("future"), HasSubstr("speaks protocol 99; expected 1"));
  EXPECT_THAT(broken("other"), HasSubstr("has a driver of a receiver; expected one of a mount"));
  EXPECT_THAT(broken("wordless"), HasSubstr("\"driver\" is missing"));
  EXPECT_THAT(complaint_of("/there/is/none"), HasSubstr("expected an executable file"));
}

TEST(Apart, AnAnswerThatNobodyAskedForEndsTheProcess) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(std::string(ASTRO_TEST_PROGRAMS) + "/broken", folder.path() / "unasked");
  const Site site = site_of((folder.path() / "unasked").string());
  std::string message;
  EXPECT_EQ(code_of([&] { (void)Observatory::open(site, {.state_folder = folder.path() / "state"}); }, &message),
            ErrorCode::device_fault);
  EXPECT_THAT(message, HasSubstr("answered what nobody had asked"));
}

TEST(Apart, AVendorsProgramIsADriverLikeAnyOther) {
  const TemporaryFolder folder;
  const std::string program = std::string(ASTRO_TEST_PROGRAMS) + "/vendor.py";
  EXPECT_THAT(complaint_of(program), HasSubstr("port"));
  EXPECT_THAT(complaint_of(program, ", port: a, speed: 20 deg"), HasSubstr("speed"));
  EXPECT_THAT(complaint_of(program, ", port: a, limits: {azimuth: [0 deg, 500 deg]}"), HasSubstr("beyond"));
  const Observatory site =
      Observatory::open(site_of(program, ", port: /dev/ttyS7, limits: {altitude: [0 deg, 120 deg]}"),
                        {.state_folder = folder.path() / "state"});
  const MountHandle dish = site.mount("dish");
  EXPECT_EQ(dish.status().axes, (Axes{degrees(10), degrees(20)}));
  dish.move_to({degrees(400), degrees(45)});
  dish.wait_until_on_target(1min);
  EXPECT_EQ(dish.status().axes, (Axes{degrees(400), degrees(45)}));
  std::string message;
  EXPECT_EQ(code_of([&] { dish.move_to({degrees(400), degrees(100)}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("does not go over the top"));
  dish.stop();
}

TEST(Apart, CountsBeyondTheBufferEndTheProcessBeforeAnythingIsRead) {
  const TemporaryFolder folder;
  const Site described =
      parse_site("site: {name: Vendor, latitude: 28 deg, longitude: -16 deg}\nreceivers:\n  rx: {runs: {apart: \"" +
                 std::string(ASTRO_TEST_PROGRAMS) + "/vendor.py\"}}\n");
  const Observatory site = Observatory::open(described, {.state_folder = folder.path() / "state"});
  BlockStream stream = site.receiver("rx").stream();
  std::string message;
  EXPECT_EQ(code_of(
                [&] {
                  while (stream.next(1min)) {}
                },
                &message),
            ErrorCode::device_fault);
  EXPECT_THAT(message, HasSubstr("answered what it must not"));
  EXPECT_FALSE(site.receiver("rx").is_lost());
}

}  // namespace
}  // namespace astro::testing
