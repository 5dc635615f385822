// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "astro/imaging/image.hpp"
#include "astro/imaging/stars.hpp"

namespace astro::imaging {

using Random = std::mt19937_64;

/// Stars with many faint ones, in a square field.
inline std::vector<Star> random_stars(std::size_t count, double side, Random& random) {
  std::uniform_real_distribution<double> place(0.0, side);
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  std::vector<Star> stars;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = place(random);
    const double y = place(random);
    stars.push_back({{x, y}, 300.0 * std::pow(1.0 - 0.999 * chance(random), -1.2)});
  }
  return stars;
}

/// The part of a Moffat profile (beta 3) of unit flux that falls on a pixel so far from its centre, by a sum over 5 x 5
/// points; `stretch` makes it longer along x.
inline double moffat_pixel(double dx, double dy, double fwhm, double stretch = 1.0) {
  constexpr double beta = 3.0;
  constexpr int fine = 5;
  const double alpha = fwhm / (2.0 * std::sqrt(std::pow(2.0, 1.0 / beta) - 1.0));
  double sum = 0.0;
  for (int i = 0; i < fine; ++i) {
    for (int k = 0; k < fine; ++k) {
      const double x = (dx + (k + 0.5) / fine - 0.5) / stretch;
      const double y = dy + (i + 0.5) / fine - 0.5;
      sum += std::pow(1.0 + (x * x + y * y) / (alpha * alpha), -beta);
    }
  }
  return sum / (fine * fine) * (beta - 1.0) / (std::numbers::pi * alpha * alpha * stretch);
}

/// An image of stars on a flat background, in electrons, with Poisson and read noise and the variance that belongs to
/// it.
inline Image image_of(const std::vector<Star>& stars, std::size_t rows, std::size_t columns, double fwhm,
                      double background, double read_noise, Random& random, double stretch = 1.0) {
  Image image;
  image.unit = "electron";
  image.read_noise = read_noise;
  Plane<double> truth(rows, columns, background);
  const double reach = 8.0 * fwhm;
  for (const Star& star : stars) {
    for (double y = std::max(0.0, std::ceil(star.place.y - reach));
         y < static_cast<double>(rows) && y <= star.place.y + reach; ++y) {
      for (double x = std::max(0.0, std::ceil(star.place.x - reach));
           x < static_cast<double>(columns) && x <= star.place.x + reach; ++x) {
        truth(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) +=
            star.flux * moffat_pixel(x - star.place.x, y - star.place.y, fwhm, stretch);
      }
    }
  }
  image.pixels = Plane<float>(rows, columns);
  image.variance = Plane<float>(rows, columns);
  std::normal_distribution<double> normal(0.0, 1.0);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double variance = truth.data()[i] + read_noise * read_noise;
    image.variance.data()[i] = static_cast<float>(variance);
    image.pixels.data()[i] = static_cast<float>(truth.data()[i] + std::sqrt(variance) * normal(random));
  }
  return image;
}

}  // namespace astro::imaging
