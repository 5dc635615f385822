// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "astro/time.hpp"

/// A node as a service of systemd.
namespace astro::cli {

/// Tells the service manager: "READY=1". Where none asked to be told (sd_notify(3)), nothing happens.
void notify(std::string_view state) noexcept;

/// How often it wants to hear "WATCHDOG=1": a third of its patience; zero: never.
Duration watchdog_interval();

struct ServiceUnit {
  std::string node{};
  std::string site_name{};
  std::filesystem::path site_file{};
  std::filesystem::path state_folder{};  ///< empty: below /var/lib
  std::filesystem::path folder{};        ///< where units lie
};

/// "astro-node-movement.service".
std::string unit_name(const std::string& node);

/// Writes the unit and returns its path. It runs as whoever owns the site file. Throws `storage`.
std::filesystem::path install(const ServiceUnit& unit);
/// Throws `not_found`, `storage`.
std::filesystem::path uninstall(const ServiceUnit& unit);

}  // namespace astro::cli
