// SPDX-License-Identifier: BSD-3-Clause
#include "enums.hpp"

#include <map>

#include "astro/field.hpp"
#include "common.hpp"

namespace astro_python {
namespace {

/// Enumerations live as long as the process: what is never destroyed needs no interpreter.
struct Known {
  py::handle type;
  std::vector<std::string> values;
};
std::map<std::string, Known, std::less<>>& known() {
  static auto* enums = new std::map<std::string, Known, std::less<>>;
  return *enums;
}

}  // namespace

void make_enum(py::module_& module, const char* name, std::span<const char* const> values, const char* doc) {
  const py::module_ library = py::module_::import("enum");
  py::list members;
  const py::object is_keyword = py::module_::import("keyword").attr("iskeyword");
  for (const char* value : values) {  // Compare.from_ is "from"
    members.append(py::make_tuple(py::cast<bool>(is_keyword(value)) ? std::string(value) + "_" : value, value));
  }
  py::object type =
      library.attr("Enum")(name, members, "type"_a = py::type::of(py::str("")), "module"_a = "astro._astro");
  type.attr("__doc__") = doc;
  // As StrEnum of later Pythons: prints as its text.
  type.attr("__str__") = py::type::of(py::str("")).attr("__str__");
  type.attr("__repr__") =
      py::cpp_function([name](const py::object& self) { return py::str("{}.{}").format(name, self.attr("value")); },
                       py::is_method(type));
  module.attr(name) = type;
  known()[name] = {type.release(), {values.begin(), values.end()}};
}

py::object enum_value(const char* name, std::string_view value) {
  const auto found = known().find(name);
  return found == known().end() ? py::object(py::str(value)) : found->second.type(py::str(value));
}

py::object enum_value(std::span<const std::string> choices, const std::string& value) {
  for (const auto& [name, each] : known()) {
    if (std::ranges::equal(each.values, choices)) return each.type(py::str(value));
  }
  return py::str(value);
}

std::size_t enum_index(const char* name, std::span<const char* const> values, py::handle object) {
  const auto text = py::cast<std::string>(object);
  std::vector<std::string> names(values.begin(), values.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return i;
  }
  std::string message = "\"" + text + "\" is no " + name + "; expected one of";
  for (const std::string& each : names) message += (&each == names.data() ? " " : ", ") + each;
  if (const std::string near = astro::nearest(text, names); !near.empty()) message += "; did you mean " + near + "?";
  throw astro::Error(astro::ErrorCode::invalid_argument, message);
}

}  // namespace astro_python
