// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/pair_tile.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>

#include "imaging/parallel.hpp"
#include "imaging/spectra.hpp"
#include "imaging/star_match.hpp"

namespace astro::imaging {
namespace {

using signal::PlaneTransform;

/// What holds more than this share of the weight of a place makes it one without data.
constexpr float most_missing = 0.1F;

/// Keeps a division finite where neither PSF lets anything through.
constexpr float least_transfer = 1e-30F;

std::size_t reach_of(const std::array<Plane<float>, 2>& psfs) {
  return std::max({psfs[0].rows(), psfs[0].columns(), psfs[1].rows(), psfs[1].columns()}) / 2;
}

/// The part of one axis with its margins inside the image.
std::pair<std::size_t, std::size_t> widened(std::size_t first, std::size_t last, std::size_t reach, std::size_t size) {
  return {first - std::min(first, reach), std::min(last + reach, size)};
}

Window widened(const Window& core, std::size_t reach, const Image& image) {
  const auto [top, bottom] = widened(core.top, core.bottom, reach, image.rows());
  const auto [left, right] = widened(core.left, core.right, reach, image.columns());
  return {top, left, bottom, right};
}

/// Numbers of an axis of the transform, which is a circle: what is at one end of the core must not reach the other. A
/// margin keeps it away, of pixels where the image goes on and of zeros where it ends; two ends share the zeros.
std::size_t circle(std::size_t core, std::size_t whole, std::size_t image, std::size_t reach) {
  return PlaneTransform::quick_size(whole == image ? whole + reach : std::max(whole, core + 2 * reach));
}

/// Signed frequency of a row of a spectrum, in cycles a pixel.
double row_frequency(std::size_t row, std::size_t rows) {
  const auto k = static_cast<double>(row);
  const auto n = static_cast<double>(rows);
  return (row <= rows / 2 ? k : k - n) / n;
}

/// What a shift makes of a frequency.
std::complex<float> turn(double shift, double frequency) {
  return std::polar(1.0F, static_cast<float>(-2.0 * M_PI * shift * frequency));
}

/// The same for the frequencies of a row.
std::vector<std::complex<float>> ramp(double shift, std::size_t width, std::size_t columns) {
  std::vector<std::complex<float>> made(width);
  for (std::size_t k = 0; k < width; ++k) made[k] = turn(shift, static_cast<double>(k) / static_cast<double>(columns));
  return made;
}

}  // namespace

Responses responses(const Pair& pair, const std::array<Plane<float>, 2>& psfs, double flux_ratio) {
  const std::size_t reach = reach_of(psfs);
  const PlaneTransform transform(PlaneTransform::quick_size(4 * reach + 2), PlaneTransform::quick_size(4 * reach + 2));
  std::array<PlaneTransform::Buffer, 3> spectra{transform.buffer(), transform.buffer(), transform.buffer()};
  for (std::size_t k = 0; k < 2; ++k) {
    put_psf(psfs[k], transform, spectra[k].get());
    transform.forward(spectra[k].get());
  }
  const std::size_t width = transform.columns() / 2 + 1;
  const double n = pair.levels[0].noise() * pair.levels[0].noise();
  const double r = pair.levels[1].noise() * pair.levels[1].noise() * flux_ratio * flux_ratio;
  double scale = 0.0;  // F_D
  for (std::size_t row = 0; row < transform.rows(); ++row) {
    std::array<float*, 3> at{};
    for (std::size_t k = 0; k < 3; ++k) at[k] = spectra[k].get() + row * transform.stride();
    for (std::size_t k = 0; k < width; ++k) {
      const std::complex<double> pn(at[0][2 * k], at[0][2 * k + 1]);
      const std::complex<double> pr(at[1][2 * k], at[1][2 * k + 1]);
      const double root = std::sqrt(n * std::norm(pr) + r * std::norm(pn) + double{least_transfer});
      if (row == 0 && k == 0) scale = flux_ratio / root;
      const std::array made{flux_ratio * pn * pr / (root * scale), pr / (root * scale),
                            flux_ratio * pn / (root * scale)};
      for (std::size_t i = 0; i < 3; ++i) {
        at[i][2 * k] = static_cast<float>(made[i].real());
        at[i][2 * k + 1] = static_cast<float>(made[i].imag());
      }
    }
  }
  for (const PlaneTransform::Buffer& plane : spectra) transform.inverse(plane.get());
  const std::size_t near = std::min<std::size_t>(reach, 12);
  return {middle_part(spectra[0].get(), transform, reach), middle_part(spectra[1].get(), transform, near),
          middle_part(spectra[2].get(), transform, near)};
}

PairTile::PairTile(const Pair& pair, Window core, std::array<Plane<float>, 2> psfs)
    : pair_(pair),
      core_(core),
      whole_(widened(core, reach_of(psfs), *pair.images[0])),
      psfs_(std::move(psfs)),
      transform_(circle(core.rows(), whole_.rows(), pair.images[0]->rows(), reach_of(psfs_)),
                 circle(core.columns(), whole_.columns(), pair.images[0]->columns(), reach_of(psfs_))),
      bad_(whole_.rows(), whole_.columns()) {
  for (Buffer& buffer : pixels_) buffer = transform_.buffer();
  for (Buffer& buffer : kernels_) buffer = transform_.buffer();
  load_pixels();
  in_parallel(pair_.threads, 4, [&](std::size_t i) {
    if (i >= 2) put_psf(psfs_[i - 2], transform_, kernels_[i - 2].get());
    transform_.forward(i < 2 ? pixels_[i].get() : kernels_[i - 2].get());
  });
}

void PairTile::load_pixels() {
  in_bands(pair_.threads, whole_.rows(), [&](std::size_t first, std::size_t last) {
    std::vector<float> sky(whole_.columns());
    for (std::size_t k = 0; k < 2; ++k) {
      const Image& image = *pair_.images[k];
      const auto mine = static_cast<std::uint8_t>(k == 0 ? bad_science : bad_reference);
      for (std::size_t y = first; y < last; ++y) {
        pair_.levels[k].background(whole_.top + y, whole_.left, sky);
        float* to = pixels_[k].get() + y * transform_.stride();
        for (std::size_t x = 0; x < whole_.columns(); ++x) {
          const std::size_t row = whole_.top + y;
          const std::size_t column = whole_.left + x;
          if (is_sound(image, row, column)) {
            to[x] = image.pixels(row, column) - sky[x];
            continue;
          }
          const bool is_full = is_saturated(image, row, column);
          bad_(y, x) = static_cast<std::uint8_t>(bad_(y, x) | mine | (is_full ? bad_saturated : 0));
        }
      }
    }
  });
  std::array<Filling, 2> filling;
  for (std::size_t k = 0; k < 2; ++k) {
    filling[k] = {pixels_[k].get(), transform_.stride(), &psfs_[k], pair_.levels[k].noise(),
                  pair_.levels[k].per_count()};
  }
  filled_ = fill(bad_, filling);
}

void PairTile::load_variance(std::size_t which, float* plane) const {
  const Image& image = *pair_.images[which];
  const SkyLevel& level = pair_.levels[which];
  in_bands(pair_.threads, transform_.rows(), [&](std::size_t first, std::size_t last) {
    std::vector<float> sky(whole_.columns());
    for (std::size_t y = first; y < last; ++y) {
      float* to = plane + y * transform_.stride();
      std::fill_n(to, transform_.stride(), 0.0F);
      if (y >= whole_.rows()) continue;
      const std::size_t row = whole_.top + y;
      if (image.variance.empty()) level.background(row, whole_.left, sky);
      for (std::size_t x = 0; x < whole_.columns(); ++x) {
        if (bad_(y, x) != 0) continue;  // filled, or given below where the other image was the bad one
        to[x] = level.variance(image, row, whole_.left + x, image.pixels(row, whole_.left + x) - sky[x]);
      }
    }
  });
  std::vector<float> sky(1);
  for (const Filled& one : filled_) {
    const std::size_t row = whole_.top + one.row;
    const std::size_t column = whole_.left + one.column;
    float variance = one.variance[which];
    if (variance < 0.0F) {
      level.background(row, column, sky);
      variance = level.variance(image, row, column, image.pixels(row, column) - sky[0]);
    }
    plane[one.row * transform_.stride() + one.column] = variance;
  }
}

/// A product of two spectra at half the resolution, shifted by so many pixels.
PairTile::Buffer PairTile::matched(const PlaneTransform& half, const float* pixels, const float* psf,
                                   PixelPosition shift) const {
  Buffer made = half.buffer();
  const std::size_t width = half.columns() / 2 + 1;
  const float scale = 1.0F / (static_cast<float>(transform_.rows()) * static_cast<float>(transform_.columns()));
  const std::vector<std::complex<float>> across = ramp(shift.x, width, transform_.columns());
  for (std::size_t row = 0; row < half.rows(); ++row) {
    const std::size_t from = row < (half.rows() + 1) / 2 ? row : row + transform_.rows() - half.rows();
    const float* a = pixels + from * transform_.stride();
    const float* b = psf + from * transform_.stride();
    float* to = made.get() + row * half.stride();
    const auto along = turn(shift.y, row_frequency(from, transform_.rows()));
    for (std::size_t k = 0; k < width; ++k) {
      const std::size_t i = 2 * k;
      const std::complex<float> factor = scale * along * across[k];
      const float re = a[i] * b[i] - a[i + 1] * b[i + 1];
      const float im = a[i] * b[i + 1] + a[i + 1] * b[i];
      to[i] = factor.real() * re - factor.imag() * im;
      to[i + 1] = factor.real() * im + factor.imag() * re;
    }
  }
  half.inverse(made.get());
  return made;
}

/// Twice: the reference is shifted by what was found, so that only a small rest is told by its gradients.
std::vector<StarMatch> PairTile::stars() const {
  const PlaneTransform half(transform_.rows() / 2, transform_.columns() / 2);
  const auto matched_images = [&](const Buffer& science, const Buffer& reference) {
    return MatchedPair{science.get(), reference.get(), half.stride(), whole_.rows() / 2, whole_.columns() / 2};
  };
  std::array<Buffer, 2> images;
  in_parallel(pair_.threads, 2,
              [&](std::size_t k) { images[k] = matched(half, pixels_[k].get(), kernels_[1 - k].get(), {}); });
  std::vector<StarMatch> found = match_stars(matched_images(images[0], images[1]), bad_, psfs_);
  const Agreement first = agreement(found);
  if (std::hypot(first.dx, first.dy) > 0.05) {
    images[1] = matched(half, pixels_[1].get(), kernels_[0].get(), {first.dx, first.dy});
    found = match_stars(matched_images(images[0], images[1]), bad_, psfs_);
    for (StarMatch& star : found) {
      star.dx += first.dx;
      star.dy += first.dy;
    }
  }
  for (StarMatch& star : found) {
    star.x += static_cast<double>(whole_.left);
    star.y += static_cast<double>(whole_.top);
  }
  return found;
}

struct PairTile::Sums {
  double score = 0.0;
  std::array<double, 2> difference{};
  std::array<double, 2> kernel{};
  std::array<double, 2> kernel_with_power{};

