// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/fill.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "imaging/sample.hpp"

namespace astro::imaging {
namespace {

struct Spot {
  std::size_t row = 0;
  std::size_t column = 0;
};

/// Calls `visit` for the pixels up to `reach` away, the middle included.
template <class Visit>
void around(Spot at, std::size_t reach, std::size_t rows, std::size_t columns, const Visit& visit) {
  for (std::size_t y = at.row - std::min(at.row, reach); y < std::min(at.row + reach + 1, rows); ++y) {
    for (std::size_t x = at.column - std::min(at.column, reach); x < std::min(at.column + reach + 1, columns); ++x)
      visit(y, x);
  }
}

/// Pixels that hang together.
struct Gap {
  std::vector<Spot> pixels{};
  std::uint8_t bits = 0;  ///< of all of them
};

std::vector<Gap> gaps_of(const Plane<std::uint8_t>& bad) {
  std::vector<Gap> gaps;
  Plane<std::uint8_t> seen(bad.rows(), bad.columns());
  for (std::size_t row = 0; row < bad.rows(); ++row) {
    for (std::size_t column = 0; column < bad.columns(); ++column) {
      if (bad(row, column) == 0 || seen(row, column) != 0) continue;
      Gap gap;
      gap.pixels.push_back({row, column});
      seen(row, column) = 1;
      for (std::size_t next = 0; next < gap.pixels.size(); ++next) {
        const Spot at = gap.pixels[next];
        gap.bits |= bad(at.row, at.column);
        around(at, 1, bad.rows(), bad.columns(), [&](std::size_t y, std::size_t x) {
          if (bad(y, x) == 0 || seen(y, x) != 0) return;
          seen(y, x) = 1;
          gap.pixels.push_back({y, x});
        });
      }
      gaps.push_back(std::move(gap));
    }
  }
  return gaps;
}

struct SaturatedStar {
  double x = 0.0;
  double y = 0.0;
  double flux = 0.0;
};

/// What is known of a saturated star: the usable pixels around its gap.
class StarFit {
 public:
  StarFit(const Filling& image, const std::vector<Spot>& ring) : image_(image), ring_(ring) {}

  /// Least squares for flux and place, beginning at `start`; nothing when it ends far away or without flux.
  std::optional<SaturatedStar> from(SaturatedStar start) const {
    std::optional<SaturatedStar> best;
    double least = 0.0;
    SaturatedStar star = start;
    for (int round = 0; round < 12; ++round) {
      const std::array<double, 4> step = solve(star, round == 0);
      star.flux = step[0];
      if (!(star.flux > 0.0)) return best;
      if (!best || step[3] < least) {
        best = star;
        least = step[3];
      }
      const double dx = std::clamp(step[1] / star.flux, -0.5, 0.5);
      const double dy = std::clamp(step[2] / star.flux, -0.5, 0.5);
      star.x += dx;
      star.y += dy;
      if (std::abs(star.x - start.x) > 3.0 || std::abs(star.y - start.y) > 3.0) return best;
      if (round > 0 && std::abs(dx) + std::abs(dy) < 1e-3) break;
    }
    return best;
  }

 private:
  /// Flux, flux times each step, and chi-square of the flux alone at the place as it is.
  std::array<double, 4> solve(const SaturatedStar& at, bool flux_only) const {
    double m[3][3] = {};
    double b[3] = {};
    double squares = 0.0;
    for (const Spot& spot : ring_) {
      const double x = static_cast<double>(spot.column) - at.x;
      const double y = static_cast<double>(spot.row) - at.y;
      constexpr double d = 0.25;
      const double p = sample(*image_.psf, x, y);
      const double f[3] = {p, (sample(*image_.psf, x - d, y) - sample(*image_.psf, x + d, y)) / (2.0 * d),
                           (sample(*image_.psf, x, y - d) - sample(*image_.psf, x, y + d)) / (2.0 * d)};
      const double value = image_.pixels[spot.row * image_.stride + spot.column];
      // A per cent of the star for what its PSF does not tell: the brightest pixel shall not rule alone.
      const double own = image_.noise * image_.noise + std::abs(value) * image_.per_count + 1e-4 * value * value;
      for (int i = 0; i < 3; ++i) {
        b[i] += f[i] * value / own;
        for (int j = 0; j < 3; ++j) m[i][j] += f[i] * f[j] / own;
      }
      squares += value * value / own;
    }
    if (!(m[0][0] > 0.0)) return {};
    const double alone = b[0] / m[0][0];
    const double chi_square = squares - alone * b[0];
    const double det = determinant(m, -1, b);
    if (flux_only || !(std::abs(det) > 1e-12 * m[0][0] * m[1][1] * m[2][2])) return {alone, 0.0, 0.0, chi_square};
    return {determinant(m, 0, b) / det, determinant(m, 1, b) / det, determinant(m, 2, b) / det, chi_square};
  }

  /// Of the matrix with one column replaced (Cramer's rule).
  static double determinant(const double (&m)[3][3], int replaced, const double (&b)[3]) {
    const auto at = [&](int i, int j) { return j == replaced ? b[i] : m[i][j]; };
    return at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
           at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
           at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0));
  }

  const Filling& image_;
  const std::vector<Spot>& ring_;
};

/// The pixels within four of a gap that can be used in both images.
std::vector<Spot> ring_of(const Gap& gap, const Plane<std::uint8_t>& bad) {
  std::vector<Spot> ring;
  for (const Spot& at : gap.pixels) {
    around(at, 4, bad.rows(), bad.columns(), [&](std::size_t y, std::size_t x) {
      if (bad(y, x) == 0) ring.push_back({y, x});
    });
  }
  const auto key = [&](const Spot& s) { return s.row * bad.columns() + s.column; };
  std::sort(ring.begin(), ring.end(), [&](const Spot& a, const Spot& b) { return key(a) < key(b); });
  ring.erase(std::unique(ring.begin(), ring.end(), [&](const Spot& a, const Spot& b) { return key(a) == key(b); }),
             ring.end());
  return ring;
}

