// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/resampling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "imaging/lanczos.hpp"
#include "imaging/pixel_map.hpp"

namespace astro::imaging {
namespace {

[[noreturn]] void refuse_resampling(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "resampling an image: " + what);
}

/// Weights of the samples around a place, for so many fractions of a pixel.
class KernelTable {
 public:
  static constexpr std::size_t fractions = 2048;

  KernelTable(Kernel kernel, double stretch) {
    const double reach = kernel == Kernel::bilinear ? 1.0 : 3.0;
    half_ = static_cast<std::size_t>(std::ceil(reach * stretch));
    taps_ = 2 * half_;
    weights_.resize((fractions + 1) * taps_);
    for (std::size_t i = 0; i <= fractions; ++i) {
      float* weights = weights_.data() + i * taps_;
      const double fraction = static_cast<double>(i) / fractions;
      double sum = 0.0;
      for (std::size_t k = 0; k < taps_; ++k) {
        const double x = (static_cast<double>(k) - static_cast<double>(half_ - 1) - fraction) / stretch;
        sum += kernel == Kernel::bilinear ? std::max(0.0, 1.0 - std::abs(x)) : lanczos3(x);
        weights[k] = static_cast<float>(kernel == Kernel::bilinear ? std::max(0.0, 1.0 - std::abs(x)) : lanczos3(x));
      }
      for (std::size_t k = 0; k < taps_; ++k) weights[k] = static_cast<float>(weights[k] / sum);
    }
  }

  std::size_t taps() const noexcept { return taps_; }
  std::size_t half() const noexcept { return half_; }
  const float* of(double fraction) const noexcept {
    return weights_.data() + static_cast<std::size_t>(fraction * fractions + 0.5) * taps_;
  }

 private:
  std::size_t half_ = 0;
  std::size_t taps_ = 0;
  std::vector<float> weights_{};
};

/// The image with a margin as wide as the kernel, in which nothing has to be asked: what cannot be used has values from
/// around it, and is marked where the kernel would touch it.
struct Prepared {
  std::size_t margin = 0;
  Plane<float> pixels{};
  Plane<float> variance{};
  Plane<std::uint16_t> bits{};          ///< of what cannot be used, and of the margin
  Plane<unsigned char> is_near_them{};  ///< a kernel that starts here touches such a pixel
};

/// One ring of what is unknown gets the mean of its known neighbours.
void grow_known(Prepared& image, Plane<unsigned char>& is_known) {
  const Plane<unsigned char> before = is_known;
  const auto rows = static_cast<std::ptrdiff_t>(before.rows());
  const auto columns = static_cast<std::ptrdiff_t>(before.columns());
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    for (std::ptrdiff_t column = 0; column < columns; ++column) {
      const auto r = static_cast<std::size_t>(row);
      const auto c = static_cast<std::size_t>(column);
      if (before(r, c) != 0) continue;
      float sum = 0.0F;
      float variance = 0.0F;
      float count = 0.0F;
      for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(row - 1, 0); i <= std::min(row + 1, rows - 1); ++i) {
        for (std::ptrdiff_t k = std::max<std::ptrdiff_t>(column - 1, 0); k <= std::min(column + 1, columns - 1); ++k) {
          const auto y = static_cast<std::size_t>(i);
          const auto x = static_cast<std::size_t>(k);
          if (before(y, x) == 0) continue;
          sum += image.pixels(y, x);
          if (!image.variance.empty()) variance += image.variance(y, x);
          count += 1.0F;
        }
      }
      if (count == 0.0F) continue;
      image.pixels(r, c) = sum / count;
      if (!image.variance.empty()) image.variance(r, c) = variance / count;
      is_known(r, c) = 1;
    }
  }
}

