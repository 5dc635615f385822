// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/signal/gridding.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro::signal {

/// Measurements on one axis, one after the other, `planes` numbers each.
struct Rebinned {
  std::size_t planes;
  std::vector<double> value;
  std::vector<double> variance;
  std::vector<double> weight;  ///< 0: nothing is held there
};

/// The velocities of a spectrum's channels in a frame: a straight line.
struct ChannelVelocities {
  double first_km_s;
  double step_km_s;  ///< negative: frequencies ascend

  double at(std::size_t channel) const noexcept { return first_km_s + step_km_s * static_cast<double>(channel); }
};

/// Throws `invalid_argument` for arrays of different lengths, fewer than 2 channels or an unknown pointing.
ChannelVelocities channel_velocities(const CalibratedSpectrum& spectrum, Frequency rest,
                                     sky::VelocityFrame frame = sky::VelocityFrame::lsrk);

/// Whether a channel holds something.
bool is_held(const CalibratedSpectrum& spectrum, std::size_t channel) noexcept;

/// Appends a spectrum: the mean of the channels that overlap each plane, by overlap and weight. A plane that is
/// covered by less than half has no weight; the others have that of the spectrum.
void rebin(const CalibratedSpectrum& spectrum, const VelocityAxis& velocity, Frequency rest, Rebinned& rows);

}  // namespace astro::signal
