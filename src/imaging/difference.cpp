// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "astro/imaging/resampling.hpp"
#include "astro/imaging/sources.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/levels.hpp"
#include "imaging/numbers.hpp"
#include "imaging/parallel.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr const char* differencing = "taking the difference of two images";

/// Pixels that the reference may lie apart, the same everywhere, for the subtraction to do all of the rest.
constexpr double most_shift = 1.0;
constexpr double most_distortion = 0.1;

/// Pixels by which a fit of stars is unsure in the middle, from where on world coordinates are asked, too; and by how
/// much more the stars may miss by those, as a part.
constexpr double most_unsure = 0.03;
constexpr double most_further = 1.1;

/// More stars make no better subtraction, nor verdict.
constexpr std::size_t most_psf_stars = 150;
constexpr PsfOptions verdict_options{.most_stars = 40};

/// An image with its noise, and its stars.
struct Prepared {
  Image image{};
  std::vector<Star> stars{};
};

Prepared prepared(const Image& raw, int threads) {
  check_planes(differencing, raw);
  Prepared made{checked(raw)};
  Image& image = made.image;
  const Background background(image);
  if (image.variance.empty()) {
    const SkyLevel sky(image, 0, threads);
    Plane<float> variance(image.rows(), image.columns());
    const Plane<float> levels = background.levels();
    for (std::size_t row = 0; row < image.rows(); ++row) {
      for (std::size_t column = 0; column < image.columns(); ++column) {
        if (image.mask(row, column) != 0) continue;
        variance(row, column) = sky.variance(image, row, column, image.pixels(row, column) - levels(row, column));
      }
    }
    image.variance = std::move(variance);
  }
  for (const Source& source : extracted(background.subtracted(image), {.threshold = 5.0})) {
    if ((source.flags & static_cast<std::int32_t>(SourceFlag::at_edge)) != 0) continue;
    made.stars.push_back({{source.x, source.y}, source.flux});
  }
  return made;
}

std::array<PixelPosition, 4> corners(const Image& image) {
  const auto right = static_cast<double>(image.columns()) - 1.0;
  const auto bottom = static_cast<double>(image.rows()) - 1.0;
  return {PixelPosition{0.0, 0.0}, {right, 0.0}, {0.0, bottom}, {right, bottom}};
}

/// Whether a transform is a small shift, the same at all corners.
bool is_small_shift(const Transform& transform, const Image& from, const Image& to) {
  if (!from.pixels.fits(to.pixels)) return false;
  const PixelPosition first = transform({0.0, 0.0});
  return std::ranges::all_of(corners(from), [&](PixelPosition corner) {
    const PixelPosition there = transform(corner);
    const double dx = there.x - corner.x;
    const double dy = there.y - corner.y;
    return std::hypot(dx, dy) < most_shift && std::hypot(dx - first.x, dy - first.y) < most_distortion;
  });
}

class Differencing {
 public:
  Differencing(const Image& science, const Image& reference, const DifferenceOptions& options) : options_(options) {
    std::array<Prepared, 2> made;
    in_parallel(options.subtraction.threads, 2, [&](std::size_t i) {
      made[i] = prepared(i == 0 ? science : reference, (options.subtraction.threads + 1) / 2);
    });
    science_ = std::move(made[0]);
    reference_ = std::move(made[1]);
  }

  Difference run() {
    register_reference();
    std::array<std::optional<MeasuredPsf>, 2> measured;
    std::array<Quality, 2> qualities;
    in_parallel(options_.subtraction.threads, 2, [&](std::size_t i) {
      const Prepared& from = i == 0 ? science_ : reference_;
      const bool is_for_verdict =
          i == 0 ? options_.science_psf.has_value() : is_resampled_ || options_.reference_psf.has_value();
      try {
        measured[i] = measure_psf(from.image, from.stars, is_for_verdict ? verdict_options : psf_options());
      } catch (const Error&) {
        measured[i].reset();  // the verdict says why
      }
      qualities[i] =
          judge(from.image, from.stars, {.limits = options_.limits, .psf = measured[i] ? &*measured[i] : nullptr});
    });
    if (is_resampled_) {
      resample_reference();
      measured[1].reset();
    }
    check_overlap();
    std::array<std::optional<Psf>, 2> psfs{options_.science_psf, options_.reference_psf};
    for (std::size_t i = 0; i < 2; ++i) {
      const Prepared& from = i == 0 ? science_ : reference_;
      if (!psfs[i]) psfs[i] = measured[i] ? measured[i]->psf : measure_psf(from.image, from.stars, psf_options()).psf;
    }
    Subtraction subtracted = subtract(science_.image, *psfs[0], reference_.image, *psfs[1], options_.subtraction);
    std::vector<PixelPosition> sources;
    sources.reserve(reference_.stars.size());
    for (const Star& star : reference_.stars) sources.push_back(star.place);
    std::vector<Candidate> candidates =
        detect(subtracted, science_.image, reference_.image, sources, options_.detection);
    return {.science = std::move(science_.image),
            .reference = std::move(reference_.image),
            .science_psf = std::move(*psfs[0]),
            .reference_psf = std::move(*psfs[1]),
            .science_quality = std::move(qualities[0]),
            .reference_quality = std::move(qualities[1]),
            .registration = std::move(registration_),
            .is_resampled = is_resampled_,
            .subtraction = std::move(subtracted),
            .candidates = std::move(candidates)};
  }

