// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "astro/imaging/calibration.hpp"
#include "imaging/calibration_rows.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t lanes = 64;                               ///< pixels that are combined beside each other
constexpr std::size_t pixels_in_memory = std::size_t{1} << 23;  ///< of all frames
constexpr const char* combining = "combining frames";

/// What is done with rows of a frame before they are combined; returns the factor by which it multiplied their counts.
using Prepare = std::function<double(Image& rows, std::size_t first, std::size_t frame)>;

struct Range {
  std::size_t begin;
  std::size_t end;

  std::size_t size() const noexcept { return end - begin; }
};

/// Exchanges that sort so many values whatever they are (Batcher's merge exchange; Knuth, The Art of Computer
/// Programming, volume 3, algorithm 5.2.2M): the same for many pixels at once.
std::vector<std::pair<std::size_t, std::size_t>> exchanges_of(std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> exchanges;
  std::size_t top = 1;
  while (2 * top < count) top *= 2;
  for (std::size_t p = top; p > 0; p /= 2) {
    std::size_t r = 0;
    std::size_t d = p;
    for (std::size_t q = top;; q /= 2) {
      for (std::size_t i = 0; i + d < count; ++i) {
        if ((i & p) == r) exchanges.emplace_back(i, i + d);
      }
      if (q == p) break;
      d = q - p;
      r = p;
    }
  }
  return exchanges;
}

struct SampleMoments {
  double mean = 0.0;
  double squares = 0.0;  ///< of the differences from the mean, summed
};

SampleMoments moments_of(const float* sorted, Range range) {
  SampleMoments moments;
  for (std::size_t i = range.begin; i < range.end; ++i) moments.mean += static_cast<double>(sorted[i]);
  moments.mean /= static_cast<double>(range.size());
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const double difference = static_cast<double>(sorted[i]) - moments.mean;
    moments.squares += difference * difference;
  }
  return moments;
}

double median_of_sorted(const float* sorted, Range range) {
  const std::size_t middle = range.begin + range.size() / 2;
  if (range.size() % 2 == 1) return static_cast<double>(sorted[middle]);
  return 0.5 * (static_cast<double>(sorted[middle - 1]) + static_cast<double>(sorted[middle]));
}

/// Of sorted values the distances from somewhere grow to both sides: they are merged until the middle one is there.
double median_distance(const float* sorted, Range range, double from) {
  std::size_t right = range.begin;
  while (right < range.end && static_cast<double>(sorted[right]) < from) ++right;
  std::size_t left = right;
  double last = 0.0;
  double before = 0.0;
  for (std::size_t taken = 0; taken <= range.size() / 2; ++taken) {
    before = last;
    const double up = right < range.end ? static_cast<double>(sorted[right]) - from : HUGE_VAL;
    const double down = left > range.begin ? from - static_cast<double>(sorted[left - 1]) : HUGE_VAL;
    last = std::min(up, down);
    if (up <= down) {
      ++right;
    } else {
      --left;
    }
  }
  return range.size() % 2 == 1 ? last : 0.5 * (before + last);
}

/// Which of the sorted values belong together.
Range clipped(const float* sorted, std::size_t count, const CombineOptions& options) {
  Range range{0, count};
  if (options.clip == Clip::none) return range;
  for (int round = 0; round < options.rounds; ++round) {
    double centre = 0.0;
    double deviation = 0.0;
    if (options.clip == Clip::mean) {
      const SampleMoments moments = moments_of(sorted, range);
      centre = moments.mean;
      deviation = std::sqrt(moments.squares / static_cast<double>(range.size()));
    } else {
      centre = median_of_sorted(sorted, range);
      deviation = 1.4826 * median_distance(sorted, range, centre);
    }
    const Range before = range;
    const double least = centre - options.low * deviation;
    const double most = centre + options.high * deviation;
    while (range.size() > 1 && static_cast<double>(sorted[range.begin]) < least) ++range.begin;
    while (range.size() > 1 && static_cast<double>(sorted[range.end - 1]) > most) --range.end;
    if (range.size() == before.size()) break;
  }
  return range;
}

