// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <string>

#include "astro/imaging/sources.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/refuse.hpp"
#include "imaging/sep_image.hpp"

namespace astro::imaging {
namespace {

constexpr const char* measuring = "measuring a background";

int length_of(std::size_t length, const char* name) {
  constexpr std::size_t most = std::numeric_limits<int>::max();
  if (length > 0 && length <= most) return static_cast<int>(length);
  refuse(measuring, std::string(name) + " is " + std::to_string(length) + ", expected 1 or more");
}

}  // namespace

struct Background::State {
  sep_bkg* mesh = nullptr;

  State() = default;
  ~State() {
    if (mesh != nullptr) sep_bkg_free(mesh);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Background::Background(const Image& image, const BackgroundOptions& options) {
  const SepImage seen(image, measuring);
  auto state = std::make_shared<State>();
  // A box that is larger than the image is the image.
  const std::size_t box_rows = std::min(options.box_rows, image.rows());
  const std::size_t box_columns = std::min(options.box_columns, image.columns());
  check_sep(sep_background(seen.get(), length_of(box_columns, "box_columns"), length_of(box_rows, "box_rows"),
                           length_of(options.filter_columns, "filter_columns"),
                           length_of(options.filter_rows, "filter_rows"), options.filter_threshold, &state->mesh),
            measuring);
  state_ = std::move(state);
}

std::size_t Background::rows() const noexcept { return static_cast<std::size_t>(state_->mesh->h); }
std::size_t Background::columns() const noexcept { return static_cast<std::size_t>(state_->mesh->w); }
double Background::level() const noexcept { return sep_bkg_global(state_->mesh); }
double Background::rms() const noexcept { return sep_bkg_globalrms(state_->mesh); }

Plane<float> Background::levels() const {
  Plane<float> plane(rows(), columns());
  check_sep(sep_bkg_array(state_->mesh, plane.data(), SEP_TFLOAT), measuring);
  return plane;
}

Plane<float> Background::rms_plane() const {
  Plane<float> plane(rows(), columns());
  check_sep(sep_bkg_rmsarray(state_->mesh, plane.data(), SEP_TFLOAT), measuring);
  return plane;
}

Image Background::subtracted(Image image) const {
  if (image.rows() != rows() || image.columns() != columns()) {
    refuse("subtracting a background",
           "it has " + size_text(rows(), columns()) + ", the image " + size_of(image.pixels));
  }
  image = checked(std::move(image));
  check_sep(sep_bkg_subarray(state_->mesh, image.pixels.data(), SEP_TFLOAT), "subtracting a background");
  image.saturation = 0.0;
  for (std::size_t row = 0; row < image.rows(); ++row) {
    if (is_usable_row(image, row)) continue;
    for (std::size_t column = 0; column < image.columns(); ++column) {
      if (image.mask(row, column) != 0) image.pixels(row, column) = 0.0F;
    }
  }
  return image;
}

}  // namespace astro::imaging
