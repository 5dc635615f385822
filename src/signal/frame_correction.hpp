// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/signal/spectrum.hpp"

namespace astro::signal {

/// What is to be added to a spectrum's topocentric velocities to have them in a frame. Throws `invalid_argument` for a
/// pointing that is not known, unless the frame is the telescope's own.
double frame_correction_km_s(const CalibratedSpectrum& spectrum, sky::VelocityFrame frame);

}  // namespace astro::signal
