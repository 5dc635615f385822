// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/psf.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>

#include "imaging/moments.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"
#include "imaging/sample.hpp"

namespace astro::imaging {
namespace {

constexpr const char* of_psf = "a point spread function";

double sum_of(const Plane<float>& plane) { return std::accumulate(plane.values().begin(), plane.values().end(), 0.0); }

/// From -1 to 1 over the image; beyond its edge as at the edge.
double place_in_field(double at, std::size_t size) {
  return size < 2 ? 0.0 : std::clamp(2.0 * at / static_cast<double>(size - 1) - 1.0, -1.0, 1.0);
}

}  // namespace

Psf::Psf(Plane<float> everywhere) : Psf(std::vector<Plane<float>>{std::move(everywhere)}, 0, 1, 1) {}

Psf::Psf(std::vector<Plane<float>> terms, int order, std::size_t rows, std::size_t columns)
    : terms_(std::move(terms)), order_(order), image_rows_(rows), image_columns_(columns) {
  constexpr int highest_order = 5;
  if (order < 0 || order > highest_order || terms_.size() != terms_of_order(order)) {
    refuse(of_psf, std::to_string(terms_.size()) + " planes for the order " + std::to_string(order) +
                       "; expected (order + 1)(order + 2) / 2, and an order up to 5");
  }
  if (rows == 0 || columns == 0) refuse(of_psf, "the image that it is of has no pixels");
  const Plane<float>& first = terms_.front();
  if (first.rows() % 2 == 0 || first.columns() % 2 == 0) {
    refuse(of_psf, std::to_string(first.rows()) + " rows of " + std::to_string(first.columns()) +
                       " columns; expected odd numbers, so that there is a middle pixel");
  }
  for (const Plane<float>& term : terms_) {
    if (!term.fits(first)) refuse(of_psf, "its planes differ in shape");
    const auto values = term.values();
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
      refuse(of_psf, "it holds what is not finite");
    }
  }
  const double total = sum_of(first);
  if (!(total > 0.0)) refuse(of_psf, "its sum is " + std::to_string(total) + "; expected a positive one");
  for (Plane<float>& term : terms_) {
    for (float& value : term.values()) value = static_cast<float>(value / total);
  }
  const double right = static_cast<double>(columns) - 1.0;
  const double bottom = static_cast<double>(rows) - 1.0;
  if (order > 0) {
    for (const PixelPosition corner :
         {PixelPosition{0, 0}, PixelPosition{right, 0}, PixelPosition{0, bottom}, PixelPosition{right, bottom}}) {
      at(corner);  // refuses a sum that is not positive
    }
  }
}

Plane<float> Psf::at(PixelPosition place) const {
  if (order_ == 0) return terms_.front();
  std::vector<double> factors(terms_.size());
  powers(place_in_field(place.x, image_columns_), place_in_field(place.y, image_rows_), order_, factors);
  Plane<float> result(rows(), columns());
  double total = 0.0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    double value = 0.0;
    for (std::size_t term = 0; term < terms_.size(); ++term) value += factors[term] * terms_[term].data()[i];
    result.data()[i] = static_cast<float>(value);
    total += value;
  }
  if (!(total > 0.0))
    refuse(of_psf, "its sum at a place of the image is " + std::to_string(total) + "; expected a positive one");
  for (float& value : result.values()) value = static_cast<float>(value / total);
  return result;
}

std::size_t Psf::rows() const noexcept { return terms_.front().rows(); }
std::size_t Psf::columns() const noexcept { return terms_.front().columns(); }

double Psf::fwhm(PixelPosition place) const {
  // The area above half of the peak, on a grid ten times as fine.
  constexpr int fine = 10;
  const Plane<float> psf = at(place);
  const auto peak_at =
      static_cast<std::size_t>(std::max_element(psf.values().begin(), psf.values().end()) - psf.values().begin());
  const double peak_x = static_cast<double>(peak_at % psf.columns());
  const double peak_y = static_cast<double>(peak_at / psf.columns());
  double peak = 0.0;
  for (int i = -fine; i <= fine; ++i) {
    for (int k = -fine; k <= fine; ++k) {
      peak = std::max(peak,
                      value_at(psf, {peak_x + static_cast<double>(k) / fine, peak_y + static_cast<double>(i) / fine}));
    }
  }
  std::size_t above = 0;
  for (std::size_t row = 0; row < psf.rows(); ++row) {
    for (std::size_t column = 0; column < psf.columns(); ++column) {
      // Lanczos overshoots by less than a fifth: far below half there is nothing above it.
      double brightest = psf(row, column);
      for (std::size_t i = row > 0 ? row - 1 : 0; i < std::min(row + 2, psf.rows()); ++i) {
        for (std::size_t k = column > 0 ? column - 1 : 0; k < std::min(column + 2, psf.columns()); ++k) {
          brightest = std::max(brightest, static_cast<double>(psf(i, k)));
        }
      }
      if (brightest < 0.3 * peak) continue;
      for (int i = 0; i < fine; ++i) {
        for (int k = 0; k < fine; ++k) {
          const double x = static_cast<double>(column) - 0.5 + (k + 0.5) / fine;
          const double y = static_cast<double>(row) - 0.5 + (i + 0.5) / fine;
          if (value_at(psf, {x, y}) >= 0.5 * peak) ++above;
        }
      }
    }
  }
  const double area = static_cast<double>(above) / (fine * fine);
  return 2.0 * std::sqrt(area / std::numbers::pi);
}

double Psf::ellipticity(PixelPosition place) const {
  const Plane<float> psf = at(place);
  const PixelPosition middle{static_cast<double>(columns() / 2), static_cast<double>(rows() / 2)};
  const auto moments = adaptive_moments(psf, middle, std::max(0.7, fwhm(place) / 2.3548));
  return moments ? moments->ellipticity() : std::numeric_limits<double>::quiet_NaN();
}

double Psf::noise_pixels(PixelPosition place) const {
  double squares = 0.0;
  const Plane<float> psf = at(place);
  for (const float value : psf.values()) squares += static_cast<double>(value) * value;
  return 1.0 / squares;
}

}  // namespace astro::imaging
