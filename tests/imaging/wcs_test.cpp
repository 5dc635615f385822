// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/wcs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <thread>

#include "astro/error.hpp"
#include "astro/imaging/image.hpp"
#include "imaging/wcs_headers.hpp"

namespace astro::imaging {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::map<std::string, std::string>& cards) {
  try {
    Wcs::from_header(header_of(cards));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_file);
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

TEST(Wcs, IsThatOfAstropyToAMilliarcsecond) {
  for (const auto& [name, cards, ra, dec] : golden_headers()) {
    const Wcs wcs = Wcs::from_header(header_of(cards));
    const auto direction = wcs.sky(PixelPosition{100.0, 900.0});
    ASSERT_TRUE(direction) << name;
    const Icrs expected{degrees(ra), degrees(dec)};
    EXPECT_LT(separation(*direction, expected).arcseconds(), 1e-3) << name;
    const auto back = wcs.pixel(*direction);
    ASSERT_TRUE(back) << name;
    EXPECT_NEAR(back->x, 100.0, 1e-6) << name;
    EXPECT_NEAR(back->y, 900.0, 1e-6) << name;
  }
}

TEST(Wcs, ComesBackFromItsOwnHeader) {
  for (const auto& [name, cards, ra, dec] : golden_headers()) {
    const Wcs wcs = Wcs::from_header(header_of(cards));
    const std::string header = wcs.header();
    ASSERT_EQ(header.size() % 80, 0U);
    const Wcs again = Wcs::from_header(header);
    EXPECT_EQ(again.header(), header);
    const auto direction = again.sky(PixelPosition{100.0, 900.0});
    ASSERT_TRUE(direction);
    EXPECT_LT(separation(*direction, Icrs{degrees(ra), degrees(dec)}).arcseconds(), 1e-3) << name;
  }
}

TEST(Wcs, OfAPartOfAnImageIsShiftedWithItsDistortions) {
  const Wcs whole = Wcs::from_header(header_of(golden_headers()[1].cards));
  const Wcs part = whole.shifted(30.0, 500.0);
  const auto expected = whole.sky(PixelPosition{100.0, 900.0});
  const auto direction = part.sky(PixelPosition{70.0, 400.0});
  ASSERT_TRUE(expected && direction);
  EXPECT_LT(separation(*expected, *direction).arcseconds(), 1e-6);
  EXPECT_DOUBLE_EQ(part.reference().x, whole.reference().x - 30.0);
  EXPECT_THROW(whole.shifted(NAN, 0.0), Error);
}

TEST(Wcs, OfATangentialProjectionPointsWhereItIsTold) {
  const Icrs centre{degrees(83.6), degrees(22.0)};
  const Wcs wcs = Wcs::tangential(centre, {50.0, 40.0}, arcseconds(2.0));
  EXPECT_NEAR(wcs.scale().arcseconds(), 2.0, 1e-6);
  EXPECT_LT(separation(*wcs.sky(PixelPosition{50.0, 40.0}), centre).arcseconds(), 1e-9);
  EXPECT_GT(wcs.sky(PixelPosition{50.0, 41.0})->dec, centre.dec) << "north is up";
  EXPECT_GT(wcs.sky(PixelPosition{49.0, 40.0})->ra, centre.ra) << "east is left";

  const Wcs turned = Wcs::tangential(centre, {50.0, 40.0}, arcseconds(2.0), degrees(90));
  EXPECT_NEAR(turned.sky(PixelPosition{49.0, 40.0})->dec.degrees(), 22.0 + 2.0 / 3600, 1e-9) << "north is left, at -x";
  const Wcs flipped = Wcs::tangential(centre, {50.0, 40.0}, arcseconds(2.0), Angle(), true);
  EXPECT_GT(flipped.sky(PixelPosition{51.0, 40.0})->ra, centre.ra) << "east is right";
  const auto back = wcs.pixel(Icrs{centre.ra, centre.dec - arcminutes(1)});
  ASSERT_TRUE(back);
  EXPECT_NEAR(back->y, 10.0, 1e-4);
  EXPECT_FALSE(wcs.pixel(Icrs{centre.ra + degrees(180), -centre.dec})) << "the far side";
  EXPECT_THROW(Wcs::tangential(centre, {0, 0}, Angle()), Error);
  EXPECT_THROW(Wcs::tangential(centre, {NAN, 0}, arcseconds(1)), Error);
}

TEST(Wcs, SaysOfManyPlacesWhichAreNone) {
  const Wcs wcs = Wcs::tangential({degrees(10), degrees(20)}, {0, 0}, degrees(1));
  const std::vector<Icrs> directions{
      {degrees(10), degrees(21)}, {degrees(190), degrees(-20)}, {degrees(11), degrees(20)}};
  const std::vector<PixelPosition> pixels = wcs.pixel(directions);
  EXPECT_TRUE(std::isfinite(pixels[0].x) && std::isfinite(pixels[2].x));
  EXPECT_TRUE(std::isnan(pixels[1].x));
  const std::vector<PixelPosition> not_finite{{NAN, 1.0}, {1.0, 1.0}};
  const std::vector<Icrs> sky = wcs.sky(not_finite);
  EXPECT_TRUE(std::isnan(sky[0].ra.radians()));
  EXPECT_TRUE(std::isfinite(sky[1].ra.radians()));
}

TEST(Wcs, IsOneForAllThreads) {
  const Wcs wcs = Wcs::from_header(header_of(golden_headers()[1].cards));
  std::vector<PixelPosition> pixels;
  for (int i = 0; i < 3000; ++i) pixels.push_back({i * 0.3, 900.0 - i * 0.2});
  const std::vector<Icrs> expected = wcs.sky(pixels);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        const Wcs copy = wcs;
        const std::vector<Icrs> sky = copy.sky(pixels);
        const std::vector<PixelPosition> back = copy.pixel(sky);
        for (std::size_t i = 0; i < pixels.size(); ++i) {
          if (!(sky[i] == expected[i]) || std::hypot(back[i].x - pixels[i].x, back[i].y - pixels[i].y) > 1e-6) ++wrong;
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Wcs, NamesTheCardThatItDoesNotUnderstand) {
  const std::map<std::string, std::string> good = golden_headers()[0].cards;
  const auto with = [&](const std::string& name, const std::string& value) {
    auto cards = good;
    cards[name] = value;
    return refusal(cards);
  };
  EXPECT_THAT(with("CTYPE1", "'RA---FOO'"), HasSubstr("CTYPE1"));
  EXPECT_THAT(with("CTYPE1", "'GLON-TAN'"), HasSubstr("CTYPE1"));
  EXPECT_THAT(with("CTYPE1", "'RA---TAN"), HasSubstr("CTYPE1"));
  EXPECT_THAT(with("CRVAL1", "'north'"), HasSubstr("CRVAL1"));
  EXPECT_THAT(with("CRPIX2", "nan"), HasSubstr("CRPIX2"));
  EXPECT_THAT(with("CD2_2", "1e400"), HasSubstr("CD2_2"));
  EXPECT_THAT(with("CRVAL2", "91.0"), HasSubstr("CRVAL2"));
  EXPECT_THAT(with("CUNIT1", "'furlong'"), HasSubstr("CUNIT1"));
  EXPECT_THAT(with("RADESYS", "'GAPPT'"), HasSubstr("RADESYS"));
  EXPECT_THAT(with("A_ORDER", "12"), HasSubstr("A_ORDER"));
  EXPECT_THAT(with("CPDIS1", "'LOOKUP'"), HasSubstr("CPDIS1"));
  EXPECT_THAT(with("CD1_3", "1e-3"), HasSubstr("CD1_3"));
  auto singular = good;
  for (const char* card : {"CD1_1", "CD1_2", "CD2_1", "CD2_2"}) singular[card] = "1e-3";
  EXPECT_THAT(refusal(singular), HasSubstr("CD1_1"));
  auto half = good;
  for (const char* card : {"CD1_1", "CD1_2", "CD2_2"}) half.erase(card);
  EXPECT_THAT(refusal(half), HasSubstr("CD2_1"));
  EXPECT_THAT(refusal({{"NAXIS", "2"}}), HasSubstr("CTYPE1"));
  EXPECT_THAT(refusal({}), HasSubstr("CTYPE1"));
}

TEST(Wcs, TakesWhatOtherProgramsWrite) {
  auto cards = golden_headers()[0].cards;
  const Wcs plain = Wcs::from_header(header_of(cards));
  cards["CRVAL1"] = "'210.0'";
  cards["CD1_1"] = "-3.0D-4";
  cards["CDELT1"] = "0.0";  // beside a matrix CD it says nothing
  cards["NAXIS"] = "3";
  cards["CTYPE3"] = "'FREQ'";
  cards["CD3_3"] = "1e6";
  cards["CD1_3"] = "0.0";
  cards["RADECSYS"] = "'ICRS'";
  cards.erase("RADESYS");
  const Wcs other = Wcs::from_header(header_of(cards));
  EXPECT_LT(separation(*plain.sky(PixelPosition{7, 8}), *other.sky(PixelPosition{7, 8})).arcseconds(), 1e-9);
}

}  // namespace
}  // namespace astro::imaging
