// SPDX-License-Identifier: BSD-3-Clause
#include "astro/value.hpp"

#include <cstring>

#include "arrays.hpp"
#include "common.hpp"
#include "foreign.hpp"
#include "records.hpp"

namespace astro_python {
namespace {

using astro::Value;

Value number_from(py::handle object) {
  if (PyLong_Check(object.ptr()) || is_a(object, "numpy", "integer")) {
    return py::cast<std::int64_t>(py::int_(py::reinterpret_borrow<py::object>(object)));
  }
  return py::cast<double>(py::float_(py::reinterpret_borrow<py::object>(object)));
}

astro::Bytes bytes_from(py::handle object) {
  const auto text = py::reinterpret_borrow<py::object>(object);
  const std::string_view content(py::reinterpret_borrow<py::bytes>(text));
  astro::Bytes made(content.size());
  if (!made.empty()) std::memcpy(made.data(), content.data(), content.size());
  return made;
}

Value map_from(py::handle object) {
  astro::Map map;
  for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
    map.emplace_back(py::cast<std::string>(key), value_from(value));
  }
  return map;
}

Value list_from(py::handle object) {
  astro::List list;
  for (const py::handle element : object) list.push_back(value_from(element));
  return list;
}

struct ToPython {
  py::object operator()(std::monostate) const { return py::none(); }
  py::object operator()(bool value) const { return py::bool_(value); }
  py::object operator()(std::int64_t value) const { return py::int_(value); }
  py::object operator()(double value) const { return py::float_(value); }
  py::object operator()(const std::string& value) const { return py::str(value); }
  py::object operator()(astro::Time value) const { return py::cast(value); }
  py::object operator()(const astro::Bytes& value) const {
    return py::bytes(reinterpret_cast<const char*>(value.data()), value.size());
  }
  py::object operator()(const astro::Array& value) const {
    auto* kept = new astro::Array(value);
    const py::capsule owner(kept, [](void* pointer) { delete static_cast<astro::Array*>(pointer); });
    return view(kept->bytes.data(), kept->dtype, kept->shape, owner, true);
  }
  py::object operator()(const astro::List& value) const {
    py::list list;
    for (const Value& element : value) list.append(value_to_python(element));
    return list;
  }
  py::object operator()(const astro::Map& value) const {
    py::dict map;
    for (const auto& [key, element] : value) map[py::str(key)] = value_to_python(element);
    return map;
  }
};

}  // namespace

py::object value_to_python(const Value& value) { return std::visit(ToPython(), value.data()); }

Value value_from(py::handle object) {
  if (object.is_none()) return {};
  if (PyBool_Check(object.ptr())) return py::cast<bool>(object);
  if (is_number(object)) return number_from(object);
  if (PyUnicode_Check(object.ptr())) return py::cast<std::string>(object);
  if (PyBytes_Check(object.ptr())) return bytes_from(object);
  if (PyDict_Check(object.ptr())) return map_from(object);
  if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr())) return list_from(object);
  if (py::isinstance<astro::Angle>(object)) return py::cast<astro::Angle>(object).degrees();
  if (py::isinstance<astro::Frequency>(object)) return py::cast<astro::Frequency>(object).hertz();
  if (py::isinstance<astro::Time>(object)) return py::cast<astro::Time>(object);
  if (const RecordType* type = record_type_of(object)) return type->to_map(object);
  if (is_a(object, "numpy", "bool")) return py::cast<bool>(py::bool_(py::reinterpret_borrow<py::object>(object)));
  if (is_a(object, "numpy", "ndarray")) return array_from(object);
  if (const auto time = time_from(object)) return *time;
  throw py::type_error("a " + py::cast<std::string>(py::type::of(object).attr("__name__")) +
                       " is no value that a record or command can have");
}

}  // namespace astro_python
