// SPDX-License-Identifier: BSD-3-Clause
#include "records.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "astro/observing/observe.hpp"
#include "astro/site.hpp"
#include "astro/telemetry.hpp"
#include "foreign.hpp"

namespace astro_python {

using astro::Field;
using astro::FieldType;
using astro::Value;

std::vector<RecordType>& record_types() {
  static auto* types = new std::vector<RecordType>;
  return *types;
}

const RecordType* record_type_of(py::handle object) {
  const auto found = std::ranges::find_if(
      record_types(), [&](const RecordType& each) { return PyObject_IsInstance(object.ptr(), each.type.ptr()) == 1; });
  return found == record_types().end() ? nullptr : &*found;
}

const RecordType& record_type_named(py::handle name_or_class) {
  std::vector<std::string> names;
  for (const RecordType& each : record_types()) {
    if (name_or_class.is(each.type)) return each;
    if (PyUnicode_Check(name_or_class.ptr())) {
      const auto name = py::cast<std::string>(name_or_class);
      if (name == each.class_name || (!name.empty() && name == each.schema->name)) return each;
    }
    names.push_back(each.schema->name.empty() ? each.class_name : each.schema->name);
  }
  const auto asked = py::cast<std::string>(py::str(name_or_class));
  const std::string near = astro::nearest(asked, names);
  throw astro::Error(astro::ErrorCode::not_found, "there is no kind of record \"" + asked + "\"" +
                                                      (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

namespace {

bool is_word(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c); });
}

/// A list's element as a field of its own.
Field element_of(const Field& list) {
  Field element = list;
  element.type = list.element;
  element.element = FieldType::any;
  element.length = 0;
  return element;
}

const RecordType* record_type_with(const std::vector<Field>& members) {
  const auto found =
      std::ranges::find_if(record_types(), [&](const RecordType& each) { return each.schema->fields == members; });
  return found == record_types().end() ? nullptr : &*found;
}

py::object nested(const Field& field, const Value& map) {
  if (const RecordType* type = record_type_with(field.members)) return type->from_map(map);
  return map_to_attributes(field.members, map);
}

Value list_from(const Field& field, py::handle object) {
  astro::List list;
  const Field element = element_of(field);
  for (const py::handle each : object) list.push_back(from_attribute(element, each));
  return list;
}

/// What the object is for this field, before it is checked.
Value loose(const Field& field, py::handle object) {
  if (object.is_none()) return {};
  switch (field.type) {
    case FieldType::angle:
      return py::cast<astro::Angle>(object).degrees();
    case FieldType::frequency:
      return py::cast<astro::Frequency>(object).hertz();
    case FieldType::duration:
      return astro::seconds(py::cast<astro::Duration>(object));
    case FieldType::time:
      return py::cast<astro::Time>(object);
    case FieldType::list:
      return list_from(field, object);
    case FieldType::record:
      if (PyDict_Check(object.ptr()))
        return map_from_attributes(field.name, field.members, py::reinterpret_borrow<py::dict>(object));
      return value_from(object);
    case FieldType::text:
      // A target travels as text.
      if (!PyUnicode_Check(object.ptr())) {
        if (const auto target = target_from(object)) return astro::to_string(*target);
      }
      return value_from(object);
    default:
      return value_from(object);
  }
}

std::string unknown_attribute(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  const std::string near = astro::nearest(name, known);
  return what + " has no attribute '" + name + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?");
}

/// Words that Python keeps for itself (The Python Language Reference, 2.3.1), as names may begin here.
constexpr std::array keywords{"and",    "as",   "assert", "async",  "await",  "break",   "class",    "continue",
                              "def",    "del",  "elif",   "else",   "except", "finally", "for",      "from",
                              "global", "if",   "import", "in",     "is",     "lambda",  "nonlocal", "not",
                              "or",     "pass", "raise",  "return", "try",    "while",   "with",     "yield"};

}  // namespace

std::string attribute_name(const Field& field) {
  if (std::ranges::find(keywords, field.name) != keywords.end()) return field.name + "_";
  if (field.type == FieldType::duration) return field.name + "_s";
  if (field.type != FieldType::number || !is_word(field.unit)) return field.name;
  std::string ending = "_" + field.unit;
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return field.name.ends_with(ending) ? field.name : field.name + ending;
}

py::object to_attribute(const Field& field, const Value& canonical) {
  if (canonical.is_null()) return py::none();
  switch (field.type) {
    case FieldType::angle:
      return py::cast(astro::degrees(canonical.as_number()));
    case FieldType::frequency:
      return py::cast(astro::hertz(canonical.as_number()));
    case FieldType::choice:
      return enum_value(field.choices, canonical.as_text());
    case FieldType::record:
      return nested(field, canonical);
    case FieldType::list: {
      py::list list;
      const Field element = element_of(field);
      for (const Value& each : canonical.as_list()) list.append(to_attribute(element, each));
      return list;
    }
    default:
      return value_to_python(canonical);
  }
}

Value from_attribute(const Field& field, py::handle object) { return astro::canonical(field, loose(field, object)); }

Value map_from_attributes(const std::string& what, const std::vector<Field>& fields, const py::dict& attributes) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(attribute_name(field));
  astro::Map map;
  for (const auto& [key, value] : attributes) {
    const auto name = py::cast<std::string>(key);
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) throw py::type_error(unknown_attribute(what, name, names));
    const Field& field = fields[static_cast<std::size_t>(found - names.begin())];
    map.emplace_back(field.name, from_attribute(field, value));
  }
  return map;
}

