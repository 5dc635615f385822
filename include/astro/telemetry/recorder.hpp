// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/messaging/registry_settings.hpp"
#include "astro/observatory.hpp"
#include "astro/record.hpp"

/// \file
/// From a transport into a store: what `astro recorder` runs, by the `recorder:` section of a site file.
///
///     recorder:
///       transport: events
///       store: archive
///       topics:
///         - {pattern: telescope/data, holds: data}
///         - {pattern: "astro/v1/teide/+/data/#", holds: points}
///         - {pattern: "astro/v1/teide/+/shed", holds: shed}
///       registry: {url: "http://localhost:8081"}
namespace astro::telemetry {

enum class Holds : std::uint8_t {
  data,    ///< TelescopeData in Confluent's format; rest as messaging::TelescopeDataRaw
  points,  ///< of astro/v1/{site}/{node}/data/{device}/{point}; rest in the history
  shed     ///< of astro/v1/{site}/{node}/shed, what nodes let go for want of room; rests as Loss
};
using messaging::Encoding;
using messaging::RegistrySettings;

struct RecordedTopic {
  std::string pattern{};
  Holds holds = Holds::data;
  std::optional<Encoding> encoding{};  ///< nothing: data are in Avro, the others in JSON
};

struct RecorderSection {
  std::string transport{};
  std::string store{};
  std::string group = "recorder";
  std::vector<RecordedTopic> topics{};
  RegistrySettings registry{};
  std::string dead_letters = "telescope/data.dlq";
};

struct RecorderStatus {
  std::uint64_t messages = 0;  ///< that were dealt with
  std::uint64_t stored = 0;
  std::uint64_t there = 0;  ///< were in the store already
  std::uint64_t dead = 0;   ///< could not be decoded: among the dead letters
};

/// Brings messages into a store, each once, however often they come; several side by side share them as one group.
/// A message counts as delivered when the store has committed it, or when the broker has it among the dead letters.
/// Store, registry and broker may go away: it waits for them, and says so once.
class ASTRO_API Recorder final {
 public:
  /// Throws `not_found` when the observatory has no such transport or store. `devices`: a site whose bare devices
  /// measure; empty: that of the observatory.
  Recorder(const Observatory& site, RecorderSection section, const std::optional<Site>& devices = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Records until it is told to stop; what is not stored then comes to another one, or later.
  void run(const std::stop_token& stop);
  RecorderStatus status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::Holds> {
  static constexpr std::array choices{"data", "points", "shed"};
};

template <>
struct Description<telemetry::RecordedTopic> {
  using T = telemetry::RecordedTopic;
  static constexpr std::array fields{
      field<&T::pattern>("pattern", {.says = "of the topics", .required = true}),
      field<&T::holds>("holds", {.says = "data of observations, points of telemetry, or what nodes let go of these",
                                 .required = true}),
      field<&T::encoding>("encoding", {.says = "if nothing is said data are in Avro and the others in JSON"})};
};

template <>
struct Description<telemetry::RecorderSection> {
  using S = telemetry::RecorderSection;
  static constexpr const char* name = "recorder";
  static constexpr std::array fields{
      field<&S::transport>("transport", {.says = "from where", .required = true, .names = "transport"}),
      field<&S::store>("store", {.says = "into which store", .required = true, .names = "store"}),
      field<&S::group>("group", {.says = "recorders of one group share the messages"}),
      field<&S::topics>("topics", {.says = "what is recorded", .required = true}),
      field<&S::registry>("registry", {.says = "of schemas, for what is in Avro"}),
      field<&S::dead_letters>("dead_letters", {.says = "topic of what cannot be decoded"})};
};

}  // namespace astro
