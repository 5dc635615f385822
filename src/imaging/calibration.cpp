// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/calibration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "imaging/calibration_rows.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr std::uint16_t lost = bit(Flag::no_data);
constexpr std::size_t strip_rows_at_once = 256;

void check_section(std::size_t rows, std::size_t columns, const Section& section, const char* doing) {
  const bool is_within = section.rows > 0 && section.columns > 0 && section.row < rows &&
                         section.rows <= rows - section.row && section.column < columns &&
                         section.columns <= columns - section.column;
  if (is_within) return;
  refuse(doing, "the section of " + size_text(section.rows, section.columns) + " at row " +
                    std::to_string(section.row) + ", column " + std::to_string(section.column) +
                    " is not within the image of " + size_text(rows, columns));
}

template <class T>
Plane<T> part_of(const Plane<T>& plane, const Section& keep) {
  if (plane.empty()) return {};
  Plane<T> part(keep.rows, keep.columns);
  for (std::size_t row = 0; row < keep.rows; ++row) {
    std::copy_n(plane.row(keep.row + row).data() + keep.column, keep.columns, part.row(row).data());
  }
  return part;
}

/// The polynomial of least squares through the levels that are known, at all rows: a sum of polynomials that are
/// orthogonal over just these rows (Forsythe 1957, J. SIAM 5, 74).
std::vector<double> smoothed(const std::vector<std::optional<double>>& levels, int order) {
  const std::size_t rows = levels.size();
  const auto known = std::count_if(levels.begin(), levels.end(), [](const auto& level) { return level.has_value(); });
  if (known <= order) {
    refuse("fitting an overscan", std::to_string(known) + " rows have usable pixels, expected more than the order " +
                                      std::to_string(order) + " of the polynomial");
  }
  const auto place = [rows](std::size_t row) {
    return rows < 2 ? 0.0 : 2.0 * static_cast<double>(row) / static_cast<double>(rows - 1) - 1.0;
  };
  std::vector<double> curve(rows, 0.0);
  std::vector<double> last(rows, 0.0);
  std::vector<double> now(rows, 1.0);
  double last_norm = 0.0;
  for (int k = 0; k <= order; ++k) {
    double norm = 0.0;
    double moment = 0.0;
    double product = 0.0;
    for (std::size_t row = 0; row < rows; ++row) {
      if (!levels[row]) continue;
      norm += now[row] * now[row];
      moment += place(row) * now[row] * now[row];
      product += now[row] * (*levels[row] - curve[row]);
    }
    const double centre = moment / norm;
    const double back = k == 0 ? 0.0 : norm / last_norm;
    for (std::size_t row = 0; row < rows; ++row) {
      curve[row] += product / norm * now[row];
      const double next = (place(row) - centre) * now[row] - back * last[row];
      last[row] = now[row];
      now[row] = next;
    }
    last_norm = norm;
  }
  return curve;
}

using Levels = std::vector<std::optional<double>>;

/// Of the rows of an image of which the strip's columns are dark.
Levels row_levels(const Image& rows, const Section& strip) {
  Levels levels(rows.rows());
  std::vector<float> values;
  for (std::size_t row = 0; row < levels.size(); ++row) {
    values.clear();
    for (std::size_t column = strip.column; column < strip.column + strip.columns; ++column) {
      if (is_usable(rows, row, column)) values.push_back(rows.pixels(row, column));
    }
    if (!values.empty()) levels[row] = median_of(std::span(values));
  }
  return levels;
}

void make_smooth(Levels& levels, int order) {
  if (order < 0) return;
  const std::vector<double> curve = smoothed(levels, order);
  levels.assign(curve.begin(), curve.end());
}

/// Each row less its level.
Image less_levels(const Image& rows, const Section& keep, std::span<const std::optional<double>> levels) {
  Image part = checked(trimmed(rows, keep));
  double highest = 0.0;
  for (std::size_t row = 0; row < keep.rows; ++row) {
    const auto level = static_cast<float>(levels[row].value_or(0.0));
    highest = std::max(highest, levels[row].value_or(0.0));
    for (std::size_t column = 0; column < keep.columns; ++column) {
      if (part.mask(row, column) == 0) part.pixels(row, column) -= level;
      if (!levels[row]) part.mask(row, column) |= lost;
    }
  }
  if (part.saturation > 0.0) part.saturation -= highest;  // no saturated pixel comes to lie below it
  return checked(std::move(part));
}

void check_overscan(std::size_t rows, std::size_t columns, const Overscan& overscan) {
  const char* doing = "subtracting an overscan";
  check_section(rows, columns, overscan.keep, doing);
  check_section(rows, columns, overscan.strip, doing);
  const Section& strip = overscan.strip;
  const Section& keep = overscan.keep;
  if (strip.row > keep.row || strip.row + strip.rows < keep.row + keep.rows) {
    refuse(doing, "its strip does not have all the rows that are kept");
  }
}

/// What a pixel of a dark has at most, unless it is hot.
double hot_level(std::vector<float>& values, double most_sigma) {
  const Robust all = robust(std::span(values));
  if (all.sigma > 0.0) return all.middle + most_sigma * all.sigma;
  // Most are equal: from the mean deviation, which is sqrt(2 / pi) of a normal distribution's standard deviation.
  double sum = 0.0;
  for (const float value : values) sum += std::abs(static_cast<double>(value) - all.middle);
  return all.middle + most_sigma * 1.2533 * sum / static_cast<double>(values.size());
}

}  // namespace

