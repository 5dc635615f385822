// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "astro/imaging/subtraction.hpp"
#include "imaging/fill.hpp"
#include "imaging/levels.hpp"
#include "imaging/noise_power.hpp"
#include "signal/transform.hpp"

namespace astro::imaging {

/// Rows and columns of an image, from the first to before the last.
struct Window {
  std::size_t top = 0;
  std::size_t left = 0;
  std::size_t bottom = 0;
  std::size_t right = 0;

  std::size_t rows() const noexcept { return bottom - top; }
  std::size_t columns() const noexcept { return right - left; }
};

/// Both images of a subtraction, and what was measured of each.
struct Pair {
  std::array<const Image*, 2> images{};
  std::array<SkyLevel, 2> levels;
  std::array<NoisePower, 2> powers;
  int threads = 1;
};

/// A star that both images have, as the reference must be changed to give the science image.
struct StarMatch {
  double x = 0.0;
  double y = 0.0;
  double ratio = 0.0;
  double dx = 0.0;
  double dy = 0.0;
  double relative_noise = 0.0;  ///< of the ratio
  double place_noise = 0.0;     ///< of dx and of dy, pixels
};

/// How a part is subtracted.
struct Matching {
  double flux_ratio = 1.0;
  double shift_x = 0.0;
  double shift_y = 0.0;
  double astrometric_x = 0.0;
  double astrometric_y = 0.0;
};

/// What becomes of a point and of single pixels in the difference of images with these PSFs: P_D (equation 14), and the
/// kernels of D / F_D.
struct Responses {
  Plane<float> point{};
  Plane<float> science_pixel{};
  Plane<float> reference_pixel{};
};
Responses responses(const Pair& pair, const std::array<Plane<float>, 2>& psfs, double flux_ratio);

/// A part of two images with the margin that the PSFs need, through the Fourier transform. FFTW's planes are many
/// times as large as caches: each is used for one thing after the other.
class PairTile {
 public:
  PairTile(const Pair& pair, Window core, std::array<Plane<float>, 2> psfs);

  /// Stars that are bright in both images.
  std::vector<StarMatch> stars() const;
  /// Subtracts, and writes the core of the result. Ends the use of this tile.
  void subtract(const Matching& matching, Subtraction& result);

 private:
  using Buffer = signal::PlaneTransform::Buffer;

  struct Sums;
  void load_pixels();
  void load_variance(std::size_t which, float* plane) const;
  void combine(const Matching& matching, float* difference);
  void square(float* plane, double factor) const;
  void add_products(float* a, const float* b, const float* c, const float* d) const;
  Plane<float> missing_share(const float* squared_kernel) const;
  float middle_of(const float* a, const float* b) const;
  void write(const Matching& matching, const float* difference, const float* variance, const Plane<float>& missing,
             Subtraction& result) const;
  Buffer matched(const signal::PlaneTransform& half, const float* pixels, const float* psf, PixelPosition shift) const;

  const Pair& pair_;
  Window core_;
  Window whole_;  ///< core and margin
  std::array<Plane<float>, 2> psfs_;
  signal::PlaneTransform transform_;
  Plane<std::uint8_t> bad_;
  std::vector<Filled> filled_;
  std::array<Buffer, 2> pixels_;                 ///< spectra of the images, then S_N and S_R
  std::array<Buffer, 2> kernels_;                ///< spectra of the PSFs, then k_n and k_r
  double score_scale_ = 0.0;                     ///< F_S
  double difference_scale_ = 0.0;                ///< F_D
  std::array<double, 2> difference_energy_{};    ///< of the kernels that make D, with the noise's power
  std::array<double, 2> power_ratio_{1.0, 1.0};  ///< by which noise in common changes the variance of S_N and S_R
};

}  // namespace astro::imaging
