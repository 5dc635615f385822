// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/schedule.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "astro/error.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/frames.hpp"
#include "core/bench.hpp"
#include "observing/rival.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

using namespace astro::literals;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::mt19937 dice() { return std::mt19937(first_seed()); }

double weighted_science_s(const Schedule& made) {
  double sum = 0.0;
  for (const ScheduledRequest& entry : made.entries) sum += entry.weight * seconds(entry.science);
  return sum;
}

QueuedRequest request_of(const std::string& id, const std::string& target, Duration time = 30min) {
  QueuedRequest made{.id = id, .user = id};
  made.request.target = target;
  made.request.integration_time = time;
  made.request.calibration = CalibrationKind::none;
  return made;
}

const WaitingRequest& waiting(const Schedule& made, const std::string& id) {
  const auto found = std::ranges::find(made.waiting, id, &WaitingRequest::id);
  EXPECT_NE(found, made.waiting.end()) << id << " does not wait";
  return *found;
}

const Time evening = parse_time("2026-11-21T20:00:00Z");

TEST(ASchedule, IsWithinATwentiethOfALongAnnealedSearch) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  const int nights = is_long() ? 50 : 5;
  double worst = 10.0;
  for (int night = 0; night < nights; ++night) {
    const Time from = random_evening(random);
    const Time to = from + 11h;
    const bool priorities = night % 2 == 1;
    const auto queue = random_queue(random, 40, from, priorities);
    const Schedule made = schedule(site, queue, {.from = from, .to = to});
    const double best = Rival(site, queue, from, to).annealed(random, is_long() ? 2'000'000 : 300'000);
    // Equal priorities weigh 2^(5/2) each: what is compared is then science time itself.
    const double share = weighted_science_s(made) / best;
    EXPECT_GE(share, 0.95) << "night of " << format_time(from, 0) << (priorities ? " with priorities" : "");
    worst = std::min(worst, share);
  }
  std::printf("%d nights, the worst has %.3f of the annealed science time\n", nights, worst);
}

TEST(ASchedule, OfAFewRequestsIsTheBestThereIs) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  const int nights = is_long() ? 100 : 20;
  for (int night = 0; night < nights; ++night) {
    const Time from = random_evening(random);
    const Time to = from + 150min;  // not all six have room
    const auto queue = random_queue(random, 6, from);
    const double best = Rival(site, queue, from, to - 6min).exhaustive();  // its cable has no end: a turn takes 3 min
    const Schedule made = schedule(site, queue, {.from = from, .to = to});
    EXPECT_GE(weighted_science_s(made), 0.95 * best) << "night of " << format_time(from, 0);
  }
}

TEST(ASchedule, KeepsAsManyDeadlinesAsCanBeKept) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  int with_choice = 0;
  for (int night = 0; night < (is_long() ? 100 : 20); ++night) {
    const Time from = random_evening(random);
    const Time to = from + 4h;
    auto queue = random_queue(random, 6, from, true);
    for (std::size_t i = 0; i < 3; ++i) {
      queue[i].priority = 0;  // the deadline alone brings it forward
      queue[i].request.integration_time = 40min;
      queue[i].deadline = from + 30min * std::uniform_int_distribution(2, 7)(random);
    }
    const std::size_t most = Rival(site, queue, from, to).most_deadlines(6min);  // the cable may need a turn
    const Schedule made = schedule(site, queue, {.from = from, .to = to});
    std::size_t kept = 0;
    for (const ScheduledRequest& entry : made.entries) {
      const auto number = std::stoul(entry.id.substr(1));
      if (!queue[number].deadline) continue;
      EXPECT_LE(entry.end, *queue[number].deadline);
      EXPECT_EQ(entry.because, TurnReason::deadline);
      ++kept;
    }
    EXPECT_GE(kept, most) << "night of " << format_time(from, 0);
    with_choice += most > 0 ? 1 : 0;
  }
  EXPECT_GT(with_choice, 0);
}

TEST(ASchedule, IsTheSameForTheSameSeed) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  const auto queue = random_queue(random, 30, evening);
  const ScheduleOptions options{.from = evening, .to = evening + 10h, .seed = 7};
  EXPECT_EQ(to_value(schedule(site, queue, options)), to_value(schedule(site, queue, options)));
}