Section parse_section(std::string_view text) {
  std::array<std::size_t, 4> numbers{};
  constexpr std::string_view before("[:,:");
  std::string_view rest = text;
  const auto skip_blanks = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); };
  bool is_good = true;
  for (std::size_t i = 0; i < 4 && is_good; ++i) {
    skip_blanks();
    is_good = rest.starts_with(before[i]);
    if (is_good) rest.remove_prefix(1);
    skip_blanks();
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), numbers[i]);
    is_good = is_good && error == std::errc();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  }
  skip_blanks();
  const bool has_end = rest.starts_with(']') && rest.find_first_not_of(' ', 1) == std::string_view::npos;
  const auto [left, right, below, above] = numbers;
  if (!is_good || !has_end || left < 1 || below < 1 || right < left || above < below) {
    refuse("reading the section \"" + std::string(text) + '"',
           "expected columns and rows from 1 on, such as \"[17:528,1:520]\"");
  }
  return {below - 1, left - 1, above - below + 1, right - left + 1};
}

Image trimmed(const Image& image, const Section& keep) {
  check_section(image.rows(), image.columns(), keep, "trimming an image");
  Image part;
  part.pixels = part_of(image.pixels, keep);
  part.variance = part_of(image.variance, keep);
  part.mask = part_of(image.mask, keep);
  copy_description(image, part);
  if (image.wcs) part.wcs = image.wcs->shifted(static_cast<double>(keep.column), static_cast<double>(keep.row));
  return part;
}

Image without_overscan(const Image& image, const Overscan& overscan) {
  check_overscan(image.rows(), image.columns(), overscan);
  const Section& keep = overscan.keep;
  Levels levels = row_levels(trimmed(image, {keep.row, 0, keep.rows, image.columns()}), overscan.strip);
  make_smooth(levels, overscan.order);
  return less_levels(image, keep, levels);
}

Stack without_overscan(Stack stack, const Overscan& overscan) {
  check_overscan(stack.rows, stack.columns, overscan);
  const Section keep = overscan.keep;
  const auto known = std::make_shared<std::vector<Levels>>(stack.frames);
  const auto levels_of = [raw = stack, overscan, keep, known](std::size_t frame) -> const Levels& {
    Levels& levels = (*known)[frame];
    if (!levels.empty()) return levels;
    for (std::size_t row = 0; row < keep.rows; row += strip_rows_at_once) {
      const Levels some =
          row_levels(raw.read(frame, keep.row + row, std::min(strip_rows_at_once, keep.rows - row)), overscan.strip);
      levels.insert(levels.end(), some.begin(), some.end());
    }
    make_smooth(levels, overscan.order);
    return levels;
  };
  return {stack.frames, keep.rows, keep.columns,
          [raw = std::move(stack), keep, levels_of](std::size_t frame, std::size_t first, std::size_t rows) {
            const std::span<const std::optional<double>> levels = levels_of(frame);
            return less_levels(raw.read(frame, keep.row + first, rows), {0, keep.column, rows, keep.columns},
                               levels.subspan(first, rows));
          }};
}

Plane<std::uint16_t> bad_pixels(const Image* dark, const Image* flat, const BadPixelOptions& options) {
  const char* doing = "finding bad pixels";
  if (dark == nullptr && flat == nullptr) refuse(doing, "there is neither a dark nor a flat");
  if (!(options.hot_sigma > 0.0 && options.least_response < options.most_response)) {
    refuse(doing, "expected a hot_sigma above 0, and a least_response below the most_response");
  }
  if (dark != nullptr && flat != nullptr && !dark->pixels.fits(flat->pixels)) {
    refuse(doing, "the dark has " + size_of(dark->pixels) + ", the flat " + size_of(flat->pixels));
  }
  if (dark != nullptr) check_planes("finding hot pixels", *dark);
  if (flat != nullptr) check_planes("finding dead pixels", *flat);
  const Image& one = dark != nullptr ? *dark : *flat;
  Plane<std::uint16_t> mask(one.rows(), one.columns());
  const auto mark = [&](const Image& master, double least, double most) {
    for (std::size_t row = 0; row < mask.rows(); ++row) {
      for (std::size_t column = 0; column < mask.columns(); ++column) {
        const auto value = static_cast<double>(master.pixels(row, column));
        if (is_usable(master, row, column) && value >= least && value <= most) continue;
        mask(row, column) |= bit(Flag::bad);
      }
    }
  };
  if (dark != nullptr) {
    std::vector<float> values = usable_values(*dark);
    if (values.empty()) refuse(doing, "no pixel of the dark is usable");
    mark(*dark, -HUGE_VAL, hot_level(values, options.hot_sigma));
  }
  if (flat != nullptr) mark(*flat, options.least_response, options.most_response);
  return mask;
}

struct Calibrator::State {
  CalibrationRows rows;
};

Calibrator::Calibrator(Masters masters)
    : state_(std::make_shared<const State>(State{CalibrationRows(std::move(masters))})) {}

Image Calibrator::calibrated(Image frame) const {
  state_->rows.check(frame, frame.rows());
  if (!state_->rows.has_noise()) frame.variance = {};
  state_->rows.apply(frame, 0, state_->rows.has_noise());
  return frame;
}

Image in_electrons(Image image) {
  if (image.unit == "electron") return image;
  if (!(image.gain > 0.0) || !std::isfinite(image.gain)) {
    refuse("converting an image to electrons", "its gain is " + std::to_string(image.gain) + ", expected more than 0");
  }
  const auto gain = static_cast<float>(image.gain);
  for (float& value : image.pixels.values()) value *= gain;
  for (float& value : image.variance.values()) value *= gain * gain;
  image.saturation *= image.gain;
  image.unit = "electron";
  return image;
}

}  // namespace astro::imaging
