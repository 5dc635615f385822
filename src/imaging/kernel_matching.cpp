// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/kernel_matching.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "imaging/image_parts.hpp"
#include "imaging/levels.hpp"
#include "imaging/numbers.hpp"
#include "imaging/parallel.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr const char* matching_kernel = "matching a kernel";

/// Side of the squares of the image in which the kernel is taken as the same.
constexpr std::size_t kernel_square = 32;

void check_kernel(const Image& science, const Image& reference, const KernelOptions& options) {
  check_planes(matching_kernel, science);
  check_planes(matching_kernel, reference);
  if (!science.pixels.fits(reference.pixels)) {
    refuse(matching_kernel,
           "the science image has " + size_of(science.pixels) + ", the reference " + size_of(reference.pixels));
  }
  if (options.widths.empty() || options.widths.size() != options.orders.size()) {
    refuse(matching_kernel, "each width of a Gaussian needs an order of its polynomial");
  }
  for (std::size_t i = 0; i < options.widths.size(); ++i) {
    if (!(options.widths[i] > 0.0) || options.orders[i] < 0 || options.orders[i] > 8) {
      refuse(matching_kernel, "widths must be positive and orders 0 to 8");
    }
  }
  const auto is_order = [](int order) { return order >= 0 && order <= 3; };
  if (!is_order(options.field_order) || !is_order(options.background_order))
    refuse(matching_kernel, "orders over the field must be 0 to 3");
  if (options.reach < 1 || options.reach > 50 || options.stamp_reach < 3 || options.stamp_reach > 100 ||
      options.stamps < 1 || options.threads < 1) {
    refuse(matching_kernel,
           "a reach of 1 to 50, stamps of a reach of 3 to 100, and at least one of them and one thread were expected");
  }
  if (std::min(science.rows(), science.columns()) < 2 * (options.reach + options.stamp_reach) + 8) {
    refuse(matching_kernel, "the images are smaller than a stamp with the kernel around it");
  }
}

/// 1, x, y, x^2 ... at a place, which is -1 to 1 over the image.
std::vector<double> monomials(double x, double y, int order) {
  std::vector<double> made(terms_of_order(order));
  powers(x, y, order, made);
  return made;
}

/// A basis of kernels: Gaussians times polynomials. The first has the sum 1 and all others 0, so that the sum of a
/// kernel is the same over the field.
std::vector<Plane<float>> basis_of(const KernelOptions& options) {
  const std::size_t side = 2 * options.reach + 1;
  std::vector<Plane<float>> basis;
  for (std::size_t g = 0; g < options.widths.size(); ++g) {
    for (int n = 0; n <= options.orders[g]; ++n) {
      for (int j = 0; j <= n; ++j) {
        Plane<float> kernel(side, side);
        double sum = 0.0;
        double squares = 0.0;
        for (std::size_t y = 0; y < side; ++y) {
          for (std::size_t x = 0; x < side; ++x) {
            const double u = (static_cast<double>(x) - static_cast<double>(options.reach)) / options.widths[g];
            const double v = (static_cast<double>(y) - static_cast<double>(options.reach)) / options.widths[g];
            const double value = std::exp(-0.5 * (u * u + v * v)) * std::pow(u, n - j) * std::pow(v, j);
            kernel(y, x) = static_cast<float>(value);
            sum += value;
            squares += value * value;
          }
        }
        const bool has_sum = (n - j) % 2 == 0 && j % 2 == 0;
        const double norm = has_sum ? sum : std::sqrt(squares);
        for (float& value : kernel.values()) value = static_cast<float>(value / norm);
        if (has_sum && !basis.empty()) {
          for (std::size_t i = 0; i < kernel.size(); ++i) kernel.data()[i] -= basis[0].data()[i];
        }
        basis.push_back(std::move(kernel));
      }
    }
  }
  return basis;
}

struct StampPlace {
  std::size_t row = 0;
  std::size_t column = 0;
  float height = 0.0F;
};

