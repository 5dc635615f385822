// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/detection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/json.hpp"
#include "simulated_pair.hpp"

namespace astro::imaging {
namespace {

using testing::Injected;
using testing::random_stars;
using testing::SimulatedPair;

const SubtractionOptions exact{
    .flux_ratio = SimulatedPair::flux_ratio, .astrometric_noise = 0.0, .align = false, .background_cell = 0};

struct Detected {
  Subtraction subtraction;
  std::vector<Candidate> candidates;
};

Detected detected(const SimulatedPair& pair, const DetectionOptions& options = {},
                  std::span<const PixelPosition> sources = {}) {
  Subtraction made = subtract(pair.science, pair.science_psf, pair.reference, pair.reference_psf, exact);
  std::vector<Candidate> found = detect(made, pair.science, pair.reference, sources, options);
  return {std::move(made), std::move(found)};
}

const Candidate* nearest(const std::vector<Candidate>& all, double x, double y) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Candidate& c) { return std::hypot(c.x - x, c.y - y) < 2.0; });
  return found == all.end() ? nullptr : &*found;
}

bool has(const Candidate& candidate, Veto veto) {
  return std::find(candidate.vetoes.begin(), candidate.vetoes.end(), veto) != candidate.vetoes.end();
}

TEST(Detection, FindsWhatChangedWithPlaceFluxAndSign) {
  const std::vector<Injected> changed{{100.3, 80.2, 4000.0}, {200.0, 150.5, -3000.0}, {60.7, 220.1, 20000.0}};
  const SimulatedPair pair(256, random_stars(20, 256, 1, 4.0), changed, 2);
  const Detected all = detected(pair);
  ASSERT_GE(all.candidates.size(), 3U);
  EXPECT_TRUE(std::is_sorted(all.candidates.begin(), all.candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::abs(a.significance) > std::abs(b.significance);
  }));
  for (const Injected& source : changed) {
    const Candidate* found = nearest(all.candidates, source.x, source.y);
    ASSERT_NE(found, nullptr);
    EXPECT_NEAR(found->x, source.x, 0.3);
    EXPECT_NEAR(found->y, source.y, 0.3);
    EXPECT_NEAR(found->flux, source.flux, 4.0 * found->flux_error + 0.02 * std::abs(source.flux));
    EXPECT_TRUE(found->vetoes.empty()) << to_json(*found);
  }
  EXPECT_LE(all.candidates.size(), 4U);  // 5 sigma of noise are rare
}

TEST(Detection, TellsCosmicRaysFromPoints) {
  SimulatedPair pair(256, {}, {{128.0, 128.0, 3000.0}}, 3);
  pair.science.pixels(60, 60) += 800.0F;
  pair.science.pixels(60, 61) += 500.0F;
  pair.science.pixels(200, 90) += 600.0F;
  pair.reference.pixels(90, 200) += 700.0F;
  const Detected all = detected(pair);
  for (const auto& [x, y] : {std::pair{60.4, 60.0}, {90.0, 200.0}, {200.0, 90.0}}) {
    const Candidate* found = nearest(all.candidates, x, y);
    ASSERT_NE(found, nullptr) << x << " " << y;
    EXPECT_TRUE(has(*found, Veto::cosmic_ray)) << to_json(*found);
  }
  const Candidate* point = nearest(all.candidates, 128.0, 128.0);
  ASSERT_NE(point, nullptr);
  EXPECT_FALSE(has(*point, Veto::cosmic_ray)) << to_json(*point);
  EXPECT_LT(nearest(all.candidates, 200.0, 90.0)->flux, 0.0);
}

TEST(Detection, KnowsAStarThatMoved) {
  SimulatedPair pair(256, {}, {}, 4);
  SimulatedPair::add(pair.science, 100.5, 100.0, 0.8 * 2e4, SimulatedPair::science_fwhm, 3.0);
  SimulatedPair::add(pair.reference, 99.5, 100.0, 2e4, SimulatedPair::reference_fwhm, 3.5);
  const Detected all = detected(pair);
  ASSERT_GE(all.candidates.size(), 2U);
  EXPECT_TRUE(has(all.candidates[0], Veto::dipole)) << to_json(all.candidates[0]);
  EXPECT_TRUE(has(all.candidates[1], Veto::dipole)) << to_json(all.candidates[1]);
  EXPECT_LT(all.candidates[0].significance * all.candidates[1].significance, 0.0);
}

TEST(Detection, MeasuresTheDistanceToSourcesAndSaturation) {
  SimulatedPair pair(256, {}, {{128.0, 128.0, 5000.0}}, 5);
  pair.science.mask(128, 150) = bit(Flag::saturated);
  const std::vector<PixelPosition> sources{{20.0, 20.0}, {131.0, 132.0}, {128.0, 90.0}};
  const Detected all = detected(pair, {}, sources);
  ASSERT_FALSE(all.candidates.empty());
  const Candidate& found = all.candidates[0];
  ASSERT_TRUE(found.reference_distance && found.saturated_distance);
  EXPECT_NEAR(*found.reference_distance, 5.0, 0.3);
  EXPECT_NEAR(*found.saturated_distance, 22.0, 1.0);
  EXPECT_FALSE(has(found, Veto::saturated_halo));  // bright beside what the reference has there
}

TEST(Detection, LeavesOutWhatBecameFainterWhenAsked) {
  const SimulatedPair pair(256, {}, {{128.0, 128.0, -5000.0}}, 6);
  EXPECT_EQ(detected(pair).candidates.size(), 1U);
  EXPECT_TRUE(detected(pair, {.negative = false}).candidates.empty());
}

TEST(Detection, ForcedFluxHasNoBias) {
  const std::vector<Injected> changed{
      {64.4, 64.6, 2500.0}, {128.5, 128.5, 2500.0}, {192.2, 60.8, 2500.0}, {60.0, 190.3, 2500.0}};
  const SimulatedPair pair(256, {}, changed, 7);
  const Detected all = detected(pair);
  double sum = 0.0;
  double error = 0.0;
  for (const Injected& source : changed) {
    const auto forced = forced_flux(all.subtraction, {source.x, source.y});
    ASSERT_TRUE(forced);
    sum += forced->flux / 4.0;
    error = forced->error / 2.0;
  }
  EXPECT_NEAR(sum, 2500.0, 3.0 * error);
  EXPECT_FALSE(forced_flux(all.subtraction, {-5.0, 10.0}));
  EXPECT_FALSE(forced_flux(all.subtraction, {std::nan(""), 10.0}));
}

TEST(Detection, CutsThreeSquares) {
  SimulatedPair pair(128, {}, {}, 8);
  pair.science.mask(50, 60) = bit(Flag::bad);
  const Triplet made = cut(pair.science, pair.reference, pair.science, {60.0, 50.0}, 21);
  EXPECT_EQ(made.science.rows(), 21U);
  EXPECT_TRUE(std::isnan(made.science(10, 10)));
  EXPECT_EQ(made.reference(10, 10), pair.reference.pixels(50, 60));
  const Triplet corner = cut(pair.science, pair.reference, pair.science, {0.0, 0.0});
  EXPECT_EQ(corner.science.rows(), 63U);
  EXPECT_TRUE(std::isnan(corner.science(0, 0)));
  EXPECT_EQ(corner.science(31, 31), pair.science.pixels(0, 0));
  EXPECT_THROW(cut(pair.science, pair.reference, pair.science, {0.0, 0.0}, 20), Error);
}

}  // namespace
}  // namespace astro::imaging
