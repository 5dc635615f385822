// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/imaging/detail/large_memory.hpp"
#include "astro/imaging/wcs.hpp"
#include "astro/time.hpp"

/// Images of the sky, as pure values: what a camera yields becomes calibrated, aligned, subtracted, and searched for
/// what has changed. No device, no setting, no log, no file; but `solve_field`, which runs astrometry.net's program and
/// speaks with it by files of a folder that it makes and removes.
///
/// **The contract of every function here.** A pixel is *usable* when no bit of its mask is set, its value is finite and
/// below the saturation where the image states one, and its variance, where the image has any, is finite and above 0: a
/// pixel of variance 0 is one whose noise is not known. What is not usable is never read as a number: it does not
/// spread to its neighbours beyond what each function says, and what cannot be computed for want of usable pixels has
/// `Flag::no_data` in the result, with the value 0 and the variance 0, never NaN. Outside the edges there is nothing:
/// no mirror, no wrap. Sizes that do not fit each other are `invalid_argument`; an image in which nothing can be
/// measured is `invalid_argument`, with what was looked for.
namespace astro::imaging {

/// A place on an image: x along a row (columns), y from row to row, counted from 0 at the centre of the first pixel.
/// FITS counts from 1: (x + 1, y + 1).
struct PixelPosition {
  double x = 0.0;
  double y = 0.0;

  bool operator==(const PixelPosition&) const = default;
};

/// Numbers in rows and columns, row after row.
template <class T>
class Plane {
 public:
  Plane() = default;
  Plane(std::size_t rows, std::size_t columns, T value = T{})
      : rows_(rows), columns_(columns), values_(rows * columns, value) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_; }
  std::size_t size() const noexcept { return values_.size(); }
  bool empty() const noexcept { return values_.empty(); }
  /// Same numbers of rows and columns.
  template <class U>
  bool fits(const Plane<U>& other) const noexcept {
    return rows_ == other.rows() && columns_ == other.columns();
  }

  T& operator()(std::size_t row, std::size_t column) noexcept { return values_[row * columns_ + column]; }
  const T& operator()(std::size_t row, std::size_t column) const noexcept { return values_[row * columns_ + column]; }
  std::span<T> row(std::size_t row) noexcept { return {values_.data() + row * columns_, columns_}; }
  std::span<const T> row(std::size_t row) const noexcept { return {values_.data() + row * columns_, columns_}; }
  std::span<T> values() noexcept { return values_; }
  std::span<const T> values() const noexcept { return values_; }
  T* data() noexcept { return values_.data(); }
  const T* data() const noexcept { return values_.data(); }

  bool operator==(const Plane&) const = default;

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::vector<T, detail::LargeAllocator<T>> values_;
};

/// Why a pixel is not usable; bits of a mask.
enum class Flag : std::uint16_t {
  bad = 1U << 0U,         ///< of the detector: dead, hot, or unstable
  saturated = 1U << 1U,   ///< and what a saturated pixel bled into
  cosmic_ray = 1U << 2U,  ///< hit by a particle
  no_data = 1U << 3U,     ///< nothing was measured or could be computed: outside an edge, NaN in a file
  trail = 1U << 4U,       ///< of a satellite or an aeroplane
  user = 1U << 5U,        ///< masked by whoever brought the image
};

constexpr std::uint16_t bit(Flag flag) noexcept { return static_cast<std::uint16_t>(flag); }

/// Pixels with their noise and their mask. `variance` and `mask` have the shape of `pixels`; both may be empty as long
/// as nobody has estimated the noise (`with_noise`) or masked anything.
struct Image {
  Plane<float> pixels{};
  Plane<float> variance{};      ///< of each pixel, in the unit of the pixels squared
  Plane<std::uint16_t> mask{};  ///< bits of `Flag`; 0: usable
  std::optional<Wcs> wcs{};
  std::string unit = "adu";  ///< "adu" or "electron"
  double gain = 1.0;         ///< electrons an adu
  double read_noise = 0.0;   ///< electrons, standard deviation
  double saturation = 0.0;   ///< in the unit of the pixels: this and more is saturated; 0: not known
  Duration exposure{};
  std::optional<Time> mid{};  ///< UTC of the middle of the exposure
  std::string filter{};
  std::string object{};

  std::size_t rows() const noexcept { return pixels.rows(); }
  std::size_t columns() const noexcept { return pixels.columns(); }
};

/// Whether a pixel can be used at all; see the contract above.
inline bool is_usable(const Image& image, std::size_t row, std::size_t column) noexcept {
  if (!image.mask.empty() && image.mask(row, column) != 0) return false;
  const float value = image.pixels(row, column);
  if (!(value - value == 0.0F)) return false;
  if (image.saturation > 0.0 && value >= static_cast<float>(image.saturation)) return false;
  if (image.variance.empty()) return true;
  const float variance = image.variance(row, column);
  return variance > 0.0F && variance - variance == 0.0F;
}

/// The image as every other function wants it: planes of one shape; what is not finite, saturated or without a known
/// noise is masked, and its value and variance are 0. There is a mask. Throws `invalid_argument` for planes that do not
/// fit each other and for an empty image.
ASTRO_API Image checked(Image image);

/// The image with the variance that its gain and read noise predict: Poisson noise of the pixels and of a `background`
/// (in their unit) that was subtracted from them; what is below zero has only read noise, or where that is 0 the noise
/// of one electron. An image that has a variance is returned as it is. Throws `invalid_argument` for a gain or read
/// noise that cannot be.
ASTRO_API Image with_noise(Image image, double background = 0.0);

}  // namespace astro::imaging
