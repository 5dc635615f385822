// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <memory>
#include <string>

#include "astro/export.hpp"
#include "astro/messaging/registry_settings.hpp"
#include "astro/observatory.hpp"
#include "astro/record.hpp"

/// \file
/// The topics of the control room, `telescope.*`, by the section `telescope:` of a site file:
///
///     telescope: {node: receiver, transport: kafka, registry: {url: "http://registry:8081"}}
///
/// The node that it names carries out what comes over `telescope/commands`: an observation tracks its target and
/// integrates, on receivers and mounts of other nodes as on its own.
namespace astro::messaging {

struct TelescopeSection {
  std::string node{};
  std::string transport{};
  Encoding encoding = Encoding::avro;
  RegistrySettings registry{};
  std::string receiver{};
  std::string store{};
  std::uint32_t channels = 1024;
  Duration integration = std::chrono::seconds(1);
  Duration calibration_time = std::chrono::seconds(20);
  Duration status_every = std::chrono::seconds(30);
};

/// Serves the topics for an observatory, until it is destroyed. A command is written down durably before it acts, in
/// `telescope/journal.db` of the state folder, and what is said is there too until the broker has it. Observations run
/// one after the other; what cannot be read goes to `telescope/commands.dlq` with the reason.
class ASTRO_API TelescopeTopics final {
 public:
  /// Returns at once; the registry and the broker are waited for. `name`: of the node. Throws `not_found`, `storage`.
  TelescopeTopics(const Observatory& site, const TelescopeSection& section, const std::string& name);
  ~TelescopeTopics();
  TelescopeTopics(const TelescopeTopics&) = delete;
  TelescopeTopics& operator=(const TelescopeTopics&) = delete;

  /// Until commands are heard, or so long; whether they are.
  bool wait_heard(Duration at_most) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// What serves the topics for this node, or null where the site gives them to another one or to none.
ASTRO_API std::unique_ptr<TelescopeTopics> telescope_topics_of(const Observatory& site, const std::string& node);

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::TelescopeSection> {
  using S = messaging::TelescopeSection;
  static constexpr const char* name = "telescope";
  static constexpr std::array fields{
      field<&S::node>("node", {.says = "which carries out what the control room asks for", .required = true}),
      field<&S::transport>("transport", {.says = "over which the control room speaks; empty: the only one of the site",
                                         .required = false,
                                         .names = "transport"}),
      field<&S::encoding>("encoding", {.says = "avro in Confluent's format, or json"}),
      field<&S::registry>("registry", {.says = "of schemas, for avro"}),
      field<&S::receiver>(
          "receiver",
          {.says = "with which is observed; empty: the only one of the site", .required = false, .names = "receiver"}),
      field<&S::store>(
          "store",
          {.says = "where the integrations go; empty: the only one of the site", .required = false, .names = "store"}),
      field<&S::channels>("channels", {.min = 2, .max = 1048576, .says = "of a spectrum"}),
      field<&S::integration>("integration", {.min = 0.001, .max = 1e5, .says = "length of one spectrum"}),
      field<&S::calibration_time>(
          "calibration_time",
          {.min = 0.001, .max = 1e5, .says = "on each load, where the site's calibration: has such"}),
      field<&S::status_every>("status_every", {.min = 1, .max = 86400, .says = "says so often how it is"})};
};

}  // namespace astro
