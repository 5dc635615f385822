// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string>

#include "arrays.hpp"
#include "astro/imaging/image.hpp"
#include "common.hpp"

namespace astro_python {

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

/// A plane as an array that owns it.
template <class T>
py::array array_of(astro::imaging::Plane<T> plane) {
  const std::array<std::size_t, 2> shape{plane.rows(), plane.columns()};
  const T* data = plane.data();
  return view(data, *astro::detail::dtype_of<T>(), shape, keep(std::move(plane)), true);
}

void bind_imaging(py::module_& module);
// The parts of astro.imaging.
void bind_wcs(py::module_& room);
void bind_image(py::module_& room);
void bind_geometry(py::module_& room);

}  // namespace astro_python
