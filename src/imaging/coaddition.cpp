// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/coaddition.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "imaging/fill.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/levels.hpp"
#include "imaging/parallel.hpp"
#include "imaging/refuse.hpp"
#include "imaging/spectra.hpp"

namespace astro::imaging {
namespace {

using signal::PlaneTransform;

constexpr const char* adding_up = "adding up images";

/// Frequencies that no PSF lets through are noise times a factor that would run away.
constexpr float least_coadd_power = 1e-30F;

void check_exposures(std::span<const Exposure> exposures, const CoadditionOptions& options) {
  if (exposures.empty()) refuse(adding_up, "there are none");
  if (options.background_cell != 0 && options.background_cell < 16) {
    refuse(adding_up, "a cell of the background must have at least 16 pixels a side");
  }
  if (options.threads < 1) refuse(adding_up, "at least one thread must work");
  for (const Exposure& exposure : exposures) {
    if (exposure.image == nullptr || exposure.psf == nullptr) refuse(adding_up, "an exposure has no image or no PSF");
    check_planes(adding_up, *exposure.image);
    if (!exposure.image->pixels.fits(exposures[0].image->pixels)) {
      refuse(adding_up, "one image has " + size_of(exposure.image->pixels) + ", the first " +
                            size_of(exposures[0].image->pixels) + "; register them on the same pixels");
    }
    if (exposure.psf->rows() > exposure.image->rows() || exposure.psf->columns() > exposure.image->columns()) {
      refuse(adding_up, "a PSF is larger than the images");
    }
    if (!(exposure.flux > 0.0 && std::isfinite(exposure.flux)))
      refuse(adding_up, "the flux of an exposure must be positive");
  }
}

class Adding {
 public:
  Adding(std::span<const Exposure> exposures, const CoadditionOptions& options)
      : exposures_(exposures),
        options_(options),
        rows_(exposures[0].image->rows()),
        columns_(exposures[0].image->columns()) {
    const PixelPosition middle{0.5 * static_cast<double>(columns_ - 1), 0.5 * static_cast<double>(rows_ - 1)};
    std::size_t reach = 0;
    for (const Exposure& exposure : exposures_) {
      psfs_.push_back(exposure.psf->at(middle));
      reach = std::max({reach, psfs_.back().rows() / 2, psfs_.back().columns() / 2});
    }
    reach_ = reach;
  }

  Coadd run() {
    const PlaneTransform transform(PlaneTransform::quick_size(rows_ + reach_),
                                   PlaneTransform::quick_size(columns_ + reach_));
    Coadd made{.psf = *exposures_[0].psf};
    made.image.pixels = Plane<float>(rows_, columns_);
    made.image.variance = Plane<float>(rows_, columns_);
    made.image.mask = Plane<std::uint16_t>(rows_, columns_);
    const PlaneTransform::Buffer sum = transform.buffer();
    Plane<float> power(transform.rows(), transform.columns() / 2 + 1);
    for (std::size_t k = 0; k < exposures_.size(); ++k) add(k, transform, sum.get(), power, made);
    finish(transform, sum.get(), power, made);
    describe(made);
    return made;
  }

 private:
  struct Weights {
    double flux = 0.0;   ///< F_j / sigma_j^2
    double power = 0.0;  ///< F_j^2 / sigma_j^2
  };

  /// F_j / sigma_j^2 conj(P_j) M_j, and its denominator.
  void add(std::size_t k, const PlaneTransform& transform, float* sum, Plane<float>& power, Coadd& made) {
    const Image& image = *exposures_[k].image;
    const SkyLevel level(image, options_.background_cell, options_.threads);
    const double variance = level.noise() * level.noise();
    weights_.push_back({exposures_[k].flux / variance, exposures_[k].flux * exposures_[k].flux / variance});
    const PlaneTransform::Buffer pixels = transform.buffer();
    const PlaneTransform::Buffer psf = transform.buffer();
    load(k, level, transform, pixels.get(), made);
    put_psf(psfs_[k], transform, psf.get());
    in_parallel(options_.threads, 2, [&](std::size_t i) { transform.forward(i == 0 ? pixels.get() : psf.get()); });
    const auto flux = static_cast<float>(weights_[k].flux);
    const auto weight = static_cast<float>(weights_[k].power);
    in_bands(options_.threads, transform.rows(), [&](std::size_t first, std::size_t last) {
      for (std::size_t row = first; row < last; ++row) {
        const float* m = pixels.get() + row * transform.stride();
        const float* p = psf.get() + row * transform.stride();
        float* to = sum + row * transform.stride();
        for (std::size_t i = 0; i < transform.stride(); i += 2) {
          to[i] += flux * (p[i] * m[i] + p[i + 1] * m[i + 1]);
          to[i + 1] += flux * (p[i] * m[i + 1] - p[i + 1] * m[i]);
          power(row, i / 2) += weight * (p[i] * p[i] + p[i + 1] * p[i + 1]);
        }
      }
    });
  }

