// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "astro/record.hpp"
#include "astro/store_handle.hpp"
#include "common.hpp"

/// Described structs in Python. Nothing here names a field: a class's attributes, their checks and
/// their documentation come from the struct's description, so that a member that is added in C++ is
/// there in Python.
namespace astro_python {

/// One described struct, at run time.
struct RecordType {
  std::string class_name;
  const astro::Schema* schema;
  py::handle type;  ///< lives as long as the process
  py::object (*from_map)(const astro::Value& canonical);
  astro::Value (*to_map)(py::handle record);
  std::size_t (*insert)(const astro::StoreHandle& store, const py::list& records);
  bool (*replace)(const astro::StoreHandle& store, py::handle record, const std::string& revision_field,
                  std::int64_t expected);
};

std::vector<RecordType>& record_types();
const RecordType* record_type_of(py::handle object);  ///< nullptr when it is no record
const RecordType& record_type_named(py::handle name_or_class);

/// A field's name in Python: a number or duration ends in its unit, `gain_db`, `integration_time_s`.
std::string attribute_name(const astro::Field& field);
/// The canonical value as Python sees it, and back: an Angle, Frequency, Time, seconds, an
/// enumeration, a record, an array. `from_attribute` checks by the field.
py::object to_attribute(const astro::Field& field, const astro::Value& canonical);
astro::Value from_attribute(const astro::Field& field, py::handle object);
/// A map of attributes by their Python names; unknown names are refused with the nearest known one.
astro::Value map_from_attributes(const std::string& what, const std::vector<astro::Field>& fields,
                                 const py::dict& attributes);
py::dict map_to_attributes(const std::vector<astro::Field>& fields, const astro::Value& map);

/// A record that was read from another one remembers it, so that setting an attribute of the part
/// (`request.scan.width = ...`) sets it in the whole, and so do lists and maps (parts.py). The copy of a part belongs
/// to nobody.
py::object part_of(const py::object& whole, const astro::Field& field, py::object value);
void set_in_whole(const py::object& part);
/// Sets what the class describes, and refuses other names with the nearest known one.
void set_attribute(const py::object& record, const py::str& name, const py::object& value);

std::string attribute_doc(const astro::Field& field);
std::string record_doc(const char* says, const astro::Schema& schema);

template <astro::Record T>
py::class_<T> bind_record(py::module_& module, const char* class_name, const char* says) {
  const astro::Schema& schema = astro::schema_of<T>();
  const std::span<const astro::Member> members = astro::detail::members_of<T>();
  py::class_<T> type(module, class_name, nogil_destructor(), py::dynamic_attr(), record_doc(says, schema).c_str());
  type.def(py::init([&schema, class_name](const py::kwargs& attributes) {
    return astro::from_value<T>(map_from_attributes(class_name, schema.fields, attributes));
  }));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const astro::Member& member = members[i];
    const astro::Field& field = schema.fields[i];
    type.def_property(
        attribute_name(field).c_str(),
        [&member, &field](const py::object& self) {
          return part_of(self, field, to_attribute(field, member.read(&py::cast<const T&>(self))));
        },
        [&member, &field](const py::object& self, const py::object& value) {
          member.write(&py::cast<T&>(self), from_attribute(field, value));
          set_in_whole(self);
        },
        attribute_doc(field).c_str());
  }
  type.def(
          "to_dict", [&schema](const T& self) { return map_to_attributes(schema.fields, astro::to_value(self)); },
          "The attributes by their names.")
      .def(
          "to_json", [](const T& self) { return astro::to_json(astro::to_value(self)); }, "One line of JSON.")
      .def_static(
          "from_json",
          [](const std::string& text) {
            return astro::from_value<T>(astro::canonical(astro::schema_of<T>(), astro::parse_json(text)));
          },
          "text"_a, "From such a text, of which parts may be left out; an Error names all fields that are wrong.")
      .def("__copy__", [](const T& self) { return T(self); })
      .def("__setattr__", &set_attribute)
      .def(
          "__eq__", [](const T& self, const T& other) { return astro::to_value(self) == astro::to_value(other); },
          py::is_operator())
      .def("__repr__", [class_name](const py::object& self) {
        return from_package("records", "representation")(class_name, self.attr("to_dict")());
      });
  type.attr("__hash__") = py::none();
  type.attr("schema") = py::cast(&schema, py::return_value_policy::reference);
  record_types().push_back({class_name, &schema, py::handle(type).inc_ref(),
                            [](const astro::Value& map) { return py::cast(astro::from_value<T>(map)); },
                            [](py::handle record) { return astro::to_value(py::cast<const T&>(record)); },
                            [](const astro::StoreHandle& store, const py::list& records) {
                              std::vector<T> copies;
                              for (const py::handle record : records) copies.push_back(py::cast<const T&>(record));
                              const py::gil_scoped_release release;
                              return store.insert(std::span<const T>(copies));
                            },
                            [](const astro::StoreHandle& store, py::handle record, const std::string& revision_field,
                               std::int64_t expected) {
                              const T copy = py::cast<const T&>(record);
                              const py::gil_scoped_release release;
                              return store.replace(copy, revision_field, expected);
                            }});
  return type;
}

}  // namespace astro_python
