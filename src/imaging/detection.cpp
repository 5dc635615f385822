// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/detection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "imaging/candidate_shape.hpp"
#include "imaging/lanczos.hpp"
#include "imaging/levels.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr const char* looking = "looking for candidates";

/// How far a saturated pixel is looked for.
constexpr std::ptrdiff_t far_away = 64;

/// Standard deviations that the other half of a dipole has at least.
constexpr double least_dipole = 4.0;

/// A cosmic ray is no point: chi-square per pixel of one, two standard deviations above that of points.
constexpr double least_ray_chi_square = 1.25;

struct Extreme {
  std::size_t row = 0;
  std::size_t column = 0;
  float height = 0.0F;  ///< significance, with its sign
};

/// A plane with its mask, at places that may lie outside.
class DifferenceField {
 public:
  explicit DifferenceField(const Subtraction& subtraction) : s_(subtraction) {}

  bool has(std::ptrdiff_t row, std::ptrdiff_t column) const {
    return row >= 0 && column >= 0 && row < static_cast<std::ptrdiff_t>(s_.flux.rows()) &&
           column < static_cast<std::ptrdiff_t>(s_.flux.columns()) &&
           s_.difference.mask(static_cast<std::size_t>(row), static_cast<std::size_t>(column)) == 0;
  }

 private:
  const Subtraction& s_;
};

bool is_extreme(const Plane<float>& plane, std::size_t row, std::size_t column) {
  const float value = plane(row, column);
  for (std::size_t y = row - std::min<std::size_t>(row, 1); y < std::min(row + 2, plane.rows()); ++y) {
    for (std::size_t x = column - std::min<std::size_t>(column, 1); x < std::min(column + 2, plane.columns()); ++x) {
      if (y == row && x == column) continue;
      const float other = value > 0.0F ? plane(y, x) : -plane(y, x);
      // Of equal neighbours the last counts.
      if (other > std::abs(value) ||
          (other == std::abs(value) && y * plane.columns() + x > row * plane.columns() + column)) {
        return false;
      }
    }
  }
  return true;
}

/// The highest first; of those that are nearer than `apart` and of one sign the highest alone.
std::vector<Extreme> extremes(const Subtraction& subtraction, double threshold, bool negative, double apart) {
  const Plane<float>& plane = subtraction.significance;
  const auto limit = static_cast<float>(threshold);
  std::vector<Extreme> found;
  for (std::size_t y = 0; y < plane.rows(); ++y) {
    for (std::size_t x = 0; x < plane.columns(); ++x) {
      const float value = plane(y, x);
      if (value < limit && (!negative || value > -limit)) continue;
      if (subtraction.difference.mask(y, x) == 0 && is_extreme(plane, y, x)) found.push_back({y, x, value});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Extreme& a, const Extreme& b) { return std::abs(a.height) > std::abs(b.height); });
  // Squares of the image with those that were kept: only the next ones are looked at.
  const auto side = std::max<std::size_t>(4, static_cast<std::size_t>(std::ceil(apart)));
  const std::size_t across = plane.columns() / side + 1;
  std::vector<std::vector<Extreme>> squares((plane.rows() / side + 1) * across);
  std::vector<Extreme> kept;
  for (const Extreme& one : found) {
    const std::size_t i = one.row / side;
    const std::size_t j = one.column / side;
    bool is_alone = true;
    for (std::size_t u = i - std::min<std::size_t>(i, 1); is_alone && u < std::min(i + 2, squares.size() / across);
         ++u) {
      for (std::size_t v = j - std::min<std::size_t>(j, 1); is_alone && v < std::min(j + 2, across); ++v) {
        for (const Extreme& other : squares[u * across + v]) {
          const double dy = static_cast<double>(one.row) - static_cast<double>(other.row);
          const double dx = static_cast<double>(one.column) - static_cast<double>(other.column);
          if ((one.height > 0.0F) == (other.height > 0.0F) && std::hypot(dx, dy) < apart) is_alone = false;
        }
      }
    }
    if (!is_alone) continue;
    squares[i * across + j].push_back(one);
    kept.push_back(one);
  }
  return kept;
}

