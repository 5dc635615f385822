// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <memory>
#include <string>

#include "astro/error.hpp"
#include "casters.hpp"

/// What all rooms of the Python module share.
///
/// The GIL. A call that enters libastro may wait for a lock that a host holds while a driver written
/// in Python asks for the GIL, so every such call releases the GIL first (`nogil`), destructors
/// included (`nogil_destructor`). Only what computes on values alone keeps it.
namespace astro_python {

namespace py = pybind11;
using namespace pybind11::literals;

using nogil = py::call_guard<py::gil_scoped_release>;
using nogil_destructor = py::release_gil_before_calling_cpp_dtor;

/// The same for what reads a property.
template <class Getter>
py::cpp_function released(Getter getter) {
  return py::cpp_function(getter, nogil());
}

void bind_errors(py::module_& module);
void bind_values(py::module_& module);
void bind_time(py::module_& module);
void bind_axes(py::module_& module);
void bind_coordinates(py::module_& module);
void bind_fields(py::module_& module);
void bind_records(py::module_& module);
void bind_blocks(py::module_& module);
void bind_sky(py::module_& module);
void bind_signal(py::module_& module);
void bind_files(py::module_& module);
void bind_log(py::module_& module);
void bind_registry(py::module_& module);
void bind_drivers(py::module_& module);
void bind_site(py::module_& module);
void bind_handles(py::module_& module);
void bind_observatory(py::module_& module);
void bind_store(py::module_& module);
void bind_observing(py::module_& module);
void bind_queue(py::module_& module);
void bind_safety(py::module_& module);
void bind_messaging(py::module_& module);
void bind_telemetry(py::module_& module);

/// A Python object that C++ threads may hold, copy and let go without the GIL.
using SharedObject = std::shared_ptr<const py::object>;
SharedObject share(py::object object);

/// Whether the interpreter still takes calls from other threads.
bool interpreter_is_alive() noexcept;

/// The Python exception as libastro's error; call it with the GIL. Its message is the last line of
/// the traceback and where it was raised.
astro::Error to_error(py::error_already_set& raised);

/// Calls the function of one of the package's Python modules: `from_package("plot", "spectrum")`.
py::object from_package(const char* module, const char* name);

}  // namespace astro_python
