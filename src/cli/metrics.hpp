// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "astro/site.hpp"
#include "astro/telemetry/metrics_endpoint.hpp"

namespace astro::cli {

/// Of each command that runs long.
void add_metrics_option(CLI::App& command, std::string& address);

/// At the address of the command line, else at that of the site file; null: nowhere. An address of the command line
/// that is taken is an error; that of the site, which all its processes share, is a warning, and the work goes on.
std::unique_ptr<telemetry::MetricsEndpoint> tell_metrics(const Site& site, const std::string& address);

}  // namespace astro::cli
