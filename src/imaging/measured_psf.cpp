// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "astro/imaging/photometry.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/moments.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"
#include "imaging/star_field.hpp"

namespace astro::imaging {
namespace {

constexpr const char* measuring_psf = "measuring a point spread function";

/// A star cut out, its place counted from the middle pixel of the stamp.
struct StarStamp {
  PixelPosition pixel{};  ///< of the middle, on the image
  double dx = 0.0;
  double dy = 0.0;
  double flux = 0.0;
  double background = 0.0;
  double sigma = 0.0;
  double ellipticity = 0.0;
  double noise = 0.0;  ///< standard deviation of a pixel of its background
  Plane<float> pixels{};
  Plane<float> weight{};  ///< 1 over the variance; 0: not to be used
  Plane<float> used{};    ///< the same, and 0 where the star lies apart from what is fitted
};

/// Why stars were not taken.
struct Refused {
  std::size_t edge = 0;
  std::size_t unusable = 0;
  std::size_t neighbour = 0;
  std::size_t faint = 0;
  std::size_t shape = 0;

  std::string text() const {
    return std::to_string(edge) + " too near the edge, " + std::to_string(unusable) +
           " saturated or with unusable pixels, " + std::to_string(neighbour) + " beside another, " +
           std::to_string(faint) + " too faint or no star, " + std::to_string(shape) + " of another shape";
  }
};

constexpr std::size_t first_half = 12;  // of stamps whose stars' width is not known yet

bool cut_out(const Image& image, PixelPosition place, std::size_t half, StarStamp& stamp, Refused& refused) {
  const double column = std::round(place.x);
  const double row = std::round(place.y);
  const auto reach = static_cast<double>(half);
  if (!(column >= reach && row >= reach && column + reach < static_cast<double>(image.columns()) &&
        row + reach < static_cast<double>(image.rows()))) {
    ++refused.edge;
    return false;
  }
  const auto left = static_cast<std::size_t>(column) - half;
  const auto top = static_cast<std::size_t>(row) - half;
  const std::size_t side = 2 * half + 1;
  stamp.pixel = {column, row};
  stamp.pixels = Plane<float>(side, side);
  stamp.weight = Plane<float>(side, side);
  std::size_t unusable = 0;
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool is_full =
          image.saturation > 0.0 && image.pixels(top + y, left + x) >= static_cast<float>(image.saturation);
      if (!is_full && is_usable(image, top + y, left + x)) {
        stamp.pixels(y, x) = image.pixels(top + y, left + x);
        stamp.weight(y, x) = 1.0F;
        continue;
      }
      ++unusable;
      // Within three pixels of the middle each one counts.
      const double from_middle = std::hypot(static_cast<double>(x) - reach, static_cast<double>(y) - reach);
      if (is_full || from_middle < 3.5) unusable += side * side;
    }
  }
  if (4 * unusable > side * side) {
    ++refused.unusable;
    return false;
  }
  return true;
}

/// Median and deviation of the ring at the stamp's border.
Robust border_of(const StarStamp& stamp) {
  std::vector<double> ring;
  const std::size_t side = stamp.pixels.rows();
  const double middle = static_cast<double>(side / 2);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const double radius = std::hypot(static_cast<double>(x) - middle, static_cast<double>(y) - middle);
      if (stamp.weight(y, x) > 0.0F && radius > middle - 2.0) ring.push_back(stamp.pixels(y, x));
    }
  }
  return robust(std::span(ring));
}

