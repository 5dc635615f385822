// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/levels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

#include "imaging/fill.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/numbers.hpp"
#include "imaging/parallel.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr float no_level = std::numeric_limits<float>::quiet_NaN();

struct ClippedSky {
  double middle = 0.0;
  double sigma = 0.0;
};

/// Stars make a tail above the sky: what lies beyond 3 sigma of the median is left out, again and again. Of counts in
/// fine bins, so that no round looks at the values again.
ClippedSky clipped_sky(std::vector<float>& values) {
  constexpr std::size_t few = 1000;
  std::vector<float> some;
  const std::size_t step = values.size() / few + 1;
  for (std::size_t i = 0; i < values.size(); i += step) some.push_back(values[i]);
  const Robust first = robust(std::span(some));
  if (!(first.sigma > 0.0)) return {first.middle, 0.0};

  constexpr std::size_t bins = 1024;
  constexpr double reach = 6.0;
  const double low = first.middle - reach * first.sigma;
  const double width = 2.0 * reach * first.sigma / static_cast<double>(bins);
  std::array<std::uint32_t, bins> counts{};
  const auto to_bin = static_cast<float>(1.0 / width);
  for (const float value : values) {
    const float bin = (value - static_cast<float>(low)) * to_bin;
    if (bin >= 0.0F && bin < static_cast<float>(bins)) ++counts[static_cast<std::size_t>(bin)];
  }
  ClippedSky sky{first.middle, first.sigma};
  for (int round = 0; round < 5; ++round) {
    const auto bin_of = [&](double value) {
      return static_cast<std::size_t>(std::clamp((value - low) / width, 0.0, static_cast<double>(bins)));
    };
    const std::size_t begin = bin_of(sky.middle - 3.0 * sky.sigma);
    const std::size_t end = bin_of(sky.middle + 3.0 * sky.sigma);
    double number = 0.0;
    double sum = 0.0;
    double squares = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      const double away = static_cast<double>(i) + 0.5;
      number += counts[i];
      sum += counts[i] * away;
      squares += counts[i] * away * away;
    }
    if (number < 8.0) break;
    const double mean = sum / number;
    // A normal distribution that is cut at 3 sigma has 0.9866 of its standard deviation.
    const double sigma = width * std::sqrt(squares / number - mean * mean) / 0.98658;
    std::size_t middle = begin;
    double below = 0.0;
    while (below + counts[middle] < 0.5 * number) below += counts[middle++];
    sky.middle = low + width * (static_cast<double>(middle) + (0.5 * number - below) / counts[middle]);
    const bool is_settled = std::abs(sigma - sky.sigma) < 1e-3 * sky.sigma;
    sky.sigma = sigma;
    if (is_settled) break;
  }
  return sky;
}

}  // namespace

bool find_flaws(const Image& image, std::size_t row, std::size_t first, std::uint8_t mine,
                std::span<std::uint8_t> flaws) {
  const float* pixels = image.pixels.row(row).data() + first;
  const float* variance = image.variance.empty() ? nullptr : image.variance.row(row).data() + first;
  const std::uint16_t* mask = image.mask.empty() ? nullptr : image.mask.row(row).data() + first;
  const float most = saturation_of(image);
  // Most rows have none, which is known without a decision at each pixel.
  unsigned any = 0;
  for (std::size_t x = 0; x < flaws.size(); ++x) {
    any |= static_cast<unsigned>(pixels[x] >= most) | static_cast<unsigned>(!(pixels[x] - pixels[x] == 0.0F));
  }
  for (std::size_t x = 0; variance != nullptr && x < flaws.size(); ++x) {
    any |= static_cast<unsigned>(!(variance[x] > 0.0F)) | static_cast<unsigned>(!(variance[x] - variance[x] == 0.0F));
  }
  for (std::size_t x = 0; mask != nullptr && x < flaws.size(); ++x) any |= mask[x];
  std::fill(flaws.begin(), flaws.end(), std::uint8_t{0});
  if (any == 0) return false;
  for (std::size_t x = 0; x < flaws.size(); ++x) {
    if (is_usable(image, row, first + x)) continue;
    flaws[x] = static_cast<std::uint8_t>(mine | (is_saturated(image, row, first + x) ? bad_saturated : 0));
  }
  return true;
}

SkyLevel::SkyLevel(const Image& image, std::size_t cell, int threads) : cell_(cell) {
  if (cell_ > 0) measure_cells(image, threads);
  measure_noise(image);
}

void SkyLevel::measure_cells(const Image& image, int threads) {
  const std::size_t rows = std::max<std::size_t>(1, image.rows() / cell_);
  const std::size_t columns = std::max<std::size_t>(1, image.columns() / cell_);
  cells_ = Plane<float>(rows, columns, no_level);
  step_y_ = static_cast<float>(image.rows()) / static_cast<float>(rows);
  step_x_ = static_cast<float>(image.columns()) / static_cast<float>(columns);
  in_parallel(threads, rows, [&](std::size_t i) {
    std::vector<float> values;
    for (std::size_t j = 0; j < columns; ++j) {
      values.clear();
      for (std::size_t y = i * image.rows() / rows; y < (i + 1) * image.rows() / rows; y += 2) {
        for (std::size_t x = j * image.columns() / columns + (y / 2) % 2; x < (j + 1) * image.columns() / columns;
             x += 2) {
          if (is_usable(image, y, x)) values.push_back(image.pixels(y, x));
        }
      }
      if (values.size() >= 32) cells_(i, j) = static_cast<float>(clipped_sky(values).middle);
    }
  });
  smooth_cells();
}

