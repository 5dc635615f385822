// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <random>
#include <thread>

#include "core/bench.hpp"
#include "observing/night.hpp"
#include "plugins/simulator/drive.hpp"
#include "testing/testing.hpp"

// Drivers in processes of their own are killed, hang and fail at random moments of observations: nothing else dies,
// what was stored stays, and the dish stands still in the end, as its simulated hardware itself has it.
namespace astro::testing {
namespace {

using namespace std::chrono_literals;

constexpr int parts = 4;
constexpr int each = 5;  // faults in one opened observatory
int faults() { return (is_long() ? 1000 : 100) / parts; }

/// Processes that this one has started.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(thread.path() / "children");
    for (pid_t child = 0; list >> child;) found.push_back(child);
  }
  return found;
}

/// The hardware's own state, which its driver keeps in a file.
bool dish_stands_still(const Night& night) {
  for (const auto& file : std::filesystem::directory_iterator(night.site().state_folder() / "simulated")) {
    if (!file.path().filename().string().ends_with(".dish.dish")) continue;
    const simulator::Kept<simulator::DriveState> kept(file.path(), false);
    const auto state = kept.get();
    if (!state) continue;
    const double now = seconds(night.site().clock()->now() - state->since);
    return !simulator::Axis(state->first).is_moving(now) && !simulator::Axis(state->second).is_moving(now);
  }
  return false;
}

class ApartFaults : public ::testing::TestWithParam<int> {
 public:
  static void SetUpTestSuite() { ::setenv("ASTRO_TEST_RUNS", "apart", 1); }
  static void TearDownTestSuite() { ::unsetenv("ASTRO_TEST_RUNS"); }
};

TEST_P(ApartFaults, KillNothingElseAndLoseNothing) {
  std::mt19937 random(Night::seed());
  constexpr std::array signals{SIGKILL, SIGSTOP, SIGSEGV};  // a crash of ours or the system's, a hang, a fault
  int failed = 0;
  for (int done = 0; done < faults();) {
    const Night night;
    for (int i = 0; i < each && done < faults(); ++i, ++done) {
      ObservationRequest request{.target = i % 2 == 0 ? "altaz 200 50" : "altaz 100 60", .mode = Mode::track};
      request.integration_time = 20s;
      request.calibration_time = 2s;
      request.channels = 64;
      const auto wait = std::chrono::milliseconds(std::uniform_int_distribution(0, 150)(random));
      const std::size_t which = random();
      const int signal = signals[random() % signals.size()];
      std::jthread trouble([=] {
        std::this_thread::sleep_for(wait);
        const auto running = children();
        if (!running.empty()) ::kill(running[which % running.size()], signal);
      });
      std::int64_t told = -1;
      ObserveOptions watched;
      watched.progress = [&](const Progress& progress) { told = std::max(told, progress.stored); };
      const std::size_t before = night.site().store("archive").count<Integration>();
      std::string message;
      const auto code = code_of([&] { (void)night.observe(request, watched); }, &message);
      failed += code ? 1 : 0;
      trouble.join();
      SCOPED_TRACE("signal " + std::to_string(signal) + " after " + std::to_string(wait.count()) + " ms: " + message);
      EXPECT_NE(code, ErrorCode::internal);
      EXPECT_NE(code, ErrorCode::device_lost);
      EXPECT_GE(night.site().store("archive").count<Integration>() - before, static_cast<std::size_t>(told + 1));
      for (const Observation& record : night.site().store("archive").find<Observation>()) {
        EXPECT_TRUE(record.state == ObservationState::completed || record.state == ObservationState::failed);
        EXPECT_EQ(record.state == ObservationState::failed, !record.reason.empty());
      }
      night.site().mount("dish").stop();
      EXPECT_TRUE(eventually([&] { return dish_stands_still(night); }));
      // The next one finds all of them again.
      EXPECT_TRUE(eventually([&] { return night.site().mount("dish").status().state == MountState::stopped; }));
    }
    for (const auto& [kind, name] :
         {std::pair{DeviceKind::mount, "dish"}, std::pair{DeviceKind::receiver, "hydrogen"}}) {
      EXPECT_FALSE(kind == DeviceKind::mount ? night.site().mount(name).is_lost()
                                             : night.site().receiver(name).is_lost());
    }
  }
  RecordProperty("failed", failed);
  std::printf("%d faults, of which %d ended an observation\n", faults(), failed);
}

INSTANTIATE_TEST_SUITE_P(Parts, ApartFaults, ::testing::Range(0, parts));

}  // namespace
}  // namespace astro::testing
