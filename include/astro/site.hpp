// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/error.hpp"
#include "astro/export.hpp"
#include "astro/handles.hpp"
#include "astro/record.hpp"
#include "astro/registry.hpp"
#include "astro/sky/pointing_model.hpp"

namespace astro {

/// One thing that is wrong with a file that people wrote.
struct Problem {
  std::string file{};
  int line = 0;              ///< from 1; 0: it is of no file that anybody sees
  int column = 0;            ///< from 1
  std::string message{};     ///< what was found and what was expected
  std::string suggestion{};  ///< the nearest known name, or empty
};

template <>
struct Description<Problem> {
  static constexpr std::array fields{field<&Problem::file>("file"), field<&Problem::line>("line"),
                                     field<&Problem::column>("column"), field<&Problem::message>("message"),
                                     field<&Problem::suggestion>("suggestion")};
};

/// All problems of a site file or a request at once.
class ASTRO_API SiteError : public Error {
 public:
  explicit SiteError(std::vector<Problem> problems);
  ~SiteError() override;
  const std::vector<Problem>& problems() const noexcept { return problems_; }

 private:
  std::vector<Problem> problems_;
};

/// A device as the site file has it: checked, in canonical form.
struct DeviceEntry {
  DeviceKind kind = DeviceKind::mount;
  std::string name{};
  std::string driver{};
  Value settings{};                           ///< canonical map of the driver's settings
  std::string mount{};                        ///< of a receiver
  std::optional<MountLimits> limits{};        ///< of a mount, where given
  std::vector<sky::PointingTerm> pointing{};  ///< the model of a mount, where given
  bool bare = false;                          ///< its points stand without its name
  std::string twin_of{};                      ///< simulated: the driver that it stands for
  std::string node{};  ///< another process serves it, and the driver here is `remote`; else empty
  int line = 0;        ///< of its name in the file
};

/// A site file, read and checked:
///
///     site: {name: Teide backyard, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}
///     mounts:
///       dish: {driver: gs232, port: /dev/ttyUSB0, limits: {altitude: [10 deg, 85 deg]}}
///     receivers:
///       hydrogen: {driver: soapy, mount: dish, frequency: 1420.4 MHz, sample_rate: 2.4 MHz}
///     stores:
///       archive: {driver: sqlite, path: teide.db}
///
/// Reading it names every problem at once, with line, column, what was expected and the nearest
/// known name. `${NAME}` takes a value from the environment. Relative paths in the settings count
/// from the folder of the file.
struct Site {
  std::string name{};
  Location location{};
  std::filesystem::path file{};               ///< empty: it was text
  std::filesystem::path state_folder{};       ///< journal and what drivers keep
  std::filesystem::path earth_orientation{};  ///< file of the IERS, or empty; used by the process from `open` on
  std::optional<Time> clock_start{};          ///< `clock: {start, speed}`: simulated time
  double clock_speed = 0.0;                   ///< 0: the system's clock
  std::vector<DeviceEntry> devices{};         ///< in the file's order
  Map sections{};                             ///< those of the rooms, canonical

  /// Its name as topics and folders have it: "teide-backyard".
  ASTRO_API std::string slug() const;

  ASTRO_API const DeviceEntry* find(DeviceKind kind, std::string_view device) const noexcept;

  /// A room's section as its record; default values when the file has none.
  template <Record T>
  T section(std::string_view name) const;
  /// A keyed one: name and record.
  template <Record T>
  std::vector<std::pair<std::string, T>> keyed_section(std::string_view name) const;

 private:
  ASTRO_API const Value* find_section(std::string_view name) const noexcept;
};

struct SiteOptions {
  bool simulate = false;  ///< every driver is replaced by its simulated twin, and runs here
  /// Seen from this node: its devices run here, those of other nodes are `remote`, and what runs on no
  /// node is left out, but for the transports. Empty: seen from where nothing has a node.
  std::string node{};
  bool checks_twins = false;  ///< what stands under `simulate:` is read though nothing is simulated
};

/// Throw `SiteError`; `storage` when the file cannot be read. A file of more than 1 MiB is refused.
ASTRO_API Site load_site(const std::filesystem::path& file, const SiteOptions& options = {},
                         Registry& registry = Registry::shared());
ASTRO_API Site parse_site(std::string_view yaml, const SiteOptions& options = {},
                          Registry& registry = Registry::shared(), const std::filesystem::path& file = {});

/// Reads one YAML document as a record of a schema, with the same care: requests, for instance.
/// Returns a canonical map. `site`: where fields that name devices are looked up.
ASTRO_API Value load_document(const std::filesystem::path& file, const Schema& schema, const Site* site = nullptr);
ASTRO_API Value parse_document(std::string_view yaml, const Schema& schema, const std::filesystem::path& file = {},
                               const Site* site = nullptr);

template <Record T>
T Site::section(std::string_view section_name) const {
  const Value* found = find_section(section_name);
  return found == nullptr ? T{} : from_value<T>(*found);
}

template <Record T>
std::vector<std::pair<std::string, T>> Site::keyed_section(std::string_view section_name) const {
  std::vector<std::pair<std::string, T>> records;
  if (const Value* found = find_section(section_name)) {
    for (const auto& [key, value] : found->as_map()) records.emplace_back(key, from_value<T>(value));
  }
  return records;
}

}  // namespace astro