  void add(const Sums& other) {
    score += other.score;
    for (std::size_t k = 0; k < 2; ++k) {
      difference[k] += other.difference[k];
      kernel[k] += other.kernel[k];
      kernel_with_power[k] += other.kernel_with_power[k];
    }
  }
};

/// The paper's D (equation 13), k_n and k_r (28 and 29) at each frequency, with F_r = 1: in place of the spectra of
/// images and PSFs there are those of S_N, S_R, k_n and k_r afterwards.
void PairTile::combine(const Matching& matching, float* difference) {
  const std::size_t rows = transform_.rows();
  const std::size_t width = transform_.columns() / 2 + 1;
  const auto scale = 1.0F / (static_cast<float>(rows) * static_cast<float>(transform_.columns()));
  const auto beta = static_cast<float>(matching.flux_ratio);
  const auto n = static_cast<float>(pair_.levels[0].noise() * pair_.levels[0].noise());
  const auto r = static_cast<float>(pair_.levels[1].noise() * pair_.levels[1].noise()) * beta * beta;
  const std::vector<std::complex<float>> across = ramp(matching.shift_x, width, transform_.columns());
  std::vector<Sums> sums(rows);
  in_bands(pair_.threads, rows, [&](std::size_t first, std::size_t last) {
    std::vector<float> science_power(width);
    std::vector<float> reference_power(width);
    for (std::size_t row = first; row < last; ++row) {
      const double v = row_frequency(row, rows);
      pair_.powers[0].row(v, transform_.columns(), science_power);
      pair_.powers[1].row(v, transform_.columns(), reference_power);
      const std::complex<float> along = turn(matching.shift_y, v);
      float* image_n = pixels_[0].get() + row * transform_.stride();
      float* image_r = pixels_[1].get() + row * transform_.stride();
      float* psf_n = kernels_[0].get() + row * transform_.stride();
      float* psf_r = kernels_[1].get() + row * transform_.stride();
      float* d = difference + row * transform_.stride();
      std::array<float, 7> line{};  // of a row: what single precision can add up
      for (std::size_t k = 0; k < width; ++k) {
        const std::size_t i = 2 * k;
        const float shift_re = along.real() * across[k].real() - along.imag() * across[k].imag();
        const float shift_im = along.real() * across[k].imag() + along.imag() * across[k].real();
        const float n_re = image_n[i];
        const float n_im = image_n[i + 1];
        const float r_re = image_r[i] * shift_re - image_r[i + 1] * shift_im;
        const float r_im = image_r[i] * shift_im + image_r[i + 1] * shift_re;
        const float pn_re = psf_n[i];
        const float pn_im = psf_n[i + 1];
        const float pr_re = psf_r[i];
        const float pr_im = psf_r[i + 1];
        const float pn = pn_re * pn_re + pn_im * pn_im;
        const float pr = pr_re * pr_re + pr_im * pr_im;
        const float inverse = 1.0F / (n * pr + r * pn + least_transfer);
        const float root = scale * std::sqrt(inverse);
        d[i] = root * (pr_re * n_re - pr_im * n_im - beta * (pn_re * r_re - pn_im * r_im));
        d[i + 1] = root * (pr_re * n_im + pr_im * n_re - beta * (pn_re * r_im + pn_im * r_re));
        // Conjugates of the PSFs, times what is real.
        const float a = beta * pr * inverse * scale;
        const float b = beta * beta * pn * inverse * scale;
        const float kn_re = a * pn_re;
        const float kn_im = -a * pn_im;
        const float kr_re = b * pr_re;
        const float kr_im = -b * pr_im;
        psf_n[i] = kn_re;
        psf_n[i + 1] = kn_im;
        psf_r[i] = kr_re;
        psf_r[i + 1] = kr_im;
        image_n[i] = kn_re * n_re - kn_im * n_im;
        image_n[i + 1] = kn_re * n_im + kn_im * n_re;
        image_r[i] = kr_re * r_re - kr_im * r_im;
        image_r[i + 1] = kr_re * r_im + kr_im * r_re;
        const bool is_edge = k == 0 || (k + 1 == width);  // the others stand for two frequencies
        const float weight = is_edge ? 1.0F : 2.0F;
        line[0] += weight * beta * a * pn;
        line[1] += weight * pr * inverse * science_power[k];
        line[2] += weight * beta * beta * pn * inverse * reference_power[k];
        const float kn = weight * (kn_re * kn_re + kn_im * kn_im);
        const float kr = weight * (kr_re * kr_re + kr_im * kr_im);
        line[3] += kn;
        line[4] += kr;
        line[5] += kn * science_power[k];
        line[6] += kr * reference_power[k];
        if (row == 0 && k == 0) difference_scale_ = static_cast<double>(beta) * std::sqrt(static_cast<double>(inverse));
      }
      sums[row] = {line[0], {line[1], line[2]}, {line[3], line[4]}, {line[5], line[6]}};
    }
  });
  Sums all;
  for (const Sums& one : sums) all.add(one);
  score_scale_ = all.score;  // has the scale of the inverse transform in it
  for (std::size_t k = 0; k < 2; ++k) {
    difference_energy_[k] = all.difference[k] * static_cast<double>(scale);
    power_ratio_[k] = all.kernel_with_power[k] / all.kernel[k];
  }
}

void PairTile::square(float* plane, double factor) const {
  // The transform back and forth multiplies by the number of pixels, which goes into the kernel's square.
  const auto scale =
      static_cast<float>(factor / (static_cast<double>(transform_.rows()) * static_cast<double>(transform_.columns())));
  for (std::size_t i = 0; i < transform_.size(); ++i) plane[i] *= plane[i] * scale;
}

/// a = a b + c d, of spectra.
void PairTile::add_products(float* a, const float* b, const float* c, const float* d) const {
  in_bands(pair_.threads, transform_.rows(), [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first * transform_.stride(); i < last * transform_.stride(); i += 2) {
      const float re = a[i] * b[i] - a[i + 1] * b[i + 1] + c[i] * d[i] - c[i + 1] * d[i + 1];
      const float im = a[i] * b[i + 1] + a[i + 1] * b[i] + c[i] * d[i + 1] + c[i + 1] * d[i];
      a[i] = re;
      a[i + 1] = im;
    }
  });
}

