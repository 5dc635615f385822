// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

/// The combinatorial half of scheduling, on plain numbers: seconds since the beginning of the span,
/// degrees of axes. What a task needs is sampled once; a whole schedule is then tried in
/// microseconds.
namespace astro::detail {

/// Something that a task does before it is on its target: a load, perhaps at a place of its own.
struct Leg {
  double duration_s = 0.0;
  bool has_place = false;
  double first_deg = 0.0;
  double second_deg = 0.0;
};

/// A mount as the search sees it.
struct Drive {
  double from_deg = 0.0;  ///< reach of the first axis, which knows turns
  double to_deg = 360.0;
  double first_deg_per_s = 1.0;
  double second_deg_per_s = 1.0;
  double first_deg = 0.0;  ///< where it is at the beginning
  double second_deg = 0.0;
};

struct Task {
  std::size_t drive = 0;
  std::vector<Leg> lead{};
  double body_s = 0.0;  ///< from the beginning on the target to the end
  double science_s = 0.0;
  double weight = 1.0;
  double earliest_s = 0.0;
  double latest_s = 0.0;            ///< it has to have ended by then
  std::vector<double> first_deg{};  ///< at each sample, without jumps; empty: it has no target
  std::vector<double> second_deg{};
  std::vector<bool> free{};  ///< whether it can be observed at that sample

  /// Fills what follows from the samples.
  void prepare(double every_s);
  /// The first time from `time_s` on at which the body can begin; nothing within the samples.
  std::optional<double> next_begin_s(double time_s, double every_s) const;

  std::vector<double> lowest_deg{};  ///< of the first axis, over a body that begins at that sample
  std::vector<double> highest_deg{};
  std::vector<std::size_t> barred_from{};  ///< the first sample from here on that is not free
  std::vector<std::size_t> begins{};       ///< the first sample from here on at which a body fits
};

struct Night {
  double span_s = 0.0;
  double every_s = 60.0;  ///< from sample to sample
  std::vector<Drive> drives{};
  std::vector<Task> tasks{};
};

/// Where everything is between two tasks.
struct NightState {
  double now_s = 0.0;
  std::vector<Drive> drives{};
  double merit = 0.0;
};

struct Visit {
  std::size_t task = 0;
  double start_s = 0.0;
  double begin_s = 0.0;
  double end_s = 0.0;
  double slew_s = 0.0;
};

/// Settling of the dish after a slew, and of a load that was switched: as `plan` counts it.
inline constexpr double settling_s = 2.0;

/// As early as possible from this state; nothing when it does not fit any more. The state is then
/// unchanged, else that after the task.
std::optional<Visit> visit(const Night& night, std::size_t task, NightState& state);

/// The tasks in this order, each as early as possible; those that do not fit are left out.
std::vector<Visit> visits_of(const Night& night, const std::vector<std::size_t>& order);

struct Found {
  std::vector<std::size_t> order{};  ///< of all tasks; those that do not fit are passed over
  std::int64_t evaluations = 0;
};

/// Deterministic for a seed. `evaluations` bounds the whole schedules that are tried.
Found search(const Night& night, std::uint64_t seed, std::int64_t evaluations);

}  // namespace astro::detail
