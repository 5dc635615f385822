// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/queue.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "astro/observing/observe.hpp"
#include "astro/observing/schedule.hpp"
#include "astro/sky/frames.hpp"
#include "core/bench.hpp"
#include "observing/night.hpp"

namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A real store that is open, as one process has it; several can have the same file.
class OpenStore {
 public:
  explicit OpenStore(const std::filesystem::path& database)
      : observatory_(Observatory::open(parse_site("site: {name: Queue, latitude: 28 deg, longitude: -16 deg}\n"
                                                  "stores:\n  archive: {driver: sqlite, path: " +
                                                  database.string() + "}\n"),
                                       {.state_folder = folder_.path()})) {}
  StoreHandle handle() const { return observatory_.store("archive"); }

 private:
  TemporaryFolder folder_;
  Observatory observatory_;
};

QueuedRequest wish(const std::string& target = "icrs 10 60") {
  QueuedRequest made{.user = "anna"};
  made.request.target = target;
  return made;
}

const Time now = parse_time("2026-11-21T20:00:00Z");

TEST(AQueue, KeepsWhatIsAddedWithAnIdOfItsOwn) {
  const TemporaryFolder folder;
  const OpenStore store(folder.path() / "queue.db");
  QueuedRequest asked = wish();
  asked.request.planned_start = now + 1h;
  asked.user.clear();
  asked.request.observer = "ben";
  const QueuedRequest kept = add_request(store.handle(), asked, now);
  EXPECT_FALSE(kept.id.empty());
  EXPECT_EQ(kept.user, "ben");
  EXPECT_EQ(kept.planned_start, now + 1h);
  const auto listed = list_requests(store.handle());
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(to_value(listed.front()), to_value(kept));
}

TEST(AQueue, TellsTheObservationWhoAsked) {
  const TemporaryFolder folder;
  const OpenStore store(folder.path() / "queue.db");
  EXPECT_EQ(add_request(store.handle(), wish(), now).request.observer, "anna");
  QueuedRequest asked = wish();
  asked.request.observer = "ben";
  EXPECT_EQ(add_request(store.handle(), asked, now).request.observer, "ben");
}

TEST(AQueue, RefusesWhatMakesNoSense) {
  const TemporaryFolder folder;
  const OpenStore store(folder.path() / "queue.db");
  const auto refusal = [&](const QueuedRequest& asked) {
    std::string message;
    EXPECT_EQ(code_of([&] { (void)add_request(store.handle(), asked, now); }, &message), ErrorCode::invalid_argument);
    return message;
  };
  QueuedRequest asked = wish();
  asked.priority = 11;
  EXPECT_THAT(refusal(asked), HasSubstr("0 to 10"));
  asked = wish();
  asked.planned_start = now + 2h;
  asked.deadline = now + 1h;
  EXPECT_THAT(refusal(asked), HasSubstr("not after its planned start"));
  EXPECT_THAT(refusal(wish("galctic 1 2")), HasSubstr("galctic"));
  asked = add_request(store.handle(), wish(), now);
  EXPECT_THAT(refusal(asked), HasSubstr("already"));
  EXPECT_EQ(list_requests(store.handle()).size(), 1u);
}

TEST(AQueue, CancelsOnceAndSaysWhyNotTwice) {
  const TemporaryFolder folder;
  const OpenStore store(folder.path() / "queue.db");
  const std::string id = add_request(store.handle(), wish(), now).id;
  EXPECT_EQ(cancel_request(store.handle(), id, now + 1s, "clouds").reason, "clouds");
  EXPECT_TRUE(list_requests(store.handle(), false).empty());
  EXPECT_EQ(list_requests(store.handle()).front().state, QueueState::cancelled);
  EXPECT_EQ(code_of([&] { (void)cancel_request(store.handle(), id, now); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)cancel_request(store.handle(), "nobody", now); }), ErrorCode::not_found);
}

