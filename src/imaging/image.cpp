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

template <class T>
void check_plane(const Image& image, const Plane<T>& plane, const char* name) {
  if (plane.empty() || plane.fits(image.pixels)) return;
  refuse("checking an image", std::string("its ") + name + " has " + size_of(plane) + ", its pixels " +
                                  size_of(image.pixels) + "; give both the same shape");
}

bool is_number(float value) noexcept { return value - value == 0.0F; }

}  // namespace

Image checked(Image image) {
  if (image.pixels.empty()) refuse("checking an image", "it has no pixels");
  check_plane(image, image.variance, "variance");
  check_plane(image, image.mask, "mask");
  if (image.mask.empty()) image.mask = Plane<std::uint16_t>(image.rows(), image.columns());
  const float most = saturation_of(image);
  const bool has_variance = !image.variance.empty();
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    float& value = image.pixels.data()[i];
    const float variance = has_variance ? image.variance.data()[i] : 0.0F;
    const bool is_known = is_number(value) && is_number(variance) && variance >= 0.0F;
    const bool is_full = value >= most;
    if (is_known && !is_full) continue;
    image.mask.data()[i] |= is_full ? bit(Flag::saturated) : no_data;
    value = 0.0F;
    if (has_variance) image.variance.data()[i] = 0.0F;
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
