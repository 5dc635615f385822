// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/registration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"
#include "imaging/star_field.hpp"
#include "imaging/transform_fit.hpp"

namespace astro::imaging {
namespace {

constexpr const char* registering = "registering two images";

/// Three stars, that opposite the longest side first, and the ratios of the other sides to it.
struct Triangle {
  std::array<std::size_t, 3> stars;
  PixelPosition shape;
  double longest;
};

double distance(PixelPosition a, PixelPosition b) { return std::hypot(a.x - b.x, a.y - b.y); }

std::optional<Triangle> triangle_of(std::span<const PixelPosition> places, std::array<std::size_t, 3> stars) {
  std::array<std::pair<double, std::size_t>, 3> sides;  // with the star opposite
  for (std::size_t i = 0; i < 3; ++i)
    sides[i] = {distance(places[stars[(i + 1) % 3]], places[stars[(i + 2) % 3]]), stars[i]};
  std::sort(sides.begin(), sides.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const double longest = sides[0].first;
  constexpr double smallest = 5.0;  // pixels: what is smaller says nothing of a rotation
  if (!(sides[2].first > smallest) || sides[2].first < 0.05 * longest) return std::nullopt;
  return Triangle{{sides[0].second, sides[1].second, sides[2].second},
                  {sides[1].first / longest, sides[2].first / longest},
                  longest};
}

/// Stars of the brightest with their neighbours, and the very brightest with each other.
std::vector<Triangle> triangles_of(std::span<const PixelPosition> places, std::size_t neighbours) {
  constexpr std::size_t everyone = 10;
  std::set<std::array<std::size_t, 3>> chosen;
  const auto choose = [&chosen](const std::vector<std::size_t>& group) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t k = i + 1; k < group.size(); ++k) {
        for (std::size_t m = k + 1; m < group.size(); ++m) {
          std::array<std::size_t, 3> stars{group[i], group[k], group[m]};
          std::sort(stars.begin(), stars.end());
          chosen.insert(stars);
        }
      }
    }
  };
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), 0U);
  choose({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(everyone, order.size()))});
  for (std::size_t star = 0; star < places.size(); ++star) {
    std::vector<std::size_t> near = order;
    const std::size_t count = std::min(neighbours + 1, near.size());
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end(),
                      [&](std::size_t a, std::size_t b) {
                        return distance(places[a], places[star]) < distance(places[b], places[star]);
                      });
    near.resize(count);
    choose(near);
  }
  std::vector<Triangle> triangles;
  for (const auto& stars : chosen) {
    if (auto triangle = triangle_of(places, stars)) triangles.push_back(*triangle);
  }
  return triangles;
}

std::vector<PixelPosition> brightest_first(std::span<const Star> stars, std::vector<std::size_t>& order) {
  for (const Star& star : stars) {
    if (std::isfinite(star.place.x) && std::isfinite(star.place.y) && std::isfinite(star.flux)) continue;
    refuse(registering, "a star has a place or a flux that is not finite");
  }
  order.resize(stars.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return stars[a].flux > stars[b].flux; });
  std::vector<PixelPosition> places;
  places.reserve(order.size());
  for (const std::size_t i : order) places.push_back(stars[i].place);
  return places;
}

struct Box {
  double left = 0.0;
  double right = 0.0;
  double top = 0.0;
  double bottom = 0.0;

  bool holds(PixelPosition p) const { return p.x >= left && p.x <= right && p.y >= top && p.y <= bottom; }
  double area() const { return (right - left) * (bottom - top); }
};

Box box_of(std::span<const PixelPosition> places, double margin) {
  Box box{places[0].x, places[0].x, places[0].y, places[0].y};
  for (const PixelPosition p : places) {
    box = {std::min(box.left, p.x), std::max(box.right, p.x), std::min(box.top, p.y), std::max(box.bottom, p.y)};
  }
  return {box.left - margin, box.right + margin, box.top - margin, box.bottom + margin};
}

bool is_allowed(const Transform& t, const RegistrationOptions& options) {
  if (t.is_mirrored() && !options.may_be_mirrored) return false;
  const double scale = t.scale();
  if (!(scale > 0.02 && scale < 50.0)) return false;
  const bool keeps_scale = options.motion == Motion::shift || options.motion == Motion::rigid;
  if (keeps_scale && std::abs(scale - 1.0) > 0.02) return false;
  if (options.motion != Motion::shift) return true;
  return !t.is_mirrored() && std::abs(t.rotation().degrees()) < 1.0;
}

/// What one search has found so far.
struct Best {
  Transform transform{};
  double chance = 1.0;  ///< logarithm of how often chance alone would do as well; the smaller the better
  std::size_t matched = 0;
  double longest = 0.0;  ///< side of the triangle, pixels of `to`
  double tries = 1.0;
};

/// Bound on the logarithm of the probability of `count` or more where `expected` would come by chance (Chernoff).
double log_tail(double expected, std::size_t count) {
  const auto k = static_cast<double>(count);
  if (k <= expected) return 0.0;
  return k - expected + k * std::log(expected / k);
}

