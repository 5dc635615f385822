// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/pointing_model.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "pointing_terms.hpp"

namespace astro::sky {

namespace {

bool is_zero_point(std::string_view name) { return name == "IA" || name == "IE" || name == "IH" || name == "ID"; }

/// The second axis, or the nearest place of it that is so far from a pole of the first.
Angle off_pole(Angle second, Angle distance) {
  const Angle off = (2.0 * (second - degrees(90))).wrapped_signed() / 2.0;
  if (off.abs() >= distance) return second;
  return second - off + (off < Angle() ? -distance : distance);
}

/// The second axis, or a place of it that is so far above the horizon, on the side of the zenith where it is.
Angle off_horizon(Angle second, Angle distance) {
  const Angle at = second.wrapped_signed();
  if (at.abs() < distance) return distance;
  return degrees(180) - at.abs() < distance ? degrees(180) - distance : second;
}

}  // namespace

PointingModel::PointingModel(Geometry kind, std::vector<PointingTerm> terms, Angle latitude)
    : kind_(kind), terms_(std::move(terms)), latitude_(latitude) {
  check_geometry(kind_);
  for (const PointingTerm& term : terms_) {
    const std::size_t number = term_number(kind_, term.name);
    if (std::find(numbers_.begin(), numbers_.end(), number) != numbers_.end()) {
      throw Error(ErrorCode::invalid_argument, "a pointing model has the term " + term.name + " twice");
    }
    if (!std::isfinite(term.value.radians())) {
      throw Error(ErrorCode::invalid_argument, "the term " + term.name + " of a pointing model must be a finite angle");
    }
    numbers_.push_back(number);
    if (!is_zero_point(term.name)) bend_ += term.value.abs();
    if (term.name == "TX")
      from_horizon_ = radians(std::asin(std::min(0.5, 2.0 * std::sqrt(term.value.abs().radians()))));
  }
  from_pole_ = radians(std::asin(std::min(0.5, 4.0 * bend_.radians())));
}

Angle PointingModel::value(std::string_view name) const noexcept {
  for (const PointingTerm& term : terms_) {
    if (term.name == name) return term.value;
  }
  return Angle();
}

Axes PointingModel::correction(const Axes& place) const noexcept {
  const auto definitions = term_definitions(kind_);
  Angle second = off_pole(place.second, from_pole_);
  if (from_horizon_ > Angle()) second = off_horizon(second, from_horizon_);
  const TermPlace at = term_place({place.first, second}, latitude_);
  Axes sum;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const TermEffect effect = definitions[numbers_[i]].effect(at);
    sum.first += terms_[i].value * effect.first;
    sum.second += terms_[i].value * effect.second;
  }
  return sum;
}

Axes PointingModel::axes_of(const Axes& place) const noexcept {
  const Axes added = correction(place);
  return {place.first + added.first, place.second + added.second};
}

Axes PointingModel::place_of(const Axes& axes) const noexcept {
  // The correction changes slowly: what is left shrinks by about its own size each time.
  Axes place = axes;
  for (int pass = 0; pass < 20; ++pass) {
    const Axes there = axes_of(place);
    const Axes left{axes.first - there.first, axes.second - there.second};
    place.first += left.first;
    place.second += left.second;
    if (left.first.abs() + left.second.abs() < radians(1e-14)) break;
  }
  return place;
}

std::vector<std::string_view> pointing_terms(Geometry kind) {
  check_geometry(kind);
  std::vector<std::string_view> names;
  for (const TermDefinition& term : term_definitions(kind)) names.push_back(term.name);
  return names;
}

}  // namespace astro::sky
