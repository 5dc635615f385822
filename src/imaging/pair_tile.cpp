// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/pair_tile.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>
#include <utility>

#include "imaging/missing_share.hpp"
#include "imaging/numbers.hpp"
#include "imaging/spectra.hpp"
#include "imaging/star_match.hpp"

namespace astro::imaging {
namespace {

using signal::PlaneTransform;

/// What holds more than this share of the weight of a place makes it one without data.
constexpr float most_missing = 0.1F;

/// The part of one axis with its margins inside the image.
std::pair<std::size_t, std::size_t> widened(std::size_t first, std::size_t last, std::size_t reach, std::size_t size) {
  return {first - std::min(first, reach), std::min(last + reach, size)};
}

Window widened(const Window& core, std::size_t reach, const Image& image) {
  const auto [top, bottom] = widened(core.top, core.bottom, reach, image.rows());
  const auto [left, right] = widened(core.left, core.right, reach, image.columns());
  return {top, left, bottom, right};
}

/// Numbers of an axis of the transform, which is a circle: what is at one end of a part must not reach the other. A
/// margin keeps it away, of pixels where the image goes on and of zeros where it ends; two ends share the zeros.
std::size_t circle(std::size_t longest, std::size_t image, std::size_t reach) {
  return PlaneTransform::quick_size(longest == image ? image + reach : longest + 2 * reach);
}

PlaneTransform transform_for(std::span<const Window> parts, const Image& image, std::size_t reach) {
  std::size_t rows = 0;
  std::size_t columns = 0;
  for (const Window& part : parts) {
    rows = std::max(rows, part.rows());
    columns = std::max(columns, part.columns());
  }
  return PlaneTransform(circle(rows, image.rows(), reach), circle(columns, image.columns(), reach));
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

float scale_back(const PlaneTransform& transform) {
  return 1.0F / (static_cast<float>(transform.rows()) * static_cast<float>(transform.columns()));
}

}  // namespace

TileTransforms::TileTransforms(std::span<const Window> parts, const Image& image, std::size_t reach)
    : full_(transform_for(parts, image, reach)), half_(full_.rows() / 2, full_.columns() / 2) {}

TileTransforms::Buffer TileTransforms::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    // Several at a time, so that they are worth large pages; each begins where a transform wants it.
    constexpr std::size_t several = 4;
    constexpr std::size_t aligned = 16;
    Plane<float>& more = memory_.emplace_back(several, (full_.size() + aligned - 1) / aligned * aligned);
    for (std::size_t i = 0; i < several; ++i) idle_.push_back(more.row(i).data());
  }
  Buffer taken(idle_.back(), GiveBack{this});
  idle_.pop_back();
  return taken;
}

void TileTransforms::idle_here(float* memory) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(memory);
}

TilePsfs::TilePsfs(std::array<Plane<float>, 2> psfs, const PlaneTransform& transform) : planes(std::move(psfs)) {
  for (std::size_t k = 0; k < 2; ++k) {
    spectra[k] = transform.buffer();
    put_psf(planes[k], transform, spectra[k].get());
    transform.forward(spectra[k].get());
  }
}

TileKernels::TileKernels(const Pair& pair, const TilePsfs& psfs, double flux_ratio, const PlaneTransform& transform)
    : kernels(pair_kernels(pair, psfs.planes, flux_ratio, (std::min(transform.rows(), transform.columns()) - 1) / 2)) {
  const float scale = scale_back(transform);
  for (std::size_t k = 0; k < 2; ++k) {
    squared[k] = transform.buffer();
    put_psf(kernels.squared[k], transform, squared[k].get());
    transform.forward(squared[k].get());
    for (std::size_t i = 0; i < transform.size(); ++i) squared[k][i] *= scale;
  }
}

PairTile::PairTile(const Pair& pair, TileTransforms& transforms, Window core, std::shared_ptr<const TilePsfs> psfs)
    : pair_(pair),
      transforms_(transforms),
      core_(core),
      whole_(widened(core, reach_of(psfs->planes), *pair.images[0])),
      psfs_(std::move(psfs)),
      bad_(whole_.rows(), whole_.columns()) {
  for (Buffer& buffer : pixels_) buffer = transforms_.take();
  load_pixels();
  for (const Buffer& buffer : pixels_) transforms_.full().forward(buffer.get());
}

