// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/calibration_rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "imaging/image_parts.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t at_once = 512;  ///< pixels that stay in the nearest cache from one step to the next

/// Whether one of the values is no number, or saturated: so seldom that it is asked for many at once.
bool has_unusable(const CalibrationRun& run, float most) {
  constexpr std::uint32_t exponent = 0x7F800000;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < run.count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(run.value[i]);
    found |= ((bits & exponent) == exponent ? 1U : 0U) | (run.value[i] >= most ? 1U : 0U);
  }
  return found != 0;
}

bool has_flags(const std::uint16_t* flags, std::size_t count) {
  std::uint16_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found = static_cast<std::uint16_t>(found | flags[i]);
  return found != 0;
}

void mask_saturated(const CalibrationRun& run, float most) {
  if (!has_unusable(run, most)) return;
  for (std::size_t i = 0; i < run.count; ++i) {
    const float value = run.value[i];
    const int is_lost = value - value == 0.0F ? 0 : bit(Flag::no_data);
    const int is_full = value >= most ? bit(Flag::saturated) : 0;
    run.flags[i] = static_cast<std::uint16_t>(run.flags[i] | (is_full != 0 ? is_full : is_lost));
  }
}

void mask_unknown_variance(const CalibrationRun& run) {
  for (std::size_t i = 0; i < run.count; ++i) {
    const float variance = run.variance[i];
    const bool is_known = variance > 0.0F && variance - variance == 0.0F;
    run.flags[i] = static_cast<std::uint16_t>(run.flags[i] | (is_known ? 0 : bit(Flag::no_data)));
  }
}

void subtract(const CalibrationRun& run, const float* master, float scale) {
  for (std::size_t i = 0; i < run.count; ++i) run.value[i] -= scale * master[i];
}

void add_variance(const CalibrationRun& run, const float* variance, float factor) {
  if (run.variance == nullptr || variance == nullptr) return;
  for (std::size_t i = 0; i < run.count; ++i) run.variance[i] += factor * variance[i];
}

void add_flags(const CalibrationRun& run, const std::uint16_t* flags) {
  if (!has_flags(flags, run.count)) return;
  for (std::size_t i = 0; i < run.count; ++i) run.flags[i] = static_cast<std::uint16_t>(run.flags[i] | flags[i]);
}

void estimate_noise(const CalibrationRun& run, const NoiseModel& noise) {
  for (std::size_t i = 0; i < run.count; ++i) run.variance[i] = noise.of(run.value[i]);
}

void correct_linearity(const CalibrationRun& run, const std::vector<double>& coefficients) {
  for (std::size_t i = 0; i < run.count; ++i) {
    const auto measured = static_cast<double>(run.value[i]);
    double value = 0.0;
    double slope = 0.0;
    for (std::size_t k = coefficients.size(); k-- > 0;) {
      slope = slope * measured + value;
      value = value * measured + coefficients[k];
    }
    run.value[i] = static_cast<float>(value);
    if (run.variance != nullptr) run.variance[i] *= static_cast<float>(slope * slope);
  }
}

void divide(const CalibrationRun& run, const float* flat, const float* variance) {
  for (std::size_t i = 0; i < run.count; ++i) {
    const float inverse = 1.0F / flat[i];
    run.value[i] *= inverse;
    if (run.variance != nullptr) run.variance[i] *= inverse * inverse;
  }
  if (run.variance == nullptr || variance == nullptr) return;
  for (std::size_t i = 0; i < run.count; ++i) {
    const float part = run.value[i] / flat[i];
    run.variance[i] += part * part * variance[i];
  }
}

void clear_masked(const CalibrationRun& run) {
  if (!has_flags(run.flags, run.count)) return;
  for (std::size_t i = 0; i < run.count; ++i) run.value[i] = run.flags[i] != 0 ? 0.0F : run.value[i];
  if (run.variance == nullptr) return;
  for (std::size_t i = 0; i < run.count; ++i) run.variance[i] = run.flags[i] != 0 ? 0.0F : run.variance[i];
}

const float* at(const Plane<float>& plane, std::size_t row, std::size_t column) {
  return plane.empty() ? nullptr : plane.row(row).data() + column;
}

}  // namespace