/// Where a parabola through three values has its extreme, and how high; within half a step.
struct Top {
  double offset = 0.0;
  double above = 0.0;  ///< beyond the middle value
};
Top top_of(double before, double middle, double after) {
  const double bend = before - 2.0 * middle + after;
  const double slope = 0.5 * (after - before);
  if (bend * middle >= 0.0) return {};
  const double offset = std::clamp(-slope / bend, -0.5, 0.5);
  return {offset, slope * offset + 0.5 * bend * offset * offset};
}

class Describing {
 public:
  Describing(const Subtraction& subtraction, const Image& science, const Image& reference,
             std::span<const PixelPosition> sources, const DetectionOptions& options)
      : s_(subtraction),
        field_(subtraction),
        reference_(reference),
        reference_level_(reference, 128, 1),
        wcs_(science.wcs),
        sources_(sources.begin(), sources.end()),
        options_(options),
        shape_(subtraction) {
    std::sort(sources_.begin(), sources_.end(),
              [](const PixelPosition& a, const PixelPosition& b) { return a.y < b.y; });
  }

  double width() const { return shape_.width(); }

  Candidate describe(const Extreme& at) const {
    Candidate made;
    place(at, made);
    count_missing(at, made);
    shape_.describe(at.row, at.column, at.height > 0.0F, made);
    made.opposite = opposite(at);
    made.contrast = contrast(at, made.flux);
    made.saturated_distance = saturated_distance(at);
    made.reference_distance = source_distance(made);
    made.vetoes = vetoes(made);
    return made;
  }

 private:
  void place(const Extreme& at, Candidate& made) const {
    const auto row = static_cast<std::ptrdiff_t>(at.row);
    const auto column = static_cast<std::ptrdiff_t>(at.column);
    const double middle = s_.flux(at.row, at.column);
    const auto along = [&](std::ptrdiff_t dy, std::ptrdiff_t dx) {
      if (!field_.has(row + dy, column + dx) || !field_.has(row - dy, column - dx)) return Top{};
      const auto value = [&](std::ptrdiff_t sign) {
        return static_cast<double>(
            s_.flux(static_cast<std::size_t>(row + sign * dy), static_cast<std::size_t>(column + sign * dx)));
      };
      return top_of(value(-1), middle, value(1));
    };
    const Top x = along(0, 1);
    const Top y = along(1, 0);
    made.x = static_cast<double>(at.column) + x.offset;
    made.y = static_cast<double>(at.row) + y.offset;
    made.flux = middle + x.above + y.above;
    made.flux_error = s_.flux_error(at.row, at.column);
    made.significance = at.height;
    if (!wcs_) return;
    if (const std::optional<Icrs> sky = wcs_->sky(PixelPosition{made.x, made.y})) {
      made.right_ascension = sky->ra;
      made.declination = sky->dec;
    }
  }

  void count_missing(const Extreme& at, Candidate& made) const {
    for (std::ptrdiff_t y = -3; y <= 3; ++y) {
      for (std::ptrdiff_t x = -3; x <= 3; ++x) {
        if (!field_.has(static_cast<std::ptrdiff_t>(at.row) + y, static_cast<std::ptrdiff_t>(at.column) + x))
          ++made.missing_pixels;
      }
    }
  }

  double opposite(const Extreme& at) const {
    const auto reach = static_cast<std::ptrdiff_t>(std::ceil(2.0 * shape_.width()));
    float most = 0.0F;
    for (std::ptrdiff_t y = -reach; y <= reach; ++y) {
      for (std::ptrdiff_t x = -reach; x <= reach; ++x) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(at.row) + y;
        const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(at.column) + x;
        if (!field_.has(row, column)) continue;
        const float value = s_.significance(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
        most = std::max(most, at.height > 0.0F ? -value : value);
      }
    }
    return static_cast<double>(most) / std::abs(at.height);
  }

