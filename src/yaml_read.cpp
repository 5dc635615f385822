// SPDX-License-Identifier: BSD-3-Clause
#include "yaml_read.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <tuple>

#include "text.hpp"
#include "validation.hpp"

namespace astro::yaml {

namespace {

std::optional<std::int64_t> integer_in(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A plain scalar as YAML's core schema has it (YAML 1.2.2, section 10.3), without octal and
/// hexadecimal numbers, infinities and NaN, which nobody means here.
Value resolved_scalar(const Scalar& scalar) {
  if (!scalar.plain) return scalar.text;
  const std::string_view text = scalar.text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto number = integer_in(text)) return *number;
  if (const auto number = text::number(text)) return *number;
  return scalar.text;
}

bool is_quantity(const Field& field) noexcept {
  switch (field.type) {
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return true;
    case FieldType::integer:
    case FieldType::number:
      return !field.unit.empty();
    default:
      return false;
  }
}

/// The scalar as a value that `complaint` may judge. A quantity stays text: its unit must be there.
Value value_for(const Field& field, const Scalar& scalar) {
  const bool is_text = field.type == FieldType::text || field.type == FieldType::choice ||
                       field.type == FieldType::time || field.type == FieldType::bytes;
  if (is_text || is_quantity(field)) return scalar.text;
  return resolved_scalar(scalar);
}

bool is_variable_name(std::string_view name) noexcept {
  return !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// A choice's complaint ends in a suggestion, which has its own place in a problem.
std::string without_suggestion(const std::string& complaint) {
  return complaint.substr(0, complaint.find("; did you mean"));
}

std::string expectation(const Field& field) {
  // What a value of the wrong type is told, without that value.
  const Value wrong = field.type == FieldType::record ? Value(List()) : Value(Map());
  const std::string words = without_suggestion(complaint(field, wrong));
  const auto end = words.rfind(", is ");
  return end == std::string::npos ? "expected a value" : words.substr(0, end);
}

}  // namespace

std::string known_are(const std::vector<std::string>& names) {
  if (names.empty()) return "there is none";
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "known are " : ", ") + name;
  return text;
}

Reader::Reader(std::filesystem::path file, Names names) : file_(std::move(file)), names_(std::move(names)) {}

void Reader::complain(Place place, std::string message, std::string suggestion) {
  problems_.push_back({file_.string(), place.line, place.column, std::move(message), std::move(suggestion)});
}

void Reader::finish() {
  if (problems_.empty()) return;
  const auto key = [](const Problem& p) { return std::tie(p.line, p.column, p.message); };
  std::stable_sort(problems_.begin(), problems_.end(),
                   [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
  const auto end = std::unique(problems_.begin(), problems_.end(),
                               [&](const Problem& a, const Problem& b) { return key(a) == key(b); });
  problems_.erase(end, problems_.end());  // what is wrong at an anchor is wrong at each of its aliases
  throw SiteError(std::move(problems_));
}

std::filesystem::path Reader::resolved(const std::filesystem::path& path) const {
  if (path.empty() || path.is_absolute()) return path;
  // Text that came from no file is read where the program runs.
  const auto folder = file_.empty() ? std::filesystem::current_path() : std::filesystem::absolute(file_).parent_path();
  return (folder / path).lexically_normal();
}

Map Reader::record(std::span<const Field> fields, const Node& node, Place missing) {
  return record(fields, node, missing, {});
}

Map Reader::record(std::span<const Field> fields, const Node& node, Place missing,
                   const std::vector<std::string>& others) {
  for (const Entry& entry : node.map) unknown_key(entry, fields, others);
  Map made;
  made.reserve(fields.size());
  for (const Field& field : fields) {
    const Entry* entry = node.find(field.name);
    if (entry == nullptr) {
      if (field.required) complain(missing, text::quoted(field.name) + " is missing: " + expectation(field));
      made.emplace_back(field.name, field.default_value);
      continue;
    }
    auto read = value(field, *entry->value, entry->place);
    made.emplace_back(field.name, read ? *std::move(read) : field.default_value);
  }
  return made;
}

void Reader::unknown_key(const Entry& entry, std::span<const Field> fields, const std::vector<std::string>& others) {
  std::vector<std::string> known = others;
  for (const Field& field : fields) known.push_back(field.name);
  if (std::find(known.begin(), known.end(), entry.key) != known.end()) return;
  if (entry.key == "<<") {
    complain(entry.place, "merge keys (<<) are not read: write the keys out, or use an alias for a whole value");
    return;
  }
  complain(entry.place, text::quoted(entry.key) + " is not known here: " + known_are(known), nearest(entry.key, known));
}

std::optional<Value> Reader::value(const Field& field, const Node& node, Place key) {
  if (node.kind == Node::Kind::null && field.nullable) return Value();
  if (field.type == FieldType::any) return any(node);
  if (field.type == FieldType::record && node.kind == Node::Kind::map) {
    const std::size_t before = problems_.size();
    Map made = record(field.members, node, node.place);
    return before == problems_.size() ? std::optional<Value>(std::move(made)) : std::nullopt;
  }
  const bool is_list = field.type == FieldType::list || field.type == FieldType::array;
  if (is_list && node.kind == Node::Kind::list) return list(field, node);
  return leaf(field, node, key);
}

std::optional<Value> Reader::list(const Field& field, const Node& node) {
  const std::size_t before = problems_.size();
  Field element = element_of(field);
  if (field.type == FieldType::array) element = Field{.type = FieldType::number};
  List made;
  for (const NodePtr& child : node.list) {
    if (auto read = value(element, *child, child->place)) made.push_back(*std::move(read));
  }
  if (before != problems_.size()) return std::nullopt;
  if (const std::string problem = complaint(field, made); !problem.empty()) {
    complain(node.place, problem);
    return std::nullopt;
  }
  return canonical(field, made);
}

std::optional<Value> Reader::any(const Node& node) {
  if (node.kind == Node::Kind::null) return Value();
  if (node.kind == Node::Kind::scalar) {
    const auto read = scalar(node, node.place, "a value");
    return read ? std::optional(resolved_scalar(*read)) : std::nullopt;
  }
  bool whole = true;
  List list;
  for (const NodePtr& child : node.list) {
    auto read = any(*child);
    whole = whole && read.has_value();
    if (read) list.push_back(*std::move(read));
  }
  Map map;
  for (const Entry& entry : node.map) {
    auto read = any(*entry.value);
    whole = whole && read.has_value();
    if (read) map.emplace_back(entry.key, *std::move(read));
  }
  if (!whole) return std::nullopt;
  return node.kind == Node::Kind::list ? Value(std::move(list)) : Value(std::move(map));
}

std::optional<Value> Reader::leaf(const Field& field, const Node& node, Place key) {
  const Place place = node.kind == Node::Kind::null ? key : node.place;
  if (node.kind != Node::Kind::scalar) {
    complain(place, text::quoted(field.name) + ": " + expectation(field) + ", is " + std::string(describe(node)));
    return std::nullopt;
  }
  const auto read = scalar(node, key, "a value");
  if (!read) return std::nullopt;
  if (field.secret && node.text != "${" + read->environment + "}") {
    complain(place, text::quoted(field.name) +
                        " is a secret: write it as ${NAME} and put it in the environment variable NAME");
    return std::nullopt;
  }
  const Value given = value_for(field, *read);
  if (const std::string problem = complaint(field, given); !problem.empty()) {
    complain_of(field, given, *read, problem, place);
    return std::nullopt;
  }
  if (!check_name(field, given, *read, place)) return std::nullopt;
  if (field.type == FieldType::text && field.unit == "path") return resolved(read->text).string();
  return canonical(field, given);
}

void Reader::complain_of(const Field& field, const Value& value, const Scalar& scalar, const std::string& complaint,
                         Place place) {
  const std::string who = field.name.empty() ? "" : text::quoted(field.name) + ": ";
  if (!scalar.environment.empty()) {
    complain(place, who + "what the environment variable " + scalar.environment +
                        " holds cannot stand here (it is not shown): " + expectation(field));
    return;
  }
  const std::string* text = value.get_if<std::string>();
  const bool has_choices = field.type == FieldType::choice && text != nullptr;
  complain(place, who + without_suggestion(complaint), has_choices ? nearest(*text, field.choices) : "");
}

bool Reader::check_name(const Field& field, const Value& value, const Scalar& scalar, Place place) {
  const std::string* name = value.get_if<std::string>();
  if (field.names.empty() || !names_ || name == nullptr || name->empty()) return true;
  const std::vector<std::string> known = names_(field.names);
  if (std::find(known.begin(), known.end(), *name) != known.end()) return true;
  const std::string shown =
      scalar.environment.empty() ? text::quoted(*name) : "what ${" + scalar.environment + "} names";
  complain(place, "there is no " + field.names + ' ' + shown + " in this site: " + known_are(known),
           scalar.environment.empty() ? nearest(*name, known) : "");
  return false;
}

std::optional<Scalar> Reader::scalar(const Node& node, Place key, std::string_view expected) {
  if (node.kind != Node::Kind::scalar) {
    const Place place = node.kind == Node::Kind::null ? key : node.place;
    complain(place, "expected " + std::string(expected) + ", is " + std::string(describe(node)));
    return std::nullopt;
  }
  Scalar made{.plain = node.plain};
  std::string_view rest = node.text;
  for (auto start = rest.find("${"); start != std::string_view::npos; start = rest.find("${")) {
    const auto end = rest.find('}', start);
    const std::string name(end == std::string_view::npos ? "" : rest.substr(start + 2, end - start - 2));
    if (!is_variable_name(name)) {
      complain(node.place, "a ${ without the name of an environment variable and a }: expected ${NAME}");
      return std::nullopt;
    }
    const char* found = std::getenv(name.c_str());
    if (found == nullptr) {
      complain(node.place, "the environment variable " + name + " is not set");
      return std::nullopt;
    }
    made.text += rest.substr(0, start);
    made.text += found;
    made.environment = name;
    rest.remove_prefix(end + 1);
  }
  made.text += rest;
  return made;
}

}  // namespace astro::yaml
