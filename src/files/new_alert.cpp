// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/files/alert.hpp"
#include "files/avro_type.hpp"

namespace astro::files {
namespace {

constexpr double jd_of_mjd_0 = 2'400'000.5;

[[noreturn]] void no_new_alert(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "making an alert: " + why);
}

const Value* member(const Map& map, const std::string& key) {
  const auto found = std::find_if(map.begin(), map.end(), [&](const auto& one) { return one.first == key; });
  return found == map.end() ? nullptr : &found->second;
}

bool takes_null(const Value& type) {
  if (const auto* branches = type.get_if<List>()) return std::any_of(branches->begin(), branches->end(), takes_null);
  return type == Value("null");
}

/// The record that a type is, or that is one of several; nullptr: none is.
const Value* record_of(const Value& type) {
  if (const auto* branches = type.get_if<List>()) {
    for (const Value& branch : *branches) {
      if (const Value* found = record_of(branch)) return found;
    }
    return nullptr;
  }
  const Value* kind = type.find("type");
  if (kind == nullptr) return nullptr;
  return *kind == Value("record") ? &type : record_of(*kind);
}

const Value* field_of(const Value& record, const std::string& name) {
  for (const Value& field : record.find("fields")->as_list()) {
    if (*field.find("name") == Value(name)) return &field;
  }
  return nullptr;
}

/// Fills a record of the schema: with what is given, else with what is known, else with null.
class RecordFilling {
 public:
  RecordFilling(const Value& record, std::string place) : record_(record), place_(std::move(place)) {}

  Map filled(const Map& given, const Map& known, std::vector<std::string>& missing) const {
    for (const auto& [name, value] : given) {
      if (field_of(record_, name) == nullptr) no_new_alert("the schema has no field " + place_ + name);
    }
    Map made;
    for (const Value& field : record_.find("fields")->as_list()) {
      const std::string& name = field.find("name")->as_text();
      const Value* value = member(given, name);
      if (value == nullptr) value = member(known, name);
      if (value != nullptr) {
        made.emplace_back(name, *value);
      } else if (takes_null(*field.find("type"))) {
        made.emplace_back(name, nullptr);
      } else {
        missing.push_back(place_ + name);
      }
    }
    return made;
  }

 private:
  const Value& record_;
  std::string place_;
};

Map known_of(const imaging::Candidate& candidate, const AlertFacts& facts, const Value& record) {
  Map known;
  const auto put = [&](const char* name, Value value) { known.emplace_back(name, std::move(value)); };
  put("candid", facts.candid);
  if (facts.start) put("jd", mjd(*facts.start) + jd_of_mjd_0);
  if (facts.filter) put("fid", *facts.filter);
  put("isdiffpos", candidate.significance < 0.0 ? "f" : "t");
  put("xpos", candidate.x + 1.0);
  put("ypos", candidate.y + 1.0);
  if (candidate.right_ascension && candidate.declination) {
    const double right_ascension = candidate.right_ascension->degrees();
    put("ra", right_ascension < 0.0 ? right_ascension + 360.0 : right_ascension);
    put("dec", candidate.declination->degrees());
  }
  const double light = std::abs(candidate.flux);
  if (facts.zero_point && light > 0.0) {
    put("magpsf", *facts.zero_point - 2.5 * std::log10(light));
    put("sigmapsf", 2.5 / std::log(10.0) * candidate.flux_error / light);
  }
  if (facts.limiting_magnitude) put("diffmaglim", *facts.limiting_magnitude);
  put("scorr", std::abs(candidate.significance));
  if (candidate.score) {
    const std::string key = field_of(record, "drb") != nullptr ? "drb" : "rb";
    put(key.c_str(), *candidate.score);
    if (!facts.model.empty()) put((key + "version").c_str(), facts.model);
  }
  return known;
}

void put_stamps(Value& alert, const imaging::Triplet& stamps, bool became_fainter, std::int64_t candid) {
  const auto name = [&](const char* which) { return "candid" + std::to_string(candid) + "_" + which + ".fits.gz"; };
  set_stamp(alert, AlertStamp::science, stamps.science, name("science"));
  set_stamp(alert, AlertStamp::reference, stamps.reference, name("reference"));
  imaging::Plane<float> difference = stamps.difference;
  if (became_fainter) {
    for (float& value : difference.values()) value = -value;
  }
  set_stamp(alert, AlertStamp::difference, difference, name("difference"));
}

}  // namespace

Value new_alert(const std::string& schema, const imaging::Candidate& candidate, const imaging::Triplet& stamps,
                const AlertFacts& facts) {
  AvroType::of_schema(schema);  // is one, so that each record has fields with names and types
  const Value whole = parse_json(schema);
  const Value* alert = record_of(whole);
  const Value* field = alert == nullptr ? nullptr : field_of(*alert, "candidate");
  const Value* record = field == nullptr ? nullptr : record_of(*field->find("type"));
  if (record == nullptr) no_new_alert("its schema has no record \"candidate\"; is it of ZTF's form?");

  std::vector<std::string> missing;
  Value known = Map{};
  known.set("candid", facts.candid);
  if (const Value* version = alert->find("version")) known.set("schemavsn", *version);
  known.set("candidate",
            RecordFilling(*record, "candidate.").filled(facts.candidate, known_of(candidate, facts, *record), missing));
  put_stamps(known, stamps, candidate.significance < 0.0, facts.candid);
  Value made = RecordFilling(*alert, "").filled(facts.alert, known.as_map(), missing);
  if (!missing.empty()) {
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
    no_new_alert("the schema wants a value for what is not known, and takes no null: " + names + "; give it");
  }
  return made;
}

}  // namespace astro::files
