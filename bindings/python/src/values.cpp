// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/operators.h>

#include <cstdio>

#include "astro/error.hpp"
#include "common.hpp"
#include "foreign.hpp"

namespace astro_python {
namespace {

using astro::Angle;
using astro::Frequency;

std::string shortest(double value) { return py::cast<std::string>(py::str("{:.15g}").format(value)); }

/// A list or an array of numbers: `degrees(array)` is a float64 array of radians.
bool is_array(py::handle object) { return py::hasattr(object, "__array__") && py::cast<int>(object.attr("ndim")) > 0; }

py::object angle_or_array(py::handle value, Angle (*unit)(double)) {
  if (is_array(value)) {
    return py::module_::import("numpy").attr("asarray")(value, "dtype"_a = "float64") * py::float_(unit(1.0).radians());
  }
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "making an angle of " + py::repr(value).cast<std::string>() +
                           ": expected a number or an array of numbers; text with a unit is read by Angle(\"30 deg\")");
  }
  return py::cast(unit(number));
}

template <class T>
void bind_quantity(py::class_<T>& type) {
  type.def(py::self == py::self)
      .def(py::self < py::self)
      .def(py::self <= py::self)
      .def(py::self > py::self)
      .def(py::self >= py::self)
      .def(-py::self)
      .def(py::self + py::self)
      .def(py::self - py::self)
      .def(py::self * double())
      .def(double() * py::self)
      .def(py::self / double())
      .def(py::self / py::self)
      .def("__copy__", [](T self) { return self; })
      .def(
          "__deepcopy__", [](T self, const py::object&) { return self; }, "memo"_a)
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "to_astropy")(self); },
          "The same as an astropy Quantity.");
}

void bind_angle(py::module_& module) {
  py::class_<Angle> type(module, "Angle", R"(An angle, or a difference of two: made and read by unit.

Made by degrees(), radians(), hours(), arcminutes(), arcseconds(), from text with a unit ("41d16m09s") or from
an astropy Quantity. It never normalises by itself: 450 degrees of azimuth stay 450 degrees.)");
  type.def(py::init([](Angle value) { return value; }), "value"_a, "From an Angle, text with a unit or a Quantity.")
      .def(py::init<>(), "Zero.")
      .def_property_readonly("radians", &Angle::radians)
      .def_property_readonly("degrees", &Angle::degrees)
      .def_property_readonly("hours", &Angle::hours)
      .def_property_readonly("arcminutes", &Angle::arcminutes)
      .def_property_readonly("arcseconds", &Angle::arcseconds)
      .def("wrapped", &Angle::wrapped, "The same direction in [0, 360) degrees.")
      .def("wrapped_signed", &Angle::wrapped_signed, "The same direction in [-180, 180) degrees: the short way round.")
      .def("__abs__", &Angle::abs)
      .def("__hash__", [](Angle self) { return py::hash(py::float_(self.radians())); })
      .def("__repr__", [](Angle self) { return "degrees(" + shortest(self.degrees()) + ")"; })
      .def(py::pickle([](Angle self) { return self.radians(); }, [](double value) { return astro::radians(value); }));
  bind_quantity(type);
  const auto factory = [&](const char* name, Angle (*unit)(double), const char* doc) {
    module.def(
        name, [unit](const py::object& value) { return angle_or_array(value, unit); }, "value"_a, doc);
  };
  factory(
      "degrees", [](double v) { return astro::degrees(v); },
      "An Angle from degrees; of an array, a float64 array of radians.");
  factory(
      "radians", [](double v) { return astro::radians(v); },
      "An Angle from radians; of an array, a float64 array of radians.");
  factory(
      "hours", [](double v) { return astro::hours(v); },
      "An Angle from hours (15 deg); of an array, a float64 array of radians.");
  factory(
      "arcminutes", [](double v) { return astro::arcminutes(v); }, "An Angle from minutes of arc.");
  factory(
      "arcseconds", [](double v) { return astro::arcseconds(v); }, "An Angle from seconds of arc.");
}

void bind_frequency(py::module_& module) {
  py::class_<Frequency> type(module, "Frequency", "A frequency, a bandwidth or a sample rate: made and read by unit.");
  type.def(py::init([](Frequency value) { return value; }), "value"_a,
           "From a Frequency, text with a unit or a Quantity.")
      .def(py::init<>(), "Zero.")
      .def_property_readonly("hertz", &Frequency::hertz)
      .def_property_readonly("kilohertz", &Frequency::kilohertz)
      .def_property_readonly("megahertz", &Frequency::megahertz)
      .def_property_readonly("gigahertz", &Frequency::gigahertz)
      .def("__hash__", [](Frequency self) { return py::hash(py::float_(self.hertz())); })
      .def("__repr__", [](Frequency self) { return "hertz(" + shortest(self.hertz()) + ")"; })
      .def(py::pickle([](Frequency self) { return self.hertz(); }, [](double value) { return astro::hertz(value); }));
  bind_quantity(type);
  module.def("hertz", &astro::hertz, "value"_a);
  module.def("kilohertz", &astro::kilohertz, "value"_a);
  module.def("megahertz", &astro::megahertz, "value"_a);
  module.def("gigahertz", &astro::gigahertz, "value"_a);
  module.attr("hydrogen_line") = astro::hydrogen_line;
  module.attr("water_line") = astro::water_line;
  module.def(
      "line_of_band", &astro::line_of_band, "centre"_a,
      "Rest frequency of the line that a band is meant for: hydrogen, one of OH's or water, the nearest within 2 %; "
      "else hydrogen's.");
}

}  // namespace

void bind_values(py::module_& module) {
  bind_angle(module);
  bind_frequency(module);
}

}  // namespace astro_python
