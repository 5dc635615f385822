// SPDX-License-Identifier: BSD-3-Clause
#include "site_cell.hpp"

#include <erfa.h>

#include <cmath>

namespace astro::sky {

namespace {

constexpr double metres_an_au = 149597870.7e3;
/// Radians of Earth rotation a day of UT1 (Capitaine et al. 2000, A&A 355, 398), and the same in a
/// second, as eraPvtob has it.
constexpr double turns_a_day = 1.00273781191135448;
constexpr double two_pi = 6.283185307179586476925287;
constexpr double light_au_a_s = 1.0 / 499.004782;

/// Turning equator to horizon: the pole (eraPom00 by its rotations, as eraApco has them), the
/// meridian, the latitude.
Matrix horizon_matrix(const Location& site, const EarthOrientationValues& orientation, double sp) {
  double r[3][3];
  eraIr(r);
  eraRz(sp, r);
  eraRy(-orientation.xp.radians(), r);
  eraRx(-orientation.yp.radians(), r);
  eraRz(site.longitude.radians(), r);
  const double sine = std::sin(site.latitude.radians());
  const double cosine = std::cos(site.latitude.radians());
  Matrix made{};
  for (std::size_t k = 0; k < 3; ++k) {
    made[0][k] = -sine * r[0][k] + cosine * r[2][k];
    made[1][k] = r[1][k];
    made[2][k] = cosine * r[0][k] + sine * r[2][k];
  }
  return made;
}

Vector site_from_centre(const Location& site, const EarthOrientationValues& orientation, double sp) {
  double ground[3];
  eraGd2gc(1, site.longitude.radians(), site.latitude.radians(), site.height_m, ground);
  double pole[3][3];
  eraPom00(orientation.xp.radians(), orientation.yp.radians(), sp, pole);
  Vector made{};
  eraTrxp(pole, ground, made.data());
  for (double& component : made) component /= metres_an_au;
  return made;
}

}  // namespace

SiteCell make_site_cell(const Location& site, const EarthOrientation* table, std::int64_t number) {
  SiteCell cell;
  cell.start = start_of_cell(number);
  cell.earth = earth_cell(number);
  constexpr Duration nearly = cell_length - std::chrono::microseconds(1);
  const double to_whole = seconds(cell_length) / seconds(nearly);
  const TimeScales at_start = time_scales(cell.start, table);
  const TimeScales at_end = time_scales(cell.start + nearly, table);
  const double ut1_days =
      ((at_end.ut1.day - at_start.ut1.day) + (at_end.ut1.fraction - at_start.ut1.fraction)) * to_whole;
  cell.rotation_start = eraEra00(at_start.ut1.day, at_start.ut1.fraction);
  cell.rotation_growth = two_pi * turns_a_day * ut1_days;
  const double sp = eraSp00(cell.earth->tt.day, cell.earth->tt.fraction);
  cell.to_horizon = horizon_matrix(site, at_start.orientation, sp);
  const Matrix end = horizon_matrix(site, at_end.orientation, sp);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      cell.to_horizon_growth[i][k] = (end[i][k] - cell.to_horizon[i][k]) * to_whole;
    }
  }
  cell.site_au = site_from_centre(site, at_start.orientation, sp);
  return cell;
}

double part_of(const SiteCell& cell, Time time) noexcept {
  constexpr double cells_a_nanosecond = 1.0 / static_cast<double>(cell_length.count());
  return static_cast<double>((time - cell.start).count()) * cells_a_nanosecond;
}

void set_instant(const SiteCell& cell, double part, Instant& instant) noexcept {
  Interpolated<16, 4>::Values slow;
  cell.earth->apparent.at(part, slow);
  const double angle = cell.rotation_start + cell.rotation_growth * part;
  const double s = std::sin(angle);
  const double c = std::cos(angle);

  // Axes of the ICRS to the turning equator.
  Matrix turned;
  for (std::size_t k = 0; k < 3; ++k) {
    turned[0][k] = c * slow[k] + s * slow[3 + k];
    turned[1][k] = c * slow[3 + k] - s * slow[k];
    turned[2][k] = slow[6 + k];
  }
  Matrix horizon;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      horizon[i][k] = cell.to_horizon[i][k] + part * cell.to_horizon_growth[i][k];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      instant.to_horizon[i][k] =
          horizon[i][0] * turned[0][k] + horizon[i][1] * turned[1][k] + horizon[i][2] * turned[2][k];
    }
  }

  constexpr double rotation_of_light = two_pi * turns_a_day / 86400.0 / light_au_a_s;
  const Vector& site = cell.site_au;
  double speed = 0.0;
  double distance = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double place = turned[0][k] * site[0] + turned[1][k] * site[1] + turned[2][k] * site[2];
    const double rotation = (turned[1][k] * site[0] - turned[0][k] * site[1]) * rotation_of_light;
    instant.from_earth_au[k] = place;
    instant.rotation[k] = rotation;
    instant.velocity[k] = slow[12 + k] + rotation;
    instant.from_sun[k] = slow[9 + k] + place;
    speed += instant.velocity[k] * instant.velocity[k];
    distance += instant.from_sun[k] * instant.from_sun[k];
  }
  instant.inverse_lorentz = std::sqrt(1.0 - speed);
  instant.sun_au = std::sqrt(distance);
  const double inverse = 1.0 / instant.sun_au;
  for (double& component : instant.from_sun) component *= inverse;
}

}  // namespace astro::sky