TEST(ASchedule, NeitherOverlapsNorLeavesItsSpan) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  const auto queue = random_queue(random, 40, evening);
  const Schedule made = schedule(site, queue, {.from = evening, .to = evening + 10h});
  ASSERT_GE(made.entries.size(), 5u);
  EXPECT_EQ(made.entries.size() + made.waiting.size(), queue.size());
  Time free = evening;
  for (const ScheduledRequest& entry : made.entries) {
    EXPECT_GE(entry.start, free);
    EXPECT_GE(entry.begin, entry.start);
    EXPECT_GE(entry.end - entry.begin, entry.science);
    free = entry.end;
  }
  EXPECT_LE(free, evening + 10h);
}

/// One day after the other: what was planned is done, and more comes than there is room for.
struct Overload {
  std::vector<QueuedRequest> queue{};
  std::map<std::string, int> done{};  ///< by user

  void run(std::mt19937& random, Duration age_doubling) {
    const Site site = rival_site();
    for (int day = 0; day < 14; ++day) {
      const Time from = evening + 24h * day;
      for (int i = 0; i < 9; ++i) queue.push_back(arrival(random, day, i, from));
      const Schedule made =
          schedule(site, queue, {.from = from, .to = from + 24h, .evaluations = 3000, .age_doubling = age_doubling});
      for (const ScheduledRequest& entry : made.entries) finish(entry);
    }
  }

  /// Nine a day, each of three hours: more than there is time for. Two thirds come from one user who
  /// calls all of them most urgent; one user says nothing, and one that it is not urgent.
  static QueuedRequest arrival(std::mt19937& random, int day, int number, Time now) {
    std::uniform_real_distribution<double> ra(0.0, 360.0);
    std::uniform_real_distribution<double> dec(20.0, 60.0);
    QueuedRequest made = request_of("day " + std::to_string(day) + " no " + std::to_string(number),
                                    to_string(Target(Icrs{degrees(ra(random)), degrees(dec(random))})), 3h);
    made.user = number < 6 ? "greedy" : number < 8 ? "modest" : "patient";
    made.priority = number < 6 ? 10 : number < 8 ? 5 : 0;
    made.created = made.updated = now;
    return made;
  }

  void finish(const ScheduledRequest& entry) {
    QueuedRequest& record = *std::ranges::find(queue, entry.id, &QueuedRequest::id);
    record.state = QueueState::done;
    record.spent = entry.end - entry.start;
    record.updated = entry.end;
    ++done[entry.user];
  }

  int starved(int before_day) const {
    const auto is_starved = [&](const QueuedRequest& each) {
      return each.state == QueueState::waiting && each.created < evening + 24h * before_day;
    };
    return static_cast<int>(std::ranges::count_if(queue, is_starved));
  }
};

TEST(ASchedule, StarvesNobodyInFourteenDaysOfOverload) {
  std::mt19937 random = dice();
  Overload fair;
  fair.run(random, 24h);
  EXPECT_EQ(fair.starved(4), 0);
  // Who asks for little gets what he asks for, whatever the other calls urgent.
  EXPECT_GE(fair.done["modest"], 20);
  EXPECT_GE(fair.done["patient"], 9);
  EXPECT_GE(fair.done["greedy"], 40);
}

TEST(ASchedule, WouldStarveWhatIsNotUrgentIfAgeCountedForNothing) {
  std::mt19937 random = dice();
  Overload unfair;
  unfair.run(random, Duration{});
  EXPECT_GT(unfair.starved(4), 0);
}

TEST(ASchedule, GivesTwoWhoAskForTheWholeNightHalfOfItEach) {
  const Site site = rival_site();
  std::vector<QueuedRequest> queue;
  for (int i = 0; i < 24; ++i) {  // the pole is always up
    queue.push_back(request_of((i < 12 ? "a" : "b") + std::to_string(i), "icrs " + std::to_string(10 * i) + " 85", 1h));
    queue.back().user = i < 12 ? "anna" : "ben";
    queue.back().priority = i < 12 ? 6 : 5;  // a little more urgent does not take all
  }
  const Schedule made = schedule(site, queue, {.from = evening, .to = evening + 10h});
  std::map<std::string, int> hours;
  for (const ScheduledRequest& entry : made.entries) ++hours[entry.user];
  EXPECT_GE(hours["anna"], 4);
  EXPECT_GE(hours["ben"], 3);
}

