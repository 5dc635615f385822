// SPDX-License-Identifier: BSD-3-Clause
#include "foreign.hpp"

#include "common.hpp"

namespace astro_python {

bool is_a(py::handle object, std::string_view package, std::string_view class_name) {
  const py::handle ancestors = reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())->tp_mro);
  for (const py::handle ancestor : py::reinterpret_borrow<py::tuple>(ancestors)) {
    if (!class_name.empty() && class_name != reinterpret_cast<PyTypeObject*>(ancestor.ptr())->tp_name &&
        py::cast<std::string>(ancestor.attr("__name__")) != class_name) {
      continue;
    }
    const auto module = py::cast<std::string>(py::str(ancestor.attr("__module__")));
    if (module == package || (module.starts_with(package) && module[package.size()] == '.')) return true;
  }
  return false;
}

bool is_of_package(py::handle object, std::string_view package) { return is_a(object, package, {}); }

bool is_number(py::handle object) {
  if (PyBool_Check(object.ptr())) return false;
  if (PyFloat_Check(object.ptr()) || PyLong_Check(object.ptr())) return true;
  return is_a(object, "numpy", "number");
}

double quantity_in(py::handle quantity, const char* unit) {
  return py::cast<double>(py::float_(py::reinterpret_borrow<py::object>(quantity).attr("to_value")(unit)));
}

void throw_needs_unit(const char* what, const char* example) {
  throw py::type_error(std::string(what) + " needs its unit: write " + example + ", not a bare number");
}

}  // namespace astro_python
