// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "astro/observatory.hpp"
#include "astro/observing/request.hpp"

namespace astro::detail {

/// Puts the loads of one receiver into its beam, as the site's `calibration:` describes them.
class Loads {
 public:
  /// Throws `unsupported` when the site describes no calibration of this receiver.
  Loads(const Observatory& site, const std::string& receiver, Issuer issuer);

  double hot_k() const { return *section_.hot.temperature_k; }
  double cold_k() const { return *section_.cold.temperature_k; }

  /// Each returns when the load is in the beam and the mount points where it has to.
  void hot(const std::stop_token& stop) const { apply(section_.hot, stop); }
  void cold(const std::stop_token& stop) const { apply(section_.cold, stop); }
  void sky(const std::stop_token& stop) const { apply(section_.sky, stop); }

  /// Whether a load needs the mount, which then no longer points at its target.
  bool moves_mount() const noexcept { return !section_.hot.target.empty() || !section_.cold.target.empty(); }

 private:
  void apply(const Load& load, const std::stop_token& stop) const;

  const Observatory& site_;
  std::string receiver_;
  std::string mount_;
  Issuer issuer_;
  CalibrationSection section_;
};

/// Waits until the mount is on target, in slices, so that a stop is seen.
void wait_on_target(const MountHandle& mount, const Observatory& site, const std::stop_token& stop);

}  // namespace astro::detail
