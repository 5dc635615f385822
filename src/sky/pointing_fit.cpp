// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "pointing_terms.hpp"

namespace astro::sky {

namespace {

using Rows = std::vector<std::vector<double>>;

[[noreturn]] void refuse_fit(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "fitting a pointing model: " + why);
}

bool is_finite(const Axes& pair) { return std::isfinite(pair.first.radians()) && std::isfinite(pair.second.radians()); }

void check(const PointingObservation& observation, std::size_t number) {
  const std::string which = "observation " + std::to_string(number);
  if (!is_finite(observation.place) || !is_finite(observation.axes))
    refuse_fit(which + " has an angle that is not finite");
  if (!(observation.error > Angle())) refuse_fit(which + " needs an error above zero");
}

/// axes - place, the short way round, the first as it is on the sky.
Axes offset_on_sky(const Axes& axes, const Axes& place) {
  return {(axes.first - place.first).wrapped_signed() * std::cos(place.second.radians()),
          (axes.second - place.second).wrapped_signed()};
}

/// The equations of all observations, weighted: two rows each, the right-hand side last.
Rows equations(Geometry kind, std::span<const std::size_t> numbers, std::span<const PointingObservation> observations,
               Angle latitude) {
  const auto definitions = term_definitions(kind);
  Rows rows;
  for (const PointingObservation& observation : observations) {
    const double weight = 1.0 / observation.error.radians();
    const TermPlace at = term_place(observation.place, latitude);
    const Axes offset = offset_on_sky(observation.axes, observation.place);
    std::vector<double> first;
    std::vector<double> second;
    for (const std::size_t number : numbers) {
      const TermEffect effect = definitions[number].effect(at);
      first.push_back(effect.first * at.cos_second * weight);
      second.push_back(effect.second * weight);
    }
    first.push_back(offset.first.radians() * weight);
    second.push_back(offset.second.radians() * weight);
    rows.push_back(std::move(first));
    rows.push_back(std::move(second));
  }
  return rows;
}

/// Orthogonal reduction (Householder) in place: the triangle of the first `count` rows is left.
/// Gives the number of the first column that depends on those before it, or `count`.
std::size_t triangulate(Rows& rows, std::size_t count) {
  for (std::size_t column = 0; column < count; ++column) {
    double all = 0.0;
    for (const auto& row : rows) all += row[column] * row[column];
    double square = 0.0;
    for (std::size_t i = column; i < rows.size(); ++i) square += rows[i][column] * rows[i][column];
    if (!(square > 1e-20 * all)) return column;
    const double length = std::copysign(std::sqrt(square), -rows[column][column]);
    std::vector<double> mirror(rows.size());
    for (std::size_t i = column; i < rows.size(); ++i) mirror[i] = rows[i][column];
    mirror[column] -= length;
    double norm = 0.0;
    for (const double each : mirror) norm += each * each;
    for (std::size_t k = column; k <= count; ++k) {
      double product = 0.0;
      for (std::size_t i = column; i < rows.size(); ++i) product += mirror[i] * rows[i][k];
      for (std::size_t i = column; i < rows.size(); ++i) rows[i][k] -= 2.0 * product / norm * mirror[i];
    }
  }
  return count;
}

/// The inverse of the triangle; its rows times themselves are the covariance.
Rows inverse_of_triangle(const Rows& rows, std::size_t count) {
  Rows inverse(count, std::vector<double>(count, 0.0));
  for (std::size_t column = 0; column < count; ++column) {
    for (std::size_t i = column + 1; i-- > 0;) {
      double sum = i == column ? 1.0 : 0.0;
      for (std::size_t k = i + 1; k <= column; ++k) sum -= rows[i][k] * inverse[k][column];
      inverse[i][column] = sum / rows[i][i];
    }
  }
  return inverse;
}

double product_of_rows(const Rows& rows, std::size_t a, std::size_t b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < rows[a].size(); ++k) sum += rows[a][k] * rows[b][k];
  return sum;
}

}  // namespace

PointingFit fit_pointing(Geometry kind, std::span<const std::string> terms,
                         std::span<const PointingObservation> observations, Angle latitude, bool scale_errors) {
  check_geometry(kind);
  const std::size_t count = terms.size();
  if (count == 0) refuse_fit("expected one term or more");
  if (2 * observations.size() <= count) {
    refuse_fit(std::to_string(observations.size()) + " observations are too few for " + std::to_string(count) +
               " terms");
  }
  for (std::size_t i = 0; i < observations.size(); ++i) check(observations[i], i);
  std::vector<std::size_t> numbers;
  for (const std::string& name : terms) numbers.push_back(term_number(kind, name));

  Rows rows = equations(kind, numbers, observations, latitude);
  if (const std::size_t found = triangulate(rows, count); found < count) {
    refuse_fit("these observations cannot tell " + terms[found] +
               " from the terms before it; leave it out or observe " + "more of the sky");
  }
  const Rows inverse = inverse_of_triangle(rows, count);
  double chi_squared = 0.0;
  for (std::size_t i = count; i < rows.size(); ++i) chi_squared += rows[i][count] * rows[i][count];
  const double reduced = chi_squared / static_cast<double>(rows.size() - count);
  const double scale = scale_errors ? std::sqrt(reduced) : 1.0;

  std::vector<PointingTerm> fitted;
  Rows correlation(count, std::vector<double>(count));
  for (std::size_t i = 0; i < count; ++i) {
    double value = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      value += inverse[i][k] * rows[k][count];
      correlation[i][k] =
          product_of_rows(inverse, i, k) / std::sqrt(product_of_rows(inverse, i, i) * product_of_rows(inverse, k, k));
    }
    fitted.push_back({terms[i], radians(value), radians(scale * std::sqrt(product_of_rows(inverse, i, i)))});
  }
  PointingFit fit{PointingModel(kind, std::move(fitted), latitude), std::move(correlation), {}, {}, reduced};
  double square = 0.0;
  for (const PointingObservation& observation : observations) {
    const Axes predicted = fit.model.axes_of(observation.place);
    const Axes left = offset_on_sky(observation.axes, predicted);
    fit.residuals.push_back(left);
    square += left.first.radians() * left.first.radians() + left.second.radians() * left.second.radians();
  }
  fit.rms = radians(std::sqrt(square / static_cast<double>(observations.size())));
  return fit;
}

}  // namespace astro::sky
