// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "astro/coordinates.hpp"
#include "astro/device.hpp"
#include "astro/registry.hpp"
#include "astro/site.hpp"
#include "command_desk.hpp"
#include "execution.hpp"
#include "journal.hpp"
#include "telemetry_hub.hpp"
#include "worker.hpp"

namespace astro::detail {

/// What all hosts of an observatory share.
struct HostContext {
  std::string observatory;
  Location location;
  std::filesystem::path state_folder;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<TelemetryHub> hub;
  std::shared_ptr<const CommandBook> book;
  std::shared_ptr<Watchdog> watchdog;
  std::shared_ptr<CommandDesk> desk;
  std::vector<std::shared_ptr<Transport>> transports;
};

/// What a host is made of.
struct HostSetup {
  DeviceEntry entry;
  DriverDescription description;
  std::shared_ptr<const DriverDescription> twin_of;
  std::unique_ptr<Driver> driver;
  std::shared_ptr<const HostContext> context;
};

/// "plugin/driver device 'dish'", as errors name it.
std::string place_of(const HostSetup& setup);
Surroundings surroundings_of(const HostSetup& setup);
/// Whatever a driver threw, as an error that names the place.
Error translated(const std::exception_ptr& thrown, const std::string& place);

}  // namespace astro::detail
