// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/messaging/point.hpp"
#include "astro/observatory.hpp"
#include "astro/record.hpp"
#include "astro/telemetry.hpp"

/// \file
/// Nodes: processes that serve devices to others. A node speaks over every transport of its site, so that one that
/// is near goes on when another is away; what comes twice is done once. Its topics, below
/// `astro/v1/{site}/{node}/`, with JSON bodies:
///
/// - `birth` (retained): who it is, and its devices with their descriptions; `rebirth` asks for it anew;
/// - `state` (retained): that it is there, again and again; the last will says that it is not;
/// - `data/{device}/{point}`: one telemetry value;
/// - `command/{device}` and `acknowledgment/{device}`: the records of the topics `telescope.commands` and
///   `telescope.acknowledgments`;
/// - `status`: its warnings and errors, the record of the topic `telescope.status`; of other processes of the site,
/// too;
/// - `dlq`: a command that could not be read, with the reason; `shed`: that telemetry was let go (outbox.hpp);
/// - `stream/{device}`: asks for the blocks of a receiver for some seconds; `blocks/{device}`: they.
namespace astro::messaging {

/// The body of `state`.
struct NodeState {
  bool online = true;
  std::int64_t boot = 0;
  Time time{};
  std::string cause{};  ///< of its end: "bye" when it was closed, "lwt" when it vanished
  double beat_s = 0.0;  ///< it says this so often
};

/// A device as a birth has it.
struct ServedDevice {
  std::string name{};
  std::string kind{};
  std::string driver{};
  Value description{};  ///< of a mount, receiver or controller
  Value commands{};     ///< a list of name, says, parameters
  Value points{};       ///< a list of fields
};

/// The body of `birth`.
struct NodeBirth {
  std::string node{};
  std::int64_t boot = 0;
  Time time{};
  std::string version{};  ///< of libastro
  std::string host{};     ///< the machine's name
  std::vector<ServedDevice> devices{};
};

struct NodeOptions {
  std::filesystem::path state_folder{};  ///< empty: as the site file says
  std::shared_ptr<Clock> clock{};        ///< null: as the site file says
  Duration beat = std::chrono::seconds(5);
};

/// Serves the devices that a site file gives to this node, until it is closed. Commands are written down before they
/// act, and done once however often they come; stop acts at once.
class ASTRO_API Node final {
 public:
  /// Throws `not_found` when the site gives nothing to a node of this name.
  static Node open(const std::filesystem::path& site_file, const std::string& name, const NodeOptions& options = {});
  /// `site` was read as this node (SiteOptions::node).
  static Node open(const Site& site, const std::string& name, const NodeOptions& options = {},
                   Registry& registry = Registry::shared());
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;

  const Observatory& observatory() const noexcept;
  std::int64_t boot() const noexcept;  ///< counts the starts of this node
  void close() noexcept;               ///< says so to the others

  struct State;

 private:
  explicit Node(std::shared_ptr<State> state) noexcept;
  std::shared_ptr<State> state_;
};

/// Where the topics of a node lie: "astro/v1/teide-backyard/movement/".
ASTRO_API std::string node_topics(const std::string& site_slug, const std::string& node);

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::NodeState> {
  using R = messaging::NodeState;
  static constexpr const char* name = "node_state";
  static constexpr std::array fields{
      field<&R::online>("online", {.says = "whether it is there", .required = true}),
      field<&R::boot>("boot", {.says = "counts the starts of the node", .required = true}),
      field<&R::time>("time", {.says = "by the node's clock"}),
      field<&R::cause>("cause", {.says = "of its end: bye, or lwt when it vanished"}),
      field<&R::beat_s>("beat", {.unit = "s", .says = "it says this so often"})};
};

template <>
struct Description<messaging::ServedDevice> {
  using R = messaging::ServedDevice;
  static constexpr const char* name = "served_device";
  static constexpr std::array fields{
      field<&R::name>("name", {.says = "in the site file", .required = true}),
      field<&R::kind>("kind", {.says = "mount, receiver or controller", .required = true}),
      field<&R::driver>("driver"),
      field<&R::description>("description", {.says = "what it can do"}),
      field<&R::commands>("commands", {.says = "that it obeys, with their parameters"}),
      field<&R::points>("points", {.says = "that it measures"})};
};

template <>
struct Description<messaging::NodeBirth> {
  using R = messaging::NodeBirth;
  static constexpr const char* name = "node_birth";
  static constexpr std::array fields{
      field<&R::node>("node", {.says = "its name", .required = true}),
      field<&R::boot>("boot", {.says = "counts the starts of the node", .required = true}),
      field<&R::time>("time", {.says = "by the node's clock"}),
      field<&R::version>("version", {.says = "of libastro"}),
      field<&R::host>("host", {.says = "name of the machine"}),
      field<&R::devices>("devices")};
};

}  // namespace astro