py::dict map_to_attributes(const std::vector<Field>& fields, const Value& map) {
  py::dict attributes;
  for (const Field& field : fields) {
    const Value* value = map.find(field.name);
    attributes[py::str(attribute_name(field))] = value == nullptr ? py::none() : to_attribute(field, *value);
  }
  return attributes;
}

py::object part_of(const py::object& whole, const Field& field, py::object value) {
  if (field.type == FieldType::record && record_type_of(value) != nullptr)
    value.attr("__dict__")["_whole"] = py::make_tuple(whole, attribute_name(field));
  else if (py::isinstance<py::list>(value))
    return from_package("parts", "PartList")(value, whole, attribute_name(field));
  else if (py::isinstance<py::dict>(value))
    return from_package("parts", "PartDict")(value, whole, attribute_name(field));
  return value;
}

void set_in_whole(const py::object& part) {
  const py::dict known = part.attr("__dict__");
  if (!known.contains("_whole")) return;
  const py::tuple whole = known["_whole"];
  py::setattr(whole[0], whole[1], part);
}

void set_attribute(const py::object& record, const py::str& name, const py::object& value) {
  std::vector<std::string> names;
  for (const Field& field : record_type_of(record)->schema->fields) names.push_back(attribute_name(field));
  const auto given = py::cast<std::string>(name);
  if (std::ranges::find(names, given) == names.end())
    throw py::attribute_error(
        unknown_attribute(py::cast<std::string>(py::type::of(record).attr("__name__")), given, names));
  if (PyObject_GenericSetAttr(record.ptr(), name.ptr(), value.ptr()) != 0) throw py::error_already_set();
}

std::string attribute_doc(const Field& field) {
  std::string doc = field.says;
  const bool has_range = std::isfinite(field.min) || std::isfinite(field.max);
  const auto number = [](double value) { return py::cast<std::string>(py::str("{:g}").format(value)); };
  if (!field.unit.empty() || has_range) {
    doc += " [" + field.unit;
    if (has_range) doc += (field.unit.empty() ? "" : ", ") + number(field.min) + " to " + number(field.max);
    doc += "]";
  }
  for (const std::string& choice : field.choices) doc += (&choice == field.choices.data() ? " (" : ", ") + choice;
  return field.choices.empty() ? doc : doc + ")";
}

std::string record_doc(const char* says, const astro::Schema& schema) {
  std::string doc = std::string(says) + "\n\nAttributes, which are also the constructor's arguments:\n";
  for (const Field& field : schema.fields) doc += "\n    " + attribute_name(field) + ": " + attribute_doc(field);
  return doc;
}

