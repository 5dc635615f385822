// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/subtraction.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "imaging/image_parts.hpp"
#include "imaging/numbers.hpp"
#include "imaging/pair_tile.hpp"
#include "imaging/parallel.hpp"
#include "imaging/refuse.hpp"
#include "imaging/star_match.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t fewest_stars = 5;
/// With fewer in a part, the shift of all is taken for it; and the scatter of so few says nothing.
constexpr std::size_t enough_stars = 12;

constexpr const char* subtracting = "subtracting images";

void check_pair(const Image& science, const Psf& science_psf, const Image& reference, const Psf& reference_psf,
                const SubtractionOptions& options) {
  for (const Image* image : {&science, &reference}) check_planes(subtracting, *image);
  if (!science.pixels.fits(reference.pixels)) {
    refuse(subtracting, "the science image has " + size_of(science.pixels) + ", the reference " +
                            size_of(reference.pixels) + "; register them on the same pixels");
  }
  for (const Psf* psf : {&science_psf, &reference_psf}) {
    if (psf->rows() > science.rows() || psf->columns() > science.columns()) {
      refuse(subtracting, "a PSF is larger than the images, which have " + size_of(science.pixels));
    }
  }
  if (options.flux_ratio && !(*options.flux_ratio > 0.0 && std::isfinite(*options.flux_ratio))) {
    refuse(subtracting, "the flux ratio must be positive");
  }
  if (options.astrometric_noise && !(*options.astrometric_noise >= 0.0 && *options.astrometric_noise < 10.0)) {
    refuse(subtracting, "the astrometric noise must be 0 to 10 pixels");
  }
  if (options.correlated < 0 || options.correlated > 8) refuse(subtracting, "correlated must be 0 to 8 pixels");
  if (options.background_cell != 0 && options.background_cell < 16) {
    refuse(subtracting, "a cell of the background must have at least 16 pixels a side");
  }
  if (options.tile != 0 && options.tile < 64) refuse(subtracting, "a tile must have at least 64 pixels a side");
  if (options.threads < 1) refuse(subtracting, "at least one thread must work");
}

std::vector<Window> windows(const Image& image, std::size_t side) {
  std::vector<Window> made;
  const std::size_t down = (image.rows() + side - 1) / side;
  const std::size_t across = (image.columns() + side - 1) / side;
  for (std::size_t i = 0; i < down; ++i) {
    for (std::size_t j = 0; j < across; ++j) {
      made.push_back({i * image.rows() / down, j * image.columns() / across, (i + 1) * image.rows() / down,
                      (j + 1) * image.columns() / across});
    }
  }
  return made;
}

std::size_t side_of(const SubtractionOptions& options, const Image& image, bool is_varying) {
  if (options.tile != 0) return options.tile;
  // Parts of this size stay in a cache while they are transformed; smaller ones have more margin than middle.
  constexpr std::size_t quick = 512;
  const std::size_t longest = std::max(image.rows(), image.columns());
  return !is_varying && longest <= quick + quick / 2 ? longest : quick;
}

PixelPosition middle(const Window& window) {
  return {0.5 * static_cast<double>(window.left + window.right - 1),
          0.5 * static_cast<double>(window.top + window.bottom - 1)};
}

bool is_inside(PixelPosition at, const Window& window) {
  return at.x >= static_cast<double>(window.left) && at.x < static_cast<double>(window.right) &&
         at.y >= static_cast<double>(window.top) && at.y < static_cast<double>(window.bottom);
}
bool is_inside(const StarMatch& star, const Window& window) { return is_inside(PixelPosition{star.x, star.y}, window); }

/// Parts of which the spectra are kept from when the stars are measured until they are subtracted: a quarter of a
/// gigabyte; of more they are made twice.
constexpr std::size_t most_kept = 100;

std::array<SkyLevel, 2> levels_of(const Image& science, const Image& reference, const SubtractionOptions& options) {
  std::array<std::optional<SkyLevel>, 2> made;
  in_parallel(options.threads, 2, [&](std::size_t k) {
    made[k].emplace(k == 0 ? science : reference, options.background_cell, (options.threads + 1) / 2);
  });
  return {std::move(*made[0]), std::move(*made[1])};
}

