// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/cube.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "astro/files/export.hpp"
#include "astro/files/recordings.hpp"
#include "testing/fits_text.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using files::Cube;
using files::Wcs;
using testing::card;
using testing::expect_refused;
using testing::TemporaryFolder;
using testing::with;

Wcs projected(const std::string& code, double longitude, double latitude) {
  Wcs wcs;
  wcs.axes = {{"RA---" + code, "deg", 16.5, longitude, -0.25}, {"DEC--" + code, "deg", 10.0, latitude, 0.5}};
  wcs.matrix = {0.9, -0.1, 0.2, 1.1};
  return wcs;
}

TEST(Wcs, AgreesWithAstropy) {
  const std::array pixel{3.0, 17.25};
  // astropy 8.0.2 (WCSLIB): WCS(...).wcs_pix2world([[3.0, 17.25]], 0)
  const std::vector<std::pair<Wcs, std::array<double, 2>>> expected{
      {projected("TAN", 83.6, 22.0), {86.92934259153215, 25.24654214866183}},
      {projected("SIN", 310.0, -60.0), {315.49008313509387, -56.58513086825121}},
      {projected("CAR", 120.0, 0.0), {123.01875, 3.2875}}};
  for (const auto& [wcs, world] : expected) {
    const auto found = wcs.world(pixel);
    EXPECT_NEAR(found[0], world[0], 1e-10) << wcs.axes[0].type;
    EXPECT_NEAR(found[1], world[1], 1e-10) << wcs.axes[0].type;
    const auto back = wcs.pixel(found);
    EXPECT_NEAR(back[0], pixel[0], 1e-9);
    EXPECT_NEAR(back[1], pixel[1], 1e-9);
  }
}

TEST(Wcs, SaysWhereAProjectionHasNoPlace) {
  const Wcs sine = projected("SIN", 10.0, 20.0);
  EXPECT_TRUE(std::isnan(sine.world(std::array{5000.0, 0.0})[0]));
  EXPECT_TRUE(std::isnan(projected("TAN", 10.0, 20.0).pixel(std::array{190.0, -20.0})[0]));
  expect_refused(
      [] {
        static_cast<void>(projected("AIT", 0, 0).world(std::array{0.0, 0.0}));
      },
      "\"RA---AIT\"", ErrorCode::unsupported);
  expect_refused(
      [] {
        static_cast<void>(projected("CAR", 0, 30).world(std::array{0.0, 0.0}));
      },
      "equator", ErrorCode::unsupported);
  expect_refused([&] { static_cast<void>(sine.world(std::array{0.0})); }, "do not fit 2 axes",
                 ErrorCode::invalid_argument);
  Wcs flat = sine;
  flat.matrix = {1.0, 1.0, 1.0, 1.0};
  expect_refused(
      [&] {
        static_cast<void>(flat.pixel(std::array{10.0, 20.0}));
      },
      "no inverse", ErrorCode::invalid_argument);
}

Cube small_cube() {
  Cube cube;
  cube.shape = {2, 3, 4};
  for (int i = 0; i < 24; ++i) cube.pixels.push_back(static_cast<float>(i) * 0.5F);
  cube.pixels[7] = std::nanf("");
  cube.wcs = projected("TAN", 83.6, 22.0);
  cube.wcs.axes.push_back({"FREQ", "Hz", 1.0, 1420.4e6, 1000.0});
  cube.wcs.matrix.clear();
  cube.wcs.frame = "ICRS";
  cube.wcs.spectral_frame = "LSRK";
  cube.wcs.rest_hz = 1420405751.768;
  cube.unit = "K";
  cube.object = "S7";
  cube.more.set("BMAJ", 0.5).set("NVIS", 12).set("TELESCOP", "Horn").set("CLEANED", true);
  return cube;
}

TEST(Cube, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const Cube cube = small_cube();
  files::write_cube(folder.path() / "a.fits", cube);
  const Cube read = files::read_cube(folder.path() / "a.fits");
  EXPECT_EQ(read.shape, cube.shape);
  EXPECT_EQ(read.wcs.axes, cube.wcs.axes);
  EXPECT_TRUE(read.wcs.matrix.empty());
  EXPECT_EQ(std::tie(read.unit, read.object, read.wcs.frame, read.wcs.spectral_frame, read.wcs.rest_hz),
            std::tie(cube.unit, cube.object, cube.wcs.frame, cube.wcs.spectral_frame, cube.wcs.rest_hz));
  ASSERT_EQ(read.pixels.size(), 24U);
  EXPECT_TRUE(std::isnan(read.pixels[7]));
  EXPECT_EQ(read.pixels[23], 11.5F);
  EXPECT_EQ(read.more.find("BMAJ")->as_number(), 0.5);
  EXPECT_EQ(read.more.find("NVIS")->as_integer(), 12);
  EXPECT_EQ(read.more.find("TELESCOP")->as_text(), "Horn");
  EXPECT_TRUE(read.more.find("CLEANED")->as_bool());
  Cube turned = cube;
  turned.wcs.matrix = {0.9, -0.1, 0, 0.2, 1.1, 0, 0, 0, 1};
  files::write_cube(folder.path() / "b.fits", turned);
  EXPECT_EQ(files::read_cube(folder.path() / "b.fits").wcs.matrix, turned.wcs.matrix);
}