class PatternSearch {
 public:
  PatternSearch(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                const RegistrationOptions& options)
      : from_(from), to_(to), options_(options), field_(to, options.tolerance), box_(box_of(to, options.tolerance)) {}

  Best among(std::size_t brightest, std::size_t neighbours) const {
    const auto first = from_.subspan(0, std::min(brightest, from_.size()));
    const auto second = to_.subspan(0, std::min(brightest, to_.size()));
    const std::vector<Triangle> ours = triangles_of(first, neighbours);
    const std::vector<Triangle> theirs = triangles_of(second, neighbours);
    std::vector<PixelPosition> shapes;
    shapes.reserve(theirs.size());
    for (const Triangle& triangle : theirs) shapes.push_back(triangle.shape);
    constexpr double alike = 0.01;
    const StarField catalogue(shapes, alike);
    Best best;
    for (const Triangle& mine : ours) {
      catalogue.for_each_near(mine.shape, [&](std::size_t i) {
        if (distance(shapes[i], mine.shape) > alike) return;
        consider(mine, theirs[i], first.size(), best);
      });
    }
    // Shapes fill about a third of the square of their two ratios.
    best.tries = 3.0 * static_cast<double>(std::max<std::size_t>(ours.size() * theirs.size(), 1));
    best.chance += std::log(best.tries);
    return best;
  }

  /// Logarithm of how often two triangles of this size fall on each other by chance, and then so many stars of those
  /// inside on others.
  double chance_of(double longest, std::size_t inside, std::size_t matched) const {
    const double reach = options_.tolerance / std::max(longest, options_.tolerance);
    const double spot = std::numbers::pi * options_.tolerance * options_.tolerance;
    const double each = std::min(0.5, static_cast<double>(to_.size()) * spot / std::max(box_.area(), spot));
    const double expected = each * static_cast<double>(inside - std::min<std::size_t>(inside, 3));
    const double further = matched > 3 ? log_tail(std::max(expected, 1e-9), matched - 3) : 0.0;
    return std::log(std::numbers::pi * reach * reach) + further;
  }

  std::size_t inside(const Transform& transform, std::size_t brightest) const {
    return static_cast<std::size_t>(std::count_if(from_.begin(), from_.begin() + static_cast<std::ptrdiff_t>(brightest),
                                                  [&](PixelPosition place) { return box_.holds(transform(place)); }));
  }

 private:
  void consider(const Triangle& mine, const Triangle& other, std::size_t brightest, Best& best) const {
    const StarPairs pairs{
        {mine.stars[0], other.stars[0]}, {mine.stars[1], other.stars[1]}, {mine.stars[2], other.stars[2]}};
    const bool is_mirrored = turns(from_, mine) != turns(to_, other);
    const auto transform = fit_transform(from_, to_, pairs, Motion::similarity, is_mirrored);
    if (!transform || !is_allowed(*transform, options_)) return;
    const std::vector<double> misses = misses_of(from_, to_, pairs, *transform);
    if (*std::max_element(misses.begin(), misses.end()) > options_.tolerance) return;
    std::size_t matched = 0;
    for (std::size_t i = 0; i < brightest; ++i) {
      if (field_.nearest((*transform)(from_[i]), options_.tolerance)) ++matched;
    }
    if (matched < 3) return;
    const double chance = chance_of(other.longest, inside(*transform, brightest), matched);
    if (chance < best.chance) best = {*transform, chance, matched, other.longest, 1.0};
  }

  /// Whether the corners follow each other from x to y.
  static bool turns(std::span<const PixelPosition> places, const Triangle& triangle) {
    const PixelPosition a = places[triangle.stars[0]];
    const PixelPosition b = places[triangle.stars[1]];
    const PixelPosition c = places[triangle.stars[2]];
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0.0;
  }

  std::span<const PixelPosition> from_;
  std::span<const PixelPosition> to_;
  RegistrationOptions options_;
  StarField field_;
  Box box_;
};

/// Fits all stars that come together, again and again without those that lie apart.
void refine_registration(std::span<const PixelPosition> from, std::span<const PixelPosition> to,
                         const RegistrationOptions& options, Registration& result) {
  double reach = options.tolerance;
  std::vector<PixelPosition> there(from.size());
  for (int turn = 0; turn < 10; ++turn) {
    for (std::size_t i = 0; i < from.size(); ++i) there[i] = result.transform(from[i]);
    StarPairs pairs = mutual_pairs(there, to, reach);
    const auto fitted = fit_transform(from, to, pairs, options.motion, result.transform.is_mirrored());
    if (!fitted) return;
    std::vector<double> misses = misses_of(from, to, pairs, *fitted);
    const double middle = median_of(std::vector<double>(misses));
    const bool is_settled = turn > 3 && pairs == result.pairs;
    result.transform = *fitted;
    result.pairs = std::move(pairs);
    result.rms = rms_of(misses);
    if (is_settled) return;
    // The median of the length of a normally distributed miss is 1.18 of its deviation in each coordinate.
    reach = std::clamp(4.0 * middle / 1.18, 0.05, options.tolerance);
  }
}

}  // namespace