class Subtracting {
 public:
  Subtracting(const Image& science, const Psf& science_psf, const Image& reference, const Psf& reference_psf,
              const SubtractionOptions& options)
      : options_(options),
        psfs_{&science_psf, &reference_psf},
        pair_{{&science, &reference}, levels_of(science, reference, options)},
        windows_(windows(science, side_of(options, science, is_varying()))),
        transforms_(windows_, science, reach_of({science_psf.at({}), reference_psf.at({})})),
        tiles_(windows_.size()) {
    if (!is_varying()) same_psfs_ = psfs_at(windows_[0]);
  }

  Subtraction run() {
    if (options_.flux_ratio && options_.astrometric_noise && !options_.align) {
      decide();
    } else {
      measure();
    }
    Subtraction result = empty();
    subtract_parts(result);
    if (options_.correlated > 0) {
      // Only the errors change by it.
      pair_.power = NoisePower(result.difference, options_.correlated);
      subtract_parts(result);
    }
    describe(result);
    return result;
  }

 private:
  bool is_varying() const { return !psfs_[0]->is_constant() || !psfs_[1]->is_constant(); }

  std::shared_ptr<const TilePsfs> psfs_at(const Window& window) const {
    return std::make_shared<const TilePsfs>(std::array{psfs_[0]->at(middle(window)), psfs_[1]->at(middle(window))},
                                            transforms_.full());
  }

  PairTile tile_of(const Window& window) {
    return PairTile(pair_, transforms_, window, same_psfs_ ? same_psfs_ : psfs_at(window));
  }

  void measure() {
    std::vector<std::vector<StarMatch>> found(windows_.size());
    in_parallel(options_.threads, windows_.size(), [&](std::size_t i) {
      PairTile tile = tile_of(windows_[i]);
      found[i] = tile.stars();
      if (windows_.size() <= most_kept) tiles_[i].emplace(std::move(tile));
    });
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      std::copy_if(found[i].begin(), found[i].end(), std::back_inserter(stars_),
                   [&](const StarMatch& star) { return is_inside(star, windows_[i]); });
    }
    decide();
  }

  void subtract_parts(Subtraction& result) {
    std::optional<TileKernels> same;
    if (same_psfs_) same.emplace(pair_, *same_psfs_, all_.ratio, transforms_.full());
    in_parallel(options_.threads, windows_.size(), [&](std::size_t i) {
      PairTile tile = tiles_[i] ? std::move(*tiles_[i]) : tile_of(windows_[i]);
      tiles_[i].reset();
      if (same) {
        tile.subtract(*same, matching_of(i), result);
      } else {
        const TileKernels own(pair_, tile.psfs(), all_.ratio, transforms_.full());
        tile.subtract(own, matching_of(i), result);
      }
    });
  }

  void decide() {
    if (stars_.size() < fewest_stars) {
      if (!options_.flux_ratio) {
        refuse(subtracting, "a flux ratio cannot be measured from " + std::to_string(stars_.size()) + " stars, " +
                                std::to_string(fewest_stars) +
                                " were expected; give flux_ratio, or look whether the images are registered");
      }
      stars_.clear();
    }
    all_ = agreement(stars_);
    for (const Window& window : windows_) shifts_.push_back(shift_of(window));
    // Where each part is shifted by itself, what scatters is what remains.
    std::vector<StarMatch> shifted = stars_;
    for (StarMatch& star : shifted) {
      for (std::size_t i = 0; i < windows_.size(); ++i) {
        if (!is_inside(star, windows_[i])) continue;
        star.dx -= shifts_[i].first;
        star.dy -= shifts_[i].second;
        break;
      }
    }
    const Agreement rest = agreement(shifted);
    const bool is_enough = stars_.size() >= enough_stars;
    all_.scatter_x = options_.astrometric_noise.value_or(is_enough ? rest.scatter_x : 0.0);
    all_.scatter_y = options_.astrometric_noise.value_or(is_enough ? rest.scatter_y : 0.0);
    all_.ratio = options_.flux_ratio.value_or(all_.ratio);
  }

  std::pair<double, double> shift_of(const Window& window) const {
    if (!options_.align || stars_.empty()) return {0.0, 0.0};
    if (windows_.size() == 1) return {all_.dx, all_.dy};
    std::vector<StarMatch> mine;
    std::copy_if(stars_.begin(), stars_.end(), std::back_inserter(mine),
                 [&](const StarMatch& star) { return is_inside(star, window); });
    if (mine.size() < enough_stars) return {all_.dx, all_.dy};
    const Agreement here = agreement(mine);
    return {here.dx, here.dy};
  }

  Matching matching_of(std::size_t part) const {
    return {all_.ratio, shifts_[part].first, shifts_[part].second, all_.scatter_x, all_.scatter_y};
  }

  Subtraction empty() const {
    const Image& science = *pair_.images[0];
    Subtraction made{.psf = *psfs_[0]};
    Image& difference = made.difference;
    const std::array planes{&made.flux, &made.flux_error, &made.significance, &difference.pixels, &difference.variance};
    // By all threads: the first touch of so much memory takes a tenth of the whole.
    in_parallel(options_.threads, planes.size() + 1, [&](std::size_t i) {
      if (i < planes.size()) *planes[i] = Plane<float>(science.rows(), science.columns());
      else difference.mask = Plane<std::uint16_t>(science.rows(), science.columns());
    });
    difference.wcs = science.wcs;
    difference.unit = pair_.images[1]->unit;
    difference.gain = pair_.images[1]->gain;
    difference.exposure = science.exposure;
    difference.mid = science.mid;
    difference.filter = science.filter;
    difference.object = science.object;
    return made;
  }

  void describe(Subtraction& result) const;

  const SubtractionOptions& options_;
  std::array<const Psf*, 2> psfs_;
  Pair pair_;
  std::vector<Window> windows_;
  TileTransforms transforms_;
  std::vector<std::optional<PairTile>> tiles_;
  std::shared_ptr<const TilePsfs> same_psfs_{};  ///< where they do not vary
  std::vector<StarMatch> stars_{};
  Agreement all_{};
  std::vector<std::pair<double, double>> shifts_{};  ///< of each part
};