/// The median of a cell and its neighbours: a bright galaxy fills one, and a cell without pixels has none of its own.
void SkyLevel::smooth_cells() {
  std::vector<float> known;
  std::copy_if(cells_.values().begin(), cells_.values().end(), std::back_inserter(known),
               [](float v) { return !std::isnan(v); });
  if (known.empty())
    refuse("measuring the sky of an image", "its background cannot be measured: hardly a pixel is usable");
  const float everywhere = median_of(std::span(known));
  const Plane<float> raw = cells_;
  for (std::size_t i = 0; i < raw.rows(); ++i) {
    for (std::size_t j = 0; j < raw.columns(); ++j) {
      std::vector<float> around;
      for (std::size_t y = i == 0 ? 0 : i - 1; y < std::min(i + 2, raw.rows()); ++y) {
        for (std::size_t x = j == 0 ? 0 : j - 1; x < std::min(j + 2, raw.columns()); ++x) {
          if (!std::isnan(raw(y, x))) around.push_back(raw(y, x));
        }
      }
      cells_(i, j) = around.empty() ? everywhere : median_of(std::span(around));
    }
  }
}

/// Of an image without variance from the differences of neighbours, in which the background and the light of faint
/// sources are left out.
void SkyLevel::measure_noise(const Image& image) {
  // A quarter of a million pixels from everywhere tell the noise to 0.2 %.
  const std::size_t step = (image.pixels.size() / 250000) | 1U;  // odd: not always the same columns
  std::vector<float> values;
  for (std::size_t i = 0; i + 1 < image.pixels.size(); i += step) {
    const std::size_t row = i / image.columns();
    const std::size_t column = i % image.columns();
    if (!is_usable(image, row, column)) continue;
    if (!image.variance.empty()) {
      values.push_back(image.variance(row, column));
    } else if (column + 1 < image.columns() && is_usable(image, row, column + 1)) {
      values.push_back(image.pixels(row, column + 1) - image.pixels(row, column));
    }
  }
  if (values.size() < 16) refuse("measuring the sky of an image", "hardly a pixel is usable");
  if (image.variance.empty()) {
    noise_ = clipped_sky(values).sigma / std::sqrt(2.0);
    sky_variance_ = static_cast<float>(noise_ * noise_);
    per_count_ = noise_model(image).per_count;
  } else {
    noise_ = std::sqrt(static_cast<double>(median_of(std::span(values))));
  }
  if (!(noise_ > 0.0)) refuse("measuring the sky of an image", "it has no noise; bring its variance");
}

std::span<const float> SkyLevel::variance_row(const Image& image, std::size_t row, std::size_t first,
                                              std::span<float> memory) const {
  if (!image.variance.empty()) return image.variance.row(row).subspan(first, memory.size());
  background(row, first, memory);
  const float* pixels = image.pixels.row(row).data() + first;
  const float least = 2.0F * static_cast<float>(noise_);
  for (std::size_t x = 0; x < memory.size(); ++x) {
    const float above = pixels[x] - memory[x];
    memory[x] = sky_variance_ + (above > least ? above * per_count_ : 0.0F);
  }
  return memory;
}

void SkyLevel::background(std::size_t row, std::size_t first, std::span<float> values) const {
  if (cells_.empty()) {
    std::fill(values.begin(), values.end(), 0.0F);
    return;
  }
  // Bilinear between the middles of the cells, the same as the next one beyond the outermost.
  const auto last_row = static_cast<float>(cells_.rows() - 1);
  const auto last_column = static_cast<float>(cells_.columns() - 1);
  const float v = std::clamp((static_cast<float>(row) + 0.5F) / step_y_ - 0.5F, 0.0F, last_row);
  const auto i = static_cast<std::size_t>(v);
  const std::span<const float> above = cells_.row(i);
  const std::span<const float> below = cells_.row(std::min(i + 1, cells_.rows() - 1));
  const float t = v - static_cast<float>(i);
  const auto at = [&](std::size_t j) { return (1.0F - t) * above[j] + t * below[j]; };
  for (std::size_t k = 0; k < values.size();) {
    // One cell's middle to the next: a straight line.
    const float u = std::clamp((static_cast<float>(first + k) + 0.5F) / step_x_ - 0.5F, 0.0F, last_column);
    const auto j = static_cast<std::size_t>(u);
    const float left = at(j);
    const float slope = at(std::min(j + 1, cells_.columns() - 1)) - left;
    const float to_next = std::max(0.0F, (static_cast<float>(j) + 1.5F) * step_x_ - static_cast<float>(first));
    const std::size_t end = std::min(values.size(), std::max(k + 1, static_cast<std::size_t>(to_next)));
    const float begin = (static_cast<float>(first + k) + 0.5F) / step_x_ - 0.5F - static_cast<float>(j);
    const float step = 1.0F / step_x_;
    float* to = values.data() + k;
    const auto count = static_cast<int>(end - k);
    for (int n = 0; n < count; ++n) {
      const float part = begin + step * static_cast<float>(n);
      to[n] = left + slope * (part < 0.0F ? 0.0F : (part > 1.0F ? 1.0F : part));
    }
    k = end;
  }
}

}  // namespace astro::imaging