/// Moments and a first flux; false for what is no star.
bool look_at(StarStamp& stamp) {
  const auto [level, noise] = border_of(stamp);
  stamp.background = level;
  stamp.noise = noise;
  Plane<float> above = stamp.pixels;
  for (std::size_t i = 0; i < above.size(); ++i) {
    above.data()[i] = stamp.weight.data()[i] > 0.0F ? above.data()[i] - static_cast<float>(level) : NAN;
  }
  const double middle = static_cast<double>(above.rows() / 2);
  const auto moments = adaptive_moments(above, {middle, middle}, 1.5);
  if (!moments) return false;
  stamp.dx = moments->centre.x - middle;
  stamp.dy = moments->centre.y - middle;
  stamp.sigma = moments->sigma();
  stamp.ellipticity = moments->ellipticity();
  double flux = 0.0;
  for (const float value : above.values()) flux += std::isfinite(value) ? value : 0.0F;
  stamp.flux = flux;
  constexpr double narrowest = 0.6;  // a pixel alone, as cosmic rays hit, is half as wide
  return stamp.sigma > narrowest && std::abs(stamp.dx) < 2.0 && std::abs(stamp.dy) < 2.0 && flux > 0.0;
}

/// Neighbours are seen from this part of a star's flux on.
constexpr double too_bright = 0.02;

/// How far the light of a neighbour is more than a thousandth of a star's highest pixel, or nearly.
double neighbour_reach(double part_of_flux, double fwhm) {
  return fwhm * (2.0 + std::max(0.0, std::log10(part_of_flux / too_bright)));
}

/// None within `reach`, and no bright one so near that its light is there; a `fwhm` of 0: not asked for.
bool is_alone(std::span<const Star> stars, const StarField& field, std::size_t which, double reach, double fwhm) {
  bool alone = true;
  field.for_each_near(stars[which].place, [&](std::size_t other) {
    const double part = stars[other].flux / stars[which].flux;
    if (other == which || !(part > too_bright)) return;
    const double apart =
        std::hypot(stars[other].place.x - stars[which].place.x, stars[other].place.y - stars[which].place.y);
    if (apart < std::max(reach, neighbour_reach(part, fwhm) + 2.0 * fwhm)) alone = false;
  });
  return alone;
}

/// Takes from a stamp the pixels where its neighbours are; false when they are too near.
bool leave_out_neighbours(std::span<const Star> stars, const StarField& field, std::size_t which, double fwhm,
                          StarStamp& stamp) {
  const PixelPosition place = stars[which].place;
  const auto for_each_neighbour = [&](const auto& use) {
    field.for_each_near(place, [&](std::size_t other) {
      const double part = stars[other].flux / stars[which].flux;
      if (other != which && part > too_bright) use(stars[other].place, neighbour_reach(part, fwhm));
    });
  };
  bool is_apart = true;
  for_each_neighbour([&](PixelPosition other, double reach) {
    if (std::hypot(other.x - place.x, other.y - place.y) < reach + 1.5 * fwhm) is_apart = false;
  });
  if (!is_apart) return false;
  const std::size_t side = stamp.weight.rows();
  const double middle = static_cast<double>(side / 2);
  for_each_neighbour([&](PixelPosition other, double reach) {
    for (std::size_t row = 0; row < side; ++row) {
      const double dy = static_cast<double>(row) - middle + stamp.pixel.y - other.y;
      if (std::abs(dy) >= reach) continue;
      for (std::size_t column = 0; column < side; ++column) {
        const double dx = static_cast<double>(column) - middle + stamp.pixel.x - other.x;
        if (dx * dx + dy * dy < reach * reach) stamp.weight(row, column) = 0.0F;
      }
    }
  });
  const auto left =
      std::count_if(stamp.weight.values().begin(), stamp.weight.values().end(), [](float w) { return w > 0.0F; });
  return 2 * static_cast<std::size_t>(left) > side * side;
}

