// SPDX-License-Identifier: BSD-3-Clause
#include "astro/axes.hpp"
#include "common.hpp"
#include "enums.hpp"

namespace astro_python {

using astro::Axes, astro::AxisRange, astro::AxisRates;

namespace {

/// A pair of two angles: range, rates, axes.
template <class T, astro::Angle T::*first, astro::Angle T::*second>
void bind_pair(py::module_& module, const char* name, const char* first_name, const char* second_name,
               const char* doc) {
  py::class_<T>(module, name, doc)
      .def(py::init([](astro::Angle a, astro::Angle b) {
             return T{a, b};
           }),
           py::arg(first_name), py::arg(second_name))
      .def_readonly(first_name, first)
      .def_readonly(second_name, second)
      .def(
          "__eq__", [](const T& self, const T& other) { return self == other; }, py::is_operator())
      .def("__iter__", [](const T& self) { return py::iter(py::make_tuple(self.*first, self.*second)); })
      .def("__repr__", [=](const T& self) {
        return py::str("{}({}={!r}, {}={!r})").format(name, first_name, self.*first, second_name, self.*second);
      });
}

}  // namespace

void bind_axes(py::module_& module) {
  make_enum<astro::Geometry>(module, "Which sky angles a mount's two axes follow.");
  bind_pair<AxisRange, &AxisRange::from, &AxisRange::to>(module, "AxisRange", "start", "end",
                                                         "What an axis can reach, both ends included.");
  bind_pair<AxisRates, &AxisRates::first, &AxisRates::second>(module, "AxisRates", "first", "second",
                                                              "Angular speeds of the two axes, per second.");
  bind_pair<Axes, &Axes::first, &Axes::second>(
      module, "Axes", "first", "second", "Positions of the two mechanical axes, unwrapped: 450 degrees is not 90.");
}

}  // namespace astro_python
