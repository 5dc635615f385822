// SPDX-License-Identifier: BSD-3-Clause
#include "foreign.hpp"
#include "sky.hpp"

namespace astro_python {

namespace {

bool is_sequence(py::handle object) { return py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object); }

bool is_array(py::handle object) { return is_a(object, "numpy", "ndarray") && py::cast<int>(object.attr("ndim")) > 0; }

bool is_many(py::handle astropy_object) { return !py::cast<bool>(astropy_object.attr("isscalar")); }

py::array_t<double, py::array::c_style> stacked(const py::object& first, const py::object& second) {
  const py::module_ numpy = py::module_::import("numpy");
  const py::object both = numpy.attr("stack")(numpy.attr("broadcast_arrays")(first, second), "axis"_a = -1);
  return py::array_t<double, py::array::c_style | py::array::forcecast>(both);
}

}  // namespace

bool times_from(py::handle object, Times& times) {
  py::object array;
  if (is_array(object) && py::cast<std::string>(object.attr("dtype").attr("kind")) == "M") {
    array = py::reinterpret_borrow<py::object>(object);
  } else if (is_a(object, "astropy", "Time") && is_many(object)) {
    array = object.attr("utc").attr("datetime64");
  } else if (is_sequence(object)) {
    std::vector<std::int64_t> counts;
    for (const py::handle each : object) {
      const auto time = py::isinstance<astro::Time>(each) ? py::cast<astro::Time>(each) : time_from(each);
      if (!time) return false;
      counts.push_back(time->time_since_epoch().count());
    }
    times.held = py::array_t<std::int64_t>(static_cast<py::ssize_t>(counts.size()), counts.data());
    return true;
  } else {
    return false;
  }
  const py::object numpy = py::module_::import("numpy");
  if (py::cast<bool>(numpy.attr("isnat")(array).attr("any")())) {
    throw astro::Error(astro::ErrorCode::invalid_argument, "reading an array of times: NaT is no instant");
  }
  // A view where it is in nanoseconds already.
  const py::object counts = numpy.attr("ascontiguousarray")(array.attr("astype")("datetime64[ns]", "copy"_a = false));
  times.held = counts.attr("view")("int64");
  return true;
}

bool pairs_from(py::handle object, Pairs& pairs) {
  if (is_a(object, "astropy", "SkyCoord") && is_many(object)) {
    const bool horizontal = py::cast<std::string>(object.attr("frame").attr("name")) == "altaz";
    const py::object in_frame = horizontal ? py::reinterpret_borrow<py::object>(object) : object.attr("icrs");
    pairs.held = stacked(in_frame.attr(horizontal ? "az" : "ra").attr("radian"),
                         in_frame.attr(horizontal ? "alt" : "dec").attr("radian"));
    return true;
  }
  if (is_sequence(object) && py::len(object) == 2) {
    const py::sequence both = py::reinterpret_borrow<py::sequence>(object);
    if (!is_array(both[0]) && !is_array(both[1])) return false;
    pairs.held = stacked(both[0], both[1]);
    return true;
  }
  if (!is_array(object) || py::cast<std::string>(object.attr("dtype").attr("kind")) != "f") return false;
  const py::array_t<double, py::array::c_style | py::array::forcecast> array(
      py::reinterpret_borrow<py::object>(object));
  if (array.ndim() != 2 || array.shape(1) != 2) {
    throw py::type_error("directions are an array of radians with a shape of (n, 2), or two arrays in a tuple");
  }
  pairs.held = array;
  return true;
}

py::object PairsMade::as(const char* name) const {
  const py::object first = array_[py::make_tuple(py::ellipsis(), 0)];
  const py::object second = array_[py::make_tuple(py::ellipsis(), 1)];
  return py::module_::import("astro._astro").attr("sky").attr(name)(first, second);
}

}  // namespace astro_python
