// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "imaging/image_parts.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr std::uint16_t no_data = bit(Flag::no_data);

bool is_number(float value) noexcept { return value - value == 0.0F; }

}  // namespace

Image checked(Image image) {
  check_planes("checking an image", image);
  if (image.mask.empty()) image.mask = Plane<std::uint16_t>(image.rows(), image.columns());
  const float most = saturation_of(image);
  const bool has_variance = !image.variance.empty();
  for (std::size_t row = 0; row < image.rows(); ++row) {
    const std::span<float> pixels = image.pixels.row(row);
    if (is_usable_row(image, row)) continue;
    for (std::size_t column = 0; column < pixels.size(); ++column) {
      float& value = pixels[column];
      const float variance = has_variance ? image.variance(row, column) : 0.0F;
      const bool was_checked = image.mask(row, column) != 0 && variance == 0.0F;  // no further reason
      const bool is_known = is_number(value) && is_number(variance) && (!has_variance || was_checked || variance > 0.0F);
      const bool is_full = value >= most;
      if (is_known && !is_full) continue;
      image.mask(row, column) |= is_full ? bit(Flag::saturated) : no_data;
      value = 0.0F;
      if (has_variance) image.variance(row, column) = 0.0F;
    }
  }
  return image;
}

Image with_noise(Image image, double background) {
  if (!image.variance.empty()) return image;
  if (!std::isfinite(background)) refuse("estimating the noise of an image", "its background is not finite");
  const NoiseModel noise = noise_model(image);
  const auto offset = static_cast<float>(background);
  image.variance = Plane<float>(image.rows(), image.columns());
  std::transform(image.pixels.values().begin(), image.pixels.values().end(), image.variance.data(),
                 [&](float value) { return is_number(value) ? noise.of(value + offset) : 0.0F; });
  return image;
}

bool is_usable_row(const Image& image, std::size_t row) noexcept {
  // Without a decision at each pixel: of most rows all can be used.
  unsigned any = 0;
  const std::size_t columns = image.columns();
  const float most = saturation_of(image);
  const float* pixels = image.pixels.row(row).data();
  for (std::size_t x = 0; x < columns; ++x) {
    any |= static_cast<unsigned>(pixels[x] >= most) | static_cast<unsigned>(!is_number(pixels[x]));
  }
  if (!image.variance.empty()) {
    const float* variance = image.variance.row(row).data();
    for (std::size_t x = 0; x < columns; ++x) {
      any |= static_cast<unsigned>(!(variance[x] > 0.0F)) | static_cast<unsigned>(!is_number(variance[x]));
    }
  }
  if (!image.mask.empty()) {
    for (const std::uint16_t bits : image.mask.row(row)) any |= bits;
  }
  return any == 0;
}

void check_planes(const char* doing, const Image& image) {
  if (image.pixels.empty()) refuse(doing, "an image has no pixels");
  const auto check = [&](const auto& plane, const char* what) {
    if (plane.empty() || plane.fits(image.pixels)) return;
    refuse(doing,
           std::string("the ") + what + " of an image has " + size_of(plane) + ", its pixels " + size_of(image.pixels));
  };
  check(image.variance, "variance");
  check(image.mask, "mask");
}

std::vector<float> usable_values(const Image& image) {
  std::vector<float> values;
  values.reserve(image.pixels.size());
  for (std::size_t row = 0; row < image.rows(); ++row) {
    for (std::size_t column = 0; column < image.columns(); ++column) {
      if (is_usable(image, row, column)) values.push_back(image.pixels(row, column));
    }
  }
  return values;
}

NoiseModel noise_model(const Image& image) {
  const bool is_possible =
      image.gain > 0.0 && std::isfinite(image.gain) && image.read_noise >= 0.0 && std::isfinite(image.read_noise);
  if (!is_possible) {
    refuse("estimating the noise of an image", "its gain is " + std::to_string(image.gain) + ", its read noise " +
                                                   std::to_string(image.read_noise) +
                                                   " electrons; expected more than 0, and 0 or more");
  }
  // Counts of a unit of g electrons: variance n / g + (r / g)^2.
  const double gain = image.unit == "electron" ? 1.0 : image.gain;
  const double read = image.read_noise / gain;
  return {static_cast<float>(1.0 / gain), static_cast<float>(read * read)};
}

float saturation_of(const Image& image) noexcept {
  return image.saturation > 0.0 ? static_cast<float>(image.saturation) : std::numeric_limits<float>::quiet_NaN();
}

void copy_description(const Image& from, Image& to) {
  to.unit = from.unit;
  to.gain = from.gain;
  to.read_noise = from.read_noise;
  to.saturation = from.saturation;
  to.exposure = from.exposure;
  to.mid = from.mid;
  to.filter = from.filter;
  to.object = from.object;
}

}  // namespace astro::imaging
