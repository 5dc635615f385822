// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "astro/imaging/subtraction.hpp"
#include "imaging/fill.hpp"
#include "imaging/pair_kernels.hpp"
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

/// The transforms of parts that are all of one size, and memory for their planes, used again and again.
class TileTransforms {
 public:
  struct GiveBack {
    TileTransforms* to = nullptr;
    void operator()(float* memory) const { to->idle_here(memory); }
  };
  using Buffer = std::unique_ptr<float[], GiveBack>;

  TileTransforms(std::span<const Window> parts, const Image& image, std::size_t reach);

  const signal::PlaneTransform& full() const noexcept { return full_; }
  const signal::PlaneTransform& half() const noexcept { return half_; }  ///< of half the resolution
  Buffer take();                                                         ///< of the full size, with anything in it

 private:
  void idle_here(float* memory);

  signal::PlaneTransform full_;
  signal::PlaneTransform half_;
  std::mutex mutex_{};
  std::vector<Plane<float>> memory_{};
  std::vector<float*> idle_{};
};

/// The PSFs of a part, and their spectra.
struct TilePsfs {
  std::array<Plane<float>, 2> planes{};
  std::array<signal::PlaneTransform::Buffer, 2> spectra{};

  TilePsfs(std::array<Plane<float>, 2> psfs, const signal::PlaneTransform& transform);
};

/// What they make of a pair of images: the kernels, and the spectra of the squared ones.
struct TileKernels {
  PairKernels kernels{};
  std::array<signal::PlaneTransform::Buffer, 2> squared{};

  TileKernels(const Pair& pair, const TilePsfs& psfs, double flux_ratio, const signal::PlaneTransform& transform);
};

/// A part of two images with the margin that the PSFs need, through the Fourier transform: small enough for caches.
class PairTile {
 public:
  PairTile(const Pair& pair, TileTransforms& transforms, Window core, std::shared_ptr<const TilePsfs> psfs);

  const TilePsfs& psfs() const noexcept { return *psfs_; }
  /// Stars that are bright in both images.
  std::vector<StarMatch> stars() const;
  /// Subtracts, and writes the core of the result. Ends the use of this tile.
  void subtract(const TileKernels& kernels, const Matching& matching, Subtraction& result);

 private:
  using Buffer = TileTransforms::Buffer;

  void load_pixels();
  void load_variance(std::size_t which, float* plane) const;
  void combine(const Matching& matching, float* difference);
  float middle_of(const float* a, const float* b) const;
  void write(const TileKernels& kernels, const Matching& matching, const float* difference, const float* variance,
             Subtraction& result) const;
  Buffer matched(std::size_t which, PixelPosition shift) const;

  const Pair& pair_;
  TileTransforms& transforms_;
  Window core_;
  Window whole_;  ///< core and margin
  std::shared_ptr<const TilePsfs> psfs_;
  Plane<std::uint8_t> bad_;
  std::vector<Filled> filled_;
  std::array<Buffer, 2> pixels_{};  ///< spectra of the images, then S_N and S_R
};

}  // namespace astro::imaging
