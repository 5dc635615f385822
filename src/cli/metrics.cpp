// SPDX-License-Identifier: BSD-3-Clause
#include "cli/metrics.hpp"

#include <iostream>

#include "astro/error.hpp"
#include "astro/log.hpp"

namespace astro::cli {

void add_metrics_option(CLI::App& command, std::string& address) {
  command.add_option("--metrics", address,
                     "host:port where Prometheus reads how this process does; default: as the site's `metrics:` says");
}

std::unique_ptr<telemetry::MetricsEndpoint> tell_metrics(const Site& site, const std::string& address) {
  const std::string wanted = address.empty() ? site.section<telemetry::MetricsSection>("metrics").listen : address;
  if (wanted.empty()) return nullptr;
  try {
    auto endpoint = std::make_unique<telemetry::MetricsEndpoint>(wanted);
    std::cerr << "metrics at " << endpoint->url() << std::endl;
    return endpoint;
  } catch (const Error& error) {
    if (!address.empty()) throw;
    log(LogLevel::warning, "metrics", error.what());
    return nullptr;
  }
}

}  // namespace astro::cli
