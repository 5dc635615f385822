// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "files/fail.hpp"
#include "files/fits_pixels.hpp"
#include "files/fits_tiles.hpp"
#include "files/fits_writer.hpp"
#include "files/image_cards.hpp"
#include "files/software.hpp"

namespace astro::files {
namespace {

using imaging::Image;
using imaging::Plane;

constexpr std::uint64_t most_image_pixels = std::uint64_t{1} << 29;

/// The lengths of an image's axes, the fastest first, without those of length 1 at the end; empty: no image.
std::vector<std::uint64_t> lengths_of(const FitsUnit& unit) {
  std::vector<std::uint64_t> lengths;
  const std::string kind = unit.header.text("XTENSION");
  if (unit.header.has("ZIMAGE") && kind == "BINTABLE") {
    const auto axes = static_cast<std::size_t>(unit.header.integer("ZNAXIS", 0, 999));
    for (std::size_t i = 1; i <= axes; ++i) {
      lengths.push_back(static_cast<std::uint64_t>(
          unit.header.integer("ZNAXIS" + std::to_string(i), 0, std::numeric_limits<std::int64_t>::max())));
    }
  } else if (kind.empty() || kind == "IMAGE") {
    lengths = unit.shape;
  }
  while (lengths.size() > 2 && lengths.back() == 1) lengths.pop_back();
  return lengths;
}

/// Rows of an image, plain or compressed.
class RowSource {
 public:
  RowSource(FitsFile& file, const FitsUnit& unit) : file_(file), unit_(unit) {
    const std::vector<std::uint64_t> lengths = lengths_of(unit);
    if (unit.header.has("ZIMAGE")) {
      tiles_ = std::make_unique<FitsTiles>(file, unit);
    } else {
      how_ = numbers_of(unit.header);
    }
    columns = static_cast<std::size_t>(lengths[0]);
    rows = static_cast<std::size_t>(lengths[1]);
  }

  template <class T>
  void read(std::size_t first, std::span<T> into) {
    if (!tiles_) return read_numbers<T>(file_, unit_, how_, std::uint64_t{first} * columns, into);
    std::vector<double> row(columns);
    for (std::size_t at = 0; at < into.size(); at += columns) {
      tiles_->read(first++, row);
      std::transform(row.begin(), row.end(), into.data() + at, [](double value) { return static_cast<T>(value); });
    }
  }

  std::size_t rows = 0;
  std::size_t columns = 0;

 private:
  FitsFile& file_;
  const FitsUnit& unit_;
  FitsNumbers how_;
  std::unique_ptr<FitsTiles> tiles_;
};

const FitsUnit& chosen_image(const FitsFile& file, int number) {
  const auto& units = file.units();
  if (number >= 0) {
    const auto index = static_cast<std::size_t>(number);
    if (index >= units.size()) {
      fail(file.path(), "unit " + std::to_string(number), "it has only " + std::to_string(units.size()) + " units");
    }
    return units[index];
  }
  const auto with = [&](auto suits) { return std::find_if(units.begin(), units.end(), suits); };
  auto found = with([](const FitsUnit& unit) { return lengths_of(unit).size() == 2; });
  if (found == units.end()) found = with([](const FitsUnit& unit) { return !lengths_of(unit).empty(); });
  if (found == units.end()) {
    fail(file.path(), "none of its " + std::to_string(units.size()) + " units is an image; expected one of two axes");
  }
  return *found;
}

void check_axes(const FitsFile& file, const FitsUnit& unit) {
  const std::vector<std::uint64_t> lengths = lengths_of(unit);
  const std::string where = "the header at byte " + std::to_string(unit.begin);
  if (lengths.size() != 2 || lengths[0] == 0 || lengths[1] == 0) {
    std::string text;
    for (const std::uint64_t length : lengths) text += (text.empty() ? "" : " x ") + std::to_string(length);
    fail(file.path(), where,
         "expected an image of two axes, and it has " + (text.empty() ? "none" : text) +
             (lengths.size() > 2 ? "; a cube is read by read_cube" : ""));
  }
  if (lengths[0] > most_image_pixels / lengths[1]) {
    fail(file.path(), where,
         "its image of " + std::to_string(lengths[0]) + " x " + std::to_string(lengths[1]) +
             " pixels has more than 2^29; cut it into parts");
  }
}

/// "RA---TAN", "DEC--SIN", "GLON-CAR", "HPLT-ARC": a name of four letters, and a projection.
bool is_celestial(const FitsHeader& header) {
  const std::string type = header.text("CTYPE1");
  if (type.size() < 8 || type[4] != '-') return false;
  const std::string_view name = std::string_view(type).substr(0, 4);
  return name == "RA--" || name == "DEC-" || name.ends_with("LON") || name.ends_with("LAT") || name.ends_with("LN") ||
         name.ends_with("LT");
}

}  // namespace

struct ImageReader::State {
  State(const std::filesystem::path& path, int number) : file(path), unit(chosen_image(file, number)) {
    check_axes(file, unit);
    pixels = std::make_unique<RowSource>(file, unit);
    for (const FitsUnit& other : file.units()) add_part(other);
  }

