// SPDX-License-Identifier: BSD-3-Clause
#include "astro/registry.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "astro/error.hpp"
#include "astro/site.hpp"
#include "plugin_enrolment.hpp"
#include "plugin_file.hpp"
#include "plugin_folders.hpp"
#include "registry_names.hpp"

namespace astro {

namespace {

struct Entry {
  DriverDescription description;
  std::shared_ptr<const Registry::Factory> factory;
  std::uint64_t enrolment;  // which enrolment brought it; 0: the program itself
};

struct SectionEntry {
  SectionDescription description;
  std::uint64_t enrolment;
};

std::uint64_t current_id() noexcept {
  const detail::Enrolment* enrolment = detail::Enrolment::current();
  return enrolment == nullptr ? 0 : enrolment->id;
}

std::string titled(const DriverDescription& driver) {
  return "the " + std::string(to_string(driver.kind)) + " driver \"" + driver.name + '"';
}

void check_name(const DriverDescription& driver) {
  if (!driver.plugin.empty() && detail::plugin_of(driver.name) != driver.plugin) {
    throw Error(ErrorCode::invalid_argument, titled(driver) + " cannot be found by its name: a driver of plugin \"" +
                                                 driver.plugin + "\" is named \"" + driver.plugin + "\" or \"" +
                                                 driver.plugin + ".something\"");
  }
  if (driver.name.empty()) throw Error(ErrorCode::invalid_argument, "a driver was added without a name");
}

void check_settings(const DriverDescription& driver) {
  for (const Field& setting : driver.settings.fields) {
    if (!detail::is_reserved_key(setting.name)) continue;
    throw Error(ErrorCode::invalid_argument, titled(driver) + " declares a setting \"" + setting.name +
                                                 "\", which every device of a site file has already: rename it");
  }
}

}  // namespace

std::string_view to_string(DeviceKind kind) noexcept {
  switch (kind) {
    case DeviceKind::mount:
      return "mount";
    case DeviceKind::receiver:
      return "receiver";
    case DeviceKind::controller:
      return "controller";
    case DeviceKind::transport:
      return "transport";
    case DeviceKind::store:
      return "store";
  }
  return "device";
}

// `lists` is never held while a plugin's code runs; `loading` is, so that a library is opened once
// and a second thread that wants its drivers waits until all are there.
struct Registry::State {
  mutable std::mutex lists;
  std::recursive_mutex loading;
  std::vector<Entry> drivers{};
  std::vector<SectionEntry> sections{};
  std::vector<std::filesystem::path> added_folders{};
  std::map<std::string, std::filesystem::path> loaded{};  // by the plugin's name; under `loading`

  const Entry* find(DeviceKind kind, const std::string& name) const {
    const auto found = std::find_if(drivers.begin(), drivers.end(), [&](const Entry& entry) {
      return entry.description.kind == kind && entry.description.name == name;
    });
    return found == drivers.end() ? nullptr : &*found;
  }

