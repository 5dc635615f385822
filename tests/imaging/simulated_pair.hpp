// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "astro/imaging/image.hpp"
#include "astro/imaging/psf.hpp"

namespace astro::imaging::testing {

/// Elliptical Moffat profile (Moffat 1969, A&A 3, 455), each pixel the mean of 5 x 5 places, around (dx, dy).
inline Plane<float> moffat(std::size_t side, double fwhm, double beta, double dx = 0.0, double dy = 0.0) {
  Plane<float> made(side, side);
  const double a = 0.5 * fwhm / std::sqrt(std::pow(2.0, 1.0 / beta) - 1.0);
  const double norm = (beta - 1.0) / (M_PI * a * a);
  const auto half = static_cast<double>(side / 2);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      double sum = 0.0;
      for (int k = 0; k < 25; ++k) {
        const double u = static_cast<double>(x) - half - dx + 0.2 * (k % 5 - 2);
        const double v = static_cast<double>(y) - half - dy + 0.2 * (k / 5 - 2);
        sum += std::pow(1.0 + (u * u + v * v) / (a * a), -beta);
      }
      made(y, x) = static_cast<float>(norm * sum / 25.0);
    }
  }
  return made;
}

struct Injected {
  double x = 0.0;
  double y = 0.0;
  double flux = 0.0;  ///< in the reference
};

/// A science image and a reference of the same field, in electrons, with their PSFs.
struct SimulatedPair {
  static constexpr double flux_ratio = 0.8;
  static constexpr std::size_t psf_side = 33;
  static constexpr double science_fwhm = 3.6;
  static constexpr double reference_fwhm = 2.8;

  Image science{};
  Image reference{};
  Psf science_psf{moffat(psf_side, science_fwhm, 3.0)};
  Psf reference_psf{moffat(psf_side, reference_fwhm, 3.5)};

  /// Stars in both, those of `changed` in the science image alone; `shift` pixels further along x there.
  SimulatedPair(std::size_t side, const std::vector<Injected>& stars, const std::vector<Injected>& changed,
                unsigned seed, double shift = 0.0) {
    std::mt19937 random(seed);
    science = empty(side, 200.0);
    reference = empty(side, 40.0);
    for (const Injected& star : stars) {
      add(science, star.x + shift, star.y, star.flux * flux_ratio, science_fwhm, 3.0);
      add(reference, star.x, star.y, star.flux, reference_fwhm, 3.5);
    }
    for (const Injected& source : changed)
      add(science, source.x + shift, source.y, source.flux * flux_ratio, science_fwhm, 3.0);
    for (Image* image : {&science, &reference}) {
      std::normal_distribution<float> normal;
      for (std::size_t i = 0; i < image->pixels.size(); ++i) {
        image->variance.data()[i] += image->pixels.data()[i];
        image->pixels.data()[i] += normal(random) * std::sqrt(image->variance.data()[i]);
      }
    }
  }

  static Image empty(std::size_t side, float variance) {
    Image image;
    image.pixels = Plane<float>(side, side);
    image.variance = Plane<float>(side, side, variance);
    image.mask = Plane<std::uint16_t>(side, side);
    image.unit = "electron";
    return image;
  }

  static void add(Image& image, double x, double y, double flux, double fwhm, double beta) {
    const auto column = std::lround(x);
    const auto row = std::lround(y);
    const Plane<float> shape =
        moffat(psf_side, fwhm, beta, x - static_cast<double>(column), y - static_cast<double>(row));
    const auto half = static_cast<long>(psf_side / 2);
    for (long v = -half; v <= half; ++v) {
      for (long u = -half; u <= half; ++u) {
        const long r = row + v;
        const long c = column + u;
        if (r < 0 || c < 0 || r >= static_cast<long>(image.rows()) || c >= static_cast<long>(image.columns())) continue;
        image.pixels(static_cast<std::size_t>(r), static_cast<std::size_t>(c)) +=
            static_cast<float>(flux) * shape(static_cast<std::size_t>(v + half), static_cast<std::size_t>(u + half));
      }
    }
  }
};

/// Stars over a field, with fluxes of 10^2.5 to 10^`brightest`.
inline std::vector<Injected> random_stars(std::size_t count, std::size_t side, unsigned seed, double brightest = 5.0) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> place(20.0, static_cast<double>(side) - 20.0);
  std::uniform_real_distribution<double> magnitude(2.5, brightest);
  std::vector<Injected> stars;
  for (std::size_t i = 0; i < count; ++i)
    stars.push_back({place(random), place(random), std::pow(10.0, magnitude(random))});
  return stars;
}

/// Standard deviation of what a difference's mask leaves.
inline double deviation(const Plane<float>& plane, const Plane<std::uint16_t>& mask) {
  double sum = 0.0;
  double squares = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < plane.size(); ++i) {
    if (mask.data()[i] != 0) continue;
    const double value = plane.data()[i];
    sum += value;
    squares += value * value;
    count += 1.0;
  }
  return std::sqrt(squares / count - sum * sum / (count * count));
}

}  // namespace astro::imaging::testing
