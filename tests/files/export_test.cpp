// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/sky/velocity.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TemporaryFolder;

CalibratedSpectrum small_spectrum() {
  CalibratedSpectrum spectrum;
  spectrum.axis = {hertz(1420000000.5), hertz(2000.25), 4};
  spectrum.temperature_k = {10.0F, 10.125F, std::nanf(""), 52.3F};
  spectrum.sigma_k = {0.25F, 0.25F, std::nanf(""), 0.5F};
  spectrum.weight = {1.0F, 0.5F, 0.0F, 1.0F};
  spectrum.tsys_k = 120.0;
  spectrum.start = parse_time("2018-11-01T05:01:00");
  spectrum.mid = parse_time("2018-11-01T05:01:05");
  spectrum.duration = from_seconds(10.0);
  spectrum.exposure = from_seconds(9.5);
  spectrum.samples = 950;
  spectrum.samples_lost = 50;
  spectrum.receiver = "lna";
  spectrum.pointing.known = true;
  spectrum.pointing.direction = {degrees(35.5), degrees(58.25)};
  spectrum.pointing.place = {degrees(360.0), degrees(70.0)};
  spectrum.pointing.site = {degrees(38.4219), degrees(-79.83085), 0.0};
  return spectrum;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot write"));
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(WriteWhole, ReplacesAFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.txt";
  files::write_whole(file, bytes_of("first"));
  files::write_whole(file, bytes_of("second, and longer"));
  EXPECT_EQ(testing::read_file(file), "second, and longer");
  files::write_whole(file, {});
  EXPECT_EQ(testing::read_file(file), "");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(WriteWhole, LeavesNothingWhenItFails) {
  const TemporaryFolder folder;
  EXPECT_EQ(code_of([&] { files::write_whole(folder.path() / "none" / "a.txt", bytes_of("x")); }), ErrorCode::storage);
  std::filesystem::create_directory(folder.path() / "taken");
  EXPECT_EQ(code_of([&] { files::write_whole(folder.path() / "taken", bytes_of("x")); }), ErrorCode::storage);
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(WriteWhole, PutsNoFileInThePlaceOfWhatIsNone) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(code_of([&] { files::write_whole(pipe, bytes_of("x")); }), ErrorCode::storage);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  std::filesystem::create_symlink(pipe, folder.path() / "link");
  EXPECT_EQ(code_of([&] { files::write_whole(folder.path() / "link", bytes_of("x")); }), ErrorCode::storage);
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link"));
  EXPECT_EQ(files_in(folder.path()), 2U);
}

/// Keyword and value of each card of the first header.
std::map<std::string, std::string> cards_of(const std::string& fits) {
  std::map<std::string, std::string> cards;
  for (std::size_t at = 0; at + 80 <= fits.size(); at += 80) {
    const std::string card = fits.substr(at, 80);
    const std::string name = card.substr(0, card.find_first_of(" ="));
    if (name == "END") break;
    cards[name] = card.substr(10);
  }
  return cards;
}

TEST(Fits, HoldsTheSpectrumWithItsWorldCoordinates) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.fits";
  files::write_fits(file, small_spectrum(),
                    {.object = "galactic \"plane\" \xc3\xa9\n", .observer = std::string(100, 'o')});
  const std::string fits = testing::read_file(file);
  EXPECT_EQ(fits.size() % 2880, 0U);
  auto cards = cards_of(fits);
  EXPECT_THAT(cards["BITPIX"], HasSubstr(" -32 "));
  EXPECT_EQ(std::stod(cards["NAXIS1"]), 4.0);
  EXPECT_THAT(cards["CTYPE1"], StartsWith("'FREQ    '"));
  EXPECT_THAT(cards["CUNIT1"], StartsWith("'Hz      '"));
  EXPECT_EQ(std::stod(cards["CRVAL1"]), 1420000000.5);
  EXPECT_EQ(std::stod(cards["CDELT1"]), 2000.25);
  EXPECT_EQ(std::stod(cards["CRPIX1"]), 1.0);
  EXPECT_EQ(std::stod(cards["RESTFRQ"]), 1420405751.768);
  EXPECT_THAT(cards["SPECSYS"], StartsWith("'TOPOCENT'"));
  EXPECT_THAT(cards["BUNIT"], StartsWith("'K       '"));
  EXPECT_THAT(cards["DATE-OBS"], StartsWith("'2018-11-01T05:01:00.000000'"));
  EXPECT_THAT(cards["DATE-AVG"], StartsWith("'2018-11-01T05:01:05.000000'"));
  EXPECT_EQ(std::stod(cards["EXPOSURE"]), 9.5);
  EXPECT_NEAR(std::stod(cards["RA"]), 35.5, 1e-12);
  EXPECT_NEAR(std::stod(cards["DEC"]), 58.25, 1e-12);
  EXPECT_EQ(std::stod(cards["NLOST"]), 50.0);
  EXPECT_THAT(cards["OBJECT"], StartsWith("'galactic \"plane\" ?\?\?'"));
  EXPECT_THAT(cards["CREATOR"], StartsWith("'libastro "));
  // astropy 8.0.2, EarthLocation.from_geodetic(-79.83085, 38.4219, 0)
  EXPECT_NEAR(std::stod(cards["OBSGEO-X"]), 883385.1144, 1e-3);
  EXPECT_NEAR(std::stod(cards["OBSGEO-Y"]), -4924861.2969, 1e-3);
  EXPECT_NEAR(std::stod(cards["OBSGEO-Z"]), 3942240.8911, 1e-3);
  // as above, for ra 35.51, dec 58.34: 9.59 km/s; here a little beside it
  EXPECT_NEAR(std::stod(cards["VELOSYS"]), 9590.0, 50.0);
  EXPECT_THAT(fits, HasSubstr("EXTNAME = 'SIGMA   '"));
  EXPECT_THAT(fits, HasSubstr("EXTNAME = 'WEIGHT  '"));
  const std::string last_pixel("\x42\x51\x33\x33", 4);  // 52.3 as a big-endian float
  EXPECT_THAT(fits, HasSubstr(std::string("\x41\x22\x00\x00", 4)));
  EXPECT_THAT(fits, HasSubstr(last_pixel));
}

// The same channels as velocities, for who reads the alternative axis V.
TEST(Fits, SaysVelocitiesInTheSpectrumsFrame) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.velocity_frame = sky::VelocityFrame::bary;
  files::write_fits(folder.path() / "a.fits", spectrum);
  auto cards = cards_of(testing::read_file(folder.path() / "a.fits"));
  EXPECT_THAT(cards["CTYPE1V"], StartsWith("'VRAD    '"));
  EXPECT_THAT(cards["SPECSYSV"], StartsWith("'BARYCENT'"));
  const double first = std::stod(cards["CRVAL1V"]);
  EXPECT_NEAR(first, 1e3 * spectrum.velocity_km_s(0.0), 1e-6);
  EXPECT_NEAR(first + 3.0 * std::stod(cards["CDELT1V"]), 1e3 * spectrum.velocity_km_s(3.0), 1e-6);
  const Pointing& pointing = spectrum.pointing;
  EXPECT_NEAR(
      std::stod(cards["VELOSYS"]),
      1e3 * sky::velocity_correction_km_s(pointing.direction, pointing.site, spectrum.mid, sky::VelocityFrame::bary),
      1e-3);
}