/// Whether a PSF reaches from the middle of a gap to its ends.
bool is_star_like(const Gap& gap, const Plane<float>& psf) {
  const auto [top, bottom] = std::minmax_element(gap.pixels.begin(), gap.pixels.end(),
                                                 [](const Spot& a, const Spot& b) { return a.row < b.row; });
  const auto [left, right] = std::minmax_element(gap.pixels.begin(), gap.pixels.end(),
                                                 [](const Spot& a, const Spot& b) { return a.column < b.column; });
  return bottom->row - top->row < psf.rows() / 2 && right->column - left->column < psf.columns() / 2;
}

bool fill_star(const Gap& gap, const Plane<std::uint8_t>& bad, std::span<const Filling> images,
               std::vector<Filled>& filled) {
  if (!std::ranges::all_of(images, [&](const Filling& image) { return is_star_like(gap, *image.psf); })) return false;
  const std::vector<Spot> ring = ring_of(gap, bad);
  if (ring.size() < 8) return false;
  SaturatedStar start;
  for (const Spot& at : gap.pixels) {
    start.x += static_cast<double>(at.column) / static_cast<double>(gap.pixels.size());
    start.y += static_cast<double>(at.row) / static_cast<double>(gap.pixels.size());
  }
  std::vector<SaturatedStar> stars;
  for (const Filling& image : images) {
    const std::optional<SaturatedStar> star = StarFit(image, ring).from(start);
    if (!star) return false;
    stars.push_back(*star);
  }
  for (const Spot& at : gap.pixels) {
    Filled one{at.row, at.column, {}};
    for (std::size_t k = 0; k < images.size(); ++k) {
      const double value = stars[k].flux * sample(*images[k].psf, static_cast<double>(at.column) - stars[k].x,
                                                  static_cast<double>(at.row) - stars[k].y);
      images[k].pixels[at.row * images[k].stride + at.column] = static_cast<float>(value);
      const double own = images[k].noise * images[k].noise + std::abs(value) * images[k].per_count;
      one.variance[k] = static_cast<float>(own + 0.05 * 0.05 * value * value);
    }
    filled.push_back(one);
  }
  return true;
}

/// From the edge of a gap inwards, each pixel the mean of the neighbours that are known; the middle of a large one
/// fades to the background. `missing` has the bit `mine` for what is not known yet.
void fill_from_neighbours(const Gap& gap, Plane<std::uint8_t>& missing, std::uint8_t mine, const Filling& image,
                          std::vector<float>& variance) {
  const auto noise = static_cast<float>(image.noise);
  const auto put = [&](std::size_t i, float value, float unsure) {
    const Spot at = gap.pixels[i];
    image.pixels[at.row * image.stride + at.column] = value;
    variance[i] = noise * noise + std::max(0.0F, value) * image.per_count + unsure * unsure;
    missing(at.row, at.column) = static_cast<std::uint8_t>(missing(at.row, at.column) & ~mine);
  };
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < gap.pixels.size(); ++i) {
    if ((missing(gap.pixels[i].row, gap.pixels[i].column) & mine) != 0) waiting.push_back(i);
  }
  struct Made {
    std::size_t index;
    float value;
    float unsure;
  };
  constexpr int deepest = 12;
  float fading = 1.0F;
  for (int layer = 0; layer < deepest && !waiting.empty(); ++layer, fading *= 0.8F) {
    std::vector<std::size_t> left;
    std::vector<Made> made;
    for (const std::size_t i : waiting) {
      float sum = 0.0F;
      float low = HUGE_VALF;
      float high = -HUGE_VALF;
      float known = 0.0F;
      around(gap.pixels[i], 1, missing.rows(), missing.columns(), [&](std::size_t y, std::size_t x) {
        if ((missing(y, x) & mine) != 0) return;
        const float value = image.pixels[y * image.stride + x];
        low = std::min(low, value);
        high = std::max(high, value);
        sum += value;
        known += 1.0F;
      });
      // Where the neighbours differ by more than their noise, so may this one.
      if (known > 0.0F) made.push_back({i, fading * sum / known, 0.5F * std::max(0.0F, high - low - 3.0F * noise)});
      if (known == 0.0F) left.push_back(i);
    }
    for (const Made& one : made) put(one.index, one.value, one.unsure);
    waiting = std::move(left);
  }
  for (const std::size_t i : waiting) put(i, 0.0F, 0.0F);
}

}  // namespace

std::vector<Filled> fill(const Plane<std::uint8_t>& bad, std::span<const Filling> images) {
  std::vector<Filled> filled;
  Plane<std::uint8_t> missing = bad;
  for (const Gap& gap : gaps_of(bad)) {
    if ((gap.bits & bad_saturated) != 0 && fill_star(gap, bad, images, filled)) continue;
    std::array<std::vector<float>, 2> variance{std::vector<float>(gap.pixels.size(), -1.0F),
                                               std::vector<float>(gap.pixels.size(), -1.0F)};
    for (std::size_t k = 0; k < images.size(); ++k) {
      fill_from_neighbours(gap, missing, k == 0 ? bad_science : bad_reference, images[k], variance[k]);
    }
    for (std::size_t i = 0; i < gap.pixels.size(); ++i) {
      filled.push_back({gap.pixels[i].row, gap.pixels[i].column, {variance[0][i], variance[1][i]}});
    }
  }
  return filled;
}

}  // namespace astro::imaging