TEST(AQueue, LosesNothingWhenSeveralAddAndCancelAtOnce) {
  const TemporaryFolder folder;
  constexpr int each = 25;
  std::atomic<int> cancelled = 0;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < 3; ++writer) {
      threads.emplace_back([&] {
        const OpenStore store(folder.path() / "queue.db");
        for (int i = 0; i < each; ++i) {
          const std::string id = add_request(store.handle(), wish(), now).id;
          if (i % 2 == 0) cancel_request(store.handle(), id, now), ++cancelled;
        }
      });
    }
  }
  const OpenStore store(folder.path() / "queue.db");
  std::set<std::string> ids;
  int found_cancelled = 0;
  for (const QueuedRequest& record : list_requests(store.handle())) {
    ids.insert(record.id);
    if (record.state == QueueState::cancelled) ++found_cancelled;
    EXPECT_EQ(record.revision, record.state == QueueState::cancelled ? 1 : 0);
  }
  EXPECT_EQ(ids.size(), 3u * each);
  EXPECT_EQ(found_cancelled, cancelled);
}

TEST(AQueue, IsCancelledByOneOfManyWhoTry) {
  const TemporaryFolder folder;
  const OpenStore mine(folder.path() / "queue.db");
  const std::string id = add_request(mine.handle(), wish(), now).id;
  std::atomic<int> succeeded = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const OpenStore store(folder.path() / "queue.db");
        if (!code_of([&] { (void)cancel_request(store.handle(), id, now); })) ++succeeded;
      });
    }
  }
  EXPECT_EQ(succeeded, 1);
}

/// A wish that the night's simulated dish can fulfil now.
QueuedRequest short_wish(const Night& night, const std::string& name, Duration time = 20s) {
  QueuedRequest made = wish(to_string(Target(night.source())));
  made.request.target_name = name;
  made.request.integration_time = time;
  made.request.integration = 2s;
  made.request.calibration_time = 4s;
  made.request.channels = 256;
  return made;
}

QueuedRequest record_of(const Night& night, const std::string& id) {
  return night.site().store("archive").find<QueuedRequest>({.where = {{.field = "id", .value = id}}}).at(0);
}

Duration sky_time(const Night& night, const std::string& observation) {
  Duration sum{};
  for (const Integration& each : night.site().store("archive").find<Integration>(
           {.where = {{.field = "observation_id", .value = observation}}})) {
    if (each.phase == Phase::sky) sum += each.duration;
  }
  return sum;
}

TEST(ARunOfTheQueue, DoesTheMostUrgentFirstAndEndsWhenItIsEmpty) {
  const Night night;
  const StoreHandle store = night.site().store("archive");
  QueuedRequest second = short_wish(night, "second");
  QueuedRequest first = short_wish(night, "first");
  first.priority = 9;
  const std::string second_id = add_request(store, second, night.start()).id;
  const std::string first_id = add_request(store, first, night.start()).id;
  const std::string south = add_request(store, wish("icrs 0 -89"), night.start()).id;
  std::vector<std::string> finished;
  const QueueRun ended =
      run_queue(night.site(), "archive", {.until_empty = true, .changed = [&](const QueuedRequest& r) {
                                            if (r.state == QueueState::done) finished.push_back(r.id);
                                          }});
  EXPECT_EQ(ended.done, 2);
  EXPECT_EQ(ended.failed, 1);
  EXPECT_THAT(finished, ElementsAre(first_id, second_id));
  EXPECT_EQ(record_of(night, south).state, QueueState::impossible);
  EXPECT_THAT(record_of(night, south).reason, HasSubstr("never high enough"));
  const QueuedRequest done = record_of(night, first_id);
  EXPECT_EQ(done.attempts, 1);
  EXPECT_GT(done.spent, 20s);
  EXPECT_GE(sky_time(night, done.observation_id), 19s);
}