/// Variance of the median of so many values over that of their mean, for normal noise: pi / 2 in the limit, and within
/// 3 % of the exact numbers below (Hojo 1931, Biometrika 23, 315).
double median_penalty(std::size_t count) {
  constexpr double half_pi = 1.5707963267948966;
  const auto n = static_cast<double>(count);
  return half_pi * n / (n + (count % 2 == 1 ? half_pi - 1.0 : 2.0 * half_pi - 2.0));
}

/// Combines rows that lie in memory.
class Combiner {
 public:
  Combiner(std::size_t frames, const CombineOptions& options)
      : options_(options), exchanges_(exchanges_of(frames)), values_(frames * lanes), one_(frames) {}

  /// `rounding`: variance that a value has at least, since it counts whole steps.
  void combine(const std::vector<Image>& frames, std::size_t row, double rounding, Image& into, std::size_t into_row) {
    rounding_ = rounding;
    const bool has_variance =
        std::none_of(frames.begin(), frames.end(), [](const Image& frame) { return frame.variance.empty(); });
    for (std::size_t column = 0; column < into.columns(); column += lanes) {
      const std::size_t width = std::min(lanes, into.columns() - column);
      gather(frames, row, column, width);
      for (const auto& [low, high] : exchanges_) exchange(&values_[low * lanes], &values_[high * lanes]);
      for (std::size_t lane = 0; lane < width; ++lane) {
        finish(frames, row, column + lane, lane, has_variance, into, into_row);
      }
    }
  }

 private:
  void gather(const std::vector<Image>& frames, std::size_t row, std::size_t column, std::size_t width) {
    counts_.fill(0);
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
      const float* pixels = frames[frame].pixels.row(row).data() + column;
      const std::uint16_t* mask = frames[frame].mask.row(row).data() + column;
      float* into = &values_[frame * lanes];
      for (std::size_t i = 0; i < width; ++i) {
        into[i] = mask[i] == 0 ? pixels[i] : HUGE_VALF;
        counts_[i] += mask[i] == 0 ? 1 : 0;
      }
    }
  }

  static void exchange(float* low, float* high) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const float a = low[i];
      const float b = high[i];
      low[i] = b < a ? b : a;
      high[i] = b < a ? a : b;
    }
  }

  void finish(const std::vector<Image>& frames, std::size_t row, std::size_t column, std::size_t lane,
              bool has_variance, Image& into, std::size_t into_row) {
    const std::size_t count = counts_[lane];
    if (count == 0 || (count == 1 && !has_variance && frames.size() > 1)) {
      std::uint16_t flags = bit(Flag::no_data);
      for (const Image& frame : frames) flags |= frame.mask(row, column);
      into.mask(into_row, column) = flags;
      return;
    }
    for (std::size_t i = 0; i < count; ++i) one_[i] = values_[i * lanes + lane];
    const Range range = clipped(one_.data(), count, options_);
    const auto kept = static_cast<double>(range.size());
    const SampleMoments moments = moments_of(one_.data(), range);
    const bool is_median = options_.combine == Combine::median;
    const double value = is_median ? median_of_sorted(one_.data(), range) : moments.mean;
    double variance = range.size() > 1 ? moments.squares / (kept - 1.0) / kept : 0.0;
    if (range.size() > 1 && !(variance > 0.0)) variance = rounding_ / kept;  // whole counts that all agree
    if (has_variance) {
      variance = 0.0;
      for (const Image& frame : frames) {
        const float each = frame.pixels(row, column);
        const bool is_kept = frame.mask(row, column) == 0 && each >= one_[range.begin] && each <= one_[range.end - 1];
        if (is_kept) variance += static_cast<double>(frame.variance(row, column));
      }
      variance /= kept * kept;
    }
    into.pixels(into_row, column) = static_cast<float>(value);
    into.variance(into_row, column) = static_cast<float>(variance * (is_median ? median_penalty(range.size()) : 1.0));
  }

  CombineOptions options_;
  std::vector<std::pair<std::size_t, std::size_t>> exchanges_;
  std::vector<float> values_;  ///< frame after frame, of each so many pixels
  std::vector<float> one_;     ///< those of one pixel
  double rounding_ = 0.0;
  std::array<std::size_t, lanes> counts_{};
};