/// What a stamp says: products of the basis' images, of ones and of the science image.
struct KernelStamp {
  double x = 0.0;  ///< -1 to 1
  double y = 0.0;
  std::vector<float> images{};  ///< of each kernel of the basis, pixel after pixel, then ones
  std::vector<float> science{};
  std::vector<float> weights{};
};

class KernelFit {
 public:
  KernelFit(const Image& science, const Image& reference, const KernelOptions& options)
      : options_(options),
        science_(science),
        reference_(reference),
        levels_{SkyLevel(science, 128, options.threads), SkyLevel(reference, 128, options.threads)},
        basis_(basis_of(options)),
        field_terms_(terms_of_order(options.field_order)),
        background_terms_(terms_of_order(options.background_order)) {}

  KernelMatch run() {
    load();
    KernelMatch made;
    std::vector<KernelStamp> stamps = stamps_of(places());
    fit(stamps, made);
    widen_gaps();
    subtract(made);
    return made;
  }

 private:
  std::size_t unknowns() const { return 1 + (basis_.size() - 1) * field_terms_ + background_terms_; }
  double along(double at, std::size_t size) const { return 2.0 * at / (static_cast<double>(size) - 1.0) - 1.0; }

  /// The reference less its background, 0 where it has no data.
  void load() {
    clean_ = Plane<float>(reference_.rows(), reference_.columns());
    bad_ = Plane<std::uint8_t>(reference_.rows(), reference_.columns());
    std::vector<float> sky(reference_.columns());
    for (std::size_t y = 0; y < reference_.rows(); ++y) {
      levels_[1].background(y, 0, sky);
      for (std::size_t x = 0; x < reference_.columns(); ++x) {
        if (is_usable(reference_, y, x)) clean_(y, x) = reference_.pixels(y, x) - sky[x];
        else bad_(y, x) |= bad_reference;
        if (!is_usable(science_, y, x)) bad_(y, x) |= bad_science;
      }
    }
  }

  /// Also what the kernel brings to a pixel that has no data itself: along the rows, then along the columns.
  void widen_gaps() {
    const auto spread = [&](std::size_t count, std::size_t length, const auto& at) {
      for (std::size_t k = 0; k < count; ++k) {
        std::size_t until = 0;  // beyond the last pixel that a gap before reaches
        for (std::size_t pass = 0; pass < 2; ++pass, until = 0) {
          for (std::size_t i = 0; i < length; ++i) {
            std::uint8_t& one = at(k, pass == 0 ? i : length - 1 - i);
            if ((one & bad_reference) != 0) until = i + options_.reach + 1;
            else if (i < until) one |= bad_widened;
          }
        }
        for (std::size_t i = 0; i < length; ++i) {
          std::uint8_t& one = at(k, i);
          if ((one & bad_widened) != 0) one = static_cast<std::uint8_t>((one & ~bad_widened) | bad_reference);
        }
      }
    };
    spread(bad_.rows(), bad_.columns(), [&](std::size_t k, std::size_t i) -> std::uint8_t& { return bad_(k, i); });
    spread(bad_.columns(), bad_.rows(), [&](std::size_t k, std::size_t i) -> std::uint8_t& { return bad_(i, k); });
  }