void PairTile::load_pixels() {
  const PlaneTransform& transform = transforms_.full();
  std::vector<float> sky(whole_.columns());
  std::vector<std::uint8_t> flaws(whole_.columns());
  bool has_flaws = false;
  for (std::size_t k = 0; k < 2; ++k) {
    const Image& image = *pair_.images[k];
    const auto mine = static_cast<std::uint8_t>(k == 0 ? bad_science : bad_reference);
    for (std::size_t y = 0; y < whole_.rows(); ++y) {
      const std::size_t row = whole_.top + y;
      pair_.levels[k].background(row, whole_.left, sky);
      const float* from = image.pixels.row(row).data() + whole_.left;
      float* to = pixels_[k].get() + y * transform.stride();
      for (std::size_t x = 0; x < whole_.columns(); ++x) to[x] = from[x] - sky[x];
      if (find_flaws(image, row, whole_.left, mine, flaws)) {
        has_flaws = true;
        std::uint8_t* bad = bad_.row(y).data();
        for (std::size_t x = 0; x < whole_.columns(); ++x) {
          if (flaws[x] != 0) to[x] = 0.0F;
          bad[x] = static_cast<std::uint8_t>(bad[x] | flaws[x]);
        }
      }
      std::fill(to + whole_.columns(), to + transform.stride(), 0.0F);
    }
    std::fill(pixels_[k].get() + whole_.rows() * transform.stride(), pixels_[k].get() + transform.size(), 0.0F);
  }
  if (!has_flaws) return;
  std::array<Filling, 2> filling;
  for (std::size_t k = 0; k < 2; ++k) {
    filling[k] = {pixels_[k].get(), transform.stride(), &psfs_->planes[k], pair_.levels[k].noise(),
                  pair_.levels[k].per_count()};
  }
  filled_ = fill(bad_, filling);
}

void PairTile::load_variance(std::size_t which, float* plane) const {
  const PlaneTransform& transform = transforms_.full();
  const Image& image = *pair_.images[which];
  const SkyLevel& level = pair_.levels[which];
  for (std::size_t y = 0; y < whole_.rows(); ++y) {
    float* to = plane + y * transform.stride();
    const auto variance = level.variance_row(image, whole_.top + y, whole_.left, {to, whole_.columns()});
    if (variance.data() != to) std::copy(variance.begin(), variance.end(), to);
    std::fill(to + whole_.columns(), to + transform.stride(), 0.0F);
  }
  std::fill(plane + whole_.rows() * transform.stride(), plane + transform.size(), 0.0F);
  // What could be used in this image keeps its variance where it is the other one that could not.
  for (const Filled& one : filled_) {
    if (one.variance[which] >= 0.0F) plane[one.row * transform.stride() + one.column] = one.variance[which];
  }
}

/// A product of an image and the other one's PSF at half the resolution, shifted by so many pixels.
PairTile::Buffer PairTile::matched(std::size_t which, PixelPosition shift) const {
  const PlaneTransform& transform = transforms_.full();
  const PlaneTransform& half = transforms_.half();
  Buffer made = transforms_.take();
  const std::size_t width = half.columns() / 2 + 1;
  const float scale = scale_back(transform);
  const std::vector<std::complex<float>> across = ramp(shift.x, width, transform.columns());
  for (std::size_t row = 0; row < half.rows(); ++row) {
    const std::size_t from = row < (half.rows() + 1) / 2 ? row : row + transform.rows() - half.rows();
    const float* a = pixels_[which].get() + from * transform.stride();
    const float* b = psfs_->spectra[1 - which].get() + from * transform.stride();
    float* to = made.get() + row * half.stride();
    const auto along = turn(shift.y, row_frequency(from, transform.rows()));
    for (std::size_t k = 0; k < width; ++k) {
      const std::size_t i = 2 * k;
      const float factor_re = scale * (along.real() * across[k].real() - along.imag() * across[k].imag());
      const float factor_im = scale * (along.real() * across[k].imag() + along.imag() * across[k].real());
      const float re = a[i] * b[i] - a[i + 1] * b[i + 1];
      const float im = a[i] * b[i + 1] + a[i + 1] * b[i];
      to[i] = factor_re * re - factor_im * im;
      to[i + 1] = factor_re * im + factor_im * re;
    }
  }
  half.inverse(made.get());
  return made;
}

