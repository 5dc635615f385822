// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/resampling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "imaging/image_parts.hpp"
#include "imaging/lanczos.hpp"
#include "imaging/pixel_map.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr const char* resampling = "resampling an image";

/// Four columns at once, which compilers do not find by themselves here.
using Lanes = float __attribute__((vector_size(4 * sizeof(float))));
constexpr std::size_t kernel_lanes = 4;

Lanes lanes_at(const float* from) {
  Lanes made;
  std::memcpy(&made, from, sizeof made);
  return made;
}
float sum_of(Lanes values) { return (values[0] + values[1]) + (values[2] + values[3]); }

/// Weights of the samples around a place, for so many fractions of a pixel; with zeros up to a whole number of vectors.
class KernelTable {
 public:
  static constexpr std::size_t fractions = 2048;

  KernelTable(Kernel kernel, double stretch) {
    const double reach = kernel == Kernel::bilinear ? 1.0 : 3.0;
    half_ = static_cast<std::size_t>(std::ceil(reach * stretch));
    taps_ = 2 * half_;
    width_ = (taps_ + kernel_lanes - 1) / kernel_lanes * kernel_lanes;
    weights_.resize((fractions + 1) * width_);
    std::vector<double> exact(taps_);
    for (std::size_t i = 0; i <= fractions; ++i) {
      const double fraction = static_cast<double>(i) / fractions;
      double sum = 0.0;
      for (std::size_t k = 0; k < taps_; ++k) {
        const double x = (static_cast<double>(k) - static_cast<double>(half_ - 1) - fraction) / stretch;
        sum += exact[k] = kernel == Kernel::bilinear ? std::max(0.0, 1.0 - std::abs(x)) : lanczos3(x);
      }
      squares_.push_back(0.0);
      for (std::size_t k = 0; k < taps_; ++k) {
        weights_[i * width_ + k] = static_cast<float>(exact[k] / sum);
        squares_.back() += exact[k] / sum * exact[k] / sum;
      }
    }
  }

  std::size_t taps() const noexcept { return taps_; }
  std::size_t width() const noexcept { return width_; }  ///< taps and zeros
  std::size_t half() const noexcept { return half_; }
  /// Which of the fractions is nearest to one of 0 to 1.
  static std::size_t nearest(double fraction) noexcept {
    constexpr double half = 0.5;
    return static_cast<std::size_t>(fraction * fractions + half);  // it is not negative
  }
  const float* weights(std::size_t fraction) const noexcept { return weights_.data() + fraction * width_; }
  double squares(std::size_t fraction) const noexcept { return squares_[fraction]; }  ///< sum of the squared weights

 private:
  std::size_t half_ = 0;
  std::size_t taps_ = 0;
  std::size_t width_ = 0;
  std::vector<float> weights_{};
  std::vector<double> squares_{};
};

/// The image with a margin as wide as the kernel, in which nothing has to be asked: what cannot be used has values from
/// around it, and is marked where the kernel would touch it.
struct Prepared {
  std::size_t margin = 0;
  Plane<float> pixels{};
  Plane<float> variance{};
  Plane<std::uint16_t> bits{};         ///< of what cannot be used, and of the margin
  Plane<std::uint8_t> is_near_them{};  ///< a kernel that starts here touches such a pixel
};

struct PixelIndex {
  std::size_t row = 0;
  std::size_t column = 0;
};

/// What is unknown and next to what is known gets the mean of its known neighbours; the rest remains in the list.
void grow_known(Prepared& image, Plane<std::uint8_t>& is_known, std::vector<PixelIndex>& unknown) {
  struct Learned {
    PixelIndex at{};
    float value = 0.0F;
    float variance = 0.0F;
  };
  std::vector<Learned> learned;
  std::erase_if(unknown, [&](const PixelIndex& at) {
    Learned made{at};
    float count = 0.0F;
    for (std::size_t y = at.row - std::min<std::size_t>(at.row, 1); y < std::min(at.row + 2, is_known.rows()); ++y) {
      for (std::size_t x = at.column - std::min<std::size_t>(at.column, 1);
           x < std::min(at.column + 2, is_known.columns()); ++x) {
        if (is_known(y, x) == 0) continue;
        made.value += image.pixels(y, x);
        if (!image.variance.empty()) made.variance += image.variance(y, x);
        count += 1.0F;
      }
    }
    if (count == 0.0F) return false;
    made.value /= count;
    made.variance /= count;
    learned.push_back(made);
    return true;
  });
  for (const Learned& one : learned) {
    image.pixels(one.at.row, one.at.column) = one.value;
    if (!image.variance.empty()) image.variance(one.at.row, one.at.column) = one.variance;
    is_known(one.at.row, one.at.column) = 1;
  }
}