/// An image of two by two integers of 16 bits, one of them blank, with the older ways to turn it.
std::string integers(const std::string& more) {
  const std::string header = card("SIMPLE", "T") + card("BITPIX", "16") + card("NAXIS", "2") + card("NAXIS1", "2") +
                             card("NAXIS2", "2") + card("BSCALE", "0.5") + card("BZERO", "100.0") +
                             card("BLANK", "-1") + card("CDELT1", "-1.0") + card("CDELT2", "2.0") + more;
  return testing::fits_unit(header, std::string("\x00\x02\xff\xff\xff\xfe\x01\x00", 8));
}

TEST(Cube, OfIntegersIsScaledAndItsBlanksAreNotKnown) {
  const TemporaryFolder folder;
  const Cube read = files::read_cube(folder.write("a.fits", integers(card("CROTA2", "90.0"))));
  EXPECT_EQ(read.shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(read.pixels[0], 101.0F);
  EXPECT_TRUE(std::isnan(read.pixels[1]));
  EXPECT_EQ(read.pixels[2], 99.0F);
  EXPECT_EQ(read.pixels[3], 228.0F);
  // A quarter of a turn: along x one goes up in y, by as much of the world.
  const auto world = read.wcs.world(std::array{0.0, -1.0});
  EXPECT_NEAR(world[0], -2.0 * 0.0 + 0.0, 1e-12);
  EXPECT_NEAR(world[1], -1.0, 1e-12);
}

TEST(Cube, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const std::string whole = integers(card("ZIMAGE", "T"));
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.fits", content);
    return [file] { files::read_cube(file); };
  };
  expect_refused(read(whole), "undo that with funpack");
  const std::string plain = integers("");
  EXPECT_NO_THROW(read(plain)());
  expect_refused(read(with(plain, "CDELT2  = 2.0", "CDELT2  = 0.0")), "card CDELT2 at byte 720");
  expect_refused(read(with(plain, "BSCALE  = 0.5", "BSCALE  = 'x'")), "card BSCALE at byte 400");
  expect_refused(read(with(plain, "NAXIS1  = 2 ", "NAXIS1  = 9999999")), "NAXIS");
  expect_refused(read(with(plain, "BITPIX  = 16", "BITPIX  = 17")), "card BITPIX");
  expect_refused(read(plain.substr(0, 2884)), "truncated");
  expect_refused([&] { files::read_cube(folder.write("b.fits", plain), 1); }, "unit 1 of 1");
  Cube odd = small_cube();
  odd.pixels.pop_back();
  expect_refused([&] { files::write_cube(folder.path() / "c.fits", odd); }, "do not fit", ErrorCode::invalid_argument);
}

TEST(Cube, OfOneFrequencyAxisIsASpectrum) {
  const TemporaryFolder folder;
  CalibratedSpectrum kelvin;
  kelvin.axis = {hertz(1.42e9), hertz(1000.0), 3};
  kelvin.temperature_k = {1.5F, std::nanf(""), 3.0F};
  kelvin.sigma_k = kelvin.weight = {1.0F, 1.0F, 1.0F};
  kelvin.start = parse_time("2024-05-01T12:00:00");
  kelvin.mid = parse_time("2024-05-01T12:00:03");
  kelvin.exposure = from_seconds(5.0), kelvin.duration = from_seconds(6.0);
  files::write_fits(folder.path() / "a.fits", kelvin, {.object = "S8"});
  const auto read = files::read_spectra(folder.path() / "a.fits");
  EXPECT_EQ(read.unit, "K");
  EXPECT_EQ(read.object, "S8");
  const Spectrum& spectrum = read.spectra.at(0);
  EXPECT_EQ(spectrum.axis, kelvin.axis);
  EXPECT_EQ(spectrum.power[2], 3.0F);
  EXPECT_THAT(spectrum.weight, ::testing::ElementsAre(1.0F, 0.0F, 1.0F));
  EXPECT_EQ(spectrum.mid, kelvin.mid);
  EXPECT_EQ(spectrum.exposure, kelvin.exposure);
  EXPECT_EQ(spectrum.duration, kelvin.duration);
  files::write_cube(folder.path() / "b.fits", small_cube());
  expect_refused([&] { files::read_spectra(folder.path() / "b.fits"); }, "read it with read_cube");
}

}  // namespace
}  // namespace astro
