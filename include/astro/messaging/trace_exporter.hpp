// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "astro/export.hpp"

namespace astro::messaging {

/// Sends the spans of this process to a collector, by OTLP over HTTP in JSON
/// (https://opentelemetry.io/docs/specs/otlp/#otlphttp), from a thread of its own and never in the way of the work:
/// when the collector is away or slow, spans are dropped and counted.
class ASTRO_API TraceExporter final {
 public:
  /// `endpoint`: "http://collector:4318", below which `/v1/traces` lies. `service`: what this process is called there.
  TraceExporter(const std::string& endpoint, std::string service);
  ~TraceExporter();  ///< after one last attempt
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  /// As the variables OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME say; null: nobody wants the spans.
  static std::unique_ptr<TraceExporter> from_environment(const std::string& service);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace astro::messaging
