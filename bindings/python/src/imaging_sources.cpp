// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/sources.hpp"

#include "imaging.hpp"

namespace astro_python {
namespace {

namespace imaging = astro::imaging;
using imaging::Background;
using imaging::Filter;
using imaging::Image;
using imaging::PixelPosition;
using imaging::Plane;
using imaging::Source;
using imaging::SourceFlag;

void bind_background(py::module_& room) {
  const imaging::BackgroundOptions standard;
  py::class_<Background>(room, "Background", nogil_destructor(), "A smooth background and its noise, by SEP.")
      .def(py::init([](const Image& image, std::size_t box_rows, std::size_t box_columns, std::size_t filter_rows,
                       std::size_t filter_columns, double filter_threshold) {
             return Background(image, {box_rows, box_columns, filter_rows, filter_columns, filter_threshold});
           }),
           "image"_a, py::kw_only(), "box_rows"_a = standard.box_rows, "box_columns"_a = standard.box_columns,
           "filter_rows"_a = standard.filter_rows, "filter_columns"_a = standard.filter_columns,
           "filter_threshold"_a = standard.filter_threshold, nogil(),
           "From boxes of so many pixels, of which a median over neighbours is taken.")
      .def_property_readonly("level", &Background::level, "Of the whole image.")
      .def_property_readonly("rms", &Background::rms, "Typical of the whole image.")
      .def(
          "levels", [](const Background& self) { return array_of(without_gil([&] { return self.levels(); })); },
          "Of each pixel.")
      .def(
          "rms_plane", [](const Background& self) { return array_of(without_gil([&] { return self.rms_plane(); })); },
          "Of each pixel.")
      .def("subtracted", &Background::subtracted, "image"_a, nogil(), "The image less its background.");
}

/// "default", None, or an array.
Filter filter_from(const py::object& object, Filter::Kind kind) {
  Filter filter;
  if (py::isinstance<py::str>(object)) {
    if (py::cast<std::string>(object) != "default")
      throw py::value_error("filter: expected \"default\", None or an array");
    filter = imaging::default_filter();
  } else if (!object.is_none()) {
    filter.kernel = plane_from<float>(object, "filter");
  }
  filter.kind = kind;
  return filter;
}

void bind_extraction(py::module_& room) {
  const imaging::ExtractOptions standard;
  room.def(
      "extracted",
      [](const Image& image, double threshold, double noise, std::size_t least_pixels, const py::object& filter,
         Filter::Kind filter_kind, int deblend_levels, double deblend_contrast, bool cleans, double clean_parameter) {
        const imaging::ExtractOptions options{
            threshold,        noise,  least_pixels,   filter_from(filter, filter_kind), deblend_levels,
            deblend_contrast, cleans, clean_parameter};
        const std::vector<Source> sources = without_gil([&] { return imaging::extracted(image, options); });
        return structured(std::span<const Source>(sources));
      },
      "image"_a, "threshold"_a = standard.threshold, py::kw_only(), "noise"_a = standard.noise,
      "least_pixels"_a = standard.least_pixels, "filter"_a = "default", "filter_kind"_a = Filter::Kind::matched,
      "deblend_levels"_a = standard.deblend_levels, "deblend_contrast"_a = standard.deblend_contrast,
      "cleans"_a = standard.cleans, "clean_parameter"_a = standard.clean_parameter,
      R"(Sources as SEP finds and measures them: a structured array, see `to_table` for its columns.

The background must have been subtracted. threshold: in standard deviations, of each pixel's variance or `noise`; with
neither it is in counts; filter: "default", None or an array with odd sides.)");
  room.def(
      "to_table",
      [](const py::array& rows) {
        // The same name means something else in another array: what the one with these columns says of it.
        py::dict says;
        const py::object names = rows.dtype().attr("names");
        const auto add = [&](const astro::Schema& schema) {
          py::dict found;
          for (const astro::Field& field : schema.fields) {
            found[py::str(field.name)] = py::make_tuple(field.says, field.type == astro::FieldType::angle ? "rad" : "");
          }
          const bool is_of_it = !names.is_none() && std::ranges::all_of(py::tuple(names), [&](py::handle name) {
            return found.contains(name);
          });
          if (is_of_it) says = found;
        };
        add(astro::schema_of<imaging::KronFlux>());
        add(astro::schema_of<imaging::Aperture>());
        add(astro::schema_of<Source>());
        return from_package("interop", "table")(rows, says);
      },
      "rows"_a, "An astropy Table of such an array, with units and a description of each column.");
}

std::vector<double> column_of(const py::array& rows, const char* name) {
  return numbers_from<double>(py::object(rows[py::str(name)]));
}

/// What photometry needs of sources.
std::vector<Source> sources_from(const py::array& rows) {
  const std::vector<double> x = column_of(rows, "x");
  const std::vector<double> y = column_of(rows, "y");
  const std::vector<double> a = column_of(rows, "a");
  const std::vector<double> b = column_of(rows, "b");
  const std::vector<double> theta = column_of(rows, "theta");
  std::vector<Source> sources(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    sources[i].x = x[i];
    sources[i].y = y[i];
    sources[i].a = a[i];
    sources[i].b = b[i];
    sources[i].theta = astro::radians(theta[i]);
  }
  return sources;
}

void bind_photometry(py::module_& room) {
  room.def(
      "aperture_fluxes",
      [](const Image& image, const py::object& x, const py::object& y, double radius) {
        const std::vector<PixelPosition> places = places_from(x, y);
        const auto made = without_gil([&] { return imaging::aperture_fluxes(image, places, radius); });
        return structured(std::span<const imaging::Aperture>(made));
      },
      "image"_a, "x"_a, "y"_a, "radius"_a, R"(The sum within a radius in pixels about each place: a structured array.

x, y: places in pixels, as many of each. Columns: flux and error in the unit of the image (error 0 without a variance), area
in pixels, flags (SourceFlag). Unusable pixels are taken to have the mean of the others. Raises an Error for places that are
not finite.)");
  const imaging::KronOptions standard;
  room.def(
      "kron_fluxes",
      [](const Image& image, const py::object& sources, double factor, double least_radius) {
        const std::vector<Source> places = sources_from(py::module_::import("numpy").attr("asarray")(sources));
        const auto made = without_gil([&] { return imaging::kron_fluxes(image, places, {factor, least_radius}); });
        return structured(std::span<const imaging::KronFlux>(made));
      },
      "image"_a, "sources"_a, py::kw_only(), "factor"_a = standard.factor, "least_radius"_a = standard.least_radius,
      R"(All light of extended sources, in `factor` Kron radii (Kron 1980, ApJS 43, 305): a structured array.

sources: what `extracted` gives, or a Table of it. Columns: radius (of Kron, in units of a and b), flux, error (in the unit
of the image), half_light_radius (pixels), flags. Ellipses below least_radius (pixels) are summed in a circle of it.)");
}

}  // namespace

void bind_sources(py::module_& room) {
  make_enum<Filter::Kind>(room, "How the filter takes noise that differs: matched, convolution.");
  make_flags(room, "SourceFlag",
             {{"blended", static_cast<unsigned>(SourceFlag::blended)},
              {"at_edge", static_cast<unsigned>(SourceFlag::at_edge)},
              {"singular", static_cast<unsigned>(SourceFlag::singular)},
              {"aperture_cut", static_cast<unsigned>(SourceFlag::aperture_cut)},
              {"has_masked", static_cast<unsigned>(SourceFlag::has_masked)},
              {"all_masked", static_cast<unsigned>(SourceFlag::all_masked)},
              {"not_positive", static_cast<unsigned>(SourceFlag::not_positive)}},
             "Bits of a source's or an aperture's flags.");
  bind_background(room);
  bind_extraction(room);
  bind_photometry(room);
}

}  // namespace astro_python
