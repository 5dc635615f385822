// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/controller.hpp"
#include "astro/export.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "astro/store.hpp"
#include "astro/transport.hpp"

namespace astro {

struct PluginDescriptor;

enum class DeviceKind : std::uint8_t { mount, receiver, controller, transport, store };

ASTRO_API std::string_view to_string(DeviceKind kind) noexcept;  ///< "mount"

/// What one can say about transports and stores: nothing yet, but that they are there.
struct TransportDescription {
  std::size_t largest_body = 8u << 20;  ///< bytes
};
struct StoreDescription {};

/// Everything known about a driver without making one.
struct DriverDescription {
  std::string name{};
  std::string says{};  ///< one sentence
  DeviceKind kind = DeviceKind::mount;
  std::string plugin{};   ///< the plugin that brought it
  std::string version{};  ///< of that plugin
  Schema settings{};
  MountDescription mount{};            ///< of a mount
  ReceiverDescription receiver{};      ///< of a receiver
  ControllerDescription controller{};  ///< of a controller
  TransportDescription transport{};    ///< of a transport
};

namespace detail {
template <class T>
struct DriverTraits;
template <std::derived_from<Mount> T>
struct DriverTraits<T> {
  using Description = MountDescription;
  static void put(DriverDescription& into, Description given) { into.kind = DeviceKind::mount, into.mount = given; }
};
template <std::derived_from<Receiver> T>
struct DriverTraits<T> {
  using Description = ReceiverDescription;
  static void put(DriverDescription& into, Description given) {
    into.kind = DeviceKind::receiver, into.receiver = std::move(given);
  }
};
template <std::derived_from<Controller> T>
struct DriverTraits<T> {
  using Description = ControllerDescription;
  static void put(DriverDescription& into, Description given) {
    into.kind = DeviceKind::controller, into.controller = std::move(given);
  }
};
template <std::derived_from<Transport> T>
struct DriverTraits<T> {
  using Description = TransportDescription;
  static void put(DriverDescription& into, Description given) {
    into.kind = DeviceKind::transport, into.transport = given;
  }
};
template <std::derived_from<Store> T>
struct DriverTraits<T> {
  using Description = StoreDescription;
  static void put(DriverDescription& into, Description) { into.kind = DeviceKind::store; }
};
}  // namespace detail

struct Site;
struct DeviceEntry;
class Registry;
class MountGuard;
struct GuardedMount;

/// What a room's own check of its section sees. What is wrong with the devices themselves is told already.
struct SectionCheck {
  const Site& site;
  Registry& registry;
  const Map& section;  ///< canonical; of a keyed one: from key to record
  /// Adds a problem at a key: the way to it from the section's name down ("hydrogen", "hot").
  std::function<void(const std::vector<std::string>& at, const std::string& message, const std::string& suggestion)>
      complain{};

  /// What a device's driver can do; nothing where the file does not say rightly which one it is.
  ASTRO_API std::optional<DriverDescription> driver_of(const DeviceEntry& device) const;
};

/// A section of the site file that a room brings: `calibration:`, `queue:`, `telemetry:`.
struct SectionDescription {
  std::string name{};
  std::string says{};
  Schema schema{};
  bool keyed = false;       ///< a map from names to records of the schema
  std::string keys_name{};  ///< the keys name devices of this kind: "receiver"
  /// What fields cannot say of themselves; called for a section whose form is right. Null: nothing.
  std::function<void(const SectionCheck&)> check{};
  /// Of a section that is keyed by mount: makes what guards a mount by its record (guard.hpp). Null: nothing.
  std::function<std::shared_ptr<MountGuard>(const GuardedMount&, const Value& record)> guard{};
};

/// Knows the drivers: those of plugins, found by name and loaded at first use, and those that a
/// program adds itself. All functions may be called from any thread.
class ASTRO_API Registry final {
 public:
  using Factory = std::function<std::unique_ptr<Driver>(const Value& settings)>;

  /// The one of this process; also what plugins and rooms are enrolled in.
  static Registry& shared();

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Adds a driver: `registry.add<Gs232>("gs232", {.geometry = Geometry::alt_az}, "GS-232 rotator")`.
  /// T derives from one of the five interfaces, has a described `T::Settings` and a constructor
  /// from it. A driver's name is its plugin's, or begins with it and a dot. The same name may stand
  /// for drivers of different kinds. Throws `duplicate` for a second one of the same kind.
  template <class T>
  void add(std::string name, typename detail::DriverTraits<T>::Description description = {}, std::string says = {}) {
    DriverDescription full;
    full.name = std::move(name);
    full.says = std::move(says);
    full.settings = schema_of<typename T::Settings>();
    detail::DriverTraits<T>::put(full, std::move(description));
    add(std::move(full), [](const Value& settings) -> std::unique_ptr<Driver> {
      return std::make_unique<T>(from_value<typename T::Settings>(settings));
    });
  }
  void add(DriverDescription description, Factory factory);
  void add(SectionDescription section);

  /// Searched for `astro_NAME.so`, first to last: ASTRO_PLUGIN_PATH (colons), folders added here,
  /// `astro/plugins` beside libastro.
  void add_plugin_folder(std::filesystem::path folder);
  std::vector<std::filesystem::path> plugin_folders() const;
  /// Loads a library now; throws `refused_plugin` with a sentence, before any of its code ran
  /// unless its tag is right.
  void load(const std::filesystem::path& library);

  /// The driver's description; loads its plugin if need be. Throws `not_found` with the nearest
  /// known name and the folders that were searched.
  DriverDescription find(DeviceKind kind, const std::string& name);
  std::unique_ptr<Driver> make(DeviceKind kind, const std::string& name, const Value& settings);

  /// All that are loaded or were added. `load_all` loads every plugin on the path first and
  /// returns a sentence for each that was refused.
  std::vector<std::string> load_all();
  std::vector<DriverDescription> drivers() const;
  std::vector<SectionDescription> sections() const;

 private:
  friend ASTRO_API void enroll(const PluginDescriptor& plugin, Registry& registry);
  void enroll_all_or_nothing(const PluginDescriptor& plugin);

  struct State;
  std::unique_ptr<State> state_;
};

/// Enrols a room's section when libastro is loaded: `static const SectionEnrolment section({...});`
struct SectionEnrolment {
  explicit SectionEnrolment(SectionDescription section) { Registry::shared().add(std::move(section)); }
};

}  // namespace astro