/// The width of stars among what was found: what most have, or, among galaxies of all widths, the narrow end where
/// several are alike.
double stellar_sigma(std::vector<double> sigmas) {
  std::sort(sigmas.begin(), sigmas.end());
  std::vector<double> logarithms;
  for (const double sigma : sigmas) logarithms.push_back(std::log(sigma));
  const Robust all = robust(std::vector<double>(logarithms));
  constexpr double all_alike = 0.25;
  if (all.sigma < all_alike) return std::exp(all.middle);
  constexpr double window = 0.2;
  std::vector<std::ptrdiff_t> alike;  // with each as the narrowest
  for (auto first = logarithms.begin(); first != logarithms.end(); ++first) {
    alike.push_back(std::upper_bound(first, logarithms.end(), *first + window) - first);
  }
  const std::ptrdiff_t most = *std::max_element(alike.begin(), alike.end());
  const auto enough = std::max<std::ptrdiff_t>(3, most * 35 / 100);
  const auto found =
      std::find_if(alike.begin(), alike.end(), [enough](std::ptrdiff_t count) { return count >= enough; });
  if (found == alike.end()) return sigmas.front();
  const auto at = static_cast<std::size_t>(found - alike.begin());
  return sigmas[at + static_cast<std::size_t>(*found) / 2];
}

/// Those of the width and the roundness that most stars have.
void keep_the_usual(std::vector<StarStamp>& stamps, Refused& refused) {
  if (stamps.empty()) return;
  std::vector<double> sigmas;
  for (const StarStamp& stamp : stamps) sigmas.push_back(stamp.sigma);
  const double stellar = stellar_sigma(std::move(sigmas));
  constexpr double most_apart = 0.4;  // of a function that varies over the field, as a logarithm
  refused.shape += std::erase_if(
      stamps, [&](const StarStamp& stamp) { return std::abs(std::log(stamp.sigma / stellar)) > most_apart; });
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<double> widths;
    std::vector<double> shapes;
    for (const StarStamp& stamp : stamps) {
      widths.push_back(std::log(stamp.sigma));
      shapes.push_back(stamp.ellipticity);
    }
    const Robust width = robust(std::span(widths));
    const Robust shape = robust(std::span(shapes));
    // A point spread function that varies over the field is no reason to leave out its corners.
    const double most_wide = std::max(0.15, 4.0 * width.sigma);
    const double most_oval = std::max(0.15, 4.0 * shape.sigma);
    refused.shape += std::erase_if(stamps, [&](const StarStamp& stamp) {
      return std::abs(std::log(stamp.sigma) - width.middle) > most_wide ||
             std::abs(stamp.ellipticity - shape.middle) > most_oval;
    });
  }
}

/// The terms of the polynomial, and all that is fitted with them.
class PsfFit {
 public:
  PsfFit(std::vector<StarStamp>& stamps, int order, std::size_t rows, std::size_t columns)
      : stamps_(stamps), order_(order), rows_(rows), columns_(columns) {
    const Plane<float> empty(stamps.front().pixels.rows(), stamps.front().pixels.columns());
    terms_.assign(terms_of_order(order), empty);
  }

  void run() {
    start();
    constexpr int turns = 9;
    constexpr int first_turns = 4;  // with the median, which what lies apart does not move
    for (int turn = 0; turn < turns; ++turn) {
      for (StarStamp& stamp : stamps_) {
        stamp.used = stamp.weight;
        if (turn >= first_turns) leave_out(stamp);
        fit_star(stamp);
      }
      if (turn < first_turns) improve_by_median();
      else improve();
      settle();
    }
    for (StarStamp& stamp : stamps_) fit_star(stamp);
  }

  Psf psf() const { return {terms_, order_, rows_, columns_}; }

  /// What is left of the stars beyond their noise, in units of the peak.
  double residual() const {
    double sum = 0.0;
    double count = 0.0;
    for (const StarStamp& stamp : stamps_) {
      const Plane<float> model = model_of(stamp);
      const double peak = stamp.flux * *std::max_element(model.values().begin(), model.values().end());
      for (std::size_t i = 0; i < model.size(); ++i) {
        if (!(stamp.used.data()[i] > 0.0F)) continue;
        const double miss = stamp.pixels.data()[i] - stamp.background - stamp.flux * model.data()[i];
        if (stamp.flux * model.data()[i] < 0.05 * peak) continue;
        sum += (miss * miss - 1.0 / stamp.used.data()[i]) / (peak * peak);
        count += 1.0;
      }
    }
    return count > 0.0 ? std::sqrt(std::max(0.0, sum / count)) : 0.0;
  }