  /// Pixels less their background, filled; what is missing, and what their noise adds, go into the result's planes: the
  /// share of the weight, and the sum of variance times (F_j / sigma_j^2)^2, until they are finished.
  void load(std::size_t k, const SkyLevel& level, const PlaneTransform& transform, float* pixels, Coadd& made) {
    const Image& image = *exposures_[k].image;
    Plane<std::uint8_t> bad(rows_, columns_);
    Plane<float> variance(rows_, columns_);
    std::vector<float> sky(columns_);
    for (std::size_t y = 0; y < rows_; ++y) {
      level.background(y, 0, sky);
      for (std::size_t x = 0; x < columns_; ++x) {
        if (is_usable(image, y, x)) {
          pixels[y * transform.stride() + x] = image.pixels(y, x) - sky[x];
          variance(y, x) = level.variance(image, y, x, image.pixels(y, x) - sky[x]);
        } else {
          bad(y, x) = static_cast<std::uint8_t>(bad_science | (is_saturated(image, y, x) ? bad_saturated : 0));
        }
      }
    }
    const Filling filling{pixels, transform.stride(), &psfs_[k], level.noise(), level.per_count()};
    for (const Filled& one : fill(bad, {&filling, 1})) variance(one.row, one.column) = one.variance[0];
    if (missing_.empty()) missing_ = Plane<float>(rows_, columns_);
    const auto weight = static_cast<float>(weights_[k].power);
    const auto square = static_cast<float>(weights_[k].power * weights_[k].flux / exposures_[k].flux);
    for (std::size_t i = 0; i < variance.size(); ++i) {
      made.image.variance.data()[i] += square * variance.data()[i];
      if (bad.data()[i] != 0) missing_.data()[i] += weight;
    }
  }

  void finish(const PlaneTransform& transform, float* sum, const Plane<float>& power, Coadd& made) {
    double total = 0.0;
    for (const Weights& one : weights_) total += one.power;
    made.noise = 1.0 / std::sqrt(total);
    const auto scale = static_cast<float>(
        made.noise / (static_cast<double>(transform.rows()) * static_cast<double>(transform.columns())));
    in_bands(options_.threads, transform.rows(), [&](std::size_t first, std::size_t last) {
      for (std::size_t row = first; row < last; ++row) {
        float* to = sum + row * transform.stride();
        for (std::size_t i = 0; i < transform.stride(); i += 2) {
          const float root = scale / std::sqrt(power(row, i / 2) + least_coadd_power);
          to[i] *= root;
          to[i + 1] *= root;
        }
      }
    });
    transform.inverse(sum);
    const auto most = static_cast<float>(0.5 * total);
    const auto to_variance = static_cast<float>(1.0 / (total * total));
    for (std::size_t y = 0; y < rows_; ++y) {
      for (std::size_t x = 0; x < columns_; ++x) {
        if (missing_(y, x) > most) {
          made.image.mask(y, x) = bit(Flag::no_data);
          made.image.variance(y, x) = 0.0F;
          continue;
        }
        made.image.pixels(y, x) = sum[y * transform.stride() + x];
        made.image.variance(y, x) *= to_variance;
      }
    }
  }

  void describe(Coadd& made) const {
    const Image& first = *exposures_[0].image;
    made.psf = Psf(coadded_psf());
    made.image.wcs = first.wcs;
    made.image.unit = first.unit;
    made.image.exposure = first.exposure;
    made.image.mid = first.mid;
    made.image.filter = first.filter;
    made.image.object = first.object;
  }

  /// sqrt(sum F_j^2 / sigma_j^2 |P_j|^2), of which the transform is real and even.
  Plane<float> coadded_psf() const {
    const PlaneTransform transform(PlaneTransform::quick_size(4 * reach_ + 2),
                                   PlaneTransform::quick_size(4 * reach_ + 2));
    const PlaneTransform::Buffer sum = transform.buffer();
    for (std::size_t k = 0; k < psfs_.size(); ++k) {
      const PlaneTransform::Buffer psf = transform.buffer();
      put_psf(psfs_[k], transform, psf.get());
      transform.forward(psf.get());
      const auto weight = static_cast<float>(weights_[k].power / weights_[0].power);
      for (std::size_t i = 0; i < transform.size(); i += 2) {
        sum[i] += weight * (psf[i] * psf[i] + psf[i + 1] * psf[i + 1]);
      }
    }
    for (std::size_t i = 0; i < transform.size(); i += 2) sum[i] = std::sqrt(sum[i]);
    transform.inverse(sum.get());
    return middle_part(sum.get(), transform, reach_);
  }

  std::span<const Exposure> exposures_;
  const CoadditionOptions& options_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t reach_ = 0;
  std::vector<Plane<float>> psfs_{};
  std::vector<Weights> weights_{};
  Plane<float> missing_{};
};

}  // namespace

Coadd coadd(std::span<const Exposure> exposures, const CoadditionOptions& options) {
  check_exposures(exposures, options);
  return Adding(exposures, options).run();
}

}  // namespace astro::imaging
