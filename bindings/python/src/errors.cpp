// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "astro/site.hpp"
#include "common.hpp"
#include "records.hpp"

namespace astro_python {

SharedObject share(py::object object) {
  return {new py::object(std::move(object)), [](const py::object* held) {
            // After the interpreter's end there is nothing to give the reference back to.
            if (!interpreter_is_alive()) return;
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

py::object from_package(const char* module, const char* name) {
  return py::module_::import((std::string("astro.") + module).c_str()).attr(name);
}

astro::Error to_error(py::error_already_set& raised) {
  const py::object value = raised.value();
  std::string place;
  for (py::object frame = raised.trace(); frame && !frame.is_none(); frame = frame.attr("tb_next")) {
    const py::object code = frame.attr("tb_frame").attr("f_code");
    place = py::cast<std::string>(code.attr("co_filename")) + ":" +
            py::cast<std::string>(py::str(frame.attr("tb_lineno"))) + ", in " +
            py::cast<std::string>(code.attr("co_name"));
  }
  if (!place.empty()) place = " (" + place + ")";
  const auto text = py::cast<std::string>(py::str(value));
  if (py::isinstance(value, from_package("errors", "Error"))) {
    return {py::cast<astro::ErrorCode>(value.attr("code")), text + place};
  }
  const auto type = py::cast<std::string>(raised.type().attr("__name__"));
  return {astro::ErrorCode::device_fault, type + (text.empty() ? "" : ": " + text) + place};
}

namespace {

void raise(const astro::Error& error) {
  const py::object type = from_package("errors", "Error");
  const py::object made = type(py::cast(error.code()), error.what());
  PyErr_SetObject(type.ptr(), made.ptr());
}

void raise(const astro::SiteError& error) {
  const py::object type = from_package("errors", "SiteError");
  const py::object made = type(error.what(), py::cast(error.problems()));
  PyErr_SetObject(type.ptr(), made.ptr());
}

}  // namespace

void bind_errors(py::module_& module) {
  make_enum<astro::ErrorCode>(module, "What kind of thing went wrong: a program decides by it.");
  module.def(
      "_is_worth_retrying", [](astro::ErrorCode code) { return astro::Error(code, "").is_worth_retrying(); }, "code"_a);
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const astro::SiteError& error) {
      raise(error);
    } catch (const astro::Error& error) {
      raise(error);
    }
  });
}

}  // namespace astro_python
