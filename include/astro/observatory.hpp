// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/clock.hpp"
#include "astro/export.hpp"
#include "astro/handles.hpp"
#include "astro/site.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry.hpp"
#include "astro/transport.hpp"

namespace astro {

struct OpenOptions {
  bool simulate = false;                 ///< every driver is replaced by its simulated twin
  std::shared_ptr<Clock> clock{};        ///< null: as the site file says, else the system's
  std::filesystem::path state_folder{};  ///< empty: as the site file says
  /// Hears everything from the beginning; must live until the observatory is closed. Null: nobody.
  Listener* listener = nullptr;
  /// Called before a transport is opened, with its name: for its last will. Null: nothing.
  std::function<void(Transport&, const std::string& name)> before_transport{};
};

/// An observatory: the devices of a site, open, by name. It owns and names things and decides
/// nothing. Copies are the same observatory; it closes with the last copy, or by `close`: drivers
/// are stopped, closed, and then destroyed.
class ASTRO_API Observatory final {
 public:
  /// Reads the site file, loads the plugins, opens every device (in the file's order) and checks
  /// it. When a device cannot be opened, those before it are closed again and the error names it.
  static Observatory open(const std::filesystem::path& site_file, const OpenOptions& options = {});
  static Observatory open(const Site& site, const OpenOptions& options = {}, Registry& registry = Registry::shared());

  const Site& site() const noexcept;
  const Location& location() const noexcept { return site().location; }
  const std::shared_ptr<Clock>& clock() const noexcept;
  /// Where the journal lies and what drivers and rooms keep; it exists while the observatory is open.
  const std::filesystem::path& state_folder() const noexcept;

  /// A device by its name; throws `not_found` with the nearest known one. Without an issuer it is
  /// the person whose process this is, with the rank of an operator.
  MountHandle mount(const std::string& name) const;
  MountHandle mount(const std::string& name, Issuer issuer) const;
  ReceiverHandle receiver(const std::string& name) const;
  ReceiverHandle receiver(const std::string& name, Issuer issuer) const;
  ControllerHandle controller(const std::string& name) const;
  ControllerHandle controller(const std::string& name, Issuer issuer) const;
  StoreHandle store(const std::string& name) const;
  /// The transport itself: it is safe for all threads by contract.
  std::shared_ptr<Transport> transport(const std::string& name) const;
  std::vector<std::string> names(DeviceKind kind) const;

  /// Commands that a device understands, with their parameters; also `stop`, which all have.
  std::vector<CommandDescription> commands(const std::string& device) const;
  std::vector<Field> points(const std::string& device) const;

  /// The gate for commands from outside: written down durably before it acts, refused when its id
  /// was there before (then the state that it reached is returned), executed at most once. Only
  /// broken forms throw; what is not allowed comes back as `rejected`.
  Execution execute(Command command) const;
  /// What became of a command, from the journal.
  std::optional<Acknowledgment> find_command(const std::string& id) const;
  std::vector<Acknowledgment> recent_commands(std::size_t limit = 100) const;

  /// Stops every device at once.
  void stop_all() const noexcept;

  /// Latest values: all, or one by its id.
  std::vector<Point> latest() const;
  std::optional<Point> latest(const std::string& id) const;
  [[nodiscard]] Subscription subscribe(Listener& listener) const;

  void close() noexcept;
  bool is_open() const noexcept;

  struct State;
  explicit Observatory(std::shared_ptr<State> state) noexcept;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace astro
