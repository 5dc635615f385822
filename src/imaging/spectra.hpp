// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "astro/imaging/image.hpp"
#include "signal/transform.hpp"

namespace astro::imaging {

/// A PSF with its middle at the first pixel, around which the circle of the transform closes.
void put_psf(const Plane<float>& psf, const signal::PlaneTransform& transform, float* to);

/// Of what was transformed back without a norm: the part of the circle that is at most `reach` from its first pixel,
/// which comes into the middle.
Plane<float> middle_part(const float* plane, const signal::PlaneTransform& transform, std::size_t reach);

}  // namespace astro::imaging