TEST(ASchedule, RemembersWhoHadMuchAndForgetsItByAndBy) {
  const Site site = rival_site();
  std::vector<QueuedRequest> queue{request_of("mine", "icrs 0 80", 1h), request_of("yours", "icrs 20 80", 1h)};
  QueuedRequest past = request_of("past", "icrs 0 80", 1h);
  past.user = "mine";
  past.state = QueueState::done;
  past.spent = 20h;
  past.updated = evening - 24h;
  queue.push_back(past);
  const ScheduleOptions options{.from = evening, .to = evening + 90min};
  const auto chosen = [&] { return schedule(site, queue, options).entries.front().id; };
  EXPECT_EQ(chosen(), "yours");
  queue[0].priority = 6;  // of some more priority, which the past outweighs, as long as it is near
  EXPECT_EQ(chosen(), "yours");
  queue[2].updated = evening - 24h * 90;
  EXPECT_EQ(chosen(), "mine");
}

// Each sentence is checked against a sky that is sampled here.
TEST(ASchedule, SaysTrulyWhyEachWaits) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  std::set<WaitReason> seen;
  for (int night = 0; night < (is_long() ? 50 : 5); ++night) {
    const Time from = random_evening(random);
    const Time to = from + 6h;
    const auto queue = random_queue(random, 40, from);
    const Rival sky(site, queue, from, to);
    const Rival later(site, queue, from, to + 48h);
    const Schedule made = schedule(site, queue, {.from = from, .to = to});
    for (const WaitingRequest& each : made.waiting) {
      SCOPED_TRACE(each.id + ", night of " + format_time(from, 0) + ": " + each.why);
      const auto number = std::stoul(each.id.substr(1));
      seen.insert(each.because);
      EXPECT_FALSE(each.why.empty());
      int up = 0;
      for (Time time = from; time <= to; time += 1min) up += sky.is_up(number, time) ? 1 : 0;
      const auto first = later.first_begin(number, from);
      const bool could = first && *first + queue[number].request.integration_time <= to;
      switch (each.because) {
        case WaitReason::below:
        case WaitReason::reach:
          EXPECT_LE(up, 1);
          break;
        case WaitReason::short_time:
          EXPECT_GT(up, 0);
          EXPECT_FALSE(could && sky.is_free(number, *first + 2min));
          break;
        case WaitReason::others: {
          EXPECT_TRUE(could);
          Time free = from;
          for (std::size_t i = 0; i <= made.entries.size(); ++i) {  // no gap is long enough
            const Time end = i < made.entries.size() ? made.entries[i].start : to;
            const auto begin = sky.first_begin(number, free + 4min);  // with the ways there and from there
            if (begin) {
              EXPECT_GT(*begin + queue[number].request.integration_time + 4min, end);
            }
            if (i < made.entries.size()) free = made.entries[i].end;
          }
          break;
        }
        case WaitReason::impossible:
          EXPECT_TRUE(each.never);
          EXPECT_FALSE(later.first_begin(number, from));
          break;
        default:
          ADD_FAILURE() << "nothing of this queue asks for that";
      }
      if (each.possible_from) {
        // To the minute: it may be the first moment at which it is free as well as the last.
        const Time first_chance = *each.possible_from;
        EXPECT_TRUE(later.is_free(number, first_chance) || later.is_free(number, first_chance + 1min));
      }
    }
  }
  EXPECT_THAT(seen, ::testing::Contains(WaitReason::others));
  if (is_long()) {  // one night in ten has one
    EXPECT_THAT(seen, ::testing::Contains(WaitReason::below));
  }
}

