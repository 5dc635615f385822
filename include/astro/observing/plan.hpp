// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/export.hpp"
#include "astro/mount.hpp"
#include "astro/observing/program.hpp"

namespace astro {

class Observatory;

/// One step of a plan: when, where, and what is in the way.
struct PlannedStep {
  Step step{};
  Time start{};  ///< of the slew that leads to it
  Time begin{};  ///< of its integration; a moving beam sets out 4 s before, and stands 3 s after `end`
  Time end{};
  bool has_place = false;  ///< whether it says where the beam has to be; else what follows means nothing
  Axes from{};  ///< axes when it sets out and where it stands again, in the turn of the cable that was chosen
  Axes to{};
  AltAz place{};          ///< of the beam at `begin`
  std::string refusal{};  ///< why it cannot be done then; empty: it can
  /// Of what kind: `unsafe` (Sun, Moon, no safe way), `out_of_limits` (axes, horizon's line) or `not_visible`.
  ErrorCode refusal_code = ErrorCode::not_visible;
};

/// What an observation will be like, known before anything moves. With `until_rms` it goes as far as that noise is
/// expected to need, where the site's `tsys` tells.
struct Plan {
  std::vector<PlannedStep> steps{};
  Time start{};
  Time end{};
  Duration slewing{};       ///< with the settling after it; zero without a mount
  Duration integrating{};   ///< on the sky and on references
  std::int64_t passes = 0;  ///< that are planned
  /// Of a channel, after these passes, by the radiometer equation with the site's `tsys`; 0: not known. Where a mode
  /// visits places, of each: a point of a grid, one spectrum of a line.
  double expected_rms_k = 0.0;
  std::uint64_t bytes = 0;                          ///< in the store
  int unwinds = 0;                                  ///< changes of the cable's turn or over the zenith, within steps
  std::optional<Angle> sun_distance{};              ///< least, of any step; empty: it says no place
  std::vector<std::string> refusals{};              ///< each reason once, with the steps that it concerns
  ErrorCode refusal_code = ErrorCode::not_visible;  ///< of the first of them
  std::optional<Time> possible_from{};  ///< of a plan that is refused: when it would work, within two days, or a year
                                        ///< because of the Sun

  bool is_possible() const noexcept { return refusals.empty(); }
};

struct PlanOptions {
  Time start{};                             ///< zero: the request's planned start if that is to come, else now
  std::optional<Axes> axes{};               ///< where the mount is; empty: in the middle of its reach
  std::optional<MountDescription> mount{};  ///< as it turned out to be; empty: as its driver registers it
  bool look_ahead = true;                   ///< whether `possible_from` is looked for
};

/// Goes through the steps by the clock of the plan: slews at the mount's speed, tracks, limits,
/// horizon mask and Sun as the site's `safety:` has them. Asks no device. Throws `invalid_argument`
/// for what no time would make possible: a receiver that is not there, a tuning out of its range.
ASTRO_API Plan plan(const Site& site, const ObservationRequest& request, const PlanOptions& options = {});
ASTRO_API Plan plan(const Site& site, const ObservationRequest& request, std::span<const Step> steps,
                    const PlanOptions& options = {});

/// The same for devices that are open: with where the mount is now, and what its driver found.
ASTRO_API Plan plan(const Observatory& site, const ObservationRequest& request, PlanOptions options = {});
ASTRO_API Plan plan(const Observatory& site, const ObservationRequest& request, std::span<const Step> steps,
                    PlanOptions options = {});

/// Time that the request takes without slews: all of its steps, all of its passes.
ASTRO_API Duration integration_time_of(const ObservationRequest& request);

}  // namespace astro
