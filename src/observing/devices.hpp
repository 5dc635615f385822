// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "astro/observing/request.hpp"

namespace astro::detail {

/// The device that is meant; with an empty name the only one of its kind. Throws `not_found`,
/// `invalid_argument`.
const DeviceEntry& device_of(const Site& site, DeviceKind kind, const std::string& asked);

/// The section of a receiver, where the site has one.
std::optional<CalibrationSection> calibration_of(const Site& site, const std::string& receiver);

/// Throws `unsupported` when the site describes nothing of that kind for the receiver.
void check_calibration(const std::optional<CalibrationSection>& section, CalibrationKind kind,
                       const std::string& receiver);

}  // namespace astro::detail
