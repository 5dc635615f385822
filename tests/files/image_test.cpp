// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "testing/fits_text.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using files::ImageReader;
using files::read_image;
using imaging::Flag;
using imaging::Image;
using imaging::Plane;
using testing::card;
using testing::expect_refused;
using testing::fits_unit;
using testing::TemporaryFolder;
using testing::with;

constexpr std::uint16_t flag(Flag each) { return bit(each); }

/// 3 x 2 numbers of 16 bits from 1 to 6, of which some BLANK.
std::string plain(const std::string& more = "") {
  return fits_unit(card("SIMPLE", "T") + card("BITPIX", "16") + card("NAXIS", "2") + card("NAXIS1", "3") +
                       card("NAXIS2", "2") + more,
                   std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12));
}

std::string long_card(const std::string& name, const std::string& value) {
  const std::string text = "HIERARCH " + name + " = " + value;
  return text + std::string(80 - text.size(), ' ');
}

std::string extension(const std::string& bitpix, const std::string& more, const std::string& data) {
  return fits_unit(card("XTENSION", "'IMAGE'") + card("BITPIX", bitpix) + card("NAXIS", "2") + card("NAXIS1", "3") +
                       card("NAXIS2", "2") + card("PCOUNT", "0") + card("GCOUNT", "1") + more,
                   data);
}

TEST(ImageFile, IsScaledAndItsBlanksAreMasked) {
  const TemporaryFolder folder;
  const Image image =
      read_image(folder.write("a.fits", plain(card("BSCALE", "2.0") + card("BZERO", "10.0") + card("BLANK", "2"))));
  EXPECT_THAT(image.pixels.values(), ::testing::ElementsAre(12.0F, 0.0F, 16.0F, 18.0F, 20.0F, 22.0F));
  EXPECT_THAT(image.mask.values(), ::testing::ElementsAre(0, flag(Flag::no_data), 0, 0, 0, 0));
  EXPECT_EQ(image.rows(), 2U);
  EXPECT_EQ(image.columns(), 3U);
  EXPECT_FALSE(image.wcs.has_value());
  EXPECT_TRUE(image.variance.empty());
}

TEST(ImageFile, SaysHowItWasTaken) {
  const TemporaryFolder folder;
  const Image image = read_image(folder.write(
      "a.fits", plain(card("GAIN", "120") + card("EGAIN", "1.5") + card("RDNOISE", "7.5") + card("EXPOSURE", "60.0") +
                      card("FILTER", "'R'") + card("OBJECT", "'M 31'") + card("BUNIT", "'DN'") + card("SATURATE", "5") +
                      card("DATE-OBS", "'2024-05-01'") + card("UT", "'12:00:00'"))));
  EXPECT_EQ(image.gain, 1.5);
  EXPECT_EQ(image.read_noise, 7.5);
  EXPECT_EQ(image.exposure, from_seconds(60.0));
  EXPECT_EQ(image.mid, parse_time("2024-05-01T12:00:30"));
  EXPECT_EQ(std::tie(image.filter, image.object, image.unit), std::tuple("R", "M 31", "adu"));
  EXPECT_EQ(image.saturation, 5.0);
  EXPECT_EQ(image.mask(1, 1), flag(Flag::saturated));
  EXPECT_EQ(image.mask(1, 0), 0);
}

TEST(ImageFile, TakesNoCardThatMakesNoSense) {
  const TemporaryFolder folder;
  const Image image = read_image(
      folder.write("a.fits", plain(card("GAIN", "'high'") + card("RDNOISE", "-1.0") + card("EXPTIME", "1E300") +
                                   card("DATE-OBS", "'yesterday T'") + card("BUNIT", "'MJy/sr'"))));
  EXPECT_EQ(image.gain, 1.0);
  EXPECT_EQ(image.read_noise, 0.0);
  EXPECT_EQ(image.exposure, Duration());
  EXPECT_FALSE(image.mid.has_value());
  EXPECT_EQ(image.unit, "MJy/sr");
  const Image atomic =
      read_image(folder.write("b.fits", plain(card("DATE-OBS", "'2024-05-01T00:00:00'") + card("TIMESYS", "'TAI'"))));
  EXPECT_FALSE(atomic.mid.has_value());
}

