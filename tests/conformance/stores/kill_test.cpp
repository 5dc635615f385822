// SPDX-License-Identifier: BSD-3-Clause
// A program that is killed while it stores: what was acknowledged is there, each once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "conformance/stores/under_test.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

class KilledPrograms : public EveryStore {
 protected:
  /// Inserts rows and objects for ever and tells the parent the number of each that was acknowledged.
  [[noreturn]] void insert_until_killed(int answers) const {
    try {
      const Opened store = open();
      const auto last = store.numbers({.newest_first = true, .limit = 1});
      for (std::int64_t i = last.empty() ? 0 : last[0] + 1;; ++i) {
        const ObjectId id = store->put_object(bytes(std::to_string(i)));
        store.insert<Counted>({{i, id}});
        if (::write(answers, &i, sizeof i) != sizeof i) ::_exit(1);
      }
    } catch (...) {
      ::_exit(2);
    }
  }

  /// The last number that the child acknowledged before it was killed.
  std::int64_t kill_a_child_that_inserts(std::chrono::milliseconds after) const {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) insert_until_killed(ends[1]);
    ::close(ends[1]);
    std::int64_t last = -1;
    EXPECT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));  // it is under way
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
    while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) continue;
    ::close(ends[0]);
    return last;
  }
};
ASTRO_WITH_EVERY_STORE(KilledPrograms);

TEST_P(KilledPrograms, LoseNothingThatWasAcknowledged) {
  { open()->prepare(counted()); }
  const int moments = is_long() ? 60 : 6;
  std::int64_t last = -1;
  for (int moment = 0; moment < moments; ++moment) {
    last = kill_a_child_that_inserts(std::chrono::milliseconds(5 + 7 * (moment % 9)));
    const Opened store = open();
    const auto found = store.find<Counted>();
    // All that was acknowledged, in order and without a hole; at most one more that was on its way to be.
    ASSERT_GE(static_cast<std::int64_t>(found.size()), last + 1);
    ASSERT_LE(static_cast<std::int64_t>(found.size()), last + 2);
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].number, static_cast<std::int64_t>(i));
    for (std::size_t i = found.size() < 20 ? 0 : found.size() - 20; i < found.size(); ++i) {
      ASSERT_EQ(store->get_object(found[i].text), bytes(std::to_string(i)));
    }
  }
  EXPECT_GE(last, moments - 1);  // each child acknowledged one at least
}

}  // namespace
}  // namespace astro::testing