void bind_fields(py::module_& module) {
  make_enum<astro::FieldType>(module, "What a field holds.");
  make_enum<astro::Dtype>(module, "The kind of a sample or an array's element.");
  py::class_<Field>(module, "Field", "One setting, parameter, telemetry point or member of a record.")
      .def_readonly("name", &Field::name)
      .def_property_readonly("attribute", &attribute_name, "Its name in Python.")
      .def_readonly("type", &Field::type)
      .def_readonly("unit", &Field::unit)
      .def_readonly("min", &Field::min)
      .def_readonly("max", &Field::max)
      .def_readonly("default_value", &Field::default_value)
      .def_readonly("says", &Field::says)
      .def_readonly("required", &Field::required)
      .def_readonly("nullable", &Field::nullable)
      .def_readonly("secret", &Field::secret)
      .def_readonly("element", &Field::element)
      .def_readonly("length", &Field::length)
      .def_readonly("dtype", &Field::dtype)
      .def_readonly("choices", &Field::choices)
      .def_readonly("members", &Field::members)
      .def("__repr__", [](const Field& self) {
        return "<Field " + self.name + ": " + std::string(astro::to_string(self.type)) + ">";
      });
  py::class_<astro::Schema>(module, "Schema", "A record's fields under its name.")
      .def_readonly("name", &astro::Schema::name)
      .def_readonly("fields", &astro::Schema::fields)
      .def("find", &astro::Schema::find, "field"_a, py::return_value_policy::reference_internal,
           "The field of this name, or None.")
      .def("__repr__", [](const astro::Schema& self) {
        return "<Schema " + self.name + " of " + std::to_string(self.fields.size()) + " fields>";
      });
}

void bind_records(py::module_& module) {
  make_enum<astro::Window>(module, "Tapers of a transform, periodic.");
  make_enum<astro::Quality>(module, "Whether to trust a telemetry value.");
  make_enum<astro::Rank>(module, "Who outranks whom.");
  make_enum<astro::CommandState>(module, "How far a command is.");
  make_enum<astro::Phase>(module, "What was in the beam.");
  make_enum<astro::Mode>(module, "How an observation moves the beam and switches the receiver.");
  make_enum<astro::CalibrationKind>(module, "What brings the receiver's units to kelvin.");
  make_enum<astro::Product>(module, "What is kept of each integration.");
  make_enum<astro::ProductFile>(module, "A kind of file that is made of an observation at its end.");
  make_enum<astro::OffsetFrame>(module, "In which direction offsets are counted.");
  make_enum<astro::ObservationState>(module, "How far an observation is.");

  bind_record<astro::FrequencyAxis>(module, "FrequencyAxis", "The channels of a spectrum: evenly spaced, ascending.")
      .def("at", &astro::FrequencyAxis::at, "channel"_a, "Centre of a channel.")
      .def("channel_of", &astro::FrequencyAxis::channel_of, "frequency"_a)
      .def(
          "hertz",
          [](const astro::FrequencyAxis& self) {
            return py::module_::import("numpy").attr("arange")(self.channels) * py::float_(self.step.hertz()) +
                   py::float_(self.first.hertz());
          },
          "Centres of all channels as an array, in Hz.");
  bind_record<astro::Tuning>(module, "Tuning", "What a receiver is asked for, and what it took; zero: as it likes.");
  bind_record<astro::Issuer>(module, "Issuer", "Who commands.");
  bind_record<astro::Point>(module, "Point", "One telemetry value.");
  bind_record<astro::Command>(module, "Command", "A command on its way to a device, from anyone.");
  bind_record<astro::Acknowledgment>(module, "Acknowledgment", "What became of a command so far.");
  bind_record<astro::Problem>(module, "Problem", "One thing that is wrong with a file that people wrote.");
  bind_record<astro::ScanArea>(module, "ScanArea", "The area that raster, cross, map, points and horizon cover.");
  bind_record<astro::Reference>(module, "Reference", "The reference of a position switch.");
  bind_record<astro::TippingRange>(module, "TippingRange", "The altitudes of a tipping curve, even in air mass.");
  bind_record<astro::Step>(module, "Step", "One thing to be done: take up a state, then integrate.");
  bind_record<astro::Finding>(module, "Finding", "One number that an observation found, with its standard error.");
  bind_record<astro::Recording>(module, "Recording", "Samples that were recorded while they were integrated.");
  bind_record<astro::ObservationRequest>(module, "ObservationRequest", "What somebody wishes to observe.");
  bind_record<astro::Load>(module, "Load", "What a receiver is calibrated with.");
  bind_record<astro::CalibrationSection>(module, "CalibrationSection", "How a receiver is calibrated.");
  bind_record<astro::Integration>(module, "Integration",
                                  "One stored spectrum: uncalibrated, with what reduces it again.");
  bind_record<astro::Observation>(module, "Observation", "The record of one observation.");

  module.def(
      "schema", [](const py::object& record) { return record_type_named(record).schema; }, "record"_a,
      py::return_value_policy::reference, "The description of a kind of record, by its name or class.");
}

}  // namespace astro_python