/// Which first pixels of a kernel of so many taps touch an unusable one: sums over rows, then over columns.
Plane<unsigned char> touched(const Plane<std::uint16_t>& bits, std::size_t taps) {
  Plane<unsigned char> across(bits.rows(), bits.columns());
  for (std::size_t row = 0; row < bits.rows(); ++row) {
    std::size_t until = 0;  // the kernel that starts here touches one
    for (std::size_t column = bits.columns(); column-- > 0;) {
      if (bits(row, column) != 0) until = taps;
      across(row, column) = until > 0 ? 1 : 0;
      if (until > 0) --until;
    }
  }
  Plane<unsigned char> result(bits.rows(), bits.columns());
  std::vector<std::size_t> until(bits.columns(), 0);
  for (std::size_t row = bits.rows(); row-- > 0;) {
    for (std::size_t column = 0; column < bits.columns(); ++column) {
      if (across(row, column) != 0) until[column] = taps;
      result(row, column) = until[column] > 0 ? 1 : 0;
      if (until[column] > 0) --until[column];
    }
  }
  return result;
}

Prepared prepared(const Image& image, std::size_t margin, std::size_t taps) {
  Prepared result;
  result.margin = margin;
  const std::size_t rows = image.rows() + 2 * margin;
  const std::size_t columns = image.columns() + 2 * margin;
  result.pixels = Plane<float>(rows, columns);
  if (!image.variance.empty()) result.variance = Plane<float>(rows, columns);
  result.bits = Plane<std::uint16_t>(rows, columns, bit(Flag::no_data));
  Plane<unsigned char> is_known(rows, columns);
  for (std::size_t row = 0; row < image.rows(); ++row) {
    for (std::size_t column = 0; column < image.columns(); ++column) {
      const std::size_t r = row + margin;
      const std::size_t c = column + margin;
      if (is_usable(image, row, column)) {
        result.pixels(r, c) = image.pixels(row, column);
        if (!image.variance.empty()) result.variance(r, c) = image.variance(row, column);
        result.bits(r, c) = 0;
        is_known(r, c) = 1;
      } else if (!image.mask.empty() && image.mask(row, column) != 0) {
        result.bits(r, c) = image.mask(row, column);
      }
    }
  }
  for (std::size_t ring = 0; ring < margin; ++ring) grow_known(result, is_known);
  result.is_near_them = touched(result.bits, taps);
  return result;
}

struct WeightedPixel {
  float value = 0.0F;
  float variance = 0.0F;
  float squares = 0.0F;  ///< sum of the squared weights
};

/// The kernel at a first pixel; `Taps` 0: as many as `taps` says.
template <std::size_t Taps>
WeightedPixel weighted(const Prepared& image, std::size_t row, std::size_t column, const float* across,
                       const float* down, std::size_t taps) {
  const std::size_t n = Taps == 0 ? taps : Taps;
  const std::size_t stride = image.pixels.columns();
  const float* pixels = image.pixels.data() + row * stride + column;
  const float* variances = image.variance.empty() ? nullptr : image.variance.data() + row * stride + column;
  WeightedPixel result;
  float squares_across = 0.0F;
  float squares_down = 0.0F;
  for (std::size_t k = 0; k < n; ++k) squares_across += across[k] * across[k];
  for (std::size_t i = 0; i < n; ++i) {
    float sum = 0.0F;
    for (std::size_t k = 0; k < n; ++k) sum += across[k] * pixels[i * stride + k];
    result.value += down[i] * sum;
    squares_down += down[i] * down[i];
    if (variances == nullptr) continue;
    float noise = 0.0F;
    for (std::size_t k = 0; k < n; ++k) noise += across[k] * across[k] * variances[i * stride + k];
    result.variance += down[i] * down[i] * noise;
  }
  result.squares = squares_across * squares_down;
  return result;
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
  result.unit = image.unit;
  result.gain = image.gain;
  result.read_noise = image.read_noise;
  result.saturation = image.saturation;
  result.exposure = image.exposure;
  result.mid = image.mid;
  result.filter = image.filter;
  result.object = image.object;
  return result;
}

void check_resampling(const Image& image, std::size_t rows, std::size_t columns, const ResamplingOptions& options) {
  if (image.pixels.empty()) refuse_resampling("it has no pixels");
  if ((!image.variance.empty() && !image.variance.fits(image.pixels)) ||
      (!image.mask.empty() && !image.mask.fits(image.pixels))) {
    refuse_resampling("its variance or mask has another shape than its pixels");
  }
  constexpr std::size_t most = 65'536;
  if (rows == 0 || columns == 0 || rows > most || columns > most) {
    refuse_resampling("to " + std::to_string(rows) + " rows of " + std::to_string(columns) +
                      " pixels; expected 1 to 65536");
  }
  if (!(options.unusable_share > 0.0 && options.unusable_share < 1.0))
    refuse_resampling("expected an unusable_share of more than 0 and less than 1");
}