/// Twice: the reference is shifted by what was found, so that only a small rest is told by its gradients.
std::vector<StarMatch> PairTile::stars() const {
  const auto matched_images = [&](const Buffer& science, const Buffer& reference) {
    return MatchedPair{science.get(), reference.get(), transforms_.half().stride(), whole_.rows() / 2,
                       whole_.columns() / 2};
  };
  std::array<Buffer, 2> images{matched(0, {}), matched(1, {})};
  std::vector<StarMatch> found = match_stars(matched_images(images[0], images[1]), bad_, psfs_->planes);
  const Agreement first = agreement(found);
  if (std::hypot(first.dx, first.dy) > 0.05) {
    images[1] = matched(1, {first.dx, first.dy});
    found = match_stars(matched_images(images[0], images[1]), bad_, psfs_->planes);
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

/// The paper's D, and the parts S_N and S_R of its S, at each frequency, with F_r = 1: those of S stand in place of the
/// spectra of the images afterwards.
void PairTile::combine(const Matching& matching, float* difference) {
  const PlaneTransform& transform = transforms_.full();
  const std::size_t rows = transform.rows();
  const std::size_t width = transform.columns() / 2 + 1;
  const float scale = scale_back(transform);
  const auto beta = static_cast<float>(matching.flux_ratio);
  const auto n = static_cast<float>(pair_.levels[0].noise() * pair_.levels[0].noise());
  const auto r = static_cast<float>(pair_.levels[1].noise() * pair_.levels[1].noise()) * beta * beta;
  const std::vector<std::complex<float>> across = ramp(matching.shift_x, width, transform.columns());
  for (std::size_t row = 0; row < rows; ++row) {
    const std::complex<float> along = turn(matching.shift_y, row_frequency(row, rows));
    const float along_re = along.real();
    const float along_im = along.imag();
    float* image_n = pixels_[0].get() + row * transform.stride();
    float* image_r = pixels_[1].get() + row * transform.stride();
    const float* psf_n = psfs_->spectra[0].get() + row * transform.stride();
    const float* psf_r = psfs_->spectra[1].get() + row * transform.stride();
    float* d = difference + row * transform.stride();
    for (std::size_t k = 0; k < width; ++k) {
      const std::size_t i = 2 * k;
      const float shift_re = along_re * across[k].real() - along_im * across[k].imag();
      const float shift_im = along_re * across[k].imag() + along_im * across[k].real();
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
      image_n[i] = a * (pn_re * n_re + pn_im * n_im);
      image_n[i + 1] = a * (pn_re * n_im - pn_im * n_re);
      image_r[i] = b * (pr_re * r_re + pr_im * r_im);
      image_r[i + 1] = b * (pr_re * r_im - pr_im * r_re);
    }
  }
}

void PairTile::subtract(const TileKernels& kernels, const Matching& matching, Subtraction& result) {
  const PlaneTransform& transform = transforms_.full();
  const Buffer difference = transforms_.take();
  combine(matching, difference.get());
  for (float* plane : {difference.get(), pixels_[0].get(), pixels_[1].get()}) transform.inverse(plane);
  const std::array<Buffer, 2> variance{transforms_.take(), transforms_.take()};
  for (std::size_t k = 0; k < 2; ++k) {
    load_variance(k, variance[k].get());
    transform.forward(variance[k].get());
  }
  float* a = variance[0].get();
  const float* b = kernels.squared[0].get();
  const float* c = variance[1].get();
  const float* d = kernels.squared[1].get();
  for (std::size_t i = 0; i < transform.size(); i += 2) {
    const float re = a[i] * b[i] - a[i + 1] * b[i + 1] + c[i] * d[i] - c[i + 1] * d[i + 1];
    const float im = a[i] * b[i + 1] + a[i + 1] * b[i] + c[i] * d[i + 1] + c[i + 1] * d[i];
    a[i] = re;
    a[i + 1] = im;
  }
  transform.inverse(a);
  write(kernels, matching, difference.get(), a, result);
}

/// Median of a plane, or of the difference of two, over the core.
float PairTile::middle_of(const float* a, const float* b) const {
  std::vector<float> values;
  const std::size_t step = (core_.rows() * core_.columns() / 5000) | 1U;
  for (std::size_t i = 0; i < core_.rows() * core_.columns(); i += step) {
    const std::size_t y = i / core_.columns() + core_.top - whole_.top;
    const std::size_t x = i % core_.columns() + core_.left - whole_.left;
    const std::size_t at = y * transforms_.full().stride() + x;
    if (bad_(y, x) == 0) values.push_back(b == nullptr ? a[at] : a[at] - b[at]);
  }
  return values.empty() ? 0.0F : median_of(std::span(values));
}

void PairTile::write(const TileKernels& made, const Matching& matching, const float* difference, const float* variance,
                     Subtraction& result) const {
  const PairKernels& kernels = made.kernels;
  const std::size_t stride = transforms_.full().stride();
  const std::size_t width = core_.columns();
  const auto to_flux = static_cast<float>(1.0 / kernels.score_scale);
  const auto to_difference = static_cast<float>(1.0 / kernels.difference_scale);
  const auto jitter_x = static_cast<float>(0.25 * matching.astrometric_x * matching.astrometric_x);
  const auto jitter_y = static_cast<float>(0.25 * matching.astrometric_y * matching.astrometric_y);
  const float energy_n = static_cast<float>(kernels.difference_energy[0]) * to_difference * to_difference;
  const float energy_r = static_cast<float>(kernels.difference_energy[1]) * to_difference * to_difference;
  // What the two backgrounds leave.
  const bool is_levelled = pair_.levels[0].has_background();
  const float score_level = is_levelled ? middle_of(pixels_[0].get(), pixels_[1].get()) : 0.0F;
  const float difference_level = is_levelled ? middle_of(difference, nullptr) : 0.0F;
  const MissingShare missing(bad_, kernels.squared[0], reach_of(psfs_->planes));
  std::array<std::vector<float>, 2> memory{std::vector<float>(width), std::vector<float>(width)};
  std::vector<float> astrometric(width);
  std::vector<float> share(width);
  const std::size_t first = core_.left - whole_.left;
  for (std::size_t row = core_.top; row < core_.bottom; ++row) {
    const std::size_t y = row - whole_.top;
    std::array<std::span<const float>, 2> own;
    for (std::size_t k = 0; k < 2; ++k)
      own[k] = pair_.levels[k].variance_row(*pair_.images[k], row, core_.left, memory[k]);
    missing.row(y, first, share);
    const float* sn = pixels_[0].get() + y * stride + first;
    const float* sr = pixels_[1].get() + y * stride + first;
    const std::ptrdiff_t above = y > 0 ? -static_cast<std::ptrdiff_t>(stride) : 0;
    const std::ptrdiff_t below = y + 1 < whole_.rows() ? static_cast<std::ptrdiff_t>(stride) : 0;
    const auto jitter = [&](std::ptrdiff_t x, std::ptrdiff_t left, std::ptrdiff_t right) {
      const float gx = (sn[x + right] - sn[x + left]) * (sr[x + right] - sr[x + left]);
      const float gy = (sn[x + below] - sn[x + above]) * (sr[x + below] - sr[x + above]);
      return jitter_x * (gx > 0.0F ? gx : 0.0F) + jitter_y * (gy > 0.0F ? gy : 0.0F);
    };
    const auto last = static_cast<std::ptrdiff_t>(width) - 1;
    for (std::ptrdiff_t x = 1; x < last; ++x) astrometric[static_cast<std::size_t>(x)] = jitter(x, -1, 1);
    astrometric[0] = jitter(0, first > 0 ? -1 : 0, last > 0 || core_.right < whole_.right ? 1 : 0);
    if (last > 0) astrometric[width - 1] = jitter(last, -1, core_.right < whole_.right ? 1 : 0);

    const float* v = variance + y * stride + first;
    const float* d = difference + y * stride + first;
    float* flux = result.flux.row(row).data() + core_.left;
    float* flux_error = result.flux_error.row(row).data() + core_.left;
    float* significance = result.significance.row(row).data() + core_.left;
    float* pixels = result.difference.pixels.row(row).data() + core_.left;
    float* noise = result.difference.variance.row(row).data() + core_.left;
    for (std::size_t x = 0; x < width; ++x) {
      const float score = sn[x] - sr[x] - score_level;
      flux[x] = score * to_flux;
      flux_error[x] = std::sqrt(v[x]) * to_flux;
      significance[x] = score / std::sqrt(v[x] + astrometric[x]);
      pixels[x] = (d[x] - difference_level) * to_difference;
      noise[x] = energy_n * own[0][x] + energy_r * own[1][x];
    }
    const std::uint8_t* bad = bad_.row(y).data() + first;
    for (std::size_t x = 0; x < width; ++x) {
      if (bad[x] == 0 && share[x] <= most_missing && v[x] > 0.0F) continue;
      for (float* plane : {flux, flux_error, significance, pixels, noise}) plane[x] = 0.0F;
      std::uint16_t flags = bit(Flag::no_data);
      for (const Image* image : pair_.images)
        flags |= image->mask.empty() ? std::uint16_t{0} : image->mask(row, core_.left + x);
      if ((bad[x] & bad_saturated) != 0) flags |= bit(Flag::saturated);
      result.difference.mask(row, core_.left + x) = flags;
    }
  }
}

}  // namespace astro::imaging