  /// Highest pixel of a point with this flux as a part of what the reference has there.
  double contrast(const Extreme& at, double flux) const {
    float sky = 0.0F;
    reference_level_.background(at.row, at.column, {&sky, 1});
    double there = 0.0;
    int known = 0;
    for (std::size_t y = at.row - std::min<std::size_t>(at.row, 1); y < std::min(at.row + 2, reference_.rows()); ++y) {
      for (std::size_t x = at.column - std::min<std::size_t>(at.column, 1);
           x < std::min(at.column + 2, reference_.columns()); ++x) {
        if (!is_usable(reference_, y, x)) continue;
        there += reference_.pixels(y, x) - sky;
        ++known;
      }
    }
    const double floor = reference_level_.noise();
    return std::abs(flux) * shape_.peak() / std::max(known > 0 ? there / known : 0.0, floor);
  }

  std::optional<double> saturated_distance(const Extreme& at) const {
    const Plane<std::uint16_t>& mask = s_.difference.mask;
    const auto row = static_cast<std::ptrdiff_t>(at.row);
    const auto column = static_cast<std::ptrdiff_t>(at.column);
    std::ptrdiff_t least = far_away * far_away + 1;
    for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, row - far_away);
         y <= std::min(static_cast<std::ptrdiff_t>(mask.rows()) - 1, row + far_away); ++y) {
      for (std::ptrdiff_t x = std::max<std::ptrdiff_t>(0, column - far_away);
           x <= std::min(static_cast<std::ptrdiff_t>(mask.columns()) - 1, column + far_away); ++x) {
        if ((mask(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) & bit(Flag::saturated)) == 0) continue;
        least = std::min(least, (y - row) * (y - row) + (x - column) * (x - column));
      }
    }
    if (least > far_away * far_away) return std::nullopt;
    return std::sqrt(static_cast<double>(least));
  }

  std::optional<double> source_distance(const Candidate& made) const {
    double least = std::numeric_limits<double>::infinity();
    const auto middle = std::lower_bound(sources_.begin(), sources_.end(), made.y,
                                         [](const PixelPosition& source, double y) { return source.y < y; });
    for (auto up = middle; up != sources_.end() && up->y - made.y < least; ++up) {
      least = std::min(least, std::hypot(up->x - made.x, up->y - made.y));
    }
    for (auto down = middle; down != sources_.begin() && made.y - std::prev(down)->y < least; --down) {
      least = std::min(least, std::hypot(std::prev(down)->x - made.x, std::prev(down)->y - made.y));
    }
    if (!std::isfinite(least)) return std::nullopt;
    return least;
  }

  std::vector<Veto> vetoes(const Candidate& made) const {
    std::vector<Veto> reasons;
    // A point among the noise is sometimes met better by four pixels than by itself, but never by much; and what fits
    // as a point is one.
    const double margin = (9.0 + 0.1 * made.significance * made.significance) / shape_.pixels();
    const double better = made.chi_square - made.ray_chi_square;
    if (made.chi_square > least_ray_chi_square && better > std::max(margin, 0.2 * made.chi_square))
      reasons.push_back(Veto::cosmic_ray);
    if (made.chi_square > options_.point_chi_square) reasons.push_back(Veto::not_a_point);
    if (made.saturated_distance && *made.saturated_distance < options_.halo_reach * shape_.width() &&
        made.contrast < options_.halo_contrast) {
      reasons.push_back(Veto::saturated_halo);
    }
    // What noise alone has beside a faint candidate is no other half of it.
    const bool is_more_than_noise = made.opposite * std::abs(made.significance) > least_dipole;
    if (made.opposite > options_.dipole_share && is_more_than_noise) reasons.push_back(Veto::dipole);
    if (made.missing_pixels > 16) reasons.push_back(Veto::edge);
    return reasons;
  }

  const Subtraction& s_;
  DifferenceField field_;
  const Image& reference_;
  SkyLevel reference_level_;
  const std::optional<Wcs>& wcs_;
  std::vector<PixelPosition> sources_;
  const DetectionOptions& options_;
  CandidateShape shape_;
};