 private:
  PsfOptions psf_options() const {
    return {.order = options_.psf_order, .side = options_.psf_side, .most_stars = most_psf_stars};
  }

  void register_reference() {
    const Alignment how = options_.alignment;
    if (how == Alignment::none) {
      registration_ = {.is_found = true, .reason = "the images are of the same pixels, as was said"};
      return;
    }
    const Image& from = reference_.image;
    const Image& to = science_.image;
    const bool has_wcs = from.wcs && to.wcs;
    if (how == Alignment::wcs && !has_wcs) refuse(differencing, "one of them has no world coordinates to register by");
    if (how != Alignment::wcs) registration_ = register_stars(reference_.stars, science_.stars);
    if (registration_.is_found && how == Alignment::automatic && has_wcs) prefer_sure_wcs();
    if (!registration_.is_found) {
      if (how == Alignment::stars || !has_wcs) {
        refuse(differencing, "they cannot be registered: " + registration_.reason +
                                 (has_wcs ? "" : "; with world coordinates in both they could be without stars"));
      }
      is_by_wcs_ = true;
      registration_ = register_wcs(*from.wcs, from.rows(), from.columns(), *to.wcs);
      if (!registration_.is_found) refuse(differencing, "they cannot be registered: " + registration_.reason);
    }
    is_resampled_ = !is_small_shift(registration_.transform, from, to);
  }

  /// Few stars, or galaxies, whose places scatter, tell less than headers that they do not contradict.
  void prefer_sure_wcs() {
    const auto pairs = static_cast<double>(registration_.pairs.size());
    if (registration_.rms * std::sqrt(3.0 / pairs) < most_unsure) return;
    const Image& from = reference_.image;
    Registration by_wcs = register_wcs(*from.wcs, from.rows(), from.columns(), *science_.image.wcs);
    if (!by_wcs.is_found || by_wcs.rms > most_unsure) return;
    double squares = 0.0;
    for (const auto& [first, second] : registration_.pairs) {
      const PixelPosition there = by_wcs.transform(reference_.stars[first].place);
      const PixelPosition seen = science_.stars[second].place;
      squares += 0.5 * ((there.x - seen.x) * (there.x - seen.x) + (there.y - seen.y) * (there.y - seen.y));
    }
    const double rms = std::sqrt(squares / pairs);
    if (rms > most_further * registration_.rms) return;
    by_wcs.reason +=
        "; " + std::to_string(registration_.pairs.size()) + " stars, which alone are less sure, agree to " + shown(rms);
    registration_ = std::move(by_wcs);
    is_by_wcs_ = true;
  }

  void resample_reference() {
    const Image& to = science_.image;
    const Image& from = reference_.image;
    Resampled made = is_by_wcs_ ? resample(from, *to.wcs, to.rows(), to.columns())
                                : resample(from, registration_.transform, to.rows(), to.columns());
    // A point is compared with the noise on its own scale, and not with that of a pixel, which interpolation lowers.
    if (options_.subtraction.correlated == 0) {
      for (float& variance : made.image.variance.values()) variance *= static_cast<float>(made.correlation);
    }
    reference_.image = std::move(made.image);
    reference_.image.wcs = to.wcs;
    std::vector<Star> moved;
    for (Star star : reference_.stars) {
      star.place = registration_.transform(star.place);
      const bool is_inside = star.place.x >= 0.0 && star.place.y >= 0.0 &&
                             star.place.x <= static_cast<double>(to.columns()) - 1.0 &&
                             star.place.y <= static_cast<double>(to.rows()) - 1.0;
      if (is_inside) moved.push_back(star);
    }
    reference_.stars = std::move(moved);
  }

  void check_overlap() const {
    const Plane<std::uint16_t>& mask = reference_.image.mask;
    const auto lost = std::count_if(mask.values().begin(), mask.values().end(),
                                    [](std::uint16_t bits) { return (bits & bit(Flag::no_data)) != 0; });
    const double share = 1.0 - static_cast<double>(lost) / static_cast<double>(std::max<std::size_t>(mask.size(), 1));
    if (share >= options_.limits.least_overlap) return;
    refuse(differencing, "the reference has data for " + std::to_string(std::lround(100.0 * share)) +
                             " % of the science image, expected " +
                             std::to_string(std::lround(100.0 * options_.limits.least_overlap)) + " % at least");
  }

  const DifferenceOptions& options_;
  Prepared science_{};
  Prepared reference_{};
  Registration registration_{};
  bool is_by_wcs_ = false;
  bool is_resampled_ = false;
};

}  // namespace

Difference difference(const Image& science, const Image& reference, const DifferenceOptions& options) {
  if (options.subtraction.threads < 1) refuse(differencing, "at least one thread must work");
  return Differencing(science, reference, options).run();
}

}  // namespace astro::imaging