  /// The brightest stars, those of each part of the field first.
  std::vector<StampPlace> places() const {
    const std::size_t margin = options_.reach + options_.stamp_reach;
    const auto limit = static_cast<float>(20.0 * levels_[1].noise());
    std::vector<StampPlace> found;
    for (std::size_t y = margin; y + margin < clean_.rows(); ++y) {
      for (std::size_t x = margin; x + margin < clean_.columns(); ++x) {
        if (clean_(y, x) > limit && is_peak(y, x) && is_whole(y, x, margin)) found.push_back({y, x, clean_(y, x)});
      }
    }
    std::sort(found.begin(), found.end(), [](const StampPlace& a, const StampPlace& b) { return a.height > b.height; });
    const auto cells = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(options_.stamps) / 2.0)));
    std::vector<std::vector<StampPlace>> parts(cells * cells);
    for (const StampPlace& place : found) {
      parts[place.row * cells / clean_.rows() * cells + place.column * cells / clean_.columns()].push_back(place);
    }
    std::vector<StampPlace> chosen;
    for (std::size_t rank = 0; chosen.size() < options_.stamps; ++rank) {
      const std::size_t before = chosen.size();
      bool is_more = false;
      for (const auto& part : parts) {
        is_more = is_more || rank < part.size();
        if (rank < part.size() && chosen.size() < options_.stamps && is_apart(part[rank], chosen))
          chosen.push_back(part[rank]);
      }
      if (!is_more && chosen.size() == before) break;
    }
    return chosen;
  }

  bool is_peak(std::size_t row, std::size_t column) const {
    for (std::size_t y = row - 2; y <= row + 2; ++y) {
      for (std::size_t x = column - 2; x <= column + 2; ++x) {
        if ((y != row || x != column) && clean_(y, x) >= clean_(row, column)) return false;
      }
    }
    return true;
  }

  bool is_whole(std::size_t row, std::size_t column, std::size_t margin) const {
    for (std::size_t y = row - margin; y <= row + margin; ++y) {
      const std::uint8_t* line = &bad_(y, column - margin);
      if (std::any_of(line, line + 2 * margin + 1, [](std::uint8_t b) { return b != 0; })) return false;
    }
    return true;
  }

  bool is_apart(const StampPlace& place, const std::vector<StampPlace>& chosen) const {
    const auto apart = [](std::size_t a, std::size_t b) { return a > b ? a - b : b - a; };
    return std::none_of(chosen.begin(), chosen.end(), [&](const StampPlace& other) {
      return std::max(apart(place.row, other.row), apart(place.column, other.column)) < options_.stamp_reach;
    });
  }

  std::vector<KernelStamp> stamps_of(const std::vector<StampPlace>& places) const {
    std::vector<KernelStamp> stamps(places.size());
    in_parallel(options_.threads, places.size(), [&](std::size_t i) { stamps[i] = stamp_of(places[i]); });
    return stamps;
  }

  KernelStamp stamp_of(const StampPlace& at) const {
    const std::size_t side = 2 * options_.stamp_reach + 1;
    KernelStamp stamp{along(static_cast<double>(at.column), clean_.columns()),
                      along(static_cast<double>(at.row), clean_.rows())};
    stamp.images.assign((basis_.size() + 1) * side * side, 1.0F);
    std::vector<float> sky(side);
    for (std::size_t v = 0; v < side; ++v) {
      const std::size_t row = at.row - options_.stamp_reach + v;
      const std::size_t left = at.column - options_.stamp_reach;
      levels_[0].background(row, left, sky);
      for (std::size_t u = 0; u < side; ++u) {
        const float value = science_.pixels(row, left + u) - sky[u];
        stamp.science.push_back(value);
        stamp.weights.push_back(1.0F / std::max(levels_[0].variance(science_, row, left + u, value), 1e-30F));
      }
    }
    for (std::size_t k = 0; k < basis_.size(); ++k) {
      float* to = stamp.images.data() + k * side * side;
      for (std::size_t v = 0; v < side; ++v) {
        for (std::size_t u = 0; u < side; ++u) {
          to[v * side + u] =
              through(basis_[k], at.row - options_.stamp_reach + v, at.column - options_.stamp_reach + u);
        }
      }
    }
    return stamp;
  }

  /// A pixel of the reference through a kernel.
  float through(const Plane<float>& kernel, std::size_t row, std::size_t column) const {
    const std::size_t side = kernel.rows();
    float sum = 0.0F;
    for (std::size_t j = 0; j < side; ++j) {
      const float* from = &clean_(row + options_.reach - j, column - options_.reach);
      const float* weights = kernel.data() + j * side + side - 1;
      for (std::size_t i = 0; i < side; ++i) sum += from[i] * *(weights - i);
    }
    return sum;
  }

  /// The factors of the unknowns at a place, for each image of a stamp: {unknown, image, factor}.
  struct Factor {
    std::size_t unknown;
    std::size_t image;
    double factor;
  };
  std::vector<Factor> factors(double x, double y) const {
    std::vector<Factor> made{{0, 0, 1.0}};
    const std::vector<double> field = monomials(x, y, options_.field_order);
    std::size_t unknown = 1;
    for (std::size_t k = 1; k < basis_.size(); ++k) {
      for (const double factor : field) made.push_back({unknown++, k, factor});
    }
    for (const double factor : monomials(x, y, options_.background_order))
      made.push_back({unknown++, basis_.size(), factor});
    return made;
  }

  /// Products of all images of a stamp with each other and with the science image.
  std::vector<double> products(const KernelStamp& stamp) const {
    const std::size_t pixels = stamp.science.size();
    const std::size_t n = basis_.size() + 1;
    std::vector<double> made(n * (n + 1));
    std::vector<float> weighted(pixels);
    for (std::size_t a = 0; a < n; ++a) {
      const float* image = stamp.images.data() + a * pixels;
      for (std::size_t i = 0; i < pixels; ++i) weighted[i] = image[i] * stamp.weights[i];
      for (std::size_t b = a; b <= n; ++b) {
        const float* other = b == n ? stamp.science.data() : stamp.images.data() + b * pixels;
        double sum = 0.0;
        for (std::size_t i = 0; i < pixels; ++i) sum += static_cast<double>(weighted[i] * other[i]);
        made[a * (n + 1) + b] = sum;
        if (b < n) made[b * (n + 1) + a] = sum;
      }
    }
    return made;
  }

  void fit(std::vector<KernelStamp>& stamps, KernelMatch& made) {
    const std::size_t found = stamps.size();
    for (int round = 0; round < 4; ++round) {
      const std::size_t needed = unknowns() / 20 + 3;  // a star tells of more than twenty
      if (stamps.size() < needed) {
        refuse(matching_kernel, std::to_string(stamps.size()) + " stars were found, and " + std::to_string(needed) +
                                    " are needed; lower the orders or bring a deeper reference");
      }
      solve_all(stamps);
      std::vector<double> chi_squares;
      chi_squares.reserve(stamps.size());
      for (const KernelStamp& stamp : stamps) chi_squares.push_back(chi_square(stamp));
      std::vector<double> sorted = chi_squares;
      const Robust most = robust(sorted);
      double sum = 0.0;
      for (const double one : chi_squares) sum += one;
      made.chi_square = sum / static_cast<double>(stamps.size());
      std::vector<KernelStamp> kept;
      for (std::size_t i = 0; i < stamps.size(); ++i) {
        if (chi_squares[i] <= most.middle + 3.0 * std::max(most.sigma, 0.05)) kept.push_back(std::move(stamps[i]));
      }
      made.stamps = kept.size();
      made.clipped = found - kept.size();
      const bool is_settled = kept.size() == stamps.size();
      stamps = std::move(kept);
      if (is_settled) return;
    }
    solve_all(stamps);
  }

  void solve_all(const std::vector<KernelStamp>& stamps) {
    const std::size_t n = unknowns();
    const std::size_t images = basis_.size() + 1;
    std::vector<double> matrix(n * n);
    solution_.assign(n, 0.0);
    for (const KernelStamp& stamp : stamps) {
      const std::vector<double> sums = products(stamp);
      const std::vector<Factor> at = factors(stamp.x, stamp.y);
      for (const Factor& a : at) {
        solution_[a.unknown] += a.factor * sums[a.image * (images + 1) + images];
        for (const Factor& b : at)
          matrix[a.unknown * n + b.unknown] += a.factor * b.factor * sums[a.image * (images + 1) + b.image];
      }
    }
    // Kernels that the stars cannot tell apart share what they explain.
    for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] *= 1.0 + 1e-6;
    if (!solve_positive(matrix, solution_, 0.0))
      refuse(matching_kernel, "the stars do not determine the kernel; lower its orders");
  }

  double chi_square(const KernelStamp& stamp) const {
    const std::vector<double> weights = image_weights(stamp.x, stamp.y);
    const std::size_t pixels = stamp.science.size();
    double sum = 0.0;
    for (std::size_t i = 0; i < pixels; ++i) {
      double model = 0.0;
      for (std::size_t k = 0; k < weights.size(); ++k)
        model += weights[k] * static_cast<double>(stamp.images[k * pixels + i]);
      const double away = static_cast<double>(stamp.science[i]) - model;
      sum += away * away * static_cast<double>(stamp.weights[i]);
    }
    return sum / static_cast<double>(pixels);
  }

  /// How much of each kernel, and the background, at a place.
  std::vector<double> image_weights(double x, double y) const {
    std::vector<double> weights(basis_.size() + 1);
    for (const Factor& one : factors(x, y)) weights[one.image] += one.factor * solution_[one.unknown];
    return weights;
  }

  void subtract(KernelMatch& made) const {
    const std::size_t rows = clean_.rows();
    const std::size_t columns = clean_.columns();
    made.flux_ratio = solution_[0];
    Image& difference = made.difference;
    difference.pixels = Plane<float>(rows, columns);
    difference.variance = Plane<float>(rows, columns);
    difference.mask = Plane<std::uint16_t>(rows, columns, bit(Flag::no_data));
    difference.wcs = science_.wcs;
    copy_description(science_, difference);
    difference.saturation = 0.0;
    const std::size_t down = (rows + kernel_square - 1) / kernel_square;
    in_parallel(options_.threads, down, [&](std::size_t i) {
      for (std::size_t left = 0; left < columns; left += kernel_square) {
        subtract_square(i * kernel_square, left, std::min((i + 1) * kernel_square, rows),
                        std::min(left + kernel_square, columns), difference);
      }
    });
  }

  void subtract_square(std::size_t top, std::size_t left, std::size_t bottom, std::size_t right,
                       Image& difference) const {
    const std::vector<double> weights =
        image_weights(along(0.5 * static_cast<double>(left + right - 1), clean_.columns()),
                      along(0.5 * static_cast<double>(top + bottom - 1), clean_.rows()));
    Plane<float> kernel(basis_[0].rows(), basis_[0].columns());
    for (std::size_t k = 0; k < basis_.size(); ++k) {
      for (std::size_t i = 0; i < kernel.size(); ++i)
        kernel.data()[i] += static_cast<float>(weights[k]) * basis_[k].data()[i];
    }
    const auto background = static_cast<float>(weights.back());
    float energy = 0.0F;
    for (const float value : kernel.values()) energy += value * value;
    std::vector<float> science_sky(right - left);
    std::vector<float> reference_sky(right - left);
    const std::size_t reach = options_.reach;
    for (std::size_t y = std::max(top, reach); y < std::min(bottom, clean_.rows() - reach); ++y) {
      levels_[0].background(y, left, science_sky);
      levels_[1].background(y, left, reference_sky);
      for (std::size_t x = std::max(left, reach); x < std::min(right, clean_.columns() - reach); ++x) {
        if (bad_(y, x) != 0) continue;
        const float above = science_.pixels(y, x) - science_sky[x - left];
        difference.pixels(y, x) = above - through(kernel, y, x) - background;
        difference.variance(y, x) =
            levels_[0].variance(science_, y, x, above) +
            energy * levels_[1].variance(reference_, y, x, reference_.pixels(y, x) - reference_sky[x - left]);
        difference.mask(y, x) = 0;
      }
    }
  }

  static constexpr std::uint8_t bad_science = 1;
  static constexpr std::uint8_t bad_reference = 2;
  static constexpr std::uint8_t bad_widened = 4;

  const KernelOptions& options_;
  const Image& science_;
  const Image& reference_;
  std::array<SkyLevel, 2> levels_;
  std::vector<Plane<float>> basis_;
  std::size_t field_terms_;
  std::size_t background_terms_;
  Plane<float> clean_{};
  Plane<std::uint8_t> bad_{};
  std::vector<double> solution_{};
};

}  // namespace

KernelMatch match_kernel(const Image& science, const Image& reference, const KernelOptions& options) {
  check_kernel(science, reference, options);
  return KernelFit(science, reference, options).run();
}

}  // namespace astro::imaging
