// SPDX-License-Identifier: BSD-3-Clause
#include "site_cell.hpp"

#include <erfa.h>

#include <cmath>

namespace astro::sky {

namespace {

constexpr double metres_an_au = 149597870.7e3;

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

}  // namespace astro::sky