void check_options(const CombineOptions& options) {
  if (!(options.low > 0.0) || !(options.high > 0.0) || options.rounds < 1) {
    refuse(combining, "values are clipped " + std::to_string(options.low) + " and " + std::to_string(options.high) +
                          " deviations away in " + std::to_string(options.rounds) +
                          " rounds; expected more than 0, and a round or more");
  }
}

Image rows_of(const Stack& stack, std::size_t frame, std::size_t first, std::size_t rows) {
  Image made = checked(stack.read(frame, first, rows));
  if (made.rows() != rows || made.columns() != stack.columns) {
    refuse(combining, "frame " + std::to_string(frame) + " has " + size_of(made.pixels) + ", expected " +
                          size_text(rows, stack.columns));
  }
  return made;
}

std::size_t rows_at_once(const Stack& stack) {
  return std::clamp<std::size_t>(pixels_in_memory / (stack.frames * stack.columns), 1, stack.rows);
}

Image combined_after(const Stack& stack, const CombineOptions& options, const Prepare& prepare) {
  if (stack.frames == 0 || stack.rows == 0 || stack.columns == 0 || !stack.read) refuse(combining, "there are none");
  check_options(options);
  Image made;
  made.pixels = Plane<float>(stack.rows, stack.columns);
  made.variance = Plane<float>(stack.rows, stack.columns);
  made.mask = Plane<std::uint16_t>(stack.rows, stack.columns);
  Combiner combiner(stack.frames, options);
  std::vector<Image> frames(stack.frames);
  bool has_variance = true;
  const std::size_t step = rows_at_once(stack);
  for (std::size_t first = 0; first < stack.rows; first += step) {
    const std::size_t rows = std::min(step, stack.rows - first);
    Duration exposure{};
    double rounding = 0.0;
    for (std::size_t i = 0; i < stack.frames; ++i) {
      frames[i] = rows_of(stack, i, first, rows);
      exposure += frames[i].exposure;
      has_variance = has_variance && !frames[i].variance.empty();
      if (frames[i].unit != frames[0].unit) {
        refuse(combining,
               "frame " + std::to_string(i) + " is in " + frames[i].unit + ", the first in " + frames[0].unit);
      }
      const double count = prepare(frames[i], first, i) * (frames[i].unit == "electron" ? frames[i].gain : 1.0);
      rounding += count * count / 12.0 / static_cast<double>(stack.frames);
    }
    for (std::size_t row = 0; row < rows; ++row) combiner.combine(frames, row, rounding, made, first + row);
    copy_description(frames[0], made);
    made.exposure = exposure / static_cast<std::int64_t>(stack.frames);
  }
  made.saturation = 0.0;
  made.mid.reset();
  if (stack.frames < 2 && !has_variance) made.variance = {};
  return made;
}

/// Bias and dark as they are subtracted from each frame of a stack: their noise is the same in all, and added once.
Masters without_noise(const Image* bias, const Image* dark) {
  Masters masters;
  if (bias != nullptr) masters.bias = *bias;
  if (dark != nullptr) masters.dark = *dark;
  if (masters.bias) masters.bias->variance = {};
  if (masters.dark) masters.dark->variance = {};
  return masters;
}

void add_noise_of(const Image* master, double scale, Image& made) {
  if (master == nullptr || master->variance.empty() || made.variance.empty()) return;
  for (std::size_t i = 0; i < made.mask.size(); ++i) {
    if (made.mask.data()[i] == 0) {
      made.variance.data()[i] += static_cast<float>(scale * scale) * master->variance.data()[i];
    }
  }
}

void multiply(Image& rows, double factor) {
  const auto single = static_cast<float>(factor);
  for (float& value : rows.pixels.values()) value *= single;
  for (float& value : rows.variance.values()) value *= single * single;
}

