// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "astro/imaging/calibration.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/sources.hpp"
#include "common.hpp"

namespace astro_python {

/// An array of two axes or a CCDData of astropy as an image; nothing for something else.
std::optional<astro::imaging::Image> image_from(py::handle object);

/// A WCS of astropy; nothing for something else.
std::optional<astro::imaging::Wcs> wcs_from(py::handle object);

/// Works without the GIL; what it makes becomes a Python object with it.
template <class Work>
auto without_gil(Work work) {
  const py::gil_scoped_release release;
  return work();
}

/// Of as many x as y.
std::vector<astro::imaging::PixelPosition> places_from(const py::object& x, const py::object& y);

/// Numbers of an array of two axes.
template <class T>
astro::imaging::Plane<T> plane_from(const py::object& object, const char* name) {
  const py::array_t<T, py::array::c_style | py::array::forcecast> array(object);
  if (array.ndim() != 2)
    throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) + " axes, expected 2");
  astro::imaging::Plane<T> plane(static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1)));
  std::copy_n(array.data(), plane.size(), plane.data());
  return plane;
}

/// A mask of truths says nothing of reasons: those are `truth`. Other numbers are bits of `Flag`: what is more than
/// those would be lost.
astro::imaging::Plane<std::uint16_t> mask_from(const py::object& object, const char* name,
                                               astro::imaging::Flag truth = astro::imaging::Flag::user);

/// A plane as an array that owns it.
template <class T>
py::array array_of(astro::imaging::Plane<T> plane) {
  const std::array<std::size_t, 2> shape{plane.rows(), plane.columns()};
  const T* data = plane.data();
  return view(data, *astro::detail::dtype_of<T>(), shape, keep(std::move(plane)), true);
}

/// Described structs as a structured array with a column for each field: whole numbers as int64, all else as float64,
/// angles in radians.
py::array structured(const astro::Schema& schema, std::span<const astro::Member> members, std::size_t count,
                     std::size_t bytes_each, const void* first);
template <astro::Record T>
py::array structured(std::span<const T> rows) {
  return structured(astro::schema_of<T>(), astro::detail::members_of<T>(), rows.size(), sizeof(T), rows.data());
}

/// A class of flags that can be added, as enum.IntFlag makes it.
void make_flags(py::module_& room, const char* name, const std::vector<std::pair<const char*, unsigned>>& values,
                const char* doc);

void bind_imaging(py::module_& module);
// The parts of astro.imaging.
void bind_wcs(py::module_& room);
void bind_image(py::module_& room);
void bind_geometry(py::module_& room);
void bind_calibration(py::module_& room);
void bind_sources(py::module_& room);
void bind_subtraction(py::module_& room);
void bind_classifier(py::module_& room);
void bind_difference(py::module_& room);

template <>
struct EnumNames<astro::imaging::Combine> {
  static constexpr const char* name = "Combine";
  static constexpr auto values = std::to_array<const char*>({"mean", "median"});
};
template <>
struct EnumNames<astro::imaging::Clip> {
  static constexpr const char* name = "Clip";
  static constexpr auto values = std::to_array<const char*>({"none", "mean", "median"});
};
template <>
struct EnumNames<astro::imaging::Filter::Kind> {
  static constexpr const char* name = "FilterKind";
  static constexpr auto values = std::to_array<const char*>({"matched", "convolution"});
};

}  // namespace astro_python

namespace pybind11::detail {

template <>
class type_caster<astro::imaging::Wcs> : public astro_python::Converting<astro::imaging::Wcs, astro_python::wcs_from> {
};

template <>
class type_caster<astro::imaging::Image>
    : public astro_python::Converting<astro::imaging::Image, astro_python::image_from> {
 public:
  /// None is no image, where one may be left out.
  bool load(handle source, bool implicit) {
    if (!source.is_none()) return Converting::load(source, implicit);
    value = nullptr;
    return implicit;
  }
};

}  // namespace pybind11::detail
