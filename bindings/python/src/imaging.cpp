// SPDX-License-Identifier: BSD-3-Clause
#include "imaging.hpp"

#include <cstring>

namespace astro_python {

py::array structured(const astro::Schema& schema, std::span<const astro::Member> members, std::size_t count,
                     std::size_t bytes_each, const void* first) {
  py::list columns;
  for (const astro::Field& field : schema.fields) {
    columns.append(py::make_tuple(field.name, field.type == astro::FieldType::integer ? "i8" : "f8"));
  }
  const py::module_ numpy = py::module_::import("numpy");
  py::array made = numpy.attr("zeros")(count, "dtype"_a = columns);
  auto* at = static_cast<char*>(made.mutable_data());
  for (std::size_t row = 0; row < count; ++row) {
    const void* record = static_cast<const char*>(first) + row * bytes_each;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const astro::Cell cell = members[i].cell(record);
      const bool is_angle = schema.fields[i].type == astro::FieldType::angle;
      static_assert(sizeof(std::int64_t) == sizeof(double));
      if (const auto* whole = std::get_if<std::int64_t>(&cell)) std::memcpy(at, whole, sizeof(*whole));
      if (const auto* given = std::get_if<double>(&cell)) {
        const double number = is_angle ? astro::degrees(*given).radians() : *given;
        std::memcpy(at, &number, sizeof(number));
      }
      at += sizeof(double);
    }
  }
  return made;
}

std::vector<astro::imaging::PixelPosition> places_from(const py::object& x, const py::object& y) {
  const std::vector<double> columns = numbers_from<double>(x);
  const std::vector<double> rows = numbers_from<double>(y);
  if (columns.size() != rows.size()) throw py::value_error("there are not as many x as y");
  std::vector<astro::imaging::PixelPosition> places;
  places.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) places.push_back({columns[i], rows[i]});
  return places;
}

void make_flags(py::module_& room, const char* name, const std::vector<std::pair<const char*, unsigned>>& values,
                const char* doc) {
  py::list members;
  for (const auto& [member, value] : values) members.append(py::make_tuple(member, value));
  const py::object type = py::module_::import("enum").attr("IntFlag")(name, members, "module"_a = "astro.imaging");
  type.attr("__doc__") = doc;
  room.attr(name) = type;
}

void bind_imaging(py::module_& module) {
  py::module_ room =
      module.def_submodule("imaging", "Images of the sky: calibration, where they lie, sources, what has changed.");
  bind_wcs(room);
  bind_image(room);
  bind_geometry(room);
  bind_calibration(room);
  bind_sources(room);
  bind_subtraction(room);
  bind_classifier(room);
  bind_difference(room);
}

}  // namespace astro_python
