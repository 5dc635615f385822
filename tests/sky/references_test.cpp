// SPDX-License-Identifier: BSD-3-Clause
// Against tables that other programs computed (ASTRO_TEST_DATA). What needs a table of Earth
// orientation is in test_references.py, which has one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "astro/sky/earth_orientation.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
#include "testing/testing.hpp"

namespace astro::sky {
namespace {

/// The cells of a table, line by line; lines that begin otherwise than data are left out.
std::vector<std::vector<std::string>> table(const std::filesystem::path& file, char separator,
                                            const std::string& first_characters) {
  std::ifstream stream(file);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || first_characters.find(line.front()) == std::string::npos) continue;
    std::vector<std::string> cells;
    std::istringstream parts(line);
    for (std::string cell; std::getline(parts, cell, separator);) cells.push_back(cell);
    rows.push_back(cells);
  }
  return rows;
}

Icrs direction(const std::string& ra, const std::string& dec) {
  return {degrees(std::stod(ra)), degrees(std::stod(dec))};
}

/// "B1995.95": Besselian years of 365.242198781 days from 1900 January 0.3135 (Lieske 1979).
Time besselian(const std::string& text) {
  return from_mjd(15019.81352 + (std::stod(text.substr(1)) - 1900.0) * 365.242198781);
}

TEST(Fk5, IsWhatStarlinksAstHasToAMilliarcsecond) {
  ASTRO_NEEDS_RECORDINGS(data);
  const auto rows = table(data / "pointing/astropy/icrs_fk5.csv", ',', "J");
  ASSERT_EQ(rows.size(), 200U);
  double worst_mas = 0.0;
  for (const auto& row : rows) {
    const double equinox = std::stod(row[0].substr(1));
    const Time epoch = besselian(row[1]);
    const Icrs given = direction(row[2], row[3]);
    const Fk5 there = fk5(given, epoch, equinox);
    const Icrs back = icrs(Fk5{given.ra, given.dec, equinox}, epoch);
    worst_mas =
        std::max({worst_mas, separation(Icrs{there.ra, there.dec}, direction(row[4], row[5])).arcseconds() * 1e3,
                  separation(back, direction(row[6], row[7])).arcseconds() * 1e3});
  }
  EXPECT_LT(worst_mas, 1.0);
  RecordProperty("worst_mas", std::to_string(worst_mas));
}

TEST(Velocities, AreWhatStarlinksRvHas) {
  ASTRO_NEEDS_RECORDINGS(data);
  // Target of FK5 J2000, MJD, longitude (rv counts it to the west), latitude; then what a source at
  // rest in the frame seems to have: minus our correction. Two digits are given.
  const auto rows = table(data / "pointing/astropy/rv.ecsv", ' ', "0123456789");
  ASSERT_GT(rows.size(), 40U);
  constexpr VelocityFrame frames[] = {VelocityFrame::geo, VelocityFrame::helio, VelocityFrame::lsrk,
                                      VelocityFrame::lsrd, VelocityFrame::galacto};
  for (const auto& row : rows) {
    const Time time = from_mjd(std::stod(row[2]));
    const Location site{degrees(std::stod(row[4])), degrees(-std::stod(row[3])), 0.0};
    const Icrs at = icrs(Fk5{degrees(std::stod(row[0])), degrees(std::stod(row[1]))}, time);
    for (std::size_t i = 0; i < std::size(frames); ++i) {
      EXPECT_NEAR(velocity_correction_km_s(at, site, time, frames[i]), -std::stod(row[5 + i]), 0.02)
          << row[2] << " frame " << i;
    }
  }
}

}  // namespace
}  // namespace astro::sky
