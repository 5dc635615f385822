// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/cube.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "files/fail.hpp"
#include "files/fits_file.hpp"
#include "files/fits_pixels.hpp"
#include "files/fits_writer.hpp"
#include "files/software.hpp"

namespace astro::files {
namespace {

constexpr std::size_t most_pixels = std::size_t{1} << 31;

bool is_image(const FitsUnit& unit) {
  const std::string kind = unit.header.text("XTENSION");
  return (kind.empty() || kind == "IMAGE") && !unit.shape.empty() && unit.bytes > 0;
}

const FitsUnit& chosen(const FitsFile& file, int number) {
  const auto& units = file.units();
  if (number >= 0) {
    const auto index = static_cast<std::size_t>(number);
    if (index < units.size() && is_image(units[index])) return units[index];
    fail(file.path(), "unit " + std::to_string(number) + " of " + std::to_string(units.size()), "it is no image");
  }
  for (const FitsUnit& unit : units) {
    if (unit.header.has("ZIMAGE")) fail(file.path(), "card ZIMAGE", "its image is compressed; undo that with funpack");
    if (is_image(unit)) return unit;
  }
  fail(file.path(), "none of its " + std::to_string(units.size()) + " units is an image");
}

std::vector<float> read_pixels(FitsFile& file, const FitsUnit& unit) {
  const FitsNumbers how = numbers_of(unit.header);
  std::uint64_t count = 1;
  for (const std::uint64_t length : unit.shape) count *= length;  // no more than the file has bytes
  if (count > most_pixels) fail(file.path(), "its image has " + std::to_string(count) + " pixels, more than 2^31");
  std::vector<float> pixels(static_cast<std::size_t>(count));
  read_numbers<float>(file, unit, how, 0, pixels);
  return pixels;
}

/// PCi_j, or CDi_j with steps of 1, or CROTA2 of the older files.
void read_matrix(const FitsHeader& header, Wcs& wcs) {
  const std::size_t n = wcs.axes.size();
  const auto name = [](const char* start, std::size_t row, std::size_t column) {
    return start + std::to_string(row + 1) + "_" + std::to_string(column + 1);
  };
  bool has_pc = false;
  bool has_cd = false;
  for (std::size_t i = 0; i < n * n; ++i) {
    has_pc = has_pc || header.has(name("PC", i / n, i % n));
    has_cd = has_cd || header.has(name("CD", i / n, i % n));
  }
  if (!has_pc && !has_cd && header.number_or("CROTA2", 0.0) == 0.0) return;
  wcs.matrix.assign(n * n, 0.0);
  for (std::size_t i = 0; i < n * n; ++i) {
    const double otherwise = i / n == i % n && !has_cd ? 1.0 : 0.0;
    wcs.matrix[i] = header.number_or(name(has_cd ? "CD" : "PC", i / n, i % n), otherwise);
  }
  if (has_cd) {
    for (WcsAxis& axis : wcs.axes) axis.step = 1.0;
  } else if (!has_pc && n >= 2) {
    const double angle = header.number("CROTA2") * std::acos(-1.0) / 180.0;
    const double ratio = wcs.axes[1].step / wcs.axes[0].step;
    wcs.matrix[0] = wcs.matrix[n + 1] = std::cos(angle);
    wcs.matrix[1] = -std::sin(angle) * ratio;
    wcs.matrix[n] = std::sin(angle) / ratio;
  }
}

Wcs read_wcs(const FitsHeader& header, std::size_t axes) {
  Wcs wcs;
  for (std::size_t i = 1; i <= axes; ++i) {
    const std::string n = std::to_string(i);
    wcs.axes.push_back({.type = header.text("CTYPE" + n),
                        .unit = header.text("CUNIT" + n),
                        .reference_pixel = header.number_or("CRPIX" + n, 0.0),
                        .reference_value = header.number_or("CRVAL" + n, 0.0),
                        .step = header.number_or("CDELT" + n, 1.0)});
  }
  read_matrix(header, wcs);
  for (std::size_t i = 0; i < axes; ++i) {
    if (wcs.axes[i].step == 0.0) header.refuse("CDELT" + std::to_string(i + 1), "a step that is not zero");
  }
  wcs.frame = header.text("RADESYS");
  wcs.spectral_frame = header.text("SPECSYS");
  wcs.rest_hz = header.number_or(header.has("RESTFRQ") ? "RESTFRQ" : "RESTFREQ", 0.0);
  return wcs;
}

bool is_member(std::string_view name) {
  for (const char* start : {"CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT", "CROTA", "PC", "CD"}) {
    const std::string_view rest = name.substr(std::min(name.size(), std::string_view(start).size()));
    const bool is_number = !rest.empty() && rest.find_first_not_of("0123456789_") == std::string_view::npos;
    if (name.starts_with(start) && is_number) return true;
  }
  for (const char* each : {"RADESYS", "SPECSYS", "RESTFRQ", "RESTFREQ", "BUNIT", "OBJECT", "CREATOR"}) {
    if (name == each) return true;
  }
  return false;
}

void check(const Cube& cube) {
  std::size_t pixels = cube.shape.empty() ? 0 : 1;
  for (const std::size_t length : cube.shape) pixels *= length;
  const std::size_t axes = cube.shape.size();
  const bool fits = pixels > 0 && pixels == cube.pixels.size() && cube.wcs.axes.size() == axes &&
                    (cube.wcs.matrix.empty() || cube.wcs.matrix.size() == axes * axes);
  if (fits) return;
  throw Error(ErrorCode::invalid_argument, "writing an image: " + std::to_string(cube.pixels.size()) + " pixels and " +
                                               std::to_string(cube.wcs.axes.size()) + " axes do not fit a shape of " +
                                               std::to_string(axes) + " lengths that make " + std::to_string(pixels));
}

void write_wcs(FitsWriter& fits, const Wcs& wcs) {
  const std::size_t axes = wcs.axes.size();
  for (std::size_t i = 0; i < axes; ++i) {
    const WcsAxis& axis = wcs.axes[i];
    const std::string n = std::to_string(i + 1);
    fits.key(("CTYPE" + n).c_str(), axis.type, "");
    fits.key(("CUNIT" + n).c_str(), axis.unit, "");
    fits.key(("CRPIX" + n).c_str(), axis.reference_pixel, "");
    fits.key(("CRVAL" + n).c_str(), axis.reference_value, "");
    fits.key(("CDELT" + n).c_str(), axis.step, "");
  }
  for (std::size_t i = 0; i < wcs.matrix.size(); ++i) {
    const std::string name = "PC" + std::to_string(i / axes + 1) + "_" + std::to_string(i % axes + 1);
    fits.key(name.c_str(), wcs.matrix[i], "");
  }
  fits.key("RADESYS", wcs.frame, "");
  fits.key("SPECSYS", wcs.spectral_frame, "");
  if (wcs.rest_hz != 0.0) fits.key("RESTFRQ", wcs.rest_hz, "[Hz] rest frequency of the line");
}

void write_other(FitsWriter& fits, const std::string& name, const Value& value) {
  if (const auto* text = value.get_if<std::string>()) fits.key(name.c_str(), *text, "");
  if (const auto* number = value.get_if<double>()) fits.key(name.c_str(), *number, "");
  if (const auto* whole = value.get_if<std::int64_t>()) fits.key(name.c_str(), static_cast<long long>(*whole), "");
  if (const auto* truth = value.get_if<bool>()) fits.key(name.c_str(), *truth, "");
}

}  // namespace

Cube read_cube(const std::filesystem::path& path, int unit) {
  FitsFile file(path);
  const FitsUnit& image = chosen(file, unit);
  Cube cube;
  cube.shape.assign(image.shape.rbegin(), image.shape.rend());
  cube.wcs = read_wcs(image.header, image.shape.size());
  cube.unit = image.header.text("BUNIT");
  cube.object = image.header.text("OBJECT");
  Map more;
  for (const auto& [name, value] : image.header.others()) {
    if (!is_member(name) && !value.is_null()) more.emplace_back(name, value);
  }
  if (!more.empty()) cube.more = std::move(more);
  cube.pixels = read_pixels(file, image);
  return cube;
}

void write_cube(const std::filesystem::path& path, const Cube& cube) {
  check(cube);
  FitsWriter fits;
  const std::vector<std::size_t> size(cube.shape.rbegin(), cube.shape.rend());
  fits.add_image(cube.pixels, size);
  write_wcs(fits, cube.wcs);
  fits.key("BUNIT", cube.unit, "");
  fits.key("OBJECT", cube.object, "");
  fits.key("CREATOR", software_of({}), "");
  if (const auto* more = cube.more.get_if<Map>()) {
    for (const auto& [name, value] : *more) {
      if (!is_member(name)) write_other(fits, name, value);
    }
  }
  write_whole(path, fits.finish());
}

}  // namespace astro::files