TEST(ARunOfTheQueue, GoesOnWithWhatWasStopped) {
  Night night;
  const std::string id = add_request(night.site().store("archive"), short_wish(night, "long", 600s), night.start()).id;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (record_of(night, id).observation_id.empty() || sky_time(night, record_of(night, id).observation_id) < 10s)
      std::this_thread::sleep_for(5ms);
    stop.request_stop();
  });
  const QueueRun stopped = run_queue(night.site(), "archive", {.stop = stop.get_token()});
  stopper.join();
  EXPECT_EQ(stopped.interrupted, 1);
  const QueuedRequest waits = record_of(night, id);
  EXPECT_EQ(waits.state, QueueState::waiting);
  const Duration before = sky_time(night, waits.observation_id);
  EXPECT_LT(before, 590s);
  EXPECT_EQ(run_queue(night.site(), "archive", {.until_empty = true}).done, 1);
  const QueuedRequest done = record_of(night, id);
  EXPECT_EQ(done.observation_id, waits.observation_id);
  EXPECT_NEAR(seconds(sky_time(night, done.observation_id)), 600.0, 3.0);
}

TEST(ARunOfTheQueue, TakesUpWhatAProcessLeftRunningWhenItWasKilled) {
  Night night;
  const StoreHandle store = night.site().store("archive");
  QueuedRequest left = add_request(store, short_wish(night, "left"), night.start());
  left.state = QueueState::running;  // as the killed process had written
  left.attempts = 1;
  left.revision = 1;
  ASSERT_TRUE(store.replace(left, "revision", 0));
  QueuedRequest worn = add_request(store, short_wish(night, "worn"), night.start());
  worn.state = QueueState::running;
  worn.attempts = worn.max_attempts;
  worn.revision = 1;
  ASSERT_TRUE(store.replace(worn, "revision", 0));
  const QueueRun ended = run_queue(night.site(), "archive", {.until_empty = true});
  EXPECT_EQ(ended.done, 1);
  EXPECT_EQ(record_of(night, left.id).attempts, 2);
  EXPECT_EQ(record_of(night, worn.id).state, QueueState::failed);
  EXPECT_THAT(record_of(night, worn.id).reason, HasSubstr("the last of its 3 attempts"));
}

TEST(ARunOfTheQueue, StopsWhatIsCancelledWhileItRunsAndGoesOn) {
  const Night night;
  const StoreHandle store = night.site().store("archive");
  QueuedRequest endless = short_wish(night, "endless", 3h);
  endless.priority = 9;
  const std::string id = add_request(store, endless, night.start()).id;
  const std::string other = add_request(store, short_wish(night, "other"), night.start()).id;
  std::jthread canceller([&] {
    while (record_of(night, id).state != QueueState::running) std::this_thread::sleep_for(5ms);
    cancel_request(store, id, night.site().clock()->now(), "no longer needed");
  });
  const QueueRun ended = run_queue(night.site(), "archive", {.until_empty = true});
  canceller.join();
  EXPECT_EQ(ended.done, 1);
  EXPECT_EQ(record_of(night, id).state, QueueState::cancelled);
  EXPECT_EQ(record_of(night, id).reason, "no longer needed");
  EXPECT_EQ(record_of(night, other).state, QueueState::done);
}

TEST(ARunOfTheQueue, TriesAgainAndThenGivesUpWithTheReason) {
  const Night night({.receiver = "faults: [{kind: exception, at: 1 s, lasts: 100000 s}]"});
  const StoreHandle store = night.site().store("archive");
  QueuedRequest hopeless = short_wish(night, "hopeless");
  hopeless.max_attempts = 2;
  const std::string id = add_request(store, hopeless, night.start()).id;
  const QueueRun ended = run_queue(night.site(), "archive", {.until_empty = true, .retry_after = 30s});
  EXPECT_EQ(ended.failed, 1);
  const QueuedRequest failed = record_of(night, id);
  EXPECT_EQ(failed.state, QueueState::failed);
  EXPECT_EQ(failed.attempts, 2);
  EXPECT_THAT(failed.reason, HasSubstr("hydrogen"));
}

