// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "bench.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

Command lamp_command(std::string id, std::string name = "set_level", Value parameters = Map{{"level", 3}}) {
  return {.id = std::move(id), .device = "lamp", .name = std::move(name), .parameters = std::move(parameters)};
}

TEST(NewId, SortsByTimeAndIsAUuidOfVersion7) {
  std::string before;
  std::set<std::string> all;
  for (int i = 0; i < 10000; ++i) {
    const std::string id = new_id();
    ASSERT_EQ(id.size(), 36u);
    ASSERT_EQ(id[14], '7');
    ASSERT_NE(std::string("89ab").find(id[19]), std::string::npos);
    ASSERT_LT(before, id);
    before = id;
    all.insert(id);
  }
  EXPECT_EQ(all.size(), 10000u);
  const auto milliseconds = std::stoll(before.substr(0, 8) + before.substr(9, 4), nullptr, 16);
  const auto now = std::chrono::system_clock::now().time_since_epoch() / 1ms;
  EXPECT_NEAR(static_cast<double>(milliseconds), static_cast<double>(now), 2000.0);
}

TEST(Command, RunsOnceHoweverOftenItsIdComes) {
  Bench bench;
  {
    const Observatory site = bench.open();
    EXPECT_EQ(site.execute(lamp_command("a-1")).wait(10s).state, CommandState::completed);
    EXPECT_EQ(site.execute(lamp_command("a-1")).wait(10s).state, CommandState::completed);
    EXPECT_EQ(bench.controller->performed, 1);
  }
  const Observatory again = bench.open();
  EXPECT_EQ(again.execute(lamp_command("a-1")).wait(10s).state, CommandState::completed) << "also after a restart";
  EXPECT_EQ(bench.controller->performed, 1);
  EXPECT_EQ(again.find_command("a-1")->command, "set_level");
  EXPECT_FALSE(again.find_command("a-2"));
}

TEST(Command, IsRejectedWithASentenceWhenItIsNotAllowed) {
  Bench bench;
  const Observatory site = bench.open();
  const auto refused = [&](Command command) { return site.execute(std::move(command)).wait(10s); };
  EXPECT_EQ(refused(lamp_command("1", "set_level", Map{{"level", 11}})).error_code, "invalid_argument");
  EXPECT_EQ(refused(lamp_command("2", "set_levle")).error_code, "not_found");
  EXPECT_THAT(refused(lamp_command("3", "set_levle")).message, HasSubstr("did you mean set_level"));
  EXPECT_EQ(refused({.id = "4", .device = "lmap", .name = "blink"}).error_code, "not_found");
  const Acknowledgment below =
      refused({.id = "5", .device = "dish", .name = "slew_to", .parameters = Map{{"target", "altaz 100 -20"}}});
  EXPECT_EQ(below.state, CommandState::rejected);
  EXPECT_EQ(below.error_code, "out_of_limits");  // said as an altitude, it is for the limits to judge
  site.mount("dish", {"anna", Rank::handset}).take();
  EXPECT_EQ(refused({.id = "6", .device = "dish", .name = "park"}).error_code, "not_holder");
  EXPECT_EQ(bench.controller->performed, 0);
  EXPECT_EQ(bench.mount->moves, 0);
  EXPECT_EQ(code_of([&] { site.execute({.device = "lamp", .name = "blink"}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { site.execute(lamp_command("7", "blink", Value("text"))); }), ErrorCode::invalid_argument);
}

TEST(Command, DoesNotRunWhenItHasExpired) {
  Bench bench;
  const Observatory site = bench.open();
  Command command = lamp_command("late");
  command.expires = site.clock()->now() - 1s;
  EXPECT_EQ(site.execute(command).wait(10s).state, CommandState::timeout);
  EXPECT_EQ(bench.controller->performed, 0);
}

TEST(Command, MovesAMountAndCompletesWhenItIsThere) {
  Bench bench;
  bench.mount->rests_at_once = false;
  const Observatory site = bench.open();
  const Execution slew = site.execute(
      {.id = "s", .device = "dish", .name = "move_to", .parameters = Map{{"first", 200.0}, {"second", "40 deg"}}});
  ASSERT_TRUE(eventually([&] { return slew.latest().state == CommandState::started; }));
  EXPECT_EQ(code_of([&] { slew.wait_completed(50ms); }), ErrorCode::timeout);
  bench.mount->place({degrees(200), degrees(40)});
  EXPECT_EQ(slew.wait_completed(10s).state, CommandState::completed);
  const Execution cut = site.execute(
      {.id = "t", .device = "dish", .name = "move_to", .parameters = Map{{"first", 20.0}, {"second", 40.0}}});
  ASSERT_TRUE(eventually([&] { return cut.latest().state == CommandState::started; }));
  EXPECT_EQ(site.execute({.id = "u", .device = "dish", .name = "stop"}).wait(10s).state, CommandState::completed);
  EXPECT_EQ(code_of([&] { cut.wait_completed(10s); }), ErrorCode::interrupted);
  EXPECT_EQ(site.find_command("t")->error_code, "interrupted");
}

TEST(Command, ReportsProgressAndTheEndThatTheDriverReports) {
  Bench bench;
  std::string id;
  bench.controller->on_perform = [&](const Call& call) {
    id = call.id;
    return Performed{.running = true};
  };
  struct Acknowledgments final : Listener {
    std::mutex mutex;
    std::vector<CommandState> states;
    void acknowledgment(const Acknowledgment& one) override {
      const std::lock_guard lock(mutex);
      states.push_back(one.state);
    }
  } heard;
  const Observatory site = bench.open();
  const Subscription subscription = site.subscribe(heard);
  const Execution blink = site.execute(lamp_command("b", "blink", {}));
  ASSERT_TRUE(eventually([&] { return blink.latest().progress_percent == 0.0; })) << "the driver has taken it";
  bench.controller->host->progress("b", 40.0, "half way");
  EXPECT_EQ(blink.latest().progress_percent, 40.0);
  bench.controller->host->finished("b", {.succeeded = false, .code = ErrorCode::device_fault, .message = "fuse blown"});
  bench.controller->host->finished("b", {});
  const Acknowledgment last = blink.wait(10s);
  EXPECT_EQ(last.state, CommandState::failed) << "the first end counts";
  EXPECT_THAT(last.message, HasSubstr("fuse blown"));
  EXPECT_EQ(id, "b");
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(heard.mutex);
    return heard.states == std::vector{CommandState::received, CommandState::started, CommandState::started,
                                       CommandState::started, CommandState::failed};
  }));
}