  void forget(std::uint64_t enrolment) {
    const std::lock_guard lock(lists);
    std::erase_if(drivers, [&](const Entry& entry) { return entry.enrolment == enrolment; });
    std::erase_if(sections, [&](const SectionEntry& entry) { return entry.enrolment == enrolment; });
  }
};

Registry& Registry::shared() {
  // Never destroyed: threads and plugins may ask it until the process ends.
  static Registry& registry = *new Registry;
  return registry;
}

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

void Registry::add(DriverDescription description, Factory factory) {
  const detail::Enrolment* enrolment = detail::Enrolment::current();
  if (enrolment != nullptr)
    description.plugin = enrolment->plugin.name, description.version = enrolment->plugin.version;
  check_name(description);
  check_settings(description);
  const std::lock_guard lock(state_->lists);
  if (const Entry* other = state_->find(description.kind, description.name)) {
    const std::string& plugin = other->description.plugin;
    throw Error(ErrorCode::duplicate, titled(description) + " was added twice, first by " +
                                          (plugin.empty() ? "the program" : "plugin \"" + plugin + '"'));
  }
  state_->drivers.push_back(
      {std::move(description), std::make_shared<const Factory>(std::move(factory)), current_id()});
}

void Registry::add(SectionDescription section) {
  if (section.name.empty() || detail::is_own_section(section.name)) {
    throw Error(ErrorCode::invalid_argument,
                "a section \"" + section.name + "\" of the site file cannot be added: the core has that name");
  }
  const std::lock_guard lock(state_->lists);
  for (const SectionEntry& other : state_->sections) {
    if (other.description.name == section.name) {
      throw Error(ErrorCode::duplicate, "the section \"" + section.name + "\" of the site file was added twice");
    }
  }
  state_->sections.push_back({std::move(section), current_id()});
}

void Registry::add_plugin_folder(std::filesystem::path folder) {
  const std::lock_guard lock(state_->lists);
  state_->added_folders.push_back(std::move(folder));
}

std::vector<std::filesystem::path> Registry::plugin_folders() const {
  std::vector<std::filesystem::path> folders = detail::folders_of_environment();
  {
    const std::lock_guard lock(state_->lists);
    folders.insert(folders.end(), state_->added_folders.begin(), state_->added_folders.end());
  }
  if (auto own = detail::folder_beside_library(); !own.empty()) folders.push_back(std::move(own));
  return folders;
}

void Registry::load(const std::filesystem::path& library) {
  const std::lock_guard loading(state_->loading);
  const std::filesystem::path file = std::filesystem::absolute(library).lexically_normal();
  const std::string name = detail::plugin_name(file);
  if (const auto loaded = state_->loaded.find(name); loaded != state_->loaded.end()) {
    if (loaded->second == file) return;
    throw Error(
        ErrorCode::duplicate,
        "plugin " + file.string() + " cannot be loaded: one of that name was loaded from " + loaded->second.string());
  }
  detail::check_plugin_file(file, detail::own_abi_tag());
  const PluginDescriptor& plugin = detail::open_plugin(file, name);
  detail::check_descriptor(plugin);
  try {
    enroll_all_or_nothing(plugin);
  } catch (const Error& failure) {
    throw Error(failure.code(), std::string(failure.what()) + " (" + file.string() + ")");
  }
  state_->loaded.emplace(name, file);
}

void Registry::enroll_all_or_nothing(const PluginDescriptor& plugin) {
  const detail::Enrolment enrolment(plugin);
  const auto failed = [&](const std::string& why) {
    state_->forget(enrolment.id);
    return Error(ErrorCode::refused_plugin,
                 "plugin " + std::string(plugin.name) + " " + plugin.version + " did not enrol its drivers: " + why);
  };
  try {
    plugin.enroll(*this);
  } catch (const std::exception& failure) {
    throw failed(failure.what());
  } catch (...) {
    throw failed("it threw something that is no std::exception");
  }
}

std::optional<DriverDescription> SectionCheck::driver_of(const DeviceEntry& device) const {
  if (device.driver.empty()) return std::nullopt;
  return registry.find(device.kind, device.driver);
}

DriverDescription Registry::find(DeviceKind kind, const std::string& name) {
  const auto known = [&]() -> std::optional<DriverDescription> {
    const std::lock_guard lock(state_->lists);
    const Entry* entry = state_->find(kind, name);
    return entry == nullptr ? std::nullopt : std::optional(entry->description);
  };
  if (auto found = known()) return *std::move(found);
  const auto folders = plugin_folders();
  if (const auto file = detail::find_plugin(detail::plugin_of(name), folders); !file.empty()) {
    const std::lock_guard loading(state_->loading);
    if (!state_->loaded.contains(detail::plugin_of(name))) load(file);
    if (auto found = known()) return *std::move(found);
  }
  const std::string near = detail::nearest_driver(*this, kind, name);
  throw Error(ErrorCode::not_found,
              detail::no_such_driver(*this, kind, name) + (near.empty() ? "" : " (did you mean \"" + near + "\"?)"));
}

std::unique_ptr<Driver> Registry::make(DeviceKind kind, const std::string& name, const Value& settings) {
  find(kind, name);
  std::shared_ptr<const Factory> factory;
  {
    const std::lock_guard lock(state_->lists);
    if (const Entry* entry = state_->find(kind, name)) factory = entry->factory;
  }
  if (!factory) throw Error(ErrorCode::not_found, "the driver \"" + name + "\" is gone: its plugin failed to enrol");
  return (*factory)(settings);
}

std::vector<std::string> Registry::load_all() {
  std::vector<std::string> refused;
  const std::lock_guard loading(state_->loading);
  for (const auto& file : detail::all_plugins(plugin_folders())) {
    if (state_->loaded.contains(detail::plugin_name(file))) continue;
    try {
      load(file);
    } catch (const Error& failure) {
      refused.emplace_back(failure.what());
    }
  }
  return refused;
}

std::vector<DriverDescription> Registry::drivers() const {
  const std::lock_guard lock(state_->lists);
  std::vector<DriverDescription> all;
  all.reserve(state_->drivers.size());
  for (const Entry& entry : state_->drivers) all.push_back(entry.description);
  return all;
}

std::vector<SectionDescription> Registry::sections() const {
  const std::lock_guard lock(state_->lists);
  std::vector<SectionDescription> all;
  for (const SectionEntry& entry : state_->sections) all.push_back(entry.description);
  return all;
}

}  // namespace astro
