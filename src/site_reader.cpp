// SPDX-License-Identifier: BSD-3-Clause
#include "site_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "registry_names.hpp"
#include "text.hpp"

namespace astro {

namespace {

struct SitePlace {
  std::string name{};
  Angle latitude{};
  Angle longitude{};
  double height_m = 0.0;
  std::string state{};
  std::string earth_orientation{};
};

struct ClockSection {
  std::optional<Time> start{};
  double speed = 1.0;
};

}  // namespace

template <>
struct Description<SitePlace> {
  static constexpr std::array fields{
      field<&SitePlace::name>("name", {.says = "of the observatory", .required = true}),
      field<&SitePlace::latitude>("latitude", {.min = -90, .max = 90, .says = "geodetic, on WGS 84", .required = true}),
      field<&SitePlace::longitude>("longitude",
                                   {.min = -180, .max = 360, .says = "positive to the east", .required = true}),
      field<&SitePlace::height_m>("height", {.unit = "m", .min = -500, .max = 9000, .says = "above the ellipsoid"}),
      field<&SitePlace::state>("state", {.unit = "path", .says = "folder of the journal and of drivers' files"}),
      field<&SitePlace::earth_orientation>("earth_orientation",
                                           {.unit = "path", .says = "file of the IERS: finals2000A.all or EOP C04"})};
};

template <>
struct Description<ClockSection> {
  static constexpr std::array fields{
      field<&ClockSection::start>("start", {.says = "simulated time begins here", .required = true}),
      field<&ClockSection::speed>("speed", {.min = 1e-3, .max = 1e6, .says = "times as fast as real time"})};
};

namespace detail {

using yaml::Entry;
using yaml::Node;
using yaml::Place;

namespace {
constexpr std::array kinds{DeviceKind::mount, DeviceKind::receiver, DeviceKind::controller, DeviceKind::transport,
                           DeviceKind::store};
}

std::string section_of(DeviceKind kind) { return std::string(to_string(kind)) + 's'; }

SiteReader::SiteReader(const std::filesystem::path& file, const SiteOptions& options, Registry& registry)
    : reader_(file), options_(options), registry_(registry) {
  site_.file = file;
}

Site SiteReader::read(std::string_view yaml) {
  if (const yaml::NodePtr root = yaml::parse(yaml, site_.file.string(), reader_.problems())) read_all(*root);
  reader_.finish();
  return std::move(site_);
}

void SiteReader::read_all(const Node& root) {
  if (root.kind != Node::Kind::map) {
    reader_.complain(root.place, "expected the sections of a site file, is " + std::string(describe(root)));
    return;
  }
  check_top(root);
  read_place(root);
  read_clock(root);
  collect_names(root);
  reader_.know([this](std::string_view kind) { return names_[std::string(kind)]; });
  read_devices(root);
  read_sections(root);
}

void SiteReader::check_top(const Node& root) {
  std::vector<std::string> known = own_sections();
  for (const SectionDescription& section : registry_.sections()) known.push_back(section.name);
  for (const Entry& entry : root.map) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    reader_.complain(entry.place, "there is no section " + text::quoted(entry.key) + ": " + yaml::known_are(known),
                     nearest(entry.key, known));
  }
}

void SiteReader::read_place(const Node& root) {
  const Entry* entry = root.find("site");
  if (entry == nullptr) {
    reader_.complain(root.place, "the section \"site\" is missing: expected name, latitude and longitude");
    return;
  }
  if (entry->value->kind != Node::Kind::map) {
    reader_.complain(entry->place, "\"site\": expected a map with name, latitude and longitude, is " +
                                       std::string(describe(*entry->value)));
    return;
  }
  const Map map = reader_.record(schema_of<SitePlace>().fields, *entry->value, entry->place);
  if (reader_.has_problems()) return;
  const auto place = from_value<SitePlace>(map);
  if (place.name.empty()) {
    reader_.complain(entry->value->find("name")->value->place, "\"name\" is empty: expected the observatory's name");
    return;
  }
  site_.name = place.name;
  site_.location = {place.latitude, place.longitude, place.height_m};
  site_.earth_orientation = place.earth_orientation;
  site_.state_folder = place.state.empty() ? default_state_folder(site_.slug()) : std::filesystem::path(place.state);
  // What is simulated never shares a journal or a file with what was real.
  if (options_.simulate) site_.state_folder += "-simulated";
  if (!options_.node.empty()) site_.state_folder += "-" + options_.node;
}

void SiteReader::read_clock(const Node& root) {
  const Entry* entry = root.find("clock");
  if (entry == nullptr) return;
  if (entry->value->kind != Node::Kind::map) {
    reader_.complain(entry->place,
                     "\"clock\": expected a map with start and speed, is " + std::string(describe(*entry->value)));
    return;
  }
  const Map map = reader_.record(schema_of<ClockSection>().fields, *entry->value, entry->place);
  if (reader_.has_problems()) return;
  const auto clock = from_value<ClockSection>(map);
  site_.clock_start = clock.start;
  site_.clock_speed = clock.speed;
}

void SiteReader::read_sections(const Node& root) {
  for (const SectionDescription& section : registry_.sections()) {
    const Entry* entry = root.find(section.name);
    if (entry == nullptr || entry->value->kind == Node::Kind::null) continue;
    if (entry->value->kind != Node::Kind::map) {
      reader_.complain(entry->value->place,
                       text::quoted(section.name) + ": expected a map, is " + std::string(describe(*entry->value)));
      continue;
    }
    const std::size_t problems = reader_.problems().size();
    Map map = section.keyed ? read_keyed(section, *entry->value)
                            : reader_.record(section.schema.fields, *entry->value, entry->place);
    if (section.check && reader_.problems().size() == problems) check_section(section, map, *entry);
    site_.sections.emplace_back(section.name, std::move(map));
  }
}

void SiteReader::check_section(const SectionDescription& section, const Map& map, const Entry& entry) {
  const auto complain = [&](const std::vector<std::string>& at, const std::string& message,
                            const std::string& suggestion) {
    Place place = entry.place;
    const Node* node = entry.value.get();
    for (const std::string& key : at) {
      const Entry* deeper = node->find(key);
      if (deeper == nullptr) break;
      place = deeper->place;
      node = deeper->value.get();
    }
    reader_.complain(place, message, suggestion);
  };
  section.check({.site = site_, .registry = registry_, .section = map, .complain = complain});
}

Map SiteReader::read_keyed(const SectionDescription& section, const Node& node) {
  Map made;
  for (const Entry& entry : node.map) {
    const auto& known = names_[section.keys_name];
    if (!section.keys_name.empty() && std::find(known.begin(), known.end(), entry.key) == known.end()) {
      reader_.complain(entry.place,
                       "there is no " + section.keys_name + ' ' + text::quoted(entry.key) +
                           " in this site: " + yaml::known_are(known),
                       nearest(entry.key, known));
    }
    if (entry.value->kind != Node::Kind::map) {
      reader_.complain(entry.place,
                       text::quoted(entry.key) + ": expected a map, is " + std::string(describe(*entry.value)));
      continue;
    }
    made.emplace_back(entry.key, reader_.record(section.schema.fields, *entry.value, entry.place));
  }
  return made;
}

// Names first, so that a device may name one that stands further down.
void SiteReader::collect_names(const Node& root) {
  for (const DeviceKind kind : kinds) {
    const Entry* section = root.find(section_of(kind));
    if (section == nullptr || section->value->kind == Node::Kind::null) continue;
    if (section->value->kind != Node::Kind::map) {
      reader_.complain(section->value->place, text::quoted(section->key) + ": expected a map from names to " +
                                                  section_of(kind) + ", is " + std::string(describe(*section->value)));
      continue;
    }
    for (const Entry& device : section->value->map) {
      check_device_name(device);
      names_[std::string(to_string(kind))].push_back(device.key);
    }
  }
}

bool is_name(std::string_view name) noexcept {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && is_lower(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void SiteReader::check_device_name(const Entry& entry) {
  if (!is_name(entry.key)) {
    reader_.complain(entry.place, text::quoted(entry.key) + " is no device's name: expected " + name_form);
  }
  const auto [first, is_new] = seen_.emplace(entry.key, entry.place);
  if (!is_new) {
    reader_.complain(entry.place, "a device " + text::quoted(entry.key) + " stands in line " +
                                      std::to_string(first->second.line) +
                                      " already: names are unlike over all kinds of devices");
  }
}

std::filesystem::path default_state_folder(const std::string& slug) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  // The specification has relative paths ignored.
  std::filesystem::path state = variable("XDG_STATE_HOME");
  if (!state.is_absolute()) state = variable("HOME") / ".local" / "state";
  if (!state.is_absolute()) state = std::filesystem::temp_directory_path();
  return state / "astro" / slug;
}

}  // namespace detail
}  // namespace astro
