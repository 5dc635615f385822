// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "astro/observing/request.hpp"
#include "astro/store_handle.hpp"

/// \file
/// Requests that wait for the telescope: records in a store, so that they outlive every process and
/// several can add, cancel and look while one carries them out.
namespace astro {

class Observatory;
struct Progress;
struct Schedule;

enum class QueueState : std::uint8_t {
  waiting,
  running,
  done,
  failed,     ///< after all its attempts, or past its deadline
  cancelled,  ///< by somebody
  impossible  ///< at no time, at this site
};

template <>
struct Description<QueueState> {
  static constexpr std::array choices{"waiting", "running", "done", "failed", "cancelled", "impossible"};
};

/// A request in the queue.
struct QueuedRequest {
  std::string id{};
  std::int64_t revision = 0;
  ObservationRequest request{};
  std::string user{};
  std::int64_t priority = 5;            ///< 0 to 10
  std::optional<Time> planned_start{};  ///< not before
  std::optional<Time> deadline{};       ///< it has to be done by then
  Angle min_altitude{};                 ///< beside the mount's limits and the horizon of the site
  Angle min_sun_distance{};             ///< beside the site's own rule
  Angle min_moon_distance{};            ///< beside the site's own rule
  std::int64_t max_attempts = 3;
  QueueState state = QueueState::waiting;
  std::string reason{};              ///< of its state: why it waits, why it failed
  std::int64_t attempts = 0;         ///< begun so far
  std::optional<Time> retry_from{};  ///< after an attempt that failed
  Duration spent{};                  ///< of the telescope's time, in all attempts
  Time created{};
  Time updated{};
  std::string observation_id{};  ///< as soon as it has begun
};

template <>
struct Description<QueuedRequest> {
  static constexpr const char* name = "queued_request";
  using Q = QueuedRequest;
  static constexpr std::array fields{
      field<&Q::id>("id", {.says = "unlike any other"}),
      field<&Q::revision>("revision", {.says = "counts changes"}),
      field<&Q::request>("request", {.says = "what is asked for"}),
      field<&Q::user>("user", {.says = "who asks, and is treated fairly"}),
      field<&Q::priority>("priority", {.min = 0, .max = 10, .says = "two steps are worth twice the time"}),
      field<&Q::planned_start>("planned_start", {.says = "not before"}),
      field<&Q::deadline>("deadline", {.says = "it has to be done by then"}),
      field<&Q::min_altitude>("min_altitude", {.min = 0, .max = 90, .says = "beside the limits of the site"}),
      field<&Q::min_sun_distance>("min_sun_distance", {.min = 0, .max = 180, .says = "beside the rule of the site"}),
      field<&Q::min_moon_distance>("min_moon_distance", {.min = 0, .max = 180, .says = "beside the rule of the site"}),
      field<&Q::max_attempts>("max_attempts", {.min = 1, .max = 100, .says = "before it counts as failed"}),
      field<&Q::state>("state", {.says = "how far it is"}),
      field<&Q::reason>("reason", {.says = "of its state"}),
      field<&Q::attempts>("attempts", {.says = "begun so far"}),
      field<&Q::retry_from>("retry_from", {.says = "after an attempt that failed"}),
      field<&Q::spent>("spent", {.says = "of the telescope's time, in all attempts"}),
      field<&Q::created>("created", {.says = "when it was asked for"}),
      field<&Q::updated>("updated", {.says = "when its record changed last"}),
      field<&Q::observation_id>("observation_id", {.says = "as soon as it has begun"})};
};

/// When a queue works.
enum class QueueHours : std::uint8_t {
  always,
  night,  ///< while the Sun is below `sun_altitude`
  day     ///< while it is not
};

template <>
struct Description<QueueHours> {
  static constexpr std::array choices{"always", "night", "day"};
};

/// The site file's `queue:` section: where the queue lies, when it works, and what one user may ask for.
///
///     queue: {store: archive, hours: night, sun_altitude: -6 deg, horizon: 12 h, most_waiting: 20}
struct QueueSection {
  std::string store{};  ///< that keeps it; empty: the only one of the site
  QueueHours hours = QueueHours::always;
  Angle sun_altitude = arcminutes(-50);                ///< of `night` and `day`: sunrise and sunset
  Duration horizon = std::chrono::hours(24);           ///< how far ahead is planned
  Duration retry_after = std::chrono::minutes(5);      ///< after an attempt that failed; doubled with each
  Duration age_doubling = std::chrono::hours(24);      ///< of the weight; zero: waiting counts for nothing
  Duration usage_half_life = std::chrono::hours(168);  ///< until half of what a user had is forgotten
  std::int64_t most_waiting = 0;                       ///< requests of one user; 0: any number
  Duration most_time{};                                ///< that one user's requests may wait for; zero: any
};

template <>
struct Description<QueueSection> {
  using S = QueueSection;
  static constexpr std::array fields{
      field<&S::store>("store",
                       {.says = "that keeps it; empty: the only one of the site", .required = false, .names = "store"}),
      field<&S::hours>("hours", {.says = "when it works"}),
      field<&S::sun_altitude>("sun_altitude", {.min = -90, .max = 90, .says = "below it is night"}),
      field<&S::horizon>("horizon", {.min = 600, .max = 172800, .says = "how far ahead is planned"}),
      field<&S::retry_after>("retry_after", {.min = 0, .max = 86400, .says = "after an attempt that failed; doubled"}),
      field<&S::age_doubling>("age_doubling",
                              {.min = 0, .max = 1e8, .says = "of the weight; 0: waiting counts for nothing"}),
      field<&S::usage_half_life>("usage_half_life",
                                 {.min = 60, .max = 1e9, .says = "until half of what a user had is forgotten"}),
      field<&S::most_waiting>("most_waiting", {.min = 0, .max = 1e6, .says = "requests of one user; 0: any number"}),
      field<&S::most_time>("most_time",
                           {.min = 0, .max = 1e9, .says = "that one user's requests may wait for; 0: any"})};
};

/// Puts a request into the queue and returns it as it is kept: with an id (unless it has one),
/// `waiting`, created `now`; user and planned start are those of the request where it has none of
/// its own. Throws `invalid_argument` for a priority, a deadline or steps that make no sense, and
/// when the id is there already; `busy` when its user has as many waiting as `rules` allow.
ASTRO_API QueuedRequest add_request(const StoreHandle& store, QueuedRequest request, Time now,
                                    const QueueSection& rules = {});

/// In the order in which they came; without those that have ended, if so told.
ASTRO_API std::vector<QueuedRequest> list_requests(const StoreHandle& store, bool with_ended = true);

/// Takes a request off the queue; one that runs is stopped by whoever carries it out, within a
/// second or two. Whoever changes the record meanwhile is not lost: it is read again. Throws
/// `not_found`, and `invalid_argument` for one that has ended already.
ASTRO_API QueuedRequest cancel_request(const StoreHandle& store, const std::string& id, Time now,
                                       const std::string& reason = "");

/// The reins of a queue that runs and of what it carries out, for any thread. Copies are the same reins.
class ASTRO_API QueueControl final {
 public:
  QueueControl();

