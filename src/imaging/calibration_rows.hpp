// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>

#include "astro/imaging/calibration.hpp"

namespace astro::imaging {

struct NoiseModel;

/// Some pixels of a row.
struct CalibrationRun {
  std::size_t count;
  float* value;
  float* variance;  ///< nullptr: not wanted
  std::uint16_t* flags;
};

/// Calibrates rows of a frame in place; what `Calibrator` and the making of masters share.
class CalibrationRows {
 public:
  /// Throws as `Calibrator`.
  explicit CalibrationRows(Masters masters);

  /// Throws `invalid_argument` unless these rows, of a frame of so many, can be calibrated.
  void check(const Image& rows, std::size_t frame_rows) const;
  /// Rows from `first` on; see `Calibrator::calibrated`. Noise that is known is propagated; what is not may be
  /// estimated.
  void apply(Image& rows, std::size_t first, bool estimates_noise) const;

  bool has_noise() const noexcept { return masters_.has_noise; }
  /// How often the dark current is in a frame of such an exposure.
  double dark_scale(const Image& frame) const;

 private:
  void add(const std::optional<Image>& master, const char* name);
  void mask(const Image& master);
  void correct(const CalibrationRun& run, std::size_t row, std::size_t column, float scale,
               const NoiseModel* noise) const;

  Masters masters_;
  std::size_t rows_ = 0;  ///< 0: there are no masters, and any shape will do
  std::size_t columns_ = 0;
  std::string unit_;
  Plane<std::uint16_t> mask_;  ///< of all masters
};

}  // namespace astro::imaging