 private:
  double field_x(const StarStamp& stamp) const {
    return columns_ < 2 ? 0.0 : 2.0 * stamp.pixel.x / static_cast<double>(columns_ - 1) - 1.0;
  }
  double field_y(const StarStamp& stamp) const {
    return rows_ < 2 ? 0.0 : 2.0 * stamp.pixel.y / static_cast<double>(rows_ - 1) - 1.0;
  }
  std::vector<double> factors_of(const StarStamp& stamp) const {
    std::vector<double> factors(terms_.size());
    powers(field_x(stamp), field_y(stamp), order_, factors);
    return factors;
  }

  /// The function at the star, on its pixels, of unit flux.
  Plane<float> model_of(const StarStamp& stamp) const {
    if (terms_.size() == 1) return moved(terms_.front(), stamp.dx, stamp.dy);
    const std::vector<double> factors = factors_of(stamp);
    Plane<float> there(terms_.front().rows(), terms_.front().columns());
    for (std::size_t i = 0; i < there.size(); ++i) {
      double value = 0.0;
      for (std::size_t term = 0; term < terms_.size(); ++term) value += factors[term] * terms_[term].data()[i];
      there.data()[i] = static_cast<float>(value);
    }
    return moved(there, stamp.dx, stamp.dy);
  }

  /// A round Gaussian of the usual width, to have something to fit with.
  void start() {
    std::vector<double> widths;
    for (const StarStamp& stamp : stamps_) widths.push_back(stamp.sigma);
    const double sigma = median_of(std::span(widths));
    Plane<float>& plane = terms_.front();
    const double middle = static_cast<double>(plane.rows() / 2);
    for (std::size_t y = 0; y < plane.rows(); ++y) {
      for (std::size_t x = 0; x < plane.columns(); ++x) {
        const double radius = std::hypot(static_cast<double>(x) - middle, static_cast<double>(y) - middle) / sigma;
        plane(y, x) = static_cast<float>(std::exp(-0.5 * radius * radius) / (2.0 * std::numbers::pi * sigma * sigma));
      }
    }
  }

  /// Of so many values that lie apart by a stride, by differences of the fourth order; 0 beyond the ends.
  static double slope(const float* values, std::size_t at, std::size_t count, std::size_t stride) {
    const auto value = [&](std::size_t i) { return i < count ? static_cast<double>(values[i * stride]) : 0.0; };
    return (8.0 * (value(at + 1) - value(at - 1)) - (value(at + 2) - value(at - 2))) / 12.0;  // -1 is beyond, too
  }

  /// Flux, place and background by least squares, one step of them.
  void fit_star(StarStamp& stamp) const {
    const Plane<float> model = model_of(stamp);
    const std::size_t side = model.columns();
    NormalEquations equations(4);
    for (std::size_t y = 0; y < side; ++y) {
      for (std::size_t x = 0; x < side; ++x) {
        if (!(stamp.used(y, x) > 0.0F)) continue;
        const std::array<double, 4> terms{model(y, x), -slope(model.data() + y * side, x, side, 1),
                                          -slope(model.data() + x, y, side, side), 1.0};
        equations.add(terms, stamp.pixels(y, x), stamp.used(y, x));
      }
    }
    const auto solved = equations.solve();
    if (!solved || !((*solved)[0] > 0.0)) return;
    stamp.flux = (*solved)[0];
    stamp.dx = std::clamp(stamp.dx + std::clamp((*solved)[1] / stamp.flux, -0.5, 0.5), -2.5, 2.5);
    stamp.dy = std::clamp(stamp.dy + std::clamp((*solved)[2] / stamp.flux, -0.5, 0.5), -2.5, 2.5);
    stamp.background = (*solved)[3];
  }