CalibrationRows::CalibrationRows(Masters masters) : masters_(std::move(masters)) {
  add(masters_.bias, "bias");
  add(masters_.dark, "dark");
  add(masters_.flat, "flat");
  if (!masters_.bad.empty()) {
    if (rows_ == 0) {
      mask_ = Plane<std::uint16_t>(masters_.bad.rows(), masters_.bad.columns());
      rows_ = mask_.rows();
      columns_ = mask_.columns();
    }
    if (!masters_.bad.fits(mask_)) {
      refuse("calibrating", "the mask has " + size_of(masters_.bad) + ", the masters " + size_of(mask_));
    }
    for (std::size_t i = 0; i < mask_.size(); ++i) mask_.data()[i] |= masters_.bad.data()[i];
  }
  if (masters_.dark && masters_.dark->exposure <= Duration()) {
    refuse("calibrating", "the dark says no exposure, by which its current could be scaled");
  }
  for (const double coefficient : masters_.linearity) {
    if (!std::isfinite(coefficient)) refuse("calibrating", "a coefficient of the linearity is not finite");
  }
  if (!masters_.flat) return;
  for (std::size_t i = 0; i < mask_.size(); ++i) {
    float& response = masters_.flat->pixels.data()[i];
    if (mask_.data()[i] == 0 && response > 0.0F) continue;
    mask_.data()[i] |= bit(Flag::no_data);
    response = 1.0F;
  }
}

void CalibrationRows::add(const std::optional<Image>& master, const char* name) {
  if (!master) return;
  check_planes((std::string("calibrating by the ") + name).c_str(), *master);
  if (rows_ == 0) {
    mask_ = Plane<std::uint16_t>(master->rows(), master->columns());
    rows_ = master->rows();
    columns_ = master->columns();
  }
  if (!master->pixels.fits(mask_)) {
    refuse("calibrating",
           std::string("the ") + name + " has " + size_of(master->pixels) + ", another master " + size_of(mask_));
  }
  mask(*master);
  if (&master == &masters_.flat) return;  // a response has no unit
  if (unit_.empty()) unit_ = master->unit;
  if (unit_ != master->unit) refuse("calibrating", "the bias is in " + unit_ + ", the dark in " + master->unit);
}

void CalibrationRows::mask(const Image& master) {
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t column = 0; column < columns_; ++column) {
      if (is_usable(master, row, column)) continue;
      const std::uint16_t flags = master.mask.empty() ? std::uint16_t{0} : master.mask(row, column);
      mask_(row, column) |= flags != 0 ? flags : bit(Flag::no_data);
    }
  }
}

void CalibrationRows::check(const Image& rows, std::size_t frame_rows) const {
  const char* doing = "calibrating a frame";
  check_planes(doing, rows);
  if (rows_ != 0 && (rows.columns() != columns_ || frame_rows != rows_)) {
    refuse(doing, "it has " + size_text(frame_rows, rows.columns()) + ", the masters " + size_text(rows_, columns_) +
                      "; trim it as they were");
  }
  if (!unit_.empty() && rows.unit != unit_) refuse(doing, "it is in " + rows.unit + ", the masters in " + unit_);
  if (masters_.dark && rows.exposure <= Duration()) {
    refuse(doing, "it says no exposure, by which the dark current could be scaled");
  }
}

double CalibrationRows::dark_scale(const Image& frame) const {
  return masters_.dark ? seconds(frame.exposure) / seconds(masters_.dark->exposure) : 0.0;
}

void CalibrationRows::apply(Image& rows, std::size_t first, bool estimates_noise) const {
  const bool has_variance = !rows.variance.empty();
  const bool estimates = estimates_noise && !has_variance;
  const NoiseModel noise = estimates ? noise_model(rows) : NoiseModel();
  if (estimates) rows.variance = Plane<float>(rows.rows(), rows.columns());
  if (rows.mask.empty()) rows.mask = Plane<std::uint16_t>(rows.rows(), rows.columns());
  const float most = saturation_of(rows);
  const auto scale = static_cast<float>(dark_scale(rows));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t column = 0; column < rows.columns(); column += at_once) {
      const CalibrationRun run{std::min(at_once, rows.columns() - column), rows.pixels.row(row).data() + column,
                               rows.variance.empty() ? nullptr : rows.variance.row(row).data() + column,
                               rows.mask.row(row).data() + column};
      mask_saturated(run, most);
      if (has_variance) mask_unknown_variance(run);
      correct(run, first + row, column, scale, estimates ? &noise : nullptr);
      clear_masked(run);
    }
  }
  rows.saturation = 0.0;
}

/// `noise` estimates what is not known; nullptr: it is.
void CalibrationRows::correct(const CalibrationRun& run, std::size_t row, std::size_t column, float scale,
                              const NoiseModel* noise) const {
  const auto& [bias, dark, flat, bad, linearity, has_noise] = masters_;
  if (bias) subtract(run, at(bias->pixels, row, column), 1.0F);
  if (noise != nullptr) estimate_noise(run, *noise);
  if (bias) add_variance(run, at(bias->variance, row, column), 1.0F);
  if (!linearity.empty()) correct_linearity(run, linearity);
  if (dark) {
    subtract(run, at(dark->pixels, row, column), scale);
    add_variance(run, at(dark->variance, row, column), scale * scale);
  }
  if (flat) divide(run, at(flat->pixels, row, column), at(flat->variance, row, column));
  if (!mask_.empty()) add_flags(run, mask_.row(row).data() + column);
}

}  // namespace astro::imaging
