// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/numpy.h>

#include <span>

#include "astro/sky/observer.hpp"
#include "common.hpp"

/// Many times and many directions as numpy arrays, taken without a copy where they are contiguous.
namespace astro_python {

/// datetime64[ns] as times; an astropy Time with many instants and a list of times are converted.
struct Times {
  py::array_t<std::int64_t, py::array::c_style> held;

  std::span<const astro::Time> span() const {
    static_assert(sizeof(astro::Time) == sizeof(std::int64_t));
    return {reinterpret_cast<const astro::Time*>(held.data()), static_cast<std::size_t>(held.size())};
  }
};
bool times_from(py::handle object, Times& times);

/// Pairs of angles in radians, an array of (n, 2): right ascension and declination, or azimuth and
/// altitude. Two arrays of n in a tuple and a SkyCoord with many directions are converted.
struct Pairs {
  py::array_t<double, py::array::c_style> held;

  template <class T>
  std::span<const T> span() const {
    static_assert(sizeof(T) == 2 * sizeof(double));
    return {reinterpret_cast<const T*>(held.data()), static_cast<std::size_t>(held.shape(0))};
  }
};
bool pairs_from(py::handle object, Pairs& pairs);

/// Room for n pairs of angles, and what Python gets: a named tuple of two views of it.
class PairsMade {
 public:
  explicit PairsMade(std::size_t count) : array_({static_cast<py::ssize_t>(count), py::ssize_t{2}}) {}
  template <class T>
  std::span<T> span() {
    return {reinterpret_cast<T*>(array_.mutable_data()), static_cast<std::size_t>(array_.shape(0))};
  }
  /// `name`: AltAzArray or IcrsArray.
  py::object as(const char* name) const;

 private:
  py::array_t<double> array_;
};

void bind_observer(py::module_& room);
void bind_events(py::module_& room);
void bind_mount_model(py::module_& room);

}  // namespace astro_python

namespace pybind11::detail {

template <>
class type_caster<astro_python::Times> {
 public:
  PYBIND11_TYPE_CASTER(astro_python::Times, const_name("numpy.ndarray"));
  bool load(handle source, bool) { return astro_python::times_from(source, value); }
};

template <>
class type_caster<astro_python::Pairs> {
 public:
  PYBIND11_TYPE_CASTER(astro_python::Pairs, const_name("numpy.ndarray"));
  bool load(handle source, bool) { return astro_python::pairs_from(source, value); }
};

}  // namespace pybind11::detail
