// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/pair_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "imaging/spectra.hpp"
#include "signal/transform.hpp"

namespace astro::imaging {
namespace {

using signal::PlaneTransform;
using Complex = std::complex<double>;

/// The kernels at each frequency of a plane that is some times as wide as the PSFs: enough for all they are not 0 at.
class KernelGrid {
 public:
  KernelGrid(const std::array<Plane<float>, 2>& psfs, std::size_t side) : transform_(side, side), psfs_(psfs) {
    for (std::size_t k = 0; k < 2; ++k) {
      spectra_[k] = spectrum();
      put_psf(psfs_[k], transform_, spectra_[k].get());
      transform_.forward(spectra_[k].get());
    }
  }

  PairKernels kernels(const Pair& pair, double beta, std::size_t most_reach) {
    const double n = pair.levels[0].noise() * pair.levels[0].noise();
    const double r = pair.levels[1].noise() * pair.levels[1].noise() * beta * beta;
    const std::size_t width = transform_.columns() / 2 + 1;
    const auto rows = static_cast<double>(transform_.rows());
    std::array<PlaneTransform::Buffer, 5> made{spectrum(), spectrum(), spectrum(), spectrum(), spectrum()};
    std::vector<float> power(width);
    std::array<double, 2> energy{};
    std::array<double, 2> energy_with_power{};
    PairKernels all;
    for (std::size_t row = 0; row < transform_.rows(); ++row) {
      const auto k = static_cast<double>(row);
      const double v = (row <= transform_.rows() / 2 ? k : k - rows) / rows;
      pair.power.row(v, transform_.columns(), power);
      for (std::size_t column = 0; column < width; ++column) {
        const Complex pn = at(spectra_[0], row, column);
        const Complex pr = at(spectra_[1], row, column);
        const double inverse = 1.0 / (n * std::norm(pr) + r * std::norm(pn) + double{least_transfer});
        const double root = std::sqrt(inverse);
        if (row == 0 && column == 0) all.difference_scale = beta * root;
        const std::array values{beta * std::conj(pn) * std::norm(pr) * inverse,
                                beta * beta * std::conj(pr) * std::norm(pn) * inverse,
                                beta * pn * pr * root / all.difference_scale, pr * root / all.difference_scale,
                                beta * pn * root / all.difference_scale};
        for (std::size_t i = 0; i < made.size(); ++i) put(values[i], made[i], row, column);
        const bool is_alone = column == 0 || column + 1 == width;  // the others stand for two frequencies
        const double weight = (is_alone ? 1.0 : 2.0) / (rows * static_cast<double>(transform_.columns()));
        all.score_scale += weight * beta * beta * std::norm(pn) * std::norm(pr) * inverse;
        all.difference_energy[0] += weight * std::norm(pr) * inverse * double{power[column]};
        all.difference_energy[1] += weight * beta * beta * std::norm(pn) * inverse * double{power[column]};
        for (std::size_t i = 0; i < 2; ++i) {
          energy[i] += weight * std::norm(values[i]);
          energy_with_power[i] += weight * std::norm(values[i]) * double{power[column]};
        }
      }
    }
    for (const PlaneTransform::Buffer& plane : made) transform_.inverse(plane.get());
    const std::size_t whole = transform_.rows() / 2 - 1;
    const std::size_t reach = reach_of(psfs_);
    for (std::size_t i = 0; i < 2; ++i) {
      all.squared[i] = middle_part(made[i].get(), transform_, std::min(whole, most_reach));
      const double ratio = energy_with_power[i] / energy[i];
      for (float& value : all.squared[i].values()) value = static_cast<float>(ratio * double{value} * double{value});
    }
    const std::size_t near = std::min<std::size_t>(reach, 12);
    all.point = middle_part(made[2].get(), transform_, reach);
    all.science_pixel = middle_part(made[3].get(), transform_, near);
    all.reference_pixel = middle_part(made[4].get(), transform_, near);
    return all;
  }

 private:
  PlaneTransform::Buffer spectrum() const { return transform_.buffer(); }
  Complex at(const PlaneTransform::Buffer& plane, std::size_t row, std::size_t column) const {
    const float* value = plane.get() + row * transform_.stride() + 2 * column;
    return {value[0], value[1]};
  }
  void put(Complex value, const PlaneTransform::Buffer& plane, std::size_t row, std::size_t column) const {
    float* to = plane.get() + row * transform_.stride() + 2 * column;
    to[0] = static_cast<float>(value.real());
    to[1] = static_cast<float>(value.imag());
  }

  PlaneTransform transform_;
  const std::array<Plane<float>, 2>& psfs_;
  std::array<PlaneTransform::Buffer, 2> spectra_{};
};

}  // namespace

std::size_t reach_of(const std::array<Plane<float>, 2>& psfs) {
  return std::max({psfs[0].rows(), psfs[0].columns(), psfs[1].rows(), psfs[1].columns()}) / 2;
}

PairKernels pair_kernels(const Pair& pair, const std::array<Plane<float>, 2>& psfs, double flux_ratio,
                         std::size_t most_reach) {
  const std::size_t side = PlaneTransform::quick_size(std::max<std::size_t>(64, 8 * reach_of(psfs) + 2));
  return KernelGrid(psfs, side).kernels(pair, flux_ratio, most_reach);
}

}  // namespace astro::imaging