  /// Another unit of this image: of the same EXTVER, where both say one.
  void add_part(const FitsUnit& other) {
    const ImagePart what = part_of_image(other.header);
    const Value* version = other.header.find("EXTVER");
    const Value* own = unit.header.find("EXTVER");
    const bool is_of_another = version != nullptr && own != nullptr && *version != *own;
    if (&other == &unit || what == ImagePart::none || is_of_another || lengths_of(other).empty()) return;
    const bool is_mask = what == ImagePart::mask || what == ImagePart::quality;
    std::unique_ptr<RowSource>& place = is_mask ? mask : noise;
    if (place) return;
    if (lengths_of(other) != lengths_of(unit)) {
      fail(file.path(), "the header at byte " + std::to_string(other.begin),
           std::string("its ") + (is_mask ? "mask" : "noise") + " has not the shape of its image");
    }
    place = std::make_unique<RowSource>(file, other);
    if (is_mask) {
      bits.emplace(other.header, what);
    } else {
      noise_kind = what;
    }
  }

  Plane<float> variance_rows(std::size_t first, std::size_t rows) {
    Plane<float> plane(rows, pixels->columns);
    noise->read(first, plane.values());
    if (noise_kind == ImagePart::deviation) {
      for (float& value : plane.values()) value = value >= 0.0F ? value * value : -1.0F;
    }
    if (noise_kind == ImagePart::weight) {
      for (float& value : plane.values()) value = 1.0F / value;
    }
    return plane;
  }

  Plane<std::uint16_t> mask_rows(std::size_t first, std::size_t rows) {
    constexpr double most = 9.2e18;
    Plane<std::uint16_t> plane(rows, pixels->columns);
    std::vector<double> row(pixels->columns);
    for (std::size_t i = 0; i < rows; ++i) {
      mask->read<double>(first + i, row);
      std::transform(row.begin(), row.end(), plane.row(i).begin(), [&](double stored) {
        const bool is_whole = stored > -most && stored < most;
        return bits->flags(is_whole ? static_cast<std::uint64_t>(static_cast<std::int64_t>(stored)) : 1U);
      });
    }
    return plane;
  }

  Image read(std::size_t first, std::size_t rows) {
    Image image;
    read_cards(unit.header, image);
    image.pixels = Plane<float>(rows, pixels->columns);
    pixels->read(first, image.pixels.values());
    if (noise) image.variance = variance_rows(first, rows);
    if (mask) image.mask = mask_rows(first, rows);
    return checked(std::move(image));
  }

  std::string raw_cards() {
    std::string cards(static_cast<std::size_t>(unit.data - unit.begin), ' ');
    file.read(unit.begin, std::as_writable_bytes(std::span(cards)));
    for (std::size_t at = 0; at < cards.size(); at += FitsHeader::card_bytes) {
      if (cards.compare(at, 8, "END     ") == 0) cards.resize(at);
    }
    return cards;
  }