  /// Pixels that lie apart by more than noise and a tenth of the star there.
  void leave_out(StarStamp& stamp) const {
    const Plane<float> model = model_of(stamp);
    for (std::size_t i = 0; i < model.size(); ++i) {
      float& weight = stamp.used.data()[i];
      if (!(weight > 0.0F)) continue;
      const double expected = stamp.flux * model.data()[i];
      const double miss = std::abs(stamp.pixels.data()[i] - stamp.background - expected);
      if (miss > 5.0 / std::sqrt(weight) + 0.15 * std::abs(expected)) weight = 0.0F;
    }
  }

  /// What each star differs by, of unit flux and brought back to the middle.
  std::vector<Plane<float>> misses() const {
    std::vector<Plane<float>> all;
    for (const StarStamp& stamp : stamps_) {
      const Plane<float> model = model_of(stamp);
      Plane<float> miss(model.rows(), model.columns());
      for (std::size_t i = 0; i < miss.size(); ++i) {
        if (!(stamp.used.data()[i] > 0.0F)) continue;
        miss.data()[i] = static_cast<float>((stamp.pixels.data()[i] - stamp.background) / stamp.flux - model.data()[i]);
      }
      all.push_back(moved(miss, -stamp.dx, -stamp.dy));
    }
    return all;
  }

  /// Whether the star's pixel that comes to lie there can be used.
  static bool is_used(const StarStamp& stamp, std::size_t i) {
    const std::size_t side = stamp.used.columns();
    const auto x = static_cast<std::ptrdiff_t>(i % side) + static_cast<std::ptrdiff_t>(std::lround(stamp.dx));
    const auto y = static_cast<std::ptrdiff_t>(i / side) + static_cast<std::ptrdiff_t>(std::lround(stamp.dy));
    const auto end = static_cast<std::ptrdiff_t>(side);
    return x >= 0 && y >= 0 && x < end && y < end &&
           stamp.used(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) > 0.0F;
  }

  void improve_by_median() {
    const std::vector<Plane<float>> all = misses();
    std::vector<float> values;
    for (std::size_t i = 0; i < terms_.front().size(); ++i) {
      values.clear();
      for (std::size_t star = 0; star < stamps_.size(); ++star) {
        if (is_used(stamps_[star], i)) values.push_back(all[star].data()[i]);
      }
      if (!values.empty()) terms_.front().data()[i] += median_of(std::span(values));
    }
  }

  /// As a polynomial over the field, bright stars before faint ones; but each has faults of its own.
  void improve() {
    const std::vector<Plane<float>> all = misses();
    std::vector<std::vector<double>> factors;
    std::vector<double> weights;
    for (const StarStamp& stamp : stamps_) {
      factors.push_back(factors_of(stamp));
      const double noise = stamp.noise / stamp.flux;
      constexpr double own_fault = 1e-3;
      weights.push_back(1.0 / (noise * noise + own_fault * own_fault));
    }
    for (std::size_t i = 0; i < terms_.front().size(); ++i) {
      NormalEquations equations(terms_.size());
      for (std::size_t star = 0; star < stamps_.size(); ++star) {
        if (is_used(stamps_[star], i)) equations.add(factors[star], all[star].data()[i], weights[star]);
      }
      const auto solved = equations.solve();
      if (!solved) continue;
      for (std::size_t term = 0; term < terms_.size(); ++term)
        terms_[term].data()[i] += static_cast<float>((*solved)[term]);
    }
  }