TEST(ASchedule, SaysTrulyWhyEachHasItsTurn) {
  std::mt19937 random = dice();
  const Site site = rival_site();
  std::set<TurnReason> seen;
  for (int night = 0; night < (is_long() ? 50 : 5); ++night) {
    const Time from = random_evening(random);
    const Time to = from + 9h;
    const auto queue = random_queue(random, night % 2 == 0 ? 6 : 40, from, true);
    const Rival sky(site, queue, from, to + 3h);
    const Schedule made = schedule(site, queue, {.from = from, .to = to});
    for (const ScheduledRequest& entry : made.entries) {
      SCOPED_TRACE(entry.id + ", night of " + format_time(from, 0) + ": " + entry.why);
      const auto number = std::stoul(entry.id.substr(1));
      seen.insert(entry.because);
      EXPECT_TRUE(sky.is_up(number, entry.begin + 1min));
      if (entry.because == TurnReason::setting) {
        bool free = true;
        for (auto later = 0min; later <= 33min; later += 1min) free = free && sky.is_free(number, entry.begin + later);
        EXPECT_FALSE(free);
      }
      if (entry.because == TurnReason::rising) {
        EXPECT_FALSE(sky.is_free(number, entry.begin - 7min));
      }
    }
  }
  EXPECT_THAT(seen, ::testing::Contains(TurnReason::first));
  if (is_long()) {  // one night in ten has one
    EXPECT_THAT(seen, ::testing::Contains(TurnReason::setting));
  }
}

TEST(ASchedule, KnowsTheWishesOfARequest) {
  const Site site = rival_site();
  QueuedRequest high = request_of("high", "icrs 90 0");
  high.min_altitude = 89_deg;
  QueuedRequest later = request_of("later", "icrs 0 80");
  later.planned_start = evening + 30h;
  QueuedRequest past = request_of("past", "icrs 0 80");
  past.deadline = evening - 1h;
  QueuedRequest south = request_of("south", "icrs 0 -80");
  QueuedRequest wrong = request_of("wrong", "icrs 0 80");
  wrong.request.receiver = "hydrogn";
  QueuedRequest again = request_of("again", "icrs 0 80");
  again.retry_from = evening + 20h;
  again.reason = "attempt 1 of 3 failed: it rained";
  QueuedRequest sunny = request_of("sunny", "sun");
  sunny.min_sun_distance = 5_deg;
  sunny.planned_start = evening + 1h;
  const std::vector<QueuedRequest> queue{high, later, past, south, wrong, again, sunny};
  const Schedule made = schedule(site, queue, {.from = evening, .to = evening + 8h});
  EXPECT_TRUE(made.entries.empty());
  EXPECT_EQ(waiting(made, "high").because, WaitReason::impossible);
  EXPECT_EQ(waiting(made, "later").because, WaitReason::not_before);
  EXPECT_EQ(waiting(made, "past").because, WaitReason::deadline);
  EXPECT_TRUE(waiting(made, "past").never);
  EXPECT_EQ(waiting(made, "south").because, WaitReason::impossible);
  EXPECT_THAT(waiting(made, "wrong").why, HasSubstr("did you mean 'hydrogen'"));
  EXPECT_EQ(waiting(made, "again").because, WaitReason::retry);
  EXPECT_THAT(waiting(made, "again").why, HasSubstr("it rained"));
  EXPECT_EQ(waiting(made, "sunny").because, WaitReason::below);
  EXPECT_FALSE(waiting(made, "sunny").possible_from);
}

TEST(ASchedule, FindsWhenTheSunHasMovedOn) {
  const Site site = rival_site();
  const Icrs sun = sky::icrs(Target(Body::sun), site.location, evening);
  QueuedRequest near = request_of("near", to_string(Target(sun)));
  near.min_sun_distance = 30_deg;
  const std::vector<QueuedRequest> queue{near};
  const Schedule made = schedule(site, queue, {.from = evening - 10h, .to = evening - 4h});
  const WaitingRequest& told = waiting(made, "near");
  EXPECT_EQ(told.because, WaitReason::sun);
  ASSERT_TRUE(told.possible_from);
  EXPECT_GE(sky::sun_distance(Target(sun), site.location, *told.possible_from), 30_deg);
  EXPECT_LT(sky::sun_distance(Target(sun), site.location, *told.possible_from - 24h * 6), 30_deg);
}

TEST(ASchedule, OfAnEmptyOrAnEndlessSpanIsRefused) {
  const Site site = rival_site();
  EXPECT_EQ(code_of([&] { (void)schedule(site, {}, {.from = evening, .to = evening}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)schedule(site, {}, {.from = evening, .to = evening + 49h}); }),
            ErrorCode::invalid_argument);
  EXPECT_TRUE(schedule(site, {}, {.from = evening, .to = evening + 1h}).entries.empty());
}

}  // namespace
}  // namespace astro::testing
