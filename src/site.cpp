// SPDX-License-Identifier: BSD-3-Clause
#include "astro/site.hpp"

#include <algorithm>
#include <fstream>

#include "site_reader.hpp"
#include "yaml_read.hpp"
#include "yaml_tree.hpp"

namespace astro {

namespace {

std::string line_of(const Problem& problem) {
  std::string line = problem.file.empty() ? "" : problem.file + ':';
  if (problem.line > 0) line += std::to_string(problem.line) + ':' + std::to_string(problem.column) + ": ";
  line += problem.message;
  if (!problem.suggestion.empty()) line += " (did you mean \"" + problem.suggestion + "\"?)";
  return line;
}

std::string text_of(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += (text.empty() ? "" : "\n") + line_of(problem);
  return text;
}

/// At most one byte more than what is accepted: a device file would never end.
std::string text_in(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(yaml::most_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  const bool failed = stream.bad() || (stream.fail() && !stream.eof()) || std::filesystem::is_directory(file);
  if (failed) {
    if (std::filesystem::is_directory(file)) {
      throw Error(ErrorCode::invalid_argument, "reading " + file.string() + ": it is a folder; expected a file");
    }
    if (std::filesystem::exists(file))
      throw Error(ErrorCode::storage, "reading " + file.string() + ": it cannot be read");
    throw Error(ErrorCode::not_found, "reading " + file.string() + ": there is no such file");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

std::vector<std::string> names_of(const Site& site, std::string_view kind) {
  std::vector<std::string> names;
  for (const DeviceEntry& device : site.devices) {
    if (to_string(device.kind) == kind) names.push_back(device.name);
  }
  return names;
}

}  // namespace

SiteError::SiteError(std::vector<Problem> problems)
    : Error(ErrorCode::invalid_site, text_of(problems)), problems_(std::move(problems)) {}
SiteError::~SiteError() = default;

std::string Site::slug() const {
  std::string slug;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || is_upper;
    if (is_kept) slug += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!slug.empty() && slug.back() != '-') slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "observatory" : slug;
}

const DeviceEntry* Site::find(DeviceKind kind, std::string_view device) const noexcept {
  const auto found = std::find_if(devices.begin(), devices.end(),
                                  [&](const DeviceEntry& entry) { return entry.kind == kind && entry.name == device; });
  return found == devices.end() ? nullptr : &*found;
}

const Value* Site::find_section(std::string_view section) const noexcept {
  for (const auto& [key, value] : sections) {
    if (key == section) return &value;
  }
  return nullptr;
}

Site load_site(const std::filesystem::path& file, const SiteOptions& options, Registry& registry) {
  return parse_site(text_in(file), options, registry, file);
}

Site parse_site(std::string_view yaml, const SiteOptions& options, Registry& registry,
                const std::filesystem::path& file) {
  detail::SiteReader reader(file, options, registry);
  return reader.read(yaml);
}

Value load_document(const std::filesystem::path& file, const Schema& schema, const Site* site) {
  return parse_document(text_in(file), schema, file, site);
}

Value parse_document(std::string_view yaml, const Schema& schema, const std::filesystem::path& file, const Site* site) {
  yaml::Reader reader(file);
  if (site != nullptr) reader.know([site](std::string_view kind) { return names_of(*site, kind); });
  Map made;
  const yaml::NodePtr root = yaml::parse(yaml, file.string(), reader.problems());
  if (root != nullptr && root->kind == yaml::Node::Kind::map) {
    made = reader.record(schema.fields, *root, root->place);
  } else if (root != nullptr) {
    const std::string name = schema.name.empty() ? "a document" : "a " + schema.name;
    reader.complain(root->place, "expected " + name + " with keys and values, is " + std::string(describe(*root)));
  }
  reader.finish();
  return made;
}

}  // namespace astro