/// Which first pixels of a kernel of so many taps touch an unusable one: along rows, then along columns.
Plane<std::uint8_t> touched(const Plane<std::uint16_t>& bits, std::size_t taps) {
  Plane<std::uint8_t> result(bits.rows(), bits.columns());
  const auto all = static_cast<std::uint8_t>(taps);  // of a kernel that is stretched most, 96
  std::vector<std::uint8_t> until(bits.columns(), 0);
  std::vector<std::uint8_t> across(bits.columns(), 0);
  for (std::size_t row = bits.rows(); row-- > 0;) {
    std::uint8_t next = 0;  // so many columns before here touch the one behind
    for (std::size_t column = bits.columns(); column-- > 0;) {
      next = bits(row, column) != 0 ? all : static_cast<std::uint8_t>(next - (next > 0 ? 1 : 0));
      across[column] = next > 0 ? all : std::uint8_t{0};
    }
    std::uint8_t* to = result.row(row).data();
    for (std::size_t column = 0; column < until.size(); ++column) {
      const std::uint8_t left = until[column] > 0 ? static_cast<std::uint8_t>(until[column] - 1) : std::uint8_t{0};
      until[column] = std::max(left, across[column]);
      to[column] = until[column];
    }
  }
  return result;
}

Prepared prepared(const Image& image, const KernelTable& kernel) {
  Prepared result;
  const std::size_t margin = kernel.half() + 1;
  result.margin = margin;
  const std::size_t rows = image.rows() + 2 * margin;
  const std::size_t columns = image.columns() + 2 * margin + kernel.width() - kernel.taps();
  result.pixels = Plane<float>(rows, columns);
  if (!image.variance.empty()) result.variance = Plane<float>(rows, columns);
  result.bits = Plane<std::uint16_t>(rows, columns, bit(Flag::no_data));
  Plane<std::uint8_t> is_known(rows, columns);
  std::vector<PixelIndex> unknown;
  for (std::size_t row = 0; row < rows; ++row) {
    const bool is_margin = row < margin || row >= margin + image.rows();
    for (std::size_t column = 0; column < columns; ++column) {
      if (!is_margin && column == margin) column += image.columns();
      unknown.push_back({row, column});
    }
    if (is_margin) continue;
    const std::size_t from = row - margin;
    const auto copied = [&](const auto& source, auto& to) {
      std::copy(source.row(from).begin(), source.row(from).end(), to.row(row).data() + margin);
    };
    copied(image.pixels, result.pixels);
    if (!image.variance.empty()) copied(image.variance, result.variance);
    std::fill_n(result.bits.row(row).data() + margin, image.columns(), std::uint16_t{0});
    std::fill_n(is_known.row(row).data() + margin, image.columns(), std::uint8_t{1});
    if (is_usable_row(image, from)) continue;
    for (std::size_t column = 0; column < image.columns(); ++column) {
      if (is_usable(image, from, column)) continue;
      const PixelIndex at{row, column + margin};
      result.pixels(at.row, at.column) = 0.0F;
      if (!image.variance.empty()) result.variance(at.row, at.column) = 0.0F;
      const std::uint16_t bits = image.mask.empty() ? std::uint16_t{0} : image.mask(from, column);
      const bool is_full = image.pixels(from, column) >= saturation_of(image);
      if (is_full) result.bits(at.row, at.column) = static_cast<std::uint16_t>(bits | bit(Flag::saturated));
      else result.bits(at.row, at.column) = bits != 0 ? bits : bit(Flag::no_data);
      is_known(at.row, at.column) = 0;
      unknown.push_back(at);
    }
  }
  for (std::size_t ring = 0; ring < margin; ++ring) grow_known(result, is_known, unknown);
  result.is_near_them = touched(result.bits, kernel.taps());
  return result;
}