TEST(ImageFile, BringsNoiseAndMaskOfItsExtensions) {
  const TemporaryFolder folder;
  const std::string error("\0\3\0\3\0\3\0\3\0\3\0\3", 12);
  const std::string mask("\0\1\2\4\x20\0", 6);
  const std::string names =
      card("MP_BAD", "0") + card("MP_CR", "1") + long_card("MP_DETECTED", "2") + card("MP_SAT", "5");
  const Image image = read_image(folder.write("a.fits", plain() + extension("16", card("EXTNAME", "'UNCERT'"), error) +
                                                            extension("8", card("EXTTYPE", "'MASK'") + names, mask)));
  EXPECT_THAT(image.variance.values(), ::testing::Each(9.0F));
  EXPECT_THAT(image.mask.values(),
              ::testing::ElementsAre(0, flag(Flag::bad), flag(Flag::cosmic_ray), 0, flag(Flag::saturated), 0));
  const Image other = read_image(folder.write("b.fits", plain() + extension("8", card("EXTNAME", "'MASK'"), mask)));
  EXPECT_EQ(other.mask(1, 1), flag(Flag::user));
  EXPECT_EQ(other.mask(1, 2), 0);
  const Image webb = read_image(folder.write("c.fits", plain() + extension("8", card("EXTNAME", "'DQ'"), mask)));
  EXPECT_EQ(webb.mask(0, 2), flag(Flag::saturated));
  EXPECT_EQ(webb.mask(1, 0), flag(Flag::cosmic_ray));
  EXPECT_EQ(webb.mask(1, 1), 0);
}

TEST(ImageFile, OfCompressedTilesIsRead) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.fits", testing::compressed_image());
  const Image image = read_image(path);
  EXPECT_THAT(image.pixels.values(), ::testing::ElementsAre(2.5F, 2.5F, 2.5F, 2.5F, 5.0F, 4.5F, 5.5F, 5.5F));
  ImageReader reader(path, 1);
  EXPECT_THAT(reader.read(1, 1).pixels.values(), ::testing::ElementsAre(5.0F, 4.5F, 5.5F, 5.5F));
  EXPECT_THAT(reader.read(0, 1).pixels.values(), ::testing::Each(2.5F));
}

Image everything() {
  Image image;
  image.pixels = Plane<float>(3, 4, 1.5F);
  image.pixels(2, 3) = -7.0F;
  image.variance = Plane<float>(3, 4, 2.0F);
  image.mask = Plane<std::uint16_t>(3, 4);
  for (std::uint16_t i = 0; i < 6; ++i) image.mask.data()[i] = static_cast<std::uint16_t>(1U << i);
  image.unit = "electron";
  image.gain = 1.75;
  image.read_noise = 4.5;
  image.saturation = 60000.0;
  image.exposure = from_seconds(2.5);
  image.mid = parse_time("2024-05-01T12:00:00.123456");
  image.filter = "V";
  image.object = "NGC 1";
  return image;
}

TEST(ImageFile, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const Image image = everything();
  files::write_image(folder.path() / "a.fits", image, {.observer = "Anna"});
  const Image read = read_image(folder.path() / "a.fits");
  EXPECT_EQ(read.pixels, image.pixels);
  EXPECT_EQ(read.variance, image.variance);
  EXPECT_EQ(read.mask, image.mask);
  EXPECT_EQ(std::tie(read.unit, read.gain, read.read_noise, read.saturation, read.exposure, read.mid, read.filter,
                     read.object),
            std::tie(image.unit, image.gain, image.read_noise, image.saturation, image.exposure, image.mid,
                     image.filter, image.object));
  EXPECT_EQ(ImageReader(folder.path() / "a.fits").card("OBSERVER").as_text(), "Anna");
}

TEST(ImageFile, IsReadInBandsWithoutBeingHeldWhole) {
  const TemporaryFolder folder;
  const Image image = everything();
  files::write_image(folder.path() / "a.fits", image);
  ImageReader reader(folder.path() / "a.fits");
  ASSERT_EQ(std::tuple(reader.rows(), reader.columns()), std::tuple(3U, 4U));
  const Image band = reader.read(1, 2);
  EXPECT_EQ(band.rows(), 2U);
  EXPECT_EQ(band.pixels(1, 3), -7.0F);
  EXPECT_EQ(band.mask(0, 1), flag(Flag::user));
  EXPECT_EQ(band.gain, 1.75);
  expect_refused([&] { reader.read(2, 2); }, "2 rows from row 2 on are not within its 3", ErrorCode::invalid_argument);
  expect_refused([&] { reader.read(0, 0); }, "0 rows", ErrorCode::invalid_argument);
}