constexpr const char* ruled_site = R"(
site: {name: Rules, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}
stores:
  archive: {driver: sqlite, path: rules.db}
queue: {hours: night, sun_altitude: -6 deg, horizon: 6 h, most_waiting: 2, most_time: 3 min, age_doubling: 12 h}
)";

TEST(TheRulesOfAQueue, AreThoseOfTheSiteFile) {
  const Site site = parse_site(ruled_site);
  const Time noon = parse_time("2026-11-21T12:00:00Z");
  const auto tonight = schedule_options(site, noon);
  ASSERT_TRUE(tonight);
  EXPECT_EQ(tonight->age_doubling, 12h);
  EXPECT_EQ(tonight->to - tonight->from, 6h);
  const auto altitude = [&](Time time) { return sky::altaz(Target(Body::sun), site.location, time).altitude; };
  EXPECT_GT(altitude(tonight->from - 2min), degrees(-6));
  EXPECT_LT(altitude(tonight->from + 2min), degrees(-6));
  const auto late = schedule_options(site, parse_time("2026-11-22T05:00:00Z"));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->from, parse_time("2026-11-22T05:00:00Z"));
  EXPECT_LT(late->to - late->from, 3h) << "the night ends";
  EXPECT_EQ(schedule_options(site, noon, 1h)->to - tonight->from, 1h);
}

TEST(TheRulesOfAQueue, KnowOfNightsThatDoNotCome) {
  const Site site = parse_site("site: {name: North, latitude: 78 deg, longitude: 15 deg}\nqueue: {hours: night}\n");
  EXPECT_FALSE(schedule_options(site, parse_time("2026-06-21T12:00:00Z")));
  EXPECT_TRUE(schedule_options(site, parse_time("2026-12-21T12:00:00Z")));
}

TEST(TheRulesOfAQueue, LimitWhatOneUserMayAskFor) {
  const TemporaryFolder folder;
  const OpenStore store(folder.path() / "queue.db");
  const auto rules = parse_site(ruled_site).section<QueueSection>("queue");
  const auto ask = [&](const std::string& user, Duration time) {
    QueuedRequest asked = wish();
    asked.user = user;
    asked.request.integration_time = time;
    asked.request.calibration = CalibrationKind::none;
    return add_request(store.handle(), asked, now, rules);
  };
  std::string message;
  (void)ask("anna", 1min);
  EXPECT_EQ(code_of([&] { (void)ask("anna", 130s); }, &message), ErrorCode::busy);
  EXPECT_THAT(message, HasSubstr("`most_time: 180 s`"));
  const QueuedRequest second = ask("anna", 1min);
  EXPECT_EQ(code_of([&] { (void)ask("anna", 1s); }, &message), ErrorCode::busy);
  EXPECT_THAT(message, HasSubstr("`most_waiting: 2`"));
  (void)ask("ben", 1min);
  cancel_request(store.handle(), second.id, now);
  (void)ask("anna", 1min);
}

TEST(ARunOfTheQueue, SeesWhatIsAddedWhileItWaits) {
  const Night night;
  const StoreHandle store = night.site().store("archive");
  std::stop_source stop;
  std::vector<std::string> done;
  std::jthread adder([&] {
    std::this_thread::sleep_for(200ms);
    (void)add_request(store, short_wish(night, "late"), night.start());
  });
  const QueueRun ended =
      run_queue(night.site(), "archive", {.stop = stop.get_token(), .changed = [&](const QueuedRequest& r) {
                                            if (r.state == QueueState::done) stop.request_stop();
                                          }});
  EXPECT_EQ(ended.done, 1);
}

}  // namespace
}  // namespace astro::testing
