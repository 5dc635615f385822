// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <random>

#include "astro/error.hpp"
#include "astro/imaging/image.hpp"
#include "testing/testing.hpp"

/// Images as a camera would take them.
namespace astro::imaging {

inline constexpr ErrorCode wrong = ErrorCode::invalid_argument;

class Camera {
 public:
  Camera(std::size_t rows, std::size_t columns, double gain, double read_noise)
      : rows_(rows), columns_(columns), gain_(gain), read_noise_(read_noise), random_(testing::first_seed()) {}

  /// In adu, of so many electrons of light at each pixel, with Poisson and read noise.
  template <class Light>
  Image frame(Light electrons, double bias = 0.0) {
    Image image;
    image.pixels = Plane<float>(rows_, columns_);
    image.gain = gain_;
    image.read_noise = read_noise_;
    std::normal_distribution<double> normal(0.0, 1.0);
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        const double light = electrons(row, column);
        // Of more than some tens of electrons Poisson's distribution is normal enough.
        const double noise = std::sqrt(light + read_noise_ * read_noise_) * normal(random_);
        image.pixels(row, column) = static_cast<float>((light + noise) / gain_ + bias);
      }
    }
    return image;
  }

  std::mt19937& random() noexcept { return random_; }

 private:
  std::size_t rows_;
  std::size_t columns_;
  double gain_;
  double read_noise_;
  std::mt19937 random_;
};

/// Electrons of a Gaussian star at a pixel.
inline double star(double row, double column, double at_row, double at_column, double sigma, double electrons) {
  const double dx = column - at_column;
  const double dy = row - at_row;
  return electrons / (2.0 * 3.14159265358979 * sigma * sigma) * std::exp(-(dx * dx + dy * dy) / (2.0 * sigma * sigma));
}

struct Spread {
  double mean = 0.0;
  double sigma = 0.0;
};

inline Spread spread_of(const Plane<float>& plane) {
  Spread spread;
  for (const float value : plane.values()) spread.mean += static_cast<double>(value);
  spread.mean /= static_cast<double>(plane.size());
  for (const float value : plane.values()) {
    spread.sigma += (static_cast<double>(value) - spread.mean) * (static_cast<double>(value) - spread.mean);
  }
  spread.sigma = std::sqrt(spread.sigma / static_cast<double>(plane.size()));
  return spread;
}

}  // namespace astro::imaging