Plane<float> square_around(const Image& image, PixelPosition place, std::size_t side) {
  Plane<float> made(side, side, std::numeric_limits<float>::quiet_NaN());
  const auto top = static_cast<std::ptrdiff_t>(std::lround(place.y)) - static_cast<std::ptrdiff_t>(side / 2);
  const auto left = static_cast<std::ptrdiff_t>(std::lround(place.x)) - static_cast<std::ptrdiff_t>(side / 2);
  for (std::size_t y = 0; y < side; ++y) {
    const std::ptrdiff_t row = top + static_cast<std::ptrdiff_t>(y);
    if (row < 0 || row >= static_cast<std::ptrdiff_t>(image.rows())) continue;
    for (std::size_t x = 0; x < side; ++x) {
      const std::ptrdiff_t column = left + static_cast<std::ptrdiff_t>(x);
      if (column < 0 || column >= static_cast<std::ptrdiff_t>(image.columns())) continue;
      const auto r = static_cast<std::size_t>(row);
      const auto c = static_cast<std::size_t>(column);
      if (is_usable(image, r, c)) made(y, x) = image.pixels(r, c);
    }
  }
  return made;
}

}  // namespace

std::vector<Candidate> detect(const Subtraction& subtraction, const Image& science, const Image& reference,
                              std::span<const PixelPosition> sources, const DetectionOptions& options) {
  if (!(options.threshold > 0.0)) refuse(looking, "the threshold must be positive");
  if (!subtraction.significance.fits(science.pixels) || !subtraction.significance.fits(reference.pixels)) {
    refuse(looking, "the subtraction has " + size_of(subtraction.significance) + ", the images " +
                        size_of(science.pixels) + " and " + size_of(reference.pixels) +
                        "; bring the ones that were subtracted");
  }
  const Describing describing(subtraction, science, reference, sources, options);
  std::vector<Candidate> found;
  for (const Extreme& at : extremes(subtraction, options.threshold, options.negative, 0.5 * describing.width())) {
    found.push_back(describing.describe(at));
  }
  return found;
}

std::optional<ForcedFlux> forced_flux(const Subtraction& subtraction, PixelPosition place) {
  const DifferenceField field(subtraction);
  if (!std::isfinite(place.x) || !std::isfinite(place.y)) return std::nullopt;
  const auto column = static_cast<std::ptrdiff_t>(std::floor(place.x));
  const auto row = static_cast<std::ptrdiff_t>(std::floor(place.y));
  const std::array<double, 6> across = lanczos3_weights(place.x - std::floor(place.x));
  const std::array<double, 6> along = lanczos3_weights(place.y - std::floor(place.y));
  double sum = 0.0;
  double weights = 0.0;
  for (std::ptrdiff_t j = 0; j < 6; ++j) {
    for (std::ptrdiff_t i = 0; i < 6; ++i) {
      const bool is_next = (i == 2 || i == 3) && (j == 2 || j == 3);
      if (!field.has(row + j - 2, column + i - 2)) {
        if (is_next) return std::nullopt;
        continue;
      }
      const double weight = across[static_cast<std::size_t>(i)] * along[static_cast<std::size_t>(j)];
      sum += weight * subtraction.flux(static_cast<std::size_t>(row + j - 2), static_cast<std::size_t>(column + i - 2));
      weights += weight;
    }
  }
  const auto nearest_row = static_cast<std::size_t>(std::lround(place.y));
  const auto nearest_column = static_cast<std::size_t>(std::lround(place.x));
  return ForcedFlux{sum / weights, subtraction.flux_error(nearest_row, nearest_column)};
}

Triplet cut(const Image& science, const Image& reference, const Image& difference, PixelPosition place,
            std::size_t side) {
  if (side % 2 == 0 || side > 4095) {
    refuse("cutting out a candidate", "the side must be odd and below 4096, not " + std::to_string(side));
  }
  // Beyond this a place is no pixel of any image, and no whole number.
  constexpr double furthest = 1e9;
  if (!(std::abs(place.x) < furthest && std::abs(place.y) < furthest)) {
    refuse("cutting out a candidate", "its place is not finite, or far from any image");
  }
  if (!science.pixels.fits(reference.pixels) || !science.pixels.fits(difference.pixels)) {
    refuse("cutting out a candidate", "the images have different shapes");
  }
  return {square_around(science, place, side), square_around(reference, place, side),
          square_around(difference, place, side)};
}

}  // namespace astro::imaging