TEST(Fits, SaysOfWhichLineItsVelocitiesAre) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.axis.first = megahertz(1667);
  spectrum.rest = hydroxyl_lines[2];
  files::write_fits(folder.path() / "a.fits", spectrum);
  auto cards = cards_of(testing::read_file(folder.path() / "a.fits"));
  EXPECT_EQ(std::stod(cards["RESTFRQ"]), 1667.359e6);
  EXPECT_EQ(std::stod(cards["RESTFRQV"]), 1667.359e6);
  const double topocentric = 1e3 * sky::radio_velocity_km_s(spectrum.axis.first, spectrum.rest);
  EXPECT_NEAR(std::stod(cards["CRVAL1V"]), topocentric + std::stod(cards["VELOSYS"]), 1e-3);
  files::write_csv(folder.path() / "a.csv", spectrum);
  EXPECT_THAT(testing::read_file(folder.path() / "a.csv"), HasSubstr("# rest_frequency: 1667359000 Hz\n"));
  EXPECT_EQ(files::sdfits_row(spectrum).rest, spectrum.rest);
}

TEST(Fits, SaysNothingOfAPointingThatIsNotKnown) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.pointing = {};
  files::write_fits(folder.path() / "a.fits", spectrum);
  const auto cards = cards_of(testing::read_file(folder.path() / "a.fits"));
  for (const char* name : {"RA", "DEC", "VELOSYS", "OBSGEO-X", "OBJECT"}) EXPECT_FALSE(cards.contains(name)) << name;
}

TEST(Fits, IsWrittenByManyThreads) {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) files::write_fits(folder.path() / (std::to_string(i) + ".fits"), small_spectrum());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(files_in(folder.path()), 4U);
}

TEST(Csv, HoldsNotesColumnsAndEmptyFieldsForWhatIsNotKnown) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.csv";
  files::write_csv(file, small_spectrum(), {.object = "two\nlines"});
  std::istringstream csv(testing::read_file(file));
  std::vector<std::string> rows;
  std::string notes;
  for (std::string line; std::getline(csv, line);) {
    if (line.starts_with("#")) notes += line + "\n";
    else rows.push_back(line);
  }
  EXPECT_THAT(notes, HasSubstr("# object: two lines\n"));
  EXPECT_THAT(notes, HasSubstr("# mid_utc: 2018-11-01T05:01:05.000000Z\n"));
  EXPECT_THAT(notes, HasSubstr("# samples_lost: 50\n"));
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0], "frequency_hz,velocity_lsrk_km_s,temperature_k,sigma_k,weight");
  EXPECT_THAT(rows[1], StartsWith("1420000000.5,"));
  EXPECT_THAT(rows[3], ::testing::EndsWith(",,,0"));
  EXPECT_THAT(rows[4], ::testing::EndsWith(",52.3,0.5,1"));
}

TEST(Csv, NamesTheFrameOfItsVelocitiesAndIsReadAgain) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.velocity_frame = sky::VelocityFrame::helio;
  files::write_csv(folder.path() / "a.csv", spectrum);
  EXPECT_THAT(testing::read_file(folder.path() / "a.csv"), HasSubstr("\nfrequency_hz,velocity_helio_km_s,"));
  EXPECT_EQ(files::read_spectra(folder.path() / "a.csv").spectra.front().axis.channels, 4U);
}

TEST(Csv, LeavesVelocitiesEmptyWithoutAPointing) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.pointing = {};
  files::write_csv(folder.path() / "a.csv", spectrum);
  EXPECT_THAT(testing::read_file(folder.path() / "a.csv"), HasSubstr("\n1420000000.5,,10,0.25,1\n"));
}

TEST(Export, RefusesASpectrumThatIsNotWhole) {
  const TemporaryFolder folder;
  CalibratedSpectrum spectrum = small_spectrum();
  spectrum.weight.pop_back();
  EXPECT_THROW(files::write_fits(folder.path() / "a.fits", spectrum), Error);
  EXPECT_THROW(files::write_csv(folder.path() / "a.csv", spectrum), Error);
  EXPECT_EQ(files_in(folder.path()), 0U);
}

}  // namespace
}  // namespace astro