Transform Transform::inverse() const {
  const double d = determinant();
  if (!std::isfinite(d) || d == 0.0) {
    refuse("inverting a transform between images", "its determinant is " + shown(d));
  }
  Transform result{0.0, yy / d, -xy / d, 0.0, -yx / d, xx / d};
  result.x0 = -(result.xx * x0 + result.xy * y0);
  result.y0 = -(result.yx * x0 + result.yy * y0);
  return result;
}

double Transform::scale() const noexcept { return std::sqrt(std::abs(determinant())); }

Angle Transform::rotation() const noexcept {
  const double flip = is_mirrored() ? -1.0 : 1.0;
  return radians(std::atan2(yx - flip * xy, xx + flip * yy));
}

Registration register_stars(std::span<const Star> from, std::span<const Star> to, const RegistrationOptions& options) {
  if (!(options.tolerance > 0.0) || !std::isfinite(options.tolerance)) {
    refuse(registering, "the tolerance is to be a positive number of pixels");
  }
  if (options.brightest < 3 || options.brightest > 300) {
    refuse(registering, "patterns of the " + std::to_string(options.brightest) + " brightest stars; expected 3 to 300");
  }
  std::vector<std::size_t> order_from;
  std::vector<std::size_t> order_to;
  const std::vector<PixelPosition> first = brightest_first(from, order_from);
  const std::vector<PixelPosition> second = brightest_first(to, order_to);
  Registration result;
  if (first.size() < 3 || second.size() < 3) {
    result.reason = "there are " + std::to_string(first.size()) + " and " + std::to_string(second.size()) +
                    " stars; a pattern needs at least 3";
    return result;
  }
  const PatternSearch search(first, second, options);
  constexpr std::size_t most_brightest = 300;  // the time grows with the square of their number
  const std::size_t few = std::min(options.brightest, most_brightest);
  const double enough = std::log(1e-3);
  Best best;
  for (const auto& [brightest, neighbours] :
       {std::pair<std::size_t, std::size_t>{few, 5}, {std::min(3 * few, most_brightest), 8}}) {
    best = search.among(brightest, neighbours);
    if (best.chance < enough || brightest >= std::max(first.size(), second.size())) break;
  }
  if (!(best.chance < enough)) {
    result.reason = best.matched == 0 ? "no pattern of the " + std::to_string(first.size()) +
                                            " stars is one of the other " + std::to_string(second.size())
                                      : "the best of all patterns brings " + std::to_string(best.matched) +
                                            " stars together, which chance does, too";
    return result;
  }
  result.transform = best.transform;
  refine_registration(first, second, options, result);
  const double chance =
      search.chance_of(best.longest, search.inside(result.transform, first.size()), result.pairs.size());
  if (result.pairs.size() < 3 || !(chance + std::log(best.tries) < enough)) {
    result.reason = "a pattern was found, but no more than " + std::to_string(result.pairs.size()) +
                    " stars agree with it, which chance does, too";
    result.pairs.clear();
    return result;
  }
  for (auto& [a, b] : result.pairs) {
    a = order_from[a];
    b = order_to[b];
  }
  result.is_found = true;
  result.reason = std::to_string(result.pairs.size()) + " stars agree to " + shown(result.rms) + " pixels";
  return result;
}

Registration register_wcs(const Wcs& from, std::size_t rows, std::size_t columns, const Wcs& to, Motion motion) {
  if (rows == 0 || columns == 0) refuse(registering, "the first one has no pixels");
  constexpr std::size_t steps = 16;
  std::vector<PixelPosition> places;
  for (std::size_t i = 0; i <= steps; ++i) {
    for (std::size_t k = 0; k <= steps; ++k) {
      places.push_back({static_cast<double>(columns - 1) * static_cast<double>(k) / steps,
                        static_cast<double>(rows - 1) * static_cast<double>(i) / steps});
    }
  }
  const std::vector<PixelPosition> there = to.pixel(from.sky(places));
  Registration result;
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (std::isfinite(there[i].x) && std::isfinite(there[i].y)) result.pairs.emplace_back(i, i);
  }
  const auto fitted = fit_transform(places, there, result.pairs, Motion::affine, false);
  if (result.pairs.size() < 6 || !fitted) {
    result.pairs.clear();
    result.reason = "the second image does not see that part of the sky";
    return result;
  }
  const auto wanted = fit_transform(places, there, result.pairs, motion, fitted->is_mirrored());
  result.transform = wanted.value_or(*fitted);
  result.rms = rms_of(misses_of(places, there, result.pairs, result.transform));
  result.pairs.clear();
  result.is_found = true;
  result.reason = "a transform says what the two headers say to " + shown(result.rms) + " pixels";
  return result;
}

}  // namespace astro::imaging
