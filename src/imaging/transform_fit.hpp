// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "astro/imaging/registration.hpp"

namespace astro::imaging {

using StarPairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// The transform of least squares between these places; nothing when they do not determine it. An affine one needs six
/// pairs: fewer are fitted by a similarity.
std::optional<Transform> fit_transform(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                                       const StarPairs& pairs, Motion motion, bool is_mirrored);

/// By how much each pair misses, in pixels of `to`.
std::vector<double> misses_of(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                              const StarPairs& pairs, const Transform& transform);

/// Root mean square in each of the two coordinates.
double rms_of(std::span<const double> misses);

}  // namespace astro::imaging
