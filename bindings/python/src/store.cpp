// SPDX-License-Identifier: BSD-3-Clause
#include "astro/store_handle.hpp"

#include <cstring>

#include "common.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Compare;
using astro::Query;
using astro::Schema;
using astro::StoreHandle;
using astro::Value;

const astro::Field& field_of(const Schema& schema, const std::string& name) {
  std::vector<std::string> names;
  for (const astro::Field& field : schema.fields) {
    if (field.name == name || attribute_name(field) == name) return field;
    names.push_back(attribute_name(field));
  }
  const std::string near = astro::nearest(name, names);
  throw astro::Error(astro::ErrorCode::invalid_argument, "a " + schema.name + " has no field \"" + name + "\"" +
                                                             (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

/// {"device": "dish"}, or [("time", "from", t0), ("time", "below", t1)], or both in a list.
std::vector<astro::Condition> conditions_from(const Schema& schema, const py::object& where) {
  std::vector<astro::Condition> conditions;
  const auto add = [&](py::handle name, Compare compare, py::handle value) {
    const astro::Field& field = field_of(schema, py::cast<std::string>(name));
    conditions.push_back({field.name, compare, from_attribute(field, value)});
  };
  if (where.is_none()) return conditions;
  if (PyDict_Check(where.ptr())) {
    for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(where)) add(name, Compare::equal, value);
    return conditions;
  }
  for (const py::handle each : where) {
    const auto condition = py::cast<py::sequence>(each);
    if (condition.size() != 3) throw py::value_error("a condition is (field, \"equal\" | \"from\" | \"below\", value)");
    const py::object name = condition[0], compare = condition[1], value = condition[2];
    add(name, py::cast<Compare>(compare), value);
  }
  return conditions;
}

Query query_from(const Schema& schema, const py::object& where, const std::string& order_by, bool newest_first,
                 std::size_t limit) {
  return {conditions_from(schema, where), order_by.empty() ? "" : field_of(schema, order_by).name, newest_first, limit};
}

Value map_of_row(const Schema& schema, astro::List row) {
  astro::Map map;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) map.emplace_back(schema.fields[i].name, std::move(row.at(i)));
  return map;
}

py::list find(const StoreHandle& self, const py::object& kind, const py::object& where, const std::string& order_by,
              bool newest_first, std::size_t limit) {
  const RecordType& type = record_type_named(kind);
  const Query query = query_from(*type.schema, where, order_by, newest_first, limit);
  std::vector<astro::List> rows;
  {
    const py::gil_scoped_release release;
    rows = self.find_rows(*type.schema, query);
  }
  py::list records;
  for (astro::List& row : rows) records.append(type.from_map(map_of_row(*type.schema, std::move(row))));
  return records;
}

std::size_t insert(const StoreHandle& self, const py::object& given) {
  py::list records;
  if (record_type_of(given) != nullptr) records.append(given);
  else records = py::list(given);
  if (records.empty()) return 0;
  const RecordType* type = record_type_of(records[0]);
  if (type == nullptr)
    throw py::type_error("a store takes records: an instance of one of astro's record classes, or a list of them");
  for (const py::handle record : records) {
    if (record_type_of(record) != type) throw py::type_error("all records of one insert are of one kind");
  }
  return type->insert(self, records);
}

py::bytes get_object(const StoreHandle& self, const std::string& id) {
  astro::Bytes content;
  {
    const py::gil_scoped_release release;
    content = self.get_object(id);
  }
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

std::string put_object(const StoreHandle& self, const py::bytes& content) {
  const std::string_view view(content);
  const py::gil_scoped_release release;
  return self.put_object(std::as_bytes(std::span(view)));
}

}  // namespace

void bind_store(py::module_& module) {
  make_enum<Compare>(module, "How a record's field compares with a value: from is inclusive, below exclusive.");
  py::class_<StoreHandle>(module, "StoreHandle", nogil_destructor(), "A store: records in and out by their class.")
      .def_property_readonly("name", released(&StoreHandle::name))
      .def("insert", &insert, "records"_a, "Inserts a record or a list of them, durably; returns how many were new.")
      .def(
          "replace",
          [](const StoreHandle& self, const py::object& record, const std::string& revision_field,
             std::int64_t expected) {
            const RecordType* type = record_type_of(record);
            if (type == nullptr) throw py::type_error("a store takes records");
            return type->replace(self, record, revision_field, expected);
          },
          "record"_a, "revision_field"_a, "expected"_a,
          "Replaces the record of the same key whose revision field still is `expected`.")
      .def("find", &find, "kind"_a, "where"_a = py::none(), "order_by"_a = "", "newest_first"_a = false, "limit"_a = 0,
           R"(Records of a kind (a class or its name) as a list.

where: {"device": "dish"}, or [("time", "from", t0), ("time", "below", t1)]. See astro.as_array for numpy.)")
      .def(
          "count",
          [](const StoreHandle& self, const py::object& kind, const py::object& where) {
            const RecordType& type = record_type_named(kind);
            const Query query = query_from(*type.schema, where, "", false, 0);
            const py::gil_scoped_release release;
            return self.count_rows(*type.schema, query);
          },
          "kind"_a, "where"_a = py::none())
      .def("put_object", &put_object, "content"_a, "Keeps bytes under the hash of their content, and returns it.")
      .def("get_object", &get_object, "id"_a);
}

}  // namespace astro_python
