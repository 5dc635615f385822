// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "astro/export.hpp"
#include "astro/metrics.hpp"
#include "astro/record.hpp"

/// \file
/// Where Prometheus reads how a process does: `http://ADDRESS/metrics`, by the `metrics:` section of a site file or by
/// `--metrics ADDRESS` of the programs that run long.
///
///     metrics: {listen: "127.0.0.1:9464"}
namespace astro::telemetry {

struct MetricsSection {
  std::string listen{};  ///< host:port; empty: nowhere
};

/// In Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
ASTRO_API std::string prometheus_text(std::span<const Metric> metrics);

/// Answers who asks for the metrics of this process, from a thread of its own, until it is gone. It tells numbers and
/// names of devices to everybody who can reach the address, and takes nothing.
class ASTRO_API MetricsEndpoint final {
 public:
  /// `listen`: "127.0.0.1:9464", "[::1]:9464"; port 0: any that is free. Throws `invalid_argument` for what is no
  /// address, and `busy` when it cannot listen there.
  explicit MetricsEndpoint(const std::string& listen);
  ~MetricsEndpoint();
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  int port() const noexcept;
  std::string url() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::MetricsSection> {
  using S = telemetry::MetricsSection;
  static constexpr const char* name = "metrics";
  static constexpr std::array fields{
      field<&S::listen>("listen", {.says = "address for Prometheus, \"127.0.0.1:9464\"; if empty none"})};
};

}  // namespace astro