struct WeightedPixel {
  float value = 0.0F;
  float variance = 0.0F;
};

/// The kernel at a first pixel; `Width` 0: as wide as it says.
template <std::size_t Width>
WeightedPixel weighted(const Prepared& image, std::size_t row, std::size_t column, const float* across,
                       const float* down, const KernelTable& kernel) {
  const std::size_t width = Width == 0 ? kernel.width() : Width;
  const std::size_t taps = kernel.taps();
  const std::size_t stride = image.pixels.columns();
  const std::size_t at = row * stride + column;
  Lanes value{};
  Lanes variance{};
  for (std::size_t first = 0; first < width; first += kernel_lanes) {
    const Lanes weights = lanes_at(across + first);
    const float* pixels = image.pixels.data() + at + first;
    Lanes sum{};
    for (std::size_t i = 0; i < taps; ++i) sum += down[i] * lanes_at(pixels + i * stride);
    value += weights * sum;
    if (image.variance.empty()) continue;
    const float* variances = image.variance.data() + at + first;
    sum = Lanes{};
    for (std::size_t i = 0; i < taps; ++i) sum += down[i] * down[i] * lanes_at(variances + i * stride);
    variance += weights * weights * sum;
  }
  return {sum_of(value), sum_of(variance)};
}

/// Bits of what takes too large a share of the weights; 0 when nothing does.
std::uint16_t unusable_bits(const Prepared& image, std::size_t row, std::size_t column, const float* across,
                            const float* down, std::size_t taps, double most) {
  double share = 0.0;
  double total = 0.0;
  std::uint16_t bits = 0;
  for (std::size_t i = 0; i < taps; ++i) {
    for (std::size_t k = 0; k < taps; ++k) {
      const double weight = std::abs(static_cast<double>(down[i]) * across[k]);
      total += weight;
      const std::uint16_t found = image.bits(row + i, column + k);
      if (found == 0) continue;
      share += weight;
      if (weight > 0.02) bits = static_cast<std::uint16_t>(bits | found);
    }
  }
  return share > most * total ? static_cast<std::uint16_t>(bits | bit(Flag::no_data)) : std::uint16_t{0};
}

Image same_but_pixels(const Image& image, std::size_t rows, std::size_t columns) {
  Image result;
  result.pixels = Plane<float>(rows, columns);
  if (!image.variance.empty()) result.variance = Plane<float>(rows, columns);
  result.mask = Plane<std::uint16_t>(rows, columns);
  copy_description(image, result);
  result.saturation = 0.0;  // what was saturated is masked, and the values are those of other pixels
  return result;
}

void check_resampling(const Image& image, std::size_t rows, std::size_t columns, const ResamplingOptions& options) {
  check_planes(resampling, image);
  constexpr std::size_t most = 65'536;
  if (rows == 0 || columns == 0 || rows > most || columns > most) {
    refuse(resampling,
           "to " + std::to_string(rows) + " rows of " + std::to_string(columns) + " pixels; expected 1 to 65536");
  }
  if (!(options.unusable_share > 0.0 && options.unusable_share < 1.0))
    refuse(resampling, "expected an unusable_share of more than 0 and less than 1");
}

