// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/imaging/detection.hpp"

namespace astro::imaging {

/// What the difference has at a candidate's place beside what a point and what single pixels would make there.
class CandidateShape {
 public:
  explicit CandidateShape(const Subtraction& subtraction);

  double width() const noexcept { return width_; }  ///< FWHM of a point in the difference
  double peak() const noexcept { return peak_; }    ///< of the PSF of the difference
  double pixels() const noexcept;                   ///< how many chi-square is the mean over

  /// Sets width, ellipticity and both chi-squares.
  void describe(std::size_t row, std::size_t column, bool is_positive, Candidate& candidate) const;

 private:
  struct Stamp;
  Stamp stamp_at(std::size_t row, std::size_t column, bool is_positive) const;
  double point_chi_square(const Stamp& stamp, double x, double y) const;
  double ray_chi_square(const Stamp& stamp, const Plane<float>& response) const;
  void measure_moments(const Stamp& stamp, Candidate& candidate) const;

  const Subtraction& s_;
  Plane<float> psf_;
  double width_ = 0.0;
  double peak_ = 0.0;
  std::ptrdiff_t reach_ = 0;  ///< of a stamp
};

}  // namespace astro::imaging
