// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "astro/observing/request.hpp"
#include "pointing.hpp"

namespace astro::detail {

/// The device that is meant; with an empty name the only one of its kind. Throws `not_found`,
/// `invalid_argument`.
const DeviceEntry& device_of(const Site& site, DeviceKind kind, const std::string& asked);

/// A mount for planning: as the site file, its driver and whoever asks describe it.
struct PlanningMount {
  std::string name{};
  MountDescription description{};
  MountLimits limits{};
  Axes axes{};  ///< where it is
  Pointing pointing;

  /// Without axes it is in the middle of its reach, without a description as its driver registers it.
  PlanningMount(const Site& site, const std::string& name, const std::optional<Axes>& axes,
                const std::optional<MountDescription>& description);

 private:
  PlanningMount(const Site& site, const DeviceEntry& entry, const std::optional<Axes>& axes,
                const std::optional<MountDescription>& description);
};

/// The section of a receiver, where the site has one.
std::optional<CalibrationSection> calibration_of(const Site& site, const std::string& receiver);

/// Throws `unsupported` when the site describes nothing of that kind for the receiver.
void check_calibration(const std::optional<CalibrationSection>& section, CalibrationKind kind,
                       const std::string& receiver);

}  // namespace astro::detail