void PairTile::subtract(const Matching& matching, Subtraction& result) {
  Buffer difference = transform_.buffer();
  combine(matching, difference.get());
  const std::array<float*, 5> planes{difference.get(), pixels_[0].get(), pixels_[1].get(), kernels_[0].get(),
                                     kernels_[1].get()};
  in_parallel(pair_.threads, planes.size(), [&](std::size_t i) {
    transform_.inverse(planes[i]);
    if (i >= 3) square(planes[i], power_ratio_[i - 3]);
  });
  const Plane<float> missing = missing_share(kernels_[0].get());
  std::array<Buffer, 2> variance{transform_.buffer(), transform_.buffer()};
  for (std::size_t k = 0; k < 2; ++k) load_variance(k, variance[k].get());
  in_parallel(pair_.threads, 4,
              [&](std::size_t i) { transform_.forward(i < 2 ? variance[i].get() : kernels_[i - 2].get()); });
  add_products(kernels_[0].get(), variance[0].get(), kernels_[1].get(), variance[1].get());
  variance = {};
  transform_.inverse(kernels_[0].get());
  write(matching, difference.get(), kernels_[0].get(), missing, result);
}

/// The share of each place's weight that lies on pixels without data or outside the image, with a Gaussian in place of
/// the kernel's square.
Plane<float> PairTile::missing_share(const float* squared_kernel) const {
  const std::size_t reach = std::min({reach_of(psfs_), transform_.rows() / 2, transform_.columns() / 2});
  double sum = 0.0;
  double moment = 0.0;
  for (std::size_t y = 0; y <= 2 * reach; ++y) {
    for (std::size_t x = 0; x <= 2 * reach; ++x) {
      const double dy = static_cast<double>(y) - static_cast<double>(reach);
      const double dx = static_cast<double>(x) - static_cast<double>(reach);
      const std::size_t row = (y + transform_.rows() - reach) % transform_.rows();
      const std::size_t column = (x + transform_.columns() - reach) % transform_.columns();
      const double power = squared_kernel[row * transform_.stride() + column];
      sum += power;
      moment += power * (dx * dx + dy * dy);
    }
  }
  const double sigma = std::clamp(std::sqrt(0.5 * moment / sum), 0.3, 8.0);
  const auto wide = static_cast<std::size_t>(std::ceil(3.0 * sigma));
  std::vector<float> weights(2 * wide + 1);
  float total = 0.0F;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double away = (static_cast<double>(i) - static_cast<double>(wide)) / sigma;
    weights[i] = static_cast<float>(std::exp(-0.5 * away * away));
    total += weights[i];
  }
  for (float& weight : weights) weight /= total;
  // Along the rows, where there is anything missing, then along the columns.
  Plane<float> along(whole_.rows(), whole_.columns());
  std::vector<char> has_bad(whole_.rows(), 0);
  const auto is_outside = [](std::size_t at, std::size_t offset, std::size_t reach_of_weights, std::size_t size) {
    return at + offset < reach_of_weights || at + offset - reach_of_weights >= size;
  };
  for (std::size_t y = 0; y < whole_.rows(); ++y) {
    const std::span<const std::uint8_t> bad = bad_.row(y);
    has_bad[y] = std::any_of(bad.begin(), bad.end(), [](std::uint8_t b) { return b != 0; }) ? 1 : 0;
    for (std::size_t x = 0; x < whole_.columns(); ++x) {
      const bool is_near_edge = x < wide || x + wide >= whole_.columns();
      if (has_bad[y] == 0 && !is_near_edge) continue;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (is_outside(x, i, wide, whole_.columns()) || bad[x + i - wide] != 0) along(y, x) += weights[i];
      }
    }
  }
  Plane<float> share(whole_.rows(), whole_.columns());
  in_bands(pair_.threads, whole_.rows(), [&](std::size_t first, std::size_t last) {
    for (std::size_t y = first; y < last; ++y) {
      const bool is_near_edge = y < wide || y + wide >= whole_.rows();
      if (!is_near_edge &&
          std::none_of(has_bad.begin() + static_cast<std::ptrdiff_t>(y - wide),
                       has_bad.begin() + static_cast<std::ptrdiff_t>(y + wide + 1), [](char b) { return b != 0; })) {
        std::copy(along.row(y).begin(), along.row(y).end(), share.row(y).begin());
        continue;
      }
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const bool outside = is_outside(y, i, wide, whole_.rows());
        for (std::size_t x = 0; x < whole_.columns(); ++x) {
          share(y, x) += weights[i] * (outside ? 1.0F : along(y + i - wide, x));
        }
      }
    }
  });
  return share;
}

