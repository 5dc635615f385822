// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/star_match.hpp"

#include <algorithm>
#include <cmath>

#include "imaging/numbers.hpp"
#include "imaging/sample.hpp"

namespace astro::imaging {
namespace {

constexpr double least_signal_to_noise = 40.0;
constexpr std::size_t most_stars = 400;

/// Noise of a plane's empty parts; what was filled has less of it.
double noise_of(const float* plane, const MatchedPair& pair, const Plane<std::uint8_t>& bad) {
  std::vector<float> values;
  const std::size_t step = std::max<std::size_t>(1, pair.rows * pair.columns / 10000) | 1U;
  for (std::size_t i = 0; i < pair.rows * pair.columns; i += step) {
    const std::size_t row = i / pair.columns;
    const std::size_t column = i % pair.columns;
    if (bad(2 * row, 2 * column) == 0) values.push_back(plane[row * pair.stride + column]);
  }
  return values.empty() ? 0.0 : robust(values).sigma;
}

struct Peak {
  std::size_t row = 0;
  std::size_t column = 0;
  float height = 0.0F;
};

class Matcher {
 public:
  Matcher(const MatchedPair& pair, const Plane<std::uint8_t>& bad, const std::array<Plane<float>, 2>& psfs)
      : pair_(pair), bad_(bad), fwhm_(std::hypot(coarse_fwhm(psfs[0]), coarse_fwhm(psfs[1]))) {
    reach_ = static_cast<std::size_t>(std::clamp(std::ceil(0.6 * fwhm_), 2.0, 10.0));
    noise_ = {noise_of(pair.science, pair, bad), noise_of(pair.reference, pair, bad)};
  }

  std::vector<StarMatch> stars() const {
    std::vector<StarMatch> found;
    for (const Peak& peak : peaks()) {
      StarMatch star;
      if (fit(peak, star)) found.push_back(star);
    }
    return found;
  }

 private:
  float reference(std::size_t row, std::size_t column) const { return pair_.reference[row * pair_.stride + column]; }

  bool is_peak(std::size_t row, std::size_t column) const {
    const float value = reference(row, column);
    for (std::size_t y = row - 2; y <= row + 2; ++y) {
      for (std::size_t x = column - 2; x <= column + 2; ++x) {
        if ((y != row || x != column) && reference(y, x) >= value) return false;
      }
    }
    return true;
  }

  bool is_whole(const Peak& peak) const {
    const std::size_t wide = 2 * reach_ + static_cast<std::size_t>(fwhm_);
    for (std::size_t y = 2 * peak.row - std::min(2 * peak.row, wide);
         y < std::min(2 * peak.row + wide + 1, bad_.rows()); ++y) {
      for (std::size_t x = 2 * peak.column - std::min(2 * peak.column, wide);
           x < std::min(2 * peak.column + wide + 1, bad_.columns()); ++x) {
        if (bad_(y, x) != 0) return false;
      }
    }
    return true;
  }

  /// The brightest.
  std::vector<Peak> peaks() const {
    const auto limit = static_cast<float>(least_signal_to_noise * noise_[1]);
    std::vector<Peak> found;
    const std::size_t margin = reach_ + 2;
    for (std::size_t y = margin; y + margin < pair_.rows; ++y) {
      for (std::size_t x = margin; x + margin < pair_.columns; ++x) {
        if (reference(y, x) > limit && is_peak(y, x)) found.push_back({y, x, reference(y, x)});
      }
    }
    std::erase_if(found, [&](const Peak& peak) { return !is_whole(peak); });
    std::sort(found.begin(), found.end(), [](const Peak& a, const Peak& b) { return a.height > b.height; });
    if (found.size() > most_stars) found.resize(most_stars);
    return found;
  }

  /// Science = ratio (reference - dx d/dx - dy d/dy) + level, by the normal equations.
  bool fit(const Peak& peak, StarMatch& star) const {
    double m[4][5] = {};
    for (std::size_t y = peak.row - reach_; y <= peak.row + reach_; ++y) {
      for (std::size_t x = peak.column - reach_; x <= peak.column + reach_; ++x) {
        const auto slope = [](float a, float b, float c, float d) {
          return (8.0 * (double{b} - double{c}) - (double{a} - double{d})) / 12.0;
        };
        // A pixel here is two of the image.
        const double f[4] = {
            reference(y, x),
            0.5 * slope(reference(y, x - 2), reference(y, x - 1), reference(y, x + 1), reference(y, x + 2)),
            0.5 * slope(reference(y - 2, x), reference(y - 1, x), reference(y + 1, x), reference(y + 2, x)), 1.0};
        const double value = pair_.science[y * pair_.stride + x];
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 4; ++j) m[i][j] += f[i] * f[j];
          m[i][4] += f[i] * value;
        }
      }
    }
    if (!solve(m) || !(m[0][4] > 0.0)) return false;
    const double science_peak = m[0][4] * peak.height;
    const double noise = std::hypot(noise_[0] / science_peak, noise_[1] / peak.height);
    star = {2.0 * static_cast<double>(peak.column),
            2.0 * static_cast<double>(peak.row),
            m[0][4],
            m[1][4] / m[0][4],
            m[2][4] / m[0][4],
            noise,
            0.6 * fwhm_ * noise};
    return std::abs(star.dx) < 0.5 * fwhm_ && std::abs(star.dy) < 0.5 * fwhm_;
  }