  /// Ends the run. What is carried out waits again, and the next run resumes it.
  void stop() noexcept;
  std::stop_token token() const noexcept;

  /// Id of the request that is carried out; empty: none is.
  std::string running() const;
  /// As `ObservationControl`, of that request; false when none is carried out. One that is cancelled is not tried
  /// again.
  bool pause() noexcept;
  bool go_on() noexcept;
  bool is_paused() const noexcept;
  bool cancel() noexcept;
  bool extend(std::int64_t passes) noexcept;

  struct State;
  State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

struct QueueOptions {
  std::stop_token stop{};
  bool until_empty = false;                             ///< ends when nothing more can be done within the look-ahead
  std::optional<Duration> look_ahead{};                 ///< empty: the `horizon` of the site's `queue:`
  std::optional<Duration> retry_after{};                ///< doubled with each attempt; empty: as the site has it
  std::int64_t evaluations = 20000;                     ///< of each planning
  std::function<void(const QueuedRequest&)> changed{};  ///< each change of a state
  std::function<void(const Schedule&)> planned{};       ///< each new plan
  /// How far the request is that is carried out, with what `live_every` of `ObserveOptions` brings.
  std::function<void(const QueuedRequest&, const Progress&)> progress{};
  Duration live_every{};
  QueueControl control{};
};

/// How a run of the queue ended.
struct QueueRun {
  std::int64_t done = 0;
  std::int64_t failed = 0;       ///< for good
  std::int64_t interrupted = 0;  ///< 1 if it was stopped in the middle of one; that one waits and is resumed
};

/// Carries out what waits in a store, best first by `schedule`, until it is stopped (or, with
/// `until_empty`, nothing more can be done). Plans anew whenever one has ended, come or gone. One
/// that fails is tried again, later each time, up to its `max_attempts`; what an earlier process
/// left in the middle is resumed. One process at a time runs a queue, as it does an observatory. `store`: empty: the
/// one of the site's `queue:`. Throws what the store throws; what an observation throws is written into its record.
ASTRO_API QueueRun run_queue(const Observatory& site, const std::string& store, const QueueOptions& options = {});

}  // namespace astro