/// Median of a plane, or of the difference of two, over the core.
float PairTile::middle_of(const float* a, const float* b) const {
  std::vector<float> values;
  const std::size_t step = (core_.rows() * core_.columns() / 100000) | 1U;
  for (std::size_t i = 0; i < core_.rows() * core_.columns(); i += step) {
    const std::size_t y = i / core_.columns() + core_.top - whole_.top;
    const std::size_t x = i % core_.columns() + core_.left - whole_.left;
    const std::size_t at = y * transform_.stride() + x;
    if (bad_(y, x) == 0) values.push_back(b == nullptr ? a[at] : a[at] - b[at]);
  }
  return static_cast<float>(robust(values).middle);
}

void PairTile::write(const Matching& matching, const float* difference, const float* variance,
                     const Plane<float>& missing, Subtraction& result) const {
  const std::size_t stride = transform_.stride();
  const auto to_flux = static_cast<float>(1.0 / score_scale_);
  const auto to_difference = static_cast<float>(1.0 / difference_scale_);
  const auto jitter_x = static_cast<float>(0.25 * matching.astrometric_x * matching.astrometric_x);
  const auto jitter_y = static_cast<float>(0.25 * matching.astrometric_y * matching.astrometric_y);
  const auto energy_n = static_cast<float>(difference_energy_[0]) * to_difference * to_difference;
  const auto energy_r = static_cast<float>(difference_energy_[1]) * to_difference * to_difference;
  const float* sn = pixels_[0].get();
  const float* sr = pixels_[1].get();
  // What the two backgrounds leave.
  const bool is_levelled = pair_.levels[0].has_background();
  const float score_level = is_levelled ? middle_of(sn, sr) : 0.0F;
  const float difference_level = is_levelled ? middle_of(difference, nullptr) : 0.0F;
  in_bands(pair_.threads, core_.rows(), [&](std::size_t first, std::size_t last) {
    std::array<std::vector<float>, 2> sky{std::vector<float>(core_.columns()), std::vector<float>(core_.columns())};
    for (std::size_t row = core_.top + first; row < core_.top + last; ++row) {
      const std::size_t y = row - whole_.top;
      for (std::size_t k = 0; k < 2; ++k) pair_.levels[k].background(row, core_.left, sky[k]);
      const std::size_t above = (y + 1 < whole_.rows() ? y + 1 : y) * stride;
      const std::size_t below = (y > 0 ? y - 1 : y) * stride;
      for (std::size_t column = core_.left; column < core_.right; ++column) {
        const std::size_t x = column - whole_.left;
        const std::size_t i = y * stride + x;
        if (bad_(y, x) != 0 || missing(y, x) > most_missing || !(variance[i] > 0.0F)) {
          std::uint16_t flags = bit(Flag::no_data);
          for (const Image* image : pair_.images)
            flags |= image->mask.empty() ? std::uint16_t{0} : image->mask(row, column);
          if ((bad_(y, x) & bad_saturated) != 0) flags |= bit(Flag::saturated);
          result.difference.mask(row, column) = flags;
          continue;
        }
        const std::size_t right = x + 1 < whole_.columns() ? i + 1 : i;
        const std::size_t left = x > 0 ? i - 1 : i;
        const float gx = (sn[right] - sn[left]) * (sr[right] - sr[left]);
        const float gy = (sn[above + x] - sn[below + x]) * (sr[above + x] - sr[below + x]);
        const float astrometric = jitter_x * std::max(0.0F, gx) + jitter_y * std::max(0.0F, gy);
        const float score = sn[i] - sr[i] - score_level;
        result.flux(row, column) = score * to_flux;
        result.flux_error(row, column) = std::sqrt(variance[i]) * to_flux;
        result.significance(row, column) = score / std::sqrt(variance[i] + astrometric);
        result.difference.pixels(row, column) = (difference[i] - difference_level) * to_difference;
        const std::size_t c = column - core_.left;
        const Image& n = *pair_.images[0];
        const Image& r = *pair_.images[1];
        result.difference.variance(row, column) =
            energy_n * pair_.levels[0].variance(n, row, column, n.pixels(row, column) - sky[0][c]) +
            energy_r * pair_.levels[1].variance(r, row, column, r.pixels(row, column) - sky[1][c]);
      }
    }
  });
  result.difference_scale = difference_scale_;
  result.score_scale = score_scale_;
}

}  // namespace astro::imaging
