// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/candidate_shape.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "imaging/sample.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t most_rays = 4;
constexpr std::ptrdiff_t ray_reach = 3;

/// What a PSF that was measured does not know of a bright star, as a part of it.
constexpr double psf_doubt = 0.05;

/// Solves normal equations of few unknowns, in place; those that cannot be told apart stay 0.
template <std::size_t n>
void solve_few(std::array<std::array<double, n + 1>, n>& m, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!(std::abs(m[i][i]) > 1e-9)) continue;
    for (std::size_t j = 0; j < count; ++j) {
      if (j == i) continue;
      const double factor = m[j][i] / m[i][i];
      for (std::size_t k = i; k <= n; ++k) m[j][k] -= factor * m[i][k];
    }
  }
}

}  // namespace

/// The difference around a place, turned so that the candidate is positive.
struct CandidateShape::Stamp {
  std::ptrdiff_t reach = 0;
  std::vector<double> values{};
  std::vector<double> weights{};  ///< 1 / variance; 0 without data

  std::size_t at(std::ptrdiff_t y, std::ptrdiff_t x) const {
    return static_cast<std::size_t>((y + reach) * (2 * reach + 1) + x + reach);
  }
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::ptrdiff_t y = -reach; y <= reach; ++y) {
      for (std::ptrdiff_t x = -reach; x <= reach; ++x) visit(y, x, at(y, x));
    }
  }
};

CandidateShape::CandidateShape(const Subtraction& subtraction)
    : s_(subtraction),
      psf_(subtraction.psf.at({0.5 * static_cast<double>(subtraction.flux.columns()),
                               0.5 * static_cast<double>(subtraction.flux.rows())})) {
  peak_ = *std::max_element(psf_.values().begin(), psf_.values().end());
  width_ = coarse_fwhm(psf_);
  reach_ = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(std::ceil(1.5 * width_)), 4, 12);
}

double CandidateShape::pixels() const noexcept {
  const auto side = static_cast<double>(2 * reach_ + 1);
  return side * side;
}

CandidateShape::Stamp CandidateShape::stamp_at(std::size_t row, std::size_t column, bool is_positive) const {
  Stamp stamp{reach_, std::vector<double>(static_cast<std::size_t>(pixels())),
              std::vector<double>(static_cast<std::size_t>(pixels()))};
  stamp.each([&](std::ptrdiff_t y, std::ptrdiff_t x, std::size_t i) {
    const std::ptrdiff_t r = static_cast<std::ptrdiff_t>(row) + y;
    const std::ptrdiff_t c = static_cast<std::ptrdiff_t>(column) + x;
    if (r < 0 || c < 0 || r >= static_cast<std::ptrdiff_t>(s_.flux.rows()) ||
        c >= static_cast<std::ptrdiff_t>(s_.flux.columns()))
      return;
    const auto u = static_cast<std::size_t>(r);
    const auto v = static_cast<std::size_t>(c);
    const float variance = s_.difference.variance(u, v);
    if (s_.difference.mask(u, v) != 0 || !(variance > 0.0F)) return;
    stamp.values[i] = is_positive ? s_.difference.pixels(u, v) : -s_.difference.pixels(u, v);
    stamp.weights[i] = 1.0 / variance;
  });
  return stamp;
}

/// Of flux and place, with the errors of the PSF itself; per pixel.
double CandidateShape::point_chi_square(const Stamp& stamp, double x0, double y0) const {
  double x = x0;
  double y = y0;
  double chi_square = 0.0;
  for (int round = 0; round < 4; ++round) {
    std::array<std::array<double, 4>, 3> m{};
    std::vector<std::array<double, 3>> model(stamp.values.size());
    stamp.each([&](std::ptrdiff_t v, std::ptrdiff_t u, std::size_t i) {
      const double dx = static_cast<double>(u) - x;
      const double dy = static_cast<double>(v) - y;
      constexpr double d = 0.25;
      model[i] = {sample(psf_, dx, dy), (sample(psf_, dx - d, dy) - sample(psf_, dx + d, dy)) / (2.0 * d),
                  (sample(psf_, dx, dy - d) - sample(psf_, dx, dy + d)) / (2.0 * d)};
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t k = 0; k < 3; ++k) m[j][k] += stamp.weights[i] * model[i][j] * model[i][k];
        m[j][3] += stamp.weights[i] * model[i][j] * stamp.values[i];
      }
    });
    if (!(m[0][0] > 0.0)) return 0.0;
    const double flux = m[0][3] / m[0][0];
    chi_square = 0.0;
    for (std::size_t i = 0; i < model.size(); ++i) {
      if (stamp.weights[i] == 0.0) continue;
      const double expected = flux * model[i][0];
      const double away = stamp.values[i] - expected;
      const double doubt = psf_doubt * flux * peak_;
      const double near = model[i][0] > 0.02 * peak_ ? doubt : 0.0;
      chi_square += away * away / (1.0 / stamp.weights[i] + near * near);
    }
    if (!(flux > 0.0) || round == 3) break;
    solve_few<3>(m, 3);
    x += std::clamp(m[1][3] / m[1][1] / flux, -0.5, 0.5);
    y += std::clamp(m[2][3] / m[2][2] / flux, -0.5, 0.5);
    x = std::clamp(x, x0 - 1.0, x0 + 1.0);
    y = std::clamp(y, y0 - 1.0, y0 + 1.0);
  }
  return chi_square / pixels();
}

