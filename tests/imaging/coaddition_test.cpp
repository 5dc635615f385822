// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/coaddition.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "simulated_pair.hpp"

namespace astro::imaging {
namespace {

using testing::moffat;
using testing::SimulatedPair;

/// Images of one star with other seeing, transparency and noise.
struct Night {
  std::vector<Image> images{};
  std::vector<Psf> psfs{};
  std::vector<double> fluxes{1.0, 0.7, 1.2};
  static constexpr double star = 5000.0;

  Night() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    const double widths[] = {2.5, 3.5, 4.5};
    const float variances[] = {100.0F, 60.0F, 200.0F};
    for (std::size_t k = 0; k < 3; ++k) {
      Image image = SimulatedPair::empty(256, variances[k]);
      SimulatedPair::add(image, 128.0, 128.0, star * fluxes[k], widths[k], 3.0);
      for (float& value : image.pixels.values()) value += normal(random) * std::sqrt(variances[k]);
      images.push_back(std::move(image));
      psfs.emplace_back(moffat(SimulatedPair::psf_side, widths[k], 3.0));
    }
  }

  Coadd coadded() const {
    std::vector<Exposure> exposures;
    for (std::size_t k = 0; k < 3; ++k) exposures.push_back({&images[k], &psfs[k], fluxes[k]});
    return coadd(exposures, {.background_cell = 0});
  }
};

TEST(Coaddition, KeepsFluxAndSaysItsNoise) {
  const Night night;
  const Coadd made = night.coadded();
  EXPECT_NEAR(made.noise, 1.0 / std::sqrt(1.0 / 100.0 + 0.49 / 60.0 + 1.44 / 200.0), 1e-4);
  double squares = 0.0;
  double neighbours = 0.0;
  double count = 0.0;
  for (std::size_t y = 20; y < 90; ++y) {
    for (std::size_t x = 20; x < 236; ++x) {
      const double value = made.image.pixels(y, x);
      squares += value * value;
      neighbours += value * made.image.pixels(y, x + 1);
      count += 1.0;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / count) / made.noise, 1.0, 0.03);
  EXPECT_NEAR(neighbours / squares, 0.0, 0.03);  // white
  EXPECT_NEAR(made.image.variance(40, 40), made.noise * made.noise, 0.01 * made.noise * made.noise);
  // Flux through the coadd's own PSF.
  const Plane<float> psf = made.psf.at({128.0, 128.0});
  double product = 0.0;
  double power = 0.0;
  for (std::size_t y = 0; y < psf.rows(); ++y) {
    for (std::size_t x = 0; x < psf.columns(); ++x) {
      const std::size_t row = 128 + y - psf.rows() / 2;
      const std::size_t column = 128 + x - psf.columns() / 2;
      product += psf(y, x) * made.image.pixels(row, column);
      power += psf(y, x) * psf(y, x);
    }
  }
  EXPECT_NEAR(product / power, Night::star, 4.0 * made.noise / std::sqrt(power));
}

TEST(Coaddition, LeavesOutWhatIsMissing) {
  Night night;
  night.images[0].mask(50, 50) = bit(Flag::cosmic_ray);
  night.images[0].pixels(50, 50) = 1e8F;
  for (Image& image : night.images) image.mask(200, 60) = bit(Flag::bad);
  const Coadd made = night.coadded();
  EXPECT_EQ(made.image.mask(50, 50), 0);
  EXPECT_LT(std::abs(made.image.pixels(50, 50)), 6.0 * made.noise);
  EXPECT_EQ(made.image.mask(200, 60), bit(Flag::no_data));
  EXPECT_EQ(made.image.pixels(200, 60), 0.0F);
}

TEST(Coaddition, RefusesWhatDoesNotFit) {
  EXPECT_THROW(coadd({}), Error);
  Night night;
  std::vector<Exposure> exposures{{&night.images[0], &night.psfs[0], 0.0}};
  EXPECT_THROW(coadd(exposures), Error);
  exposures[0].flux = 1.0;
  const Image small = SimulatedPair::empty(100, 1.0F);
  exposures.push_back({&small, &night.psfs[0], 1.0});
  EXPECT_THROW(coadd(exposures), Error);
}

}  // namespace
}  // namespace astro::imaging
