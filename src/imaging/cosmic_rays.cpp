// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/cosmic_rays.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "imaging/image_parts.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t noise_block = 64;  ///< side of the squares whose least noise is known
constexpr std::size_t search_reach =
    6;  ///< how far a pixel changes what is found: 2 for S, 2 for its median, 2 for the noise
constexpr float least_structure = 0.01F;  ///< in units of the noise, as in van Dokkum's program
constexpr const char* finding = "finding cosmic rays";

struct Place {
  std::size_t row;
  std::size_t column;
};

class CosmicRaySearch {
 public:
  CosmicRaySearch(Image& image, const CosmicRayOptions& options)
      : image_(image),
        options_(options),
        sigma_(static_cast<float>(options.sigma)),
        rows_(image.rows()),
        columns_(image.columns()),
        smooth_(image.pixels),
        laplacian_(rows_, columns_),
        noise_(rows_, columns_),
        hits_(rows_, columns_),
        is_near_(rows_, columns_, 1) {
    if (image.variance.empty()) model_ = noise_model(image);
    std::vector<float> values = usable_values(image);
    if (values.empty()) refuse(finding, "no pixel is usable");
    level_ = median_of(std::span(values));
    std::vector<Place> unusable;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        if (image.mask(row, column) != 0) unusable.push_back({row, column});
      }
    }
    smooth_over(unusable);
    least_ = least_variances();
  }

  void run() {
    for (int round = 0; round < options_.rounds; ++round) {
      const std::vector<Place> found = new_hits();
      if (found.empty()) break;
      for (const Place& place : found) image_.mask(place.row, place.column) |= bit(Flag::cosmic_ray);
      smooth_over(found);
      std::fill(is_near_.values().begin(), is_near_.values().end(), std::uint8_t{0});
      for (const Place& place : found) {
        for_each_around(place, search_reach, [&](std::size_t row, std::size_t column) {
          is_near_(row, column) = 1;
          noise_(row, column) = 0.0F;
        });
      }
    }
  }

 private:
  template <class Use>
  void for_each_around(Place place, std::size_t radius, Use use) const {
    const std::size_t first_row = place.row - std::min(place.row, radius);
    const std::size_t first_column = place.column - std::min(place.column, radius);
    const std::size_t end_row = std::min(place.row + radius + 1, rows_);
    const std::size_t end_column = std::min(place.column + radius + 1, columns_);
    for (std::size_t row = first_row; row < end_row; ++row) {
      for (std::size_t column = first_column; column < end_column; ++column) use(row, column);
    }
  }

  /// Median of what there is within a square around a place.
  template <std::size_t radius, class Value>
  float median_around(Place place, Value value) const {
    std::array<float, (2 * radius + 1) * (2 * radius + 1)> values{};
    std::size_t count = 0;
    for_each_around(place, radius, [&](std::size_t row, std::size_t column) { values[count++] = value(row, column); });
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(values.begin(), middle, values.begin() + static_cast<std::ptrdiff_t>(count));
    if (count % 2 == 1) return *middle;
    return 0.5F * (*middle + *std::max_element(values.begin(), middle));
  }

  /// Puts in place of what is masked the median of what is not beside it.
  void smooth_over(const std::vector<Place>& places) {
    std::vector<float> made;
    made.reserve(places.size());
    std::vector<float> values;
    for (const Place& place : places) {
      values.clear();
      for_each_around(place, 2, [&](std::size_t row, std::size_t column) {
        if (image_.mask(row, column) == 0) values.push_back(image_.pixels(row, column));
      });
      made.push_back(values.empty() ? level_ : median_of(std::span(values)));
    }
    for (std::size_t i = 0; i < places.size(); ++i) smooth_(places[i].row, places[i].column) = made[i];
  }

  /// Of the image at twice its resolution, without what is negative, at its own again (van Dokkum's equations 5 to 9):
  /// each quarter of a pixel has one neighbour on either side that is another pixel.
  void laplacian_of(std::size_t row, std::span<float> into) const {
    const float* here = smooth_.row(row).data();
    const float* above = smooth_.row(row + 1 < rows_ ? row + 1 : row).data();
    const float* below = smooth_.row(row > 0 ? row - 1 : row).data();
    const auto at = [&](std::size_t column, float left, float right) {
      const float twice = 2.0F * here[column];
      const auto quarter = [](float value) { return value > 0.0F ? 0.25F * value : 0.0F; };
      into[column] = quarter(twice - left - above[column]) + quarter(twice - right - above[column]) +
                     quarter(twice - left - below[column]) + quarter(twice - right - below[column]);
    };
    const std::size_t last = columns_ - 1;
    at(0, here[0], here[std::min<std::size_t>(1, last)]);
    for (std::size_t column = 1; column < last; ++column) at(column, here[column - 1], here[column + 1]);
    if (last > 0) at(last, here[last - 1], here[last]);
  }

  float variance_at(std::size_t row, std::size_t column) const {
    return image_.variance.empty() ? model_.of(smooth_(row, column) + static_cast<float>(options_.background))
                                   : image_.variance(row, column);
  }

  /// Of what is not masked around a pixel.
  float noise_at(std::size_t row, std::size_t column) {
    float& noise = noise_(row, column);
    if (noise > 0.0F) return noise;
    values_.clear();
    for_each_around({row, column}, 2, [&](std::size_t r, std::size_t c) {
      if (image_.mask(r, c) == 0) values_.push_back(variance_at(r, c));
    });
    const float variance = values_.empty() ? 0.0F : median_of(std::span(values_));
    noise = variance > 0.0F ? std::sqrt(variance) : std::numeric_limits<float>::max();
    return noise;
  }

  /// S of van Dokkum's equation 11: the signal of a pixel by itself over its noise.
  float sharpness(std::size_t row, std::size_t column) {
    return 0.5F * laplacian_(row, column) / noise_at(row, column);
  }

  /// S' of equation 13: without what is extended.
  float significance(Place place) {
    return sharpness(place.row, place.column) -
           median_around<2>(place, [&](auto row, auto column) { return sharpness(row, column); });
  }

  /// F of equation 14: what a star has, too, in units of the noise.
  float fine_structure(Place place) {
    const auto fine = [&](auto row, auto column) {
      return median_around<1>({row, column}, [&](auto r, auto c) { return smooth_(r, c); });
    };
    const float structure =
        (fine(place.row, place.column) - median_around<3>(place, fine)) / noise_at(place.row, place.column);
    return std::max(structure, least_structure);
  }

  /// Least variance within each block and those around it: no median within it is less.
  Plane<float> least_variances() const {
    Plane<float> own((rows_ + noise_block - 1) / noise_block, (columns_ + noise_block - 1) / noise_block, HUGE_VALF);
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        if (image_.mask(row, column) != 0) continue;
        float& least = own(row / noise_block, column / noise_block);
        least = std::min(least, variance_at(row, column));
      }
    }
    Plane<float> around = own;
    for (std::size_t row = 0; row < own.rows(); ++row) {
      for (std::size_t column = 0; column < own.columns(); ++column) {
        for (std::size_t r = row - std::min<std::size_t>(row, 1); r < std::min(row + 2, own.rows()); ++r) {
          for (std::size_t c = column - std::min<std::size_t>(column, 1); c < std::min(column + 2, own.columns());
               ++c) {
            around(row, column) = std::min(around(row, column), own(r, c));
          }
        }
      }
    }
    return around;
  }

  std::vector<Place> new_hits() {
    for (std::size_t row = 0; row < rows_; ++row) laplacian_of(row, laplacian_.row(row));
    std::vector<Place> found;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t begin = 0; begin < columns_; begin += noise_block) {
        const float threshold =
            2.0F * sigma_ * std::sqrt(std::max(least_(row / noise_block, begin / noise_block), 0.0F));
        for (std::size_t column = begin; column < std::min(begin + noise_block, columns_); ++column) {
          if (laplacian_(row, column) > threshold && is_near_(row, column) != 0 && is_hit({row, column})) {
            hits_(row, column) = 1;
            found.push_back({row, column});
          }
        }
      }
    }
    grow(found, sigma_);
    grow(found, sigma_ * static_cast<float>(options_.neighbour));
    return found;
  }

  bool is_hit(Place place) {
    if (image_.mask(place.row, place.column) != 0 || sharpness(place.row, place.column) <= sigma_) return false;
    const float significant = significance(place);
    return significant > sigma_ && significant > static_cast<float>(options_.contrast) * fine_structure(place);
  }

  /// What is beside those found, and significant enough.
  void grow(std::vector<Place>& found, float least) {
    const std::size_t before = found.size();
    for (std::size_t i = 0; i < before; ++i) {
      for_each_around(found[i], 1, [&](std::size_t row, std::size_t column) {
        if (hits_(row, column) != 0 || image_.mask(row, column) != 0 || significance({row, column}) <= least) return;
        hits_(row, column) = 1;
        found.push_back({row, column});
      });
    }
  }

  Image& image_;
  const CosmicRayOptions options_;
  const float sigma_;
  const std::size_t rows_;
  const std::size_t columns_;
  NoiseModel model_;
  float level_ = 0.0F;
  Plane<float> smooth_;  ///< the image without what is masked
  Plane<float> laplacian_;
  Plane<float> least_;
  std::vector<float> values_;
  Plane<float> noise_;  ///< 0: not yet known
  Plane<std::uint8_t> hits_;
  Plane<std::uint8_t> is_near_;  ///< to what changed in the last round
};

}  // namespace

Image with_cosmic_rays_masked(Image image, const CosmicRayOptions& options) {
  const bool is_possible = options.sigma > 0.0 && options.neighbour > 0.0 && options.neighbour <= 1.0 &&
                           options.contrast > 0.0 && options.rounds > 0 && std::isfinite(options.background);
  if (!is_possible) {
    refuse(finding,
           "expected sigma, contrast and rounds above 0, a neighbour above 0 and at most 1, and a background "
           "that is finite");
  }
  image = checked(std::move(image));
  if (image.variance.empty() && !(noise_model(image).floor > 0.0F)) {
    refuse(finding, "the image has neither a variance nor a read noise; set its gain and read_noise");
  }
  CosmicRaySearch(image, options).run();
  return image;
}

}  // namespace astro::imaging