template <std::size_t Width>
std::size_t fill_row(const Prepared& image, const KernelTable& kernel, std::span<const PixelPosition> places,
                     std::span<const double> areas, const ResamplingOptions& options, std::size_t row, Image& result,
                     double& squares) {
  const std::size_t taps = kernel.taps();
  // The first pixel of the kernel, counted in the image with its margin.
  const double offset = static_cast<double>(image.margin) - static_cast<double>(kernel.half()) + 1.0;
  const auto end_row = static_cast<double>(image.pixels.rows() - taps + 1);
  const auto end_column = static_cast<double>(image.pixels.columns() - kernel.width() + 1);
  std::size_t made = 0;
  for (std::size_t column = 0; column < places.size(); ++column) {
    const double x = places[column].x + offset;
    const double y = places[column].y + offset;
    if (!(x >= 0.0 && y >= 0.0 && x < end_column && y < end_row)) {
      result.mask(row, column) = bit(Flag::no_data);
      continue;
    }
    const auto first_row = static_cast<std::size_t>(y);
    const auto first_column = static_cast<std::size_t>(x);
    const std::size_t of_x = KernelTable::nearest(x - static_cast<double>(first_column));
    const std::size_t of_y = KernelTable::nearest(y - static_cast<double>(first_row));
    const float* across = kernel.weights(of_x);
    const float* down = kernel.weights(of_y);
    if (image.is_near_them(first_row, first_column) != 0) {
      const std::uint16_t bits =
          unusable_bits(image, first_row, first_column, across, down, taps, options.unusable_share);
      result.mask(row, column) = bits;
      if (bits != 0) continue;
    }
    const WeightedPixel pixel = weighted<Width>(image, first_row, first_column, across, down, kernel);
    const auto factor = static_cast<float>(options.keeps_flux ? areas[column] : 1.0);
    result.pixels(row, column) = factor * pixel.value;
    if (!result.variance.empty()) result.variance(row, column) = factor * factor * pixel.variance;
    // The sum of all has (weight of each pixel)^2 of its variance: 1 over the area of a pixel, each.
    squares += areas[column] * kernel.squares(of_x) * kernel.squares(of_y);
    ++made;
  }
  return made;
}

Resampled resample_by(const Image& image, const PixelMap& map, std::size_t rows, std::size_t columns,
                      const ResamplingOptions& options) {
  const double area = map.middle_area();
  if (!std::isfinite(area)) refuse(resampling, "no pixel of the result is a place of the image");
  // The kernel of an image that becomes a little smaller needs no more samples.
  constexpr double least_stretch = 1.05;
  const double stretch = area < least_stretch * least_stretch ? 1.0 : std::sqrt(area);
  constexpr double most_stretched = 16.0;
  if (stretch > most_stretched) {
    refuse(resampling, "a pixel of the result is as wide as " + std::to_string(stretch) +
                           " pixels of the image; expected at most 16");
  }
  const KernelTable kernel(options.kernel, stretch);
  const Prepared source = prepared(image, kernel);
  Resampled result{.image = same_but_pixels(image, rows, columns)};
  std::vector<PixelPosition> places(columns);
  std::vector<double> areas(columns);
  double squares = 0.0;
  std::size_t made = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    map.row(row, places, areas);
    const auto fill = kernel.width() == 8 ? fill_row<8> : kernel.width() == 4 ? fill_row<4> : fill_row<0>;
    made += fill(source, kernel, places, areas, options, row, result.image, squares);
  }
  if (made == 0)
    refuse(resampling, "it does not meet the result: no pixel of the one lies on the other, or none can be used");
  result.correlation = static_cast<double>(made) / squares;
  return result;
}

}  // namespace

Resampled resample(const Image& image, const Wcs& to, std::size_t rows, std::size_t columns,
                   const ResamplingOptions& options) {
  check_resampling(image, rows, columns, options);
  if (!image.wcs)
    refuse(resampling, "it does not say where it lies on the sky (wcs); register it by its stars instead");
  const Wcs& from = *image.wcs;
  const PixelMap map([&](std::span<const PixelPosition> pixels) { return from.pixel(to.sky(pixels)); }, rows, columns);
  Resampled result = resample_by(image, map, rows, columns, options);
  result.image.wcs = to;
  return result;
}

Resampled resample(const Image& image, const Transform& to, std::size_t rows, std::size_t columns,
                   const ResamplingOptions& options) {
  check_resampling(image, rows, columns, options);
  const Transform back = to.inverse();
  const PixelMap map(
      [&](std::span<const PixelPosition> pixels) {
        std::vector<PixelPosition> places;
        places.reserve(pixels.size());
        for (const PixelPosition pixel : pixels) places.push_back(back(pixel));
        return places;
      },
      rows, columns);
  return resample_by(image, map, rows, columns, options);
}

}  // namespace astro::imaging