  FitsFile file;
  const FitsUnit& unit;
  std::unique_ptr<RowSource> pixels;
  std::unique_ptr<RowSource> noise;
  ImagePart noise_kind = ImagePart::none;
  std::unique_ptr<RowSource> mask;
  std::optional<MaskBits> bits;
};

ImageReader::ImageReader(const std::filesystem::path& path, int unit) : state_(std::make_unique<State>(path, unit)) {}
ImageReader::~ImageReader() = default;
ImageReader::ImageReader(ImageReader&&) noexcept = default;
ImageReader& ImageReader::operator=(ImageReader&&) noexcept = default;

std::size_t ImageReader::rows() const noexcept { return state_->pixels->rows; }
std::size_t ImageReader::columns() const noexcept { return state_->pixels->columns; }

Value ImageReader::card(std::string_view name) const {
  const Value* value = state_->unit.header.find(name);
  return value == nullptr ? Value() : *value;
}

Image ImageReader::read(std::size_t first, std::size_t rows) {
  if (rows == 0 || first > this->rows() || rows > this->rows() - first) {
    throw Error(ErrorCode::invalid_argument,
                "reading \"" + state_->file.path().string() + "\": " + std::to_string(rows) + " rows from row " +
                    std::to_string(first) + " on are not within its " + std::to_string(this->rows()));
  }
  return state_->read(first, rows);
}

Image ImageReader::read() {
  Image image = state_->read(0, rows());
  const auto lost = [](std::uint16_t flags) { return (flags & bit(imaging::Flag::no_data)) != 0; };
  if (std::all_of(image.mask.values().begin(), image.mask.values().end(), lost)) {
    fail(state_->file.path(), "none of its " + std::to_string(image.pixels.size()) + " pixels has a number");
  }
  if (is_celestial(state_->unit.header)) {
    try {
      image.wcs = imaging::Wcs::from_header(state_->raw_cards());
    } catch (const Error& error) {
      fail(state_->file.path(), "its world coordinates", error.what());
    }
  }
  return image;
}

Image read_image(const std::filesystem::path& path, int unit) { return ImageReader(path, unit).read(); }

void take_cards(std::string_view cards, Image& image) {
  FitsHeader header("a header");
  for (std::size_t at = 0; at + FitsHeader::card_bytes <= cards.size(); at += FitsHeader::card_bytes) {
    if (!header.add_card(cards.substr(at, FitsHeader::card_bytes), at)) break;
  }
  read_cards(header, image);
}

imaging::Stack open_stack(const std::vector<std::filesystem::path>& paths, int unit) {
  auto readers = std::make_shared<std::vector<ImageReader>>();
  for (const std::filesystem::path& path : paths) {
    const ImageReader& reader = readers->emplace_back(path, unit);
    const ImageReader& first = readers->front();
    if (reader.rows() != first.rows() || reader.columns() != first.columns()) {
      throw Error(ErrorCode::invalid_argument,
                  "opening frames: \"" + path.string() + "\" has " + std::to_string(reader.rows()) + " rows of " +
                      std::to_string(reader.columns()) + " columns, \"" + paths.front().string() + "\" " +
                      std::to_string(first.rows()) + " of " + std::to_string(first.columns()));
    }
  }
  if (readers->empty()) return {};
  return {readers->size(), readers->front().rows(), readers->front().columns(),
          [readers](std::size_t frame, std::size_t first, std::size_t rows) {
            return (*readers)[frame].read(first, rows);
          }};
}

void write_image(const std::filesystem::path& path, const Image& image, const Provenance& provenance) {
  const bool fits_itself = !image.pixels.empty() && (image.variance.empty() || image.variance.fits(image.pixels)) &&
                           (image.mask.empty() || image.mask.fits(image.pixels));
  if (!fits_itself) {
    throw Error(ErrorCode::invalid_argument,
                "writing an image: it has no pixels, or its variance or mask have another shape");
  }
  const std::array<std::size_t, 2> size{image.columns(), image.rows()};
  FitsWriter fits;
  fits.add_image(image.pixels.values(), size);
  const std::string cards = image.wcs ? image.wcs->header() : std::string();
  for (std::size_t at = 0; at + FitsHeader::card_bytes <= cards.size(); at += FitsHeader::card_bytes) {
    fits.card(cards.substr(at, FitsHeader::card_bytes));
  }
  write_cards(fits, image);  // which know better what WCSLIB says, too
  write_provenance(fits, provenance);
  if (!image.variance.empty()) {
    fits.add_image(image.variance.values(), size);
    fits.key("EXTNAME", std::string("UNCERT"), "");
    fits.key("UTYPE", std::string("VarianceUncertainty"), "");
    fits.key("BUNIT", image.unit + "2", "");
  }
  if (!image.mask.empty()) {
    fits.add_image(image.mask.values(), size);
    fits.key("EXTNAME", std::string("MASK"), "");
    write_mask_bits(fits);
  }
  write_whole(path, fits.finish());
}

}  // namespace astro::files
