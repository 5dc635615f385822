// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"

/// From what the detector yields to what fell on it: overscan, bias, linearity, dark current, flat field, gain.
namespace astro::imaging {

/// A part of an image.
struct Section {
  std::size_t row = 0;
  std::size_t column = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;

  bool operator==(const Section&) const = default;
};

/// As FITS cards have it: "[17:528,1:520]" is columns 17 to 528 and rows 1 to 520, counted from 1. Throws
/// `invalid_argument`.
ASTRO_API Section parse_section(std::string_view text);

/// A part of an image; with its world coordinates if it begins at the first pixel. Throws `invalid_argument` for one
/// that is not within it.
ASTRO_API Image trimmed(const Image& image, const Section& keep);

/// Columns beside the image that no light fell on, read with each row.
struct Overscan {
  Section strip{};  ///< of all rows that are kept
  Section keep{};   ///< what of the frame is the image
  /// Of a polynomial over the rows through their medians; -1: each row's own median.
  int order = -1;
};

/// The image without its overscan: the level of each row is subtracted, then the rest is cut away; its variance stays
/// (that of the level is far smaller). A row whose strip has no usable pixel is `Flag::no_data` without a polynomial.
/// Throws `invalid_argument` for sections that are not within the frame, and for fewer usable rows than the
/// polynomial's coefficients.
ASTRO_API Image without_overscan(const Image& image, const Overscan& overscan);

/// Frames of one detector, of which a few rows can be had at a time: what is made of them needs little memory, however
/// many and large they are.
struct Stack {
  std::size_t frames = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  /// Rows of a frame, with all else that is known of it.
  std::function<Image(std::size_t frame, std::size_t first_row, std::size_t rows)> read{};
};

/// Throws `invalid_argument` for images of different shapes. They must outlive what is made of them.
ASTRO_API Stack stack_of(std::span<const Image> frames);
ASTRO_API Stack stack_of(std::vector<const Image*> frames);

/// The same of each frame of a stack, whose levels are found when it is first read.
ASTRO_API Stack without_overscan(Stack stack, const Overscan& overscan);

/// What of a stack's values at a pixel becomes its value.
enum class Combine : unsigned char { mean, median };

/// How values are found that do not belong to the others.
enum class Clip : unsigned char {
  none,
  mean,   ///< so many standard deviations from the mean
  median  ///< so many times 1.4826 of the median deviation from the median
};

struct CombineOptions {
  Combine combine = Combine::mean;
  Clip clip = Clip::median;
  double low = 4.0;   ///< deviations below
  double high = 4.0;  ///< deviations above
  int rounds = 1;     ///< at most; of few values many rounds may leave only those that are close by chance
};

/// One image of many. The variance is that of the frames where all have one, propagated; else what their scatter at the
/// pixel says (that of rounding to whole counts, 1/12, where all agree), and where only one is usable the pixel is not.
/// That of a median is larger than that of a mean by the factor for normal noise (asymptotically pi / 2). Where no
/// frame has a usable pixel it is `Flag::no_data` with the flags of all of them. Exposure is the mean of all, and `mid`
/// and `saturation` are those of none; the rest is the first frame's. Throws `invalid_argument` for an empty stack, for
/// frames in different units, and for options that are out of range.
ASTRO_API Image combined(const Stack& stack, const CombineOptions& options = {});

/// The level of frames without exposure.
ASTRO_API Image master_bias(const Stack& stack, const CombineOptions& options = {});
/// Dark current during the mean exposure of the frames, each scaled to it by its own. `bias`, if any, is subtracted
/// before. Throws `invalid_argument` also for a frame that says no exposure.
ASTRO_API Image master_dark(const Stack& stack, const Image* bias, const CombineOptions& options = {});
/// Response of each pixel, of a mean of 1: frames of an even light, each divided by its median after bias and dark
/// current were subtracted. Throws `invalid_argument` also for a frame without light.
ASTRO_API Image master_flat(const Stack& stack, const Image* bias, const Image* dark,
                            const CombineOptions& options = {});

struct BadPixelOptions {
  double hot_sigma = 10.0;      ///< a dark current so many robust standard deviations above the median is hot
  double least_response = 0.5;  ///< a flat below is dead
  double most_response = 2.0;   ///< and above is wrong
};

/// `Flag::bad` for what is hot in the dark, dead in the flat, or unusable in one of them. Throws `invalid_argument` for
/// neither, for different shapes, and for options that cannot be.
ASTRO_API Plane<std::uint16_t> bad_pixels(const Image* dark, const Image* flat, const BadPixelOptions& options = {});

/// What a frame is calibrated with; what is not given is not done.
struct Masters {
  std::optional<Image> bias{};
  std::optional<Image> dark{};
  std::optional<Image> flat{};
  Plane<std::uint16_t> bad{};  ///< a mask that is added
  /// Of the detector: counts that were measured, x (without bias), are c0 + c1 x + c2 x^2 + ... of a linear one.
  std::vector<double> linearity{};
  /// Variances are propagated, and a frame that has none gets it from its gain and read noise; else there is none.
  bool has_noise = true;
};

/// Calibrates frames of one detector; a cheap copy of something constant, which any thread may use.
class ASTRO_API Calibrator {
 public:
  /// Throws `invalid_argument` for masters of different shapes or units, and for a dark without an exposure.
  explicit Calibrator(Masters masters);

  /// In this order: saturated pixels are masked, bias subtracted, noise estimated, linearity corrected, dark current
  /// scaled by the exposure and subtracted, divided by the flat. Where a master is not usable or the flat not positive,
  /// the result is not. What is saturated is masked, and `saturation` 0 from then on. Throws `invalid_argument` for
  /// another shape or unit, and with a dark for a frame that says no exposure.
  Image calibrated(Image frame) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// Counts as electrons: pixels, variance and saturation multiplied by the gain. An image in electrons stays.
ASTRO_API Image in_electrons(Image image);

}  // namespace astro::imaging
