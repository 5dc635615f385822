// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/transform_fit.hpp"

#include <array>
#include <cmath>

#include "imaging/numbers.hpp"

namespace astro::imaging {
namespace {

PixelPosition middle_of(std::span<const PixelPosition> places, const StarPairs& pairs, bool of_first) {
  PixelPosition sum;
  for (const auto& [first, second] : pairs) {
    const PixelPosition& place = places[of_first ? first : second];
    sum.x += place.x;
    sum.y += place.y;
  }
  const auto count = static_cast<double>(pairs.size());
  return {sum.x / count, sum.y / count};
}

std::optional<Transform> fit_affine(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                                    const StarPairs& pairs, PixelPosition a, PixelPosition b) {
  NormalEquations equations(3, 2);
  for (const auto& [first, second] : pairs) {
    const std::array<double, 3> terms{1.0, from[first].x - a.x, from[first].y - a.y};
    const std::array<double, 2> values{to[second].x - b.x, to[second].y - b.y};
    equations.add(terms, values);
  }
  const auto found = equations.solve();
  if (!found) return std::nullopt;
  const std::vector<double>& s = *found;
  return Transform{b.x + s[0] - s[1] * a.x - s[2] * a.y, s[1], s[2], b.y + s[3] - s[4] * a.x - s[5] * a.y, s[4], s[5]};
}

/// Rotation and scale of complex numbers: to = z from, or z times the conjugate for a mirror image.
std::optional<Transform> fit_turning(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                                     const StarPairs& pairs, PixelPosition a, PixelPosition b, bool has_scale,
                                     bool is_mirrored) {
  const double flip = is_mirrored ? -1.0 : 1.0;
  double along = 0.0;
  double across = 0.0;
  double squares = 0.0;
  for (const auto& [first, second] : pairs) {
    const double x = from[first].x - a.x;
    const double y = flip * (from[first].y - a.y);
    const double u = to[second].x - b.x;
    const double v = to[second].y - b.y;
    along += x * u + y * v;
    across += x * v - y * u;
    squares += x * x + y * y;
  }
  const double length = std::hypot(along, across);
  if (!(length > 0.0) || !(squares > 0.0)) return std::nullopt;
  const double c = along / (has_scale ? squares : length);
  const double s = across / (has_scale ? squares : length);
  Transform result{0.0, c, -s * flip, 0.0, s, c * flip};
  result.x0 = b.x - result.xx * a.x - result.xy * a.y;
  result.y0 = b.y - result.yx * a.x - result.yy * a.y;
  return result;
}

}  // namespace

std::optional<Transform> fit_transform(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                                       const StarPairs& pairs, Motion motion, bool is_mirrored) {
  if (pairs.empty()) return std::nullopt;
  const PixelPosition a = middle_of(from, pairs, true);
  const PixelPosition b = middle_of(to, pairs, false);
  if (motion == Motion::shift) return Transform{b.x - a.x, 1.0, 0.0, b.y - a.y, 0.0, 1.0};
  constexpr std::size_t enough_for_affine = 6;
  if (motion == Motion::affine && pairs.size() >= enough_for_affine) return fit_affine(from, to, pairs, a, b);
  if (pairs.size() < 2) return std::nullopt;
  return fit_turning(from, to, pairs, a, b, motion != Motion::rigid, is_mirrored);
}

std::vector<double> misses_of(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                              const StarPairs& pairs, const Transform& transform) {
  std::vector<double> misses;
  misses.reserve(pairs.size());
  for (const auto& [first, second] : pairs) {
    const PixelPosition there = transform(from[first]);
    misses.push_back(std::hypot(there.x - to[second].x, there.y - to[second].y));
  }
  return misses;
}

double rms_of(std::span<const double> misses) {
  double sum = 0.0;
  for (const double miss : misses) sum += miss * miss;
  return misses.empty() ? 0.0 : std::sqrt(sum / (2.0 * static_cast<double>(misses.size())));
}

}  // namespace astro::imaging