TEST(ImageFile, IsRefusedWithTheReason) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.fits", content);
    return [file] { read_image(file); };
  };
  expect_refused([&] { read_image(folder.path() / "none.fits"); }, "no such file", ErrorCode::not_found);
  expect_refused(read(plain().substr(0, 2886)), "truncated");
  expect_refused(read(plain().substr(0, 1000)), "expected a FITS header");
  expect_refused(read(with(plain(), "BITPIX  = 16", "BITPIX  = 17")), "card BITPIX at byte 80: it is 17");
  expect_refused(read(with(plain(), "NAXIS   = 2", "NAXIS   = 0")), "none of its 1 units is an image");
  expect_refused(read(with(plain(card("NAXIS3", "2")), "NAXIS   = 2", "NAXIS   = 3")), "it has 3 x 2 x 2");
  expect_refused(read(with(plain(), "NAXIS   = 2", "NAXIS   = 1")), "it has 3");
  EXPECT_NO_THROW(read(with(plain(card("NAXIS3", "1")), "NAXIS   = 2", "NAXIS   = 3"))());
  expect_refused(read(plain(card("BLANK", "1") + card("BSCALE", "1E39"))), "none of its 6 pixels has a number");
  expect_refused(
      read(plain() + extension("8", card("EXTNAME", "'MASK'"), "123456").replace(240, 80, card("NAXIS1", "2"))),
      "its mask has not the shape of its image");
  expect_refused([&] { read_image(folder.write("b.fits", plain()), 3); }, "it has only 1 units");
}

TEST(ImageFile, OfAnAbsurdSizeIsRefusedBeforeMemoryIsReserved) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.fits", content);
    return [file] { read_image(file); };
  };
  std::string huge = with(plain(), "NAXIS1  = 3      ", "NAXIS1  = 1000000");
  huge = with(huge, "NAXIS2  = 2      ", "NAXIS2  = 1000000");
  expect_refused(read(huge), "card NAXIS1 at byte 240: it is 1000000, expected no more than");
  std::string tiles = with(testing::compressed_image(), "ZNAXIS1 = 4      ", "ZNAXIS1 = 1000000");
  expect_refused(read(with(tiles, "ZNAXIS2 = 2      ", "ZNAXIS2 = 1000000")), "has more than 2^29");
  expect_refused(read(tiles), "no more rows than can be compressed into 23 bytes");
}

TEST(ImageFile, OfDamagedTilesIsRefused) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.fits", content);
    return [file] { read_image(file); };
  };
  const std::string whole = testing::compressed_image();
  expect_refused(read(with(whole, "'RICE_1'     ", "'HCOMPRESS_1'")), "undo another one with funpack");
  expect_refused(read(with(whole, "'RICE_1'", "'GZIP_1'")), "row 1, column \"COMPRESSED_DATA\": its gzip stream");
  expect_refused(read(with(whole, "ZNAXIS2 = 2", "ZNAXIS2 = 3")), "a row for each of 1 x 3 tiles");
  expect_refused(read(with(whole, std::string("\0\0\0\4\0\0\0\3", 8), std::string("\0\0\0\4\0\0\0\4", 8))),
                 "of the heap lie outside it");
  expect_refused(read(with(whole, std::string("\0\0\0\4\0\0\0\3", 8), std::string("\0\0\0\2\0\0\0\3", 8))),
                 "its Rice code ends too early");
  expect_refused(read(with(whole, "ZNAXIS  = 2", "ZNAXIS  = 3")), "NAXIS");
  EXPECT_NO_THROW(read(whole)());
}

TEST(ImageFile, IsNotWrittenWhereItsPlanesDoNotFit) {
  const TemporaryFolder folder;
  Image image = everything();
  image.mask = Plane<std::uint16_t>(1, 1);
  expect_refused([&] { files::write_image(folder.path() / "a.fits", image); }, "have another shape",
                 ErrorCode::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.fits"));
  expect_refused([&] { files::write_image(folder.path() / "none/a.fits", everything()); }, "none/a.fits",
                 ErrorCode::storage);
}

TEST(ImageFile, OfRealCamerasIsRead) {
  ASTRO_NEEDS_RECORDINGS(data);
  const Image rubin = read_image(data / "imaging/lsst_mi/science.fits");
  EXPECT_EQ(std::tuple(rubin.rows(), rubin.columns()), std::tuple(193U, 193U));
  EXPECT_FALSE(rubin.variance.empty());
  const Image raw = read_image(data / "imaging/raw/a8280271.fits");
  EXPECT_EQ(raw.gain, 1.9);
  EXPECT_EQ(raw.read_noise, 5.0);
  EXPECT_EQ(raw.mid, parse_time("2013-07-13T00:57:33") + from_seconds(75.02));
  const Image webb = read_image(data / "imaging/nircam/science.fits");
  EXPECT_EQ(std::tuple(webb.rows(), webb.filter), std::tuple(900U, "F200W"));
  EXPECT_TRUE(webb.wcs.has_value());
  EXPECT_EQ(webb.mid, parse_time("2022-11-11T04:10:37.596"));
}

}  // namespace
}  // namespace astro