void Subtracting::describe(Subtraction& result) const {
  const PixelPosition at = middle({0, 0, pair_.images[0]->rows(), pair_.images[0]->columns()});
  PairKernels made = pair_kernels(pair_, {psfs_[0]->at(at), psfs_[1]->at(at)}, all_.ratio, 0);
  result.difference_scale = made.difference_scale;
  result.score_scale = made.score_scale;
  result.psf = Psf(std::move(made.point));
  result.science_response = std::move(made.science_pixel);
  result.reference_response = std::move(made.reference_pixel);
  std::vector<float> sampled;
  const std::size_t step = (result.significance.size() / 100000) | 1U;
  for (std::size_t i = 0; i < result.significance.size(); i += step) {
    if (result.difference.mask.data()[i] == 0) sampled.push_back(result.significance.data()[i]);
  }
  const auto [dx, dy] = windows_.size() == 1 ? shifts_[0] : std::pair(all_.dx, all_.dy);
  result.match = {.flux_ratio = all_.ratio,
                  .flux_scatter = all_.ratio_scatter,
                  .shift_x = dx,
                  .shift_y = dy,
                  .astrometric_x = all_.scatter_x,
                  .astrometric_y = all_.scatter_y,
                  .science_noise = pair_.levels[0].noise(),
                  .reference_noise = pair_.levels[1].noise(),
                  .significance_std = robust(sampled).sigma,
                  .stars = stars_.size()};
}

}  // namespace

Subtraction subtract(const Image& science, const Psf& science_psf, const Image& reference, const Psf& reference_psf,
                     const SubtractionOptions& options) {
  check_pair(science, science_psf, reference, reference_psf, options);
  return Subtracting(science, science_psf, reference, reference_psf, options).run();
}

}  // namespace astro::imaging