  /// Border of zero, sum of 1 everywhere, the centre in the middle.
  void settle() {
    const std::size_t side = terms_.front().columns();
    const double middle = static_cast<double>(side / 2);
    for (Plane<float>& term : terms_) {
      std::vector<double> ring;
      for (std::size_t i = 0; i < term.size(); ++i) {
        const double radius =
            std::hypot(static_cast<double>(i % side) - middle, static_cast<double>(i / side) - middle);
        if (radius > middle - 0.5) ring.push_back(term.data()[i]);
      }
      const auto level = static_cast<float>(median_of(std::span(ring)));
      for (float& value : term.values()) value -= level;
    }
    const double total = std::accumulate(terms_.front().values().begin(), terms_.front().values().end(), 0.0);
    if (total > 0.0) {
      for (Plane<float>& term : terms_) {
        for (float& value : term.values()) value = static_cast<float>(value / total);
      }
    }
    // What varies over the field changes the shape and not the light.
    for (std::size_t term = 1; term < terms_.size(); ++term) {
      const auto values = terms_[term].values();
      const auto light = static_cast<float>(std::accumulate(values.begin(), values.end(), 0.0));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] -= light * terms_.front().data()[i];
    }
    const auto moments = adaptive_moments(terms_.front(), {middle, middle}, 1.5);
    if (!moments) return;
    const double dx = std::clamp(middle - moments->centre.x, -0.5, 0.5);
    const double dy = std::clamp(middle - moments->centre.y, -0.5, 0.5);
    if (std::hypot(dx, dy) < 1e-4) return;
    for (Plane<float>& term : terms_) term = moved(term, dx, dy);
    for (StarStamp& stamp : stamps_) {
      stamp.dx -= dx;
      stamp.dy -= dy;
    }
  }

  std::vector<StarStamp>& stamps_;
  int order_;
  std::size_t rows_;
  std::size_t columns_;
  std::vector<Plane<float>> terms_{};
};

/// Weights by the variance: that of the image, or what its gain predicts, or the border's.
void weigh(const Image& image, StarStamp& stamp) {
  const std::size_t half = stamp.pixels.rows() / 2;
  const auto left = static_cast<std::size_t>(stamp.pixel.x) - half;
  const auto top = static_cast<std::size_t>(stamp.pixel.y) - half;
  const double least = std::max(stamp.noise * stamp.noise, 1e-30);
  const double per_count = image.unit == "electron" ? 1.0 : 1.0 / std::max(image.gain, 1e-6);
  for (std::size_t y = 0; y < stamp.pixels.rows(); ++y) {
    for (std::size_t x = 0; x < stamp.pixels.columns(); ++x) {
      if (!(stamp.weight(y, x) > 0.0F)) continue;
      const double above = std::max(0.0, stamp.pixels(y, x) - stamp.background);
      const double variance =
          image.variance.empty() ? least + per_count * above : static_cast<double>(image.variance(top + y, left + x));
      stamp.weight(y, x) = static_cast<float>(1.0 / std::max(variance, 1e-3 * least));
    }
  }
}

/// Widths of the brightest stars; those that are alone, where there are any, since in a crowded field most are not.
std::vector<double> first_widths(const Image& image, std::span<const Star> stars, std::span<const PixelPosition> places,
                                 std::span<const std::size_t> brightest_first) {
  constexpr std::size_t enough = 100;
  constexpr auto reach = static_cast<double>(first_half);
  const StarField field(places, reach);
  std::vector<double> widths;
  for (const bool are_alone : {true, false}) {
    for (const std::size_t i : brightest_first) {
      StarStamp stamp;
      Refused unused;
      if (are_alone && !is_alone(stars, field, i, reach, 0.0)) continue;
      if (cut_out(image, stars[i].place, first_half, stamp, unused) && look_at(stamp)) widths.push_back(stamp.sigma);
      if (widths.size() == enough) break;
    }
    if (!widths.empty()) break;
  }
  return widths;
}

