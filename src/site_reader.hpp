// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "astro/site.hpp"
#include "yaml_read.hpp"
#include "yaml_tree.hpp"

namespace astro::detail {

/// Reads a site file's tree into a `Site`, and goes on after each problem, so that all are told.
class SiteReader final {
 public:
  SiteReader(const std::filesystem::path& file, const SiteOptions& options, Registry& registry);

  /// Throws `SiteError`.
  Site read(std::string_view yaml);

 private:
  void read_all(const yaml::Node& root);
  void read_place(const yaml::Node& root);
  void read_clock(const yaml::Node& root);
  void read_sections(const yaml::Node& root);
  void check_section(const SectionDescription& section, const Map& map, const yaml::Entry& entry);
  Map read_keyed(const SectionDescription& section, const yaml::Node& node);
  void check_top(const yaml::Node& root);

  void collect_names(const yaml::Node& root);
  void check_device_name(const yaml::Entry& entry);
  void read_devices(const yaml::Node& root);
  void read_device(DeviceKind kind, const yaml::Entry& entry);
  std::optional<DriverDescription> read_driver(DeviceKind kind, const yaml::Node& device, yaml::Place place);
  std::optional<DriverDescription> find_driver(DeviceKind kind, const yaml::Scalar& name, yaml::Place place);
  /// Where a device's driver runs, and the driver where that names it.
  struct Runs {
    bool apart = false;
    std::string node{};
    bool is_here = true;
    bool is_unknown = false;  ///< what this machine need not have, since another node runs it
    std::optional<DriverDescription> driver{};
  };
  std::optional<Runs> read_runs(DeviceKind kind, const yaml::Node& device);
  bool read_place_of_driver(DeviceKind kind, const yaml::Entry& entry, Runs& runs);
  bool read_node(DeviceKind kind, const yaml::Entry& entry, Runs& runs);
  std::optional<Runs> read_program(DeviceKind kind, const yaml::Node& device, const yaml::Entry& entry, Runs runs);
  std::optional<Runs> read_python(DeviceKind kind, const yaml::Node& device, const yaml::Entry& driver, Runs runs);
  std::optional<std::string> unknown_driver(DeviceKind kind, const yaml::Node& device, const Runs& runs);
  void place_on_node(DeviceEntry& device) const;
  std::string text_of(const yaml::Node& device, const char* key, std::string_view expected);
  void read_mount(DeviceEntry& device, const yaml::Node& node);
  void read_bare(DeviceEntry& device, const yaml::Node& node);
  void read_limits(DeviceEntry& device, const yaml::Node& node, const DriverDescription& driver);
  void read_axis(AxisRange& range, const std::string& axis, const yaml::Node& limits);
  /// Of a driver that this process does not know, the geometry is told later.
  void read_pointing(DeviceEntry& device, const yaml::Node& node, const DriverDescription* driver);
  void simulate(DeviceEntry& device, const yaml::Node& node, yaml::Place place);
  std::optional<DriverDescription> read_twin(DeviceKind kind, const yaml::Entry* simulate, yaml::Place place);
  void put_archive(yaml::Node& settings, const std::string& device, yaml::Place place) const;
  std::filesystem::path archive_of(const std::string& device) const;
  void keep_archives_apart();

  yaml::Reader reader_;
  const SiteOptions& options_;
  Registry& registry_;
  Site site_{};
  std::map<std::string, yaml::Place> seen_{};                // device names, over all kinds
  std::map<std::string, std::vector<std::string>> names_{};  // by kind, in the file's order
  std::string bare_{};                                       // the device that has it
};

/// What devices and nodes may be called.
bool is_name(std::string_view name) noexcept;
inline constexpr const char* name_form = "a small letter, then small letters, digits, _ and -";

/// "mounts" for a mount.
std::string section_of(DeviceKind kind);

/// The driver that stands for another one when a site is simulated.
std::string twin_driver(DeviceKind kind);
bool is_simulated_already(DeviceKind kind, const std::string& driver);

/// Where journal and drivers' files lie when the site file does not say: below XDG_STATE_HOME
/// (XDG Base Directory Specification 0.8), else below ~/.local/state.
std::filesystem::path default_state_folder(const std::string& slug);

}  // namespace astro::detail