/// Of single pixels of one image, the one that explains most taken first; per pixel.
double CandidateShape::ray_chi_square(const Stamp& stamp, const Plane<float>& response) const {
  const auto half = static_cast<std::ptrdiff_t>(response.rows() / 2);
  const auto of = [&](std::ptrdiff_t y, std::ptrdiff_t x) {
    if (std::abs(y) > half || std::abs(x) > half) return 0.0;
    return static_cast<double>(response(static_cast<std::size_t>(y + half), static_cast<std::size_t>(x + half)));
  };
  struct Ray {
    std::ptrdiff_t y;
    std::ptrdiff_t x;
  };
  std::vector<Ray> rays;
  std::vector<double> rest = stamp.values;
  const auto chi_square = [&] {
    double sum = 0.0;
    for (std::size_t i = 0; i < rest.size(); ++i) sum += stamp.weights[i] * rest[i] * rest[i];
    return sum;
  };
  double least = chi_square();
  while (rays.size() < most_rays) {
    Ray best{0, 0};
    double most = 9.0;  // what does not explain three standard deviations more explains nothing
    for (std::ptrdiff_t y = -ray_reach; y <= ray_reach; ++y) {
      for (std::ptrdiff_t x = -ray_reach; x <= ray_reach; ++x) {
        double product = 0.0;
        double power = 0.0;
        stamp.each([&](std::ptrdiff_t v, std::ptrdiff_t u, std::size_t i) {
          const double k = of(v - y, u - x);
          product += stamp.weights[i] * k * rest[i];
          power += stamp.weights[i] * k * k;
        });
        if (!(product > 0.0) || !(power > 0.0) || product * product / power <= most) continue;
        most = product * product / power;
        best = {y, x};
      }
    }
    const bool is_known =
        std::any_of(rays.begin(), rays.end(), [&](const Ray& r) { return r.y == best.y && r.x == best.x; });
    if (most == 9.0 || is_known) break;
    rays.push_back(best);
    std::array<std::array<double, most_rays + 1>, most_rays> m{};
    stamp.each([&](std::ptrdiff_t v, std::ptrdiff_t u, std::size_t i) {
      for (std::size_t j = 0; j < rays.size(); ++j) {
        const double a = of(v - rays[j].y, u - rays[j].x);
        for (std::size_t k = 0; k < rays.size(); ++k)
          m[j][k] += stamp.weights[i] * a * of(v - rays[k].y, u - rays[k].x);
        m[j][most_rays] += stamp.weights[i] * a * stamp.values[i];
      }
    });
    solve_few<most_rays>(m, rays.size());
    rest = stamp.values;
    stamp.each([&](std::ptrdiff_t v, std::ptrdiff_t u, std::size_t i) {
      for (std::size_t j = 0; j < rays.size(); ++j)
        rest[i] -= m[j][most_rays] / m[j][j] * of(v - rays[j].y, u - rays[j].x);
    });
    least = std::min(least, chi_square());
  }
  return least / pixels();
}

/// Moments weighted by a Gaussian of the PSF's width, of which it is taken off again.
void CandidateShape::measure_moments(const Stamp& stamp, Candidate& candidate) const {
  const double sigma = width_ / 2.3548;
  double sum = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  double xy = 0.0;
  stamp.each([&](std::ptrdiff_t y, std::ptrdiff_t x, std::size_t i) {
    const auto u = static_cast<double>(x);
    const auto v = static_cast<double>(y);
    const double weight = std::exp(-0.5 * (u * u + v * v) / (sigma * sigma)) * stamp.values[i];
    sum += weight;
    xx += weight * u * u;
    yy += weight * v * v;
    xy += weight * u * v;
  });
  if (!(sum > 0.0)) return;
  xx /= sum;
  yy /= sum;
  xy /= sum;
  const double mean = 0.5 * (xx + yy);
  const double apart = std::hypot(0.5 * (xx - yy), xy);
  // The product of two Gaussians: 1 / a^2 = 1 / measured - 1 / sigma^2.
  const auto own = [&](double measured) {
    const double inverse = 1.0 / measured - 1.0 / (sigma * sigma);
    return measured > 0.0 && inverse > 0.0 ? std::sqrt(1.0 / inverse) : 0.0;
  };
  const double a = own(mean + apart);
  const double b = own(mean - apart);
  if (a > 0.0 && b > 0.0) {
    candidate.fwhm = 2.3548 * std::sqrt(a * b);
    candidate.ellipticity = 1.0 - b / a;
  }
}

void CandidateShape::describe(std::size_t row, std::size_t column, bool is_positive, Candidate& candidate) const {
  const Stamp stamp = stamp_at(row, column, is_positive);
  candidate.chi_square =
      point_chi_square(stamp, candidate.x - static_cast<double>(column), candidate.y - static_cast<double>(row));
  candidate.ray_chi_square =
      std::min(ray_chi_square(stamp, s_.science_response), ray_chi_square(stamp, s_.reference_response));
  measure_moments(stamp, candidate);
}

}  // namespace astro::imaging