/// Median of each frame's usable pixels after bias and dark current were subtracted.
std::vector<double> light_levels(const Stack& stack, const CalibrationRows& calibration) {
  std::vector<double> levels;
  const std::size_t step = rows_at_once(stack);
  for (std::size_t frame = 0; frame < stack.frames; ++frame) {
    std::vector<float> values;
    for (std::size_t first = 0; first < stack.rows; first += step) {
      Image rows = rows_of(stack, frame, first, std::min(step, stack.rows - first));
      calibration.check(rows, stack.rows);
      calibration.apply(rows, first, false);
      const std::vector<float> some = usable_values(rows);
      values.insert(values.end(), some.begin(), some.end());
    }
    const double level = values.empty() ? 0.0 : static_cast<double>(median_of(std::span(values)));
    if (!(level > 0.0)) {
      refuse("making a flat", "frame " + std::to_string(frame) + " has a median of " + std::to_string(level) +
                                  " above bias and dark current; expected light");
    }
    levels.push_back(level);
  }
  return levels;
}

}  // namespace

Stack stack_of(std::span<const Image> frames) {
  std::vector<const Image*> places;
  for (const Image& frame : frames) places.push_back(&frame);
  return stack_of(std::move(places));
}

Stack stack_of(std::vector<const Image*> frames) {
  if (frames.empty()) return {};
  const Image& first = *frames[0];
  for (const Image* frame : frames) {
    if (!frame->pixels.fits(first.pixels)) {
      refuse(combining, "one has " + size_of(frame->pixels) + ", the first " + size_of(first.pixels));
    }
  }
  return {frames.size(), first.rows(), first.columns(), [frames](std::size_t frame, std::size_t row, std::size_t rows) {
            return trimmed(*frames[frame], {row, 0, rows, frames[frame]->columns()});
          }};
}

Image combined(const Stack& stack, const CombineOptions& options) {
  return combined_after(stack, options, [](Image&, std::size_t, std::size_t) { return 1.0; });
}

Image master_bias(const Stack& stack, const CombineOptions& options) {
  Image bias = combined(stack, options);
  bias.exposure = {};
  return bias;
}

Image master_dark(const Stack& stack, const Image* bias, const CombineOptions& options) {
  const CalibrationRows calibration(without_noise(bias, nullptr));
  double mean_scale = 0.0;
  Image dark = combined_after(stack, options, [&](Image& rows, std::size_t first, std::size_t frame) {
    calibration.check(rows, stack.rows);
    if (rows.exposure <= Duration()) {
      refuse("making a dark", "frame " + std::to_string(frame) + " says no exposure, by which it could be scaled");
    }
    calibration.apply(rows, first, false);
    const double scale = 1.0 / seconds(rows.exposure);
    multiply(rows, scale);
    if (first == 0) mean_scale += scale / static_cast<double>(stack.frames);
    return scale;
  });
  const double exposure = seconds(dark.exposure);
  multiply(dark, exposure);
  add_noise_of(bias, mean_scale * exposure, dark);
  return dark;
}

Image master_flat(const Stack& stack, const Image* bias, const Image* dark, const CombineOptions& options) {
  const CalibrationRows calibration(without_noise(bias, dark));
  const std::vector<double> levels = light_levels(stack, calibration);
  double bias_scale = 0.0;
  double dark_scale = 0.0;
  Image flat = combined_after(stack, options, [&](Image& rows, std::size_t first, std::size_t frame) {
    calibration.apply(rows, first, false);
    const double scale = 1.0 / levels[frame];
    multiply(rows, scale);
    if (first != 0) return scale;
    bias_scale += scale / static_cast<double>(stack.frames);
    dark_scale += scale * calibration.dark_scale(rows) / static_cast<double>(stack.frames);
    return scale;
  });
  add_noise_of(bias, bias_scale, flat);
  add_noise_of(dark, dark_scale, flat);
  const std::vector<float> values = usable_values(flat);
  if (values.empty()) refuse("making a flat", "no pixel is usable in its frames");
  multiply(flat, static_cast<double>(values.size()) / std::accumulate(values.begin(), values.end(), 0.0));
  return flat;
}

}  // namespace astro::imaging
