// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/mount.hpp"
#include "astro/observing/queue.hpp"

/// \file
/// Which request when: a pure function of site, queue and time.
///
/// What is made as large as possible is the sum of weight times science time (integration on the
/// sky and on references) over the requests that fit into the span. The weighted sum over requests
/// that are either in or out is that of Lampoudi, Saunders & Eastman 2015 (An integer linear
/// programming solution to the telescope network scheduling problem, ICORES 2015); the weight is
///
///     w = 2^(priority / 2) * 2^(age / age_doubling) / (1 + (had + ahead) / share) * due
///
/// - `age` since the request was created: whatever waits long enough comes before all that is newer,
///   so that nothing starves.
/// - `had`: telescope time of the same user in the queue's records, halved for each `usage_half_life`
///   that has passed since, as in Kay & Lauder 1988 (A fair share scheduler, CACM 31, 44).
/// - `ahead`: time that the user's own requests of greater or equal weight ask for in this span: of two
///   that ask for the whole night each, both get half of it.
/// - `share`: the span divided by the number of users with a request that can be observed in it.
/// - `due` is `due_factor` for a request whose deadline leaves no other chance than this span (or the
///   day after it), else 1.
///
/// Of equal schedules the one wins in which the weightier requests are done earlier. Waiting in vain, setting and
/// slewing all cost time that something else could have had, and need no terms of their own.
///
/// Found by a greedy choice that looks one request ahead and then simulated annealing (Kirkpatrick,
/// Gelatt & Vecchi 1983, Science 220, 671) with swaps, moves, insertions and removals; ended by a
/// count of evaluations, so that the same seed gives the same schedule on every machine of a kind.
/// Each request of the result has been planned (`plan`) at its time, from where the one before ends.
namespace astro {

/// Why a request has its turn.
enum class TurnReason : std::uint8_t {
  deadline,  ///< it has to be done by then
  setting,   ///< it could not begin much later: it sets, or comes where it cannot be observed
  rising,    ///< it could not begin earlier
  first,     ///< of all that can begin then it weighs most
  fits       ///< it fits best between the others
};

template <>
struct Description<TurnReason> {
  static constexpr std::array choices{"deadline", "setting", "rising", "first", "fits"};
};

struct ScheduledRequest {
  std::string id{};
  std::string target{};  ///< its name for people
  std::string user{};
  Time start{};  ///< of the slew that leads to it
  Time begin{};  ///< on its target
  Time end{};
  Duration slew{};  ///< in all, calibration included
  Duration science{};
  double weight = 0.0;
  TurnReason because = TurnReason::fits;
  std::string why{};  ///< one sentence
};

template <>
struct Description<ScheduledRequest> {
  using S = ScheduledRequest;
  static constexpr std::array fields{
      field<&S::id>("id", {.says = "of the request"}),
      field<&S::target>("target", {.says = "its name for people"}),
      field<&S::user>("user", {.says = "who asks"}),
      field<&S::start>("start", {.says = "of the slew that leads to it"}),
      field<&S::begin>("begin", {.says = "on its target"}),
      field<&S::end>("end", {.says = "of its last integration"}),
      field<&S::slew>("slew", {.says = "in all"}),
      field<&S::science>("science", {.says = "integration on the sky and on references"}),
      field<&S::weight>("weight", {.says = "what a second of it counts"}),
      field<&S::because>("because", {.says = "why it has its turn"}),
      field<&S::why>("why", {.says = "one sentence"})};
};

/// Why a request waits.
enum class WaitReason : std::uint8_t {
  impossible,  ///< at this site, at no time
  deadline,    ///< it cannot be done before it
  not_before,  ///< its planned start has not come
  retry,       ///< an attempt failed, and the next comes later
  below,       ///< its altitude is too low: horizon, limits, or its own wish
  reach,       ///< the axes do not get there: too near to the zenith, for instance
  sun,
  moon,
  short_time,  ///< it can be seen, but not for long enough
  others       ///< it could be observed; others take the time
};

template <>
struct Description<WaitReason> {
  static constexpr std::array choices{"impossible", "deadline", "not_before", "retry",      "below",
                                      "reach",      "sun",      "moon",       "short_time", "others"};
};

struct WaitingRequest {
  std::string id{};
  std::string target{};
  std::string user{};
  WaitReason because = WaitReason::others;
  std::string why{};                    ///< one sentence
  std::optional<Time> possible_from{};  ///< when it could begin, as far as one can see (two days; for the Sun a year)
  bool never = false;                   ///< no waiting helps
};

template <>
struct Description<WaitingRequest> {
  using W = WaitingRequest;
  static constexpr std::array fields{field<&W::id>("id", {.says = "of the request"}),
                                     field<&W::target>("target", {.says = "its name for people"}),
                                     field<&W::user>("user", {.says = "who asks"}),
                                     field<&W::because>("because", {.says = "why it waits"}),
                                     field<&W::why>("why", {.says = "one sentence"}),
                                     field<&W::possible_from>("possible_from", {.says = "when it could begin"}),
                                     field<&W::never>("never", {.says = "no waiting helps"})};
};

struct Schedule {
  Time begin{};  ///< of the span
  Time end{};
  std::vector<ScheduledRequest> entries{};  ///< in their order
  std::vector<WaitingRequest> waiting{};    ///< all others that wait
  Duration science{};
  Duration slewing{};
  std::int64_t evaluations = 0;
};

template <>
struct Description<Schedule> {
  static constexpr const char* name = "schedule";
  static constexpr std::array fields{
      field<&Schedule::begin>("begin", {.says = "of the span"}),
      field<&Schedule::end>("end", {.says = "of the span"}),
      field<&Schedule::entries>("entries", {.says = "requests in their order"}),
      field<&Schedule::waiting>("waiting", {.says = "requests that wait"}),
      field<&Schedule::science>("science", {.says = "integration on the sky and on references"}),
      field<&Schedule::slewing>("slewing", {.says = "of all mounts"}),
      field<&Schedule::evaluations>("evaluations", {.says = "schedules that were tried"})};
};

/// Where a mount is, and what it turned out to be.
struct MountNow {
  std::optional<Axes> axes{};                     ///< empty: in the middle of its reach
  std::optional<MountDescription> description{};  ///< empty: as its driver registers it
};

struct ScheduleOptions {
  Time from{};
  Time to{};                                 ///< at most two days later; what does not end by then waits
  std::map<std::string, MountNow> mounts{};  ///< by name, as far as known
  std::uint64_t seed = 1;
  std::int64_t evaluations = 20000;
  Duration age_doubling = std::chrono::hours(24);  ///< zero: waiting counts for nothing
  Duration usage_half_life = std::chrono::hours(7 * 24);
  double due_factor = 1000.0;
};

/// As the site's `queue:` has it, from `now` on: its horizon, within the hours in which it works (those that are, or
/// the next), and its fairness. `length`: instead of the horizon. Nothing when such hours do not come within two days.
ASTRO_API std::optional<ScheduleOptions> schedule_options(const Site& site, Time now, Duration length = {});

/// Plans what waits in `queue` (its records of all states: those that have ended say what their users
/// had). Requests are carried out one after the other, also those of different mounts. Throws
/// `invalid_argument` for a span that is empty or longer than two days.
ASTRO_API Schedule schedule(const Site& site, std::span<const QueuedRequest> queue, const ScheduleOptions& options);

}  // namespace astro