template <std::size_t Taps>
std::size_t fill_row(const Prepared& image, const KernelTable& kernel, std::span<const PixelPosition> places,
                     std::span<const double> areas, const ResamplingOptions& options, std::size_t row, Image& result,
                     double& squares) {
  const std::size_t taps = kernel.taps();
  // The first pixel of the kernel, counted in the image with its margin.
  const double offset = static_cast<double>(image.margin) - static_cast<double>(kernel.half()) + 1.0;
  const double last_row = static_cast<double>(image.pixels.rows() - taps);
  const double last_column = static_cast<double>(image.pixels.columns() - taps);
  std::size_t made = 0;
  for (std::size_t column = 0; column < places.size(); ++column) {
    const PixelPosition place = places[column];
    const double x = std::floor(place.x);
    const double y = std::floor(place.y);
    if (!(x + offset >= 0.0 && y + offset >= 0.0 && x + offset <= last_column && y + offset <= last_row)) {
      result.mask(row, column) = bit(Flag::no_data);
      continue;
    }
    const auto first_row = static_cast<std::size_t>(y + offset);
    const auto first_column = static_cast<std::size_t>(x + offset);
    const float* across = kernel.of(place.x - x);
    const float* down = kernel.of(place.y - y);
    if (image.is_near_them(first_row, first_column) != 0) {
      const std::uint16_t bits =
          unusable_bits(image, first_row, first_column, across, down, taps, options.unusable_share);
      result.mask(row, column) = bits;
      if (bits != 0) continue;
    }
    const WeightedPixel pixel = weighted<Taps>(image, first_row, first_column, across, down, taps);
    const auto factor = static_cast<float>(options.keeps_flux ? areas[column] : 1.0);
    result.pixels(row, column) = factor * pixel.value;
    if (!result.variance.empty()) result.variance(row, column) = factor * factor * pixel.variance;
    // The sum of all has (weight of each pixel)^2 of its variance: 1 over the area of a pixel, each.
    squares += areas[column] * static_cast<double>(pixel.squares);
    ++made;
  }
  return made;
}

Resampled resample_by(const Image& image, const PixelMap& map, std::size_t rows, std::size_t columns,
                      const ResamplingOptions& options) {
  const double area = map.middle_area();
  if (!std::isfinite(area)) refuse_resampling("no pixel of the result is a place of the image");
  const double stretch = std::max(1.0, std::sqrt(area));
  constexpr double most_stretched = 16.0;
  if (stretch > most_stretched) {
    refuse_resampling("a pixel of the result is as wide as " + std::to_string(stretch) +
                      " pixels of the image; expected at most 16");
  }
  const KernelTable kernel(options.kernel, stretch);
  const Prepared source = prepared(image, kernel.half() + 1, kernel.taps());
  Resampled result{.image = same_but_pixels(image, rows, columns)};
  std::vector<PixelPosition> places(columns);
  std::vector<double> areas(columns);
  double squares = 0.0;
  std::size_t made = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    map.row(row, places, areas);
    const auto fill = kernel.taps() == 6 ? fill_row<6> : kernel.taps() == 2 ? fill_row<2> : fill_row<0>;
    made += fill(source, kernel, places, areas, options, row, result.image, squares);
  }
  if (made == 0)
    refuse_resampling("it does not meet the result: no pixel of the one lies on the other, or none can be used");
  result.correlation = static_cast<double>(made) / squares;
  return result;
}

}  // namespace

Resampled resample(const Image& image, const Wcs& to, std::size_t rows, std::size_t columns,
                   const ResamplingOptions& options) {
  check_resampling(image, rows, columns, options);
  if (!image.wcs) refuse_resampling("it does not say where it lies on the sky (wcs); register it by its stars instead");
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