TEST(Command, KeepsTypedCallsInTheJournalToo) {
  Bench bench;
  const Observatory site = bench.open();
  site.mount("dish", {"anna", Rank::operator_}).move_to({degrees(10), degrees(20)});
  site.mount("dish").wait_until_on_target();
  (void)site.controller("lamp").perform("set_level", Map{{"level", 2}}).wait_completed(10s);
  site.mount("dish").stop();
  std::vector<std::string> names;
  for (const Acknowledgment& one : site.recent_commands()) names.push_back(one.device + "." + one.command);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("dish.move_to", "lamp.set_level", "dish.stop"));
  EXPECT_EQ(site.recent_commands().back().issuer.name, "anna");
}

TEST(Controller, ChecksParametersBeforeItReturnsAndKnowsItsPoints) {
  Bench bench;
  bench.controller->on_poll = [](Emitter& host) {
    host.point("brightness", 12.5, Quality::doubtful, parse_time("2026-01-01T00:00:00Z"));
    host.point("no_such_point", 1, Quality::good, {});
  };
  const Observatory site = bench.open();
  const ControllerHandle lamp = site.controller("lamp");
  EXPECT_EQ(code_of([&] { (void)lamp.perform("set_level", Map{{"level", "bright"}}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)lamp.perform("set_level"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)lamp.perform("blimk"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { (void)lamp.point("brigthness"); }), ErrorCode::not_found);
  ASSERT_TRUE(eventually([&] { return site.latest("lamp.brightness").has_value(); }));
  const Point point = lamp.point("brightness");
  EXPECT_DOUBLE_EQ(point.value.as_number(), 12.5) << "what was measured outside its range was measured all the same";
  EXPECT_EQ(point.unit, "cd");
  EXPECT_EQ(point.quality, Quality::doubtful);
  EXPECT_EQ(point.time, parse_time("2026-01-01T00:00:00Z"));
  std::string log = read_file(bench.folder.path() / "log");
  EXPECT_EQ(log.find("no_such_point"), std::string::npos) << "a warning, and the level is error";
}

// What the next test kills: begins a command that never ends, says so and waits.
TEST(CommandJournal, DISABLED_BeginsACommandAndWaits) {
  Bench bench;
  bench.options.state_folder = std::getenv("ASTRO_TEST_STATE");
  bench.controller->on_perform = [](const Call&) { return Performed{.running = true}; };
  const Observatory site = bench.open();
  const Execution blink = site.execute(lamp_command("cut", "blink", {}));
  ASSERT_TRUE(eventually([&] { return blink.latest().state == CommandState::started; }));
  ASSERT_EQ(::write(STDOUT_FILENO, "begun\n", 6), 6);
  ::pause();
}

TEST(CommandJournal, ReportsACommandThatAKillCutShortAsInterruptedAndDoesNotRepeatIt) {
  Bench bench;
  const std::string state = (bench.folder.path() / "killed").string();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::setenv("ASTRO_TEST_STATE", state.c_str(), 1);
    ::execl("/proc/self/exe", "test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=CommandJournal.DISABLED_BeginsACommandAndWaits", nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  std::string said;
  char buffer[256];
  while (said.find("begun\n") == std::string::npos) {
    const ssize_t count = ::read(pipe[0], buffer, sizeof buffer);
    ASSERT_GT(count, 0) << said;
    said.append(buffer, static_cast<std::size_t>(count));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(pipe[0]);
  ASSERT_TRUE(WIFSIGNALED(status));

  bench.options.state_folder = state;
  const Observatory site = bench.open();
  const Acknowledgment found = site.find_command("cut").value();
  EXPECT_EQ(found.state, CommandState::failed);
  EXPECT_EQ(found.error_code, "interrupted");
  EXPECT_EQ(code_of([&] { site.execute(lamp_command("cut", "blink", {})).wait_completed(10s); }),
            ErrorCode::interrupted);
  EXPECT_EQ(bench.controller->performed, 0);
}

}  // namespace
}  // namespace astro::testing