  /// Gauss and Jordan, of a matrix that is positive.
  static bool solve(double (&m)[4][5]) {
    for (int i = 0; i < 4; ++i) {
      if (!(m[i][i] > 0.0)) return false;
      for (int j = 0; j < 4; ++j) {
        if (j == i) continue;
        const double factor = m[j][i] / m[i][i];
        for (int k = i; k < 5; ++k) m[j][k] -= factor * m[i][k];
      }
    }
    for (int i = 0; i < 4; ++i) m[i][4] /= m[i][i];
    return true;
  }

  const MatchedPair& pair_;
  const Plane<std::uint8_t>& bad_;
  double fwhm_;
  std::size_t reach_ = 2;
  std::array<double, 2> noise_{};
};

struct Weighed {
  double mean = 0.0;
  double scatter = 0.0;  ///< robust, about the mean
};

/// Clipped about the median; a star's weight is that of its noise and of a floor, for what is wrong with all.
template <class Value, class Noise>
Weighed weighed(const std::vector<StarMatch>& stars, double floor, const Value& value, const Noise& noise) {
  std::vector<double> values;
  for (const StarMatch& star : stars) values.push_back(value(star));
  const Robust most = robust(values);
  double sum = 0.0;
  double weights = 0.0;
  for (const StarMatch& star : stars) {
    if (std::abs(value(star) - most.middle) > 3.0 * most.sigma) continue;
    const double weight = 1.0 / (noise(star) * noise(star) + floor * floor);
    sum += weight * value(star);
    weights += weight;
  }
  return {weights > 0.0 ? sum / weights : most.middle, most.sigma};
}

/// What the places scatter by beyond their noise, so that in units of both together they scatter as they should. Stars
/// whose noise is less than that say most; what lies far away counts as if it lay at a limit.
template <class Value>
double scatter_beyond_noise(const std::vector<StarMatch>& stars, double mean, const Value& value) {
  constexpr double limit = 2.5;
  constexpr double expected = 0.9776;  // mean of the square of a normal deviate that is held within the limit
  const auto excess = [&](double scatter) {
    double sum = 0.0;
    for (const StarMatch& star : stars) {
      const double noise = star.place_noise * star.place_noise;
      const double variance = scatter * scatter + noise;
      const double information = scatter * scatter / variance;
      const double away = value(star) - mean;
      sum += information * information * (std::min(away * away / variance, limit * limit) - expected);
    }
    return sum;
  };
  double low = 1e-3;
  double high = 1.0;
  if (!(excess(low) > 0.0)) return 0.0;
  for (int round = 0; round < 30; ++round) {
    const double middle = std::sqrt(low * high);
    (excess(middle) > 0.0 ? low : high) = middle;
  }
  return low;
}

}  // namespace

std::vector<StarMatch> match_stars(const MatchedPair& pair, const Plane<std::uint8_t>& bad,
                                   const std::array<Plane<float>, 2>& psfs) {
  return Matcher(pair, bad, psfs).stars();
}

Agreement agreement(const std::vector<StarMatch>& stars) {
  if (stars.empty()) return {};
  const auto place_noise = [](const StarMatch& s) { return s.place_noise; };
  const Weighed ratio = weighed(
      stars, 0.005, [](const StarMatch& s) { return s.ratio; },
      [](const StarMatch& s) { return s.ratio * s.relative_noise; });
  const Weighed x = weighed(
      stars, 0.05, [](const StarMatch& s) { return s.dx; }, place_noise);
  const Weighed y = weighed(
      stars, 0.05, [](const StarMatch& s) { return s.dy; }, place_noise);
  const double beyond_x = scatter_beyond_noise(stars, x.mean, [](const StarMatch& s) { return s.dx; });
  const double beyond_y = scatter_beyond_noise(stars, y.mean, [](const StarMatch& s) { return s.dy; });
  return {ratio.mean, ratio.scatter / ratio.mean, x.mean, y.mean, beyond_x, beyond_y};
}

}  // namespace astro::imaging