/// The brightest stars that can be used, with their weights. Where hardly any is alone, those that are lie where a
/// crowded field is darker than elsewhere: then rather without the pixels of their neighbours.
std::vector<StarStamp> stamps_of_stars(const Image& image, std::span<const Star> stars, const StarField& field,
                                       std::span<const std::size_t> brightest_first, std::size_t half, double fwhm,
                                       bool are_alone, const PsfOptions& options, Refused& refused) {
  std::vector<StarStamp> stamps;
  for (const std::size_t i : brightest_first) {
    StarStamp stamp;
    if (!cut_out(image, stars[i].place, half, stamp, refused)) continue;
    const bool is_apart = are_alone ? is_alone(stars, field, i, static_cast<double>(half) + fwhm, fwhm)
                                    : leave_out_neighbours(stars, field, i, fwhm, stamp);
    if (!is_apart) {
      ++refused.neighbour;
      continue;
    }
    // A fit's noise is that of 4 pi sigma^2 pixels.
    if (!look_at(stamp) || stamp.flux < 20.0 * stamp.noise * std::sqrt(4.0 * std::numbers::pi) * stamp.sigma) {
      ++refused.faint;
      continue;
    }
    weigh(image, stamp);
    stamps.push_back(std::move(stamp));
    if (stamps.size() >= options.most_stars + options.most_stars / 2) break;
  }
  return stamps;
}

}  // namespace

MeasuredPsf measure_psf(const Image& image, std::span<const Star> stars, const PsfOptions& options) {
  if (options.order < 0 || options.order > 2)
    refuse(measuring_psf, "of the order " + std::to_string(options.order) + "; expected 0 to 2");
  constexpr std::size_t least_side = 7;
  constexpr std::size_t most_side = 255;
  if (options.side != 0 && (options.side % 2 == 0 || options.side < least_side || options.side > most_side)) {
    refuse(measuring_psf, "of " + std::to_string(options.side) + " pixels; expected an odd number from 7 to 255");
  }
  check_planes(measuring_psf, image);
  // The width of the brightest decides how large the stamps are.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    if (std::isfinite(stars[i].place.x) && std::isfinite(stars[i].place.y) && std::isfinite(stars[i].flux))
      order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return stars[a].flux > stars[b].flux; });
  std::vector<PixelPosition> places;
  for (const Star& star : stars) places.push_back(star.place);
  const std::vector<double> widths = first_widths(image, stars, places, order);
  const double sigma = widths.empty() ? 1.5 : stellar_sigma(widths);
  const double fwhm = 2.3548 * sigma;
  const std::size_t half = options.side != 0
                               ? options.side / 2
                               : std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(4.0 * fwhm)), 7, 60);

  // As far as a neighbour ten times as bright reaches into a stamp's corner.
  const StarField field(places, std::numbers::sqrt2 * static_cast<double>(half) + neighbour_reach(10.0, fwhm));
  Refused refused;
  std::vector<StarStamp> stamps = stamps_of_stars(image, stars, field, order, half, fwhm, true, options, refused);
  if (refused.neighbour > 10 * stamps.size()) {
    refused = {};
    stamps = stamps_of_stars(image, stars, field, order, half, fwhm, false, options, refused);
  }
  keep_the_usual(stamps, refused);
  if (stamps.size() > options.most_stars) stamps.resize(options.most_stars);
  if (stamps.empty()) {
    refuse(measuring_psf,
           "none of the " + std::to_string(stars.size()) + " stars can be used (" + refused.text() + ")");
  }
  int fitted_order = options.order;
  while (fitted_order > 0 && stamps.size() < 4 * terms_of_order(fitted_order)) --fitted_order;

  PsfFit fit(stamps, fitted_order, image.rows(), image.columns());
  fit.run();
  MeasuredPsf result{.psf = fit.psf()};
  for (const StarStamp& stamp : stamps)
    result.stars.push_back({{stamp.pixel.x + stamp.dx, stamp.pixel.y + stamp.dy}, stamp.flux});
  result.residual = fit.residual();
  result.reason =
      std::to_string(stamps.size()) + " of " + std::to_string(stars.size()) + " stars (" + refused.text() + ")";
  if (fitted_order < options.order) {
    result.reason += "; of the order " + std::to_string(fitted_order) + " instead of " + std::to_string(options.order) +
                     " for want of stars";
  }
  return result;
}

}  // namespace astro::imaging
