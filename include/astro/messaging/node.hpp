// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
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
/// - `birth` (retained): who it is, and its devices with their descriptions; `rebirth` asks for it anew, and has its
///   `id` among what that `answers`;
/// - `state` (retained): that it is there, again and again, and who holds its devices; the last will says that it is
/// not;
/// - `data/{device}/{point}`: one telemetry value;
/// - `command/{device}` and `acknowledgment/{device}`: the records of the topics `telescope.commands` and
///   `telescope.acknowledgments`; those to the node itself have the device `_node`;
/// - `status`: its warnings and errors, the record of the topic `telescope.status`; of other processes of the site,
///   too;
/// - `dlq`: a command that could not be read, with the reason; `shed`: that telemetry was let go (outbox.hpp);
/// - `stream/{device}`: asks for the blocks of a receiver for some seconds; `blocks/{device}`: they.
namespace astro::messaging {

/// Who holds a device of a node.
struct HeldDevice {
  std::string device{};
  std::string name{};  ///< of the issuer
  Rank rank = Rank::operator_;
  Time until{};  ///< by the node's clock

  bool operator==(const HeldDevice&) const = default;
};

/// The body of `state`.
struct NodeState {
  bool online = true;
  std::int64_t boot = 0;
  Time time{};
  std::string cause{};  ///< of its end: "bye" when it was closed, "lwt" when it vanished
  double beat_s = 0.0;  ///< it says this so often, and when a device changes hands
  std::vector<HeldDevice> held{};
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
  std::int64_t configuration = 0;  ///< version of the site file that it was sent, 0: the one on its disk
  std::string clock{};             ///< synchronised, unsynchronised or simulated
  std::vector<std::string> answers{};
};

/// Stands for the node itself where a device is named; no device can be called so. It obeys `configure` (`site`: a site
/// file as text), which ends when the node serves with it or is back at what it served before, and `history` (a
/// CommandQuery), whose details are a list of CommandRecord.
inline constexpr const char* node_device = "_node";

/// The section `nodes:` of a site file. What the outbox may take is said of each outbox of a node: that of what it
/// measures, and that of the topics `telescope.*`.
struct NodesSection {
  std::vector<std::string> admitted{};  ///< besides those that devices name
  bool unsynchronised_clock = false;    ///< mounts move also when a node's clock is synchronised with nothing
  std::int64_t outbox_size = std::int64_t{1} << 30;  ///< bytes that wait on a node's disk; then telemetry is shed
  double backlog_rate = 1000.0;                      ///< messages a second of what waited, behind what is live
};

struct NodeOptions {
  std::filesystem::path state_folder{};  ///< empty: as the site file says
  std::shared_ptr<Clock> clock{};        ///< null: as the site file says
  Duration beat = std::chrono::seconds(5);
  Duration come_up = std::chrono::seconds(30);  ///< a new configuration that is not heard until then is rolled back
  std::function<bool()> is_synchronised{};      ///< of the clock; null: as the kernel says
};

/// Serves the devices that a site file gives to this node, until it is closed. Commands are written down before they
/// act, and done once however often they come; stop acts at once.
class ASTRO_API Node final {
 public:
  /// Throws `not_found` when the site gives nothing to a node of this name. What the node was sent by `configure`
  /// counts before the file, until somebody changes the file.
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

  /// Waits until a configuration is to be tried, which is when the node has to be opened anew, or until stop is
  /// requested, or so long; whether one is.
  bool wait_for_configuration(const std::stop_token& stop, Duration at_most) const;
  /// Whether it does its work: it beats, its journal answers, and no command is stuck on its way to a device.
  bool serves() const;

  struct State;

 private:
  explicit Node(std::shared_ptr<State> state) noexcept;
  std::shared_ptr<State> state_;
};

/// Throws `not_found` when a site that was read as this node (SiteOptions::node) gives it no device, `invalid_site`
/// when the site has no transport.
ASTRO_API void check_serves(const Site& site, const std::string& node);

/// Where the topics of a node lie: "astro/v1/teide-backyard/movement/".
ASTRO_API std::string node_topics(const std::string& site_slug, const std::string& node);

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::HeldDevice> {
  using R = messaging::HeldDevice;
  static constexpr const char* name = "held_device";
  static constexpr std::array fields{field<&R::device>("device", {.says = "in the site file", .required = true}),
                                     field<&R::name>("name", {.says = "who holds it"}),
                                     field<&R::rank>("rank", {.says = "who outranks whom"}),
                                     field<&R::until>("until", {.says = "by the node's clock"})};
};

template <>
struct Description<messaging::NodeState> {
  using R = messaging::NodeState;
  static constexpr const char* name = "node_state";
  static constexpr std::array fields{
      field<&R::online>("online", {.says = "whether it is there", .required = true}),
      field<&R::boot>("boot", {.says = "counts the starts of the node", .required = true}),
      field<&R::time>("time", {.says = "by the node's clock"}),
      field<&R::cause>("cause", {.says = "of its end: bye, or lwt when it vanished"}),
      field<&R::beat_s>("beat", {.unit = "s", .says = "it says this so often, and when a device changes hands"}),
      field<&R::held>("held", {.says = "the devices that somebody holds"})};
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
      field<&R::devices>("devices"),
      field<&R::configuration>("configuration", {.says = "version of the site file that it was sent, 0: its own"}),
      field<&R::clock>("clock", {.says = "synchronised, unsynchronised or simulated"}),
      field<&R::answers>("answers", {.says = "ids of the questions that brought it"})};
};

template <>
struct Description<messaging::NodesSection> {
  using R = messaging::NodesSection;
  static constexpr const char* name = "nodes";
  static constexpr std::array fields{
      field<&R::admitted>("admitted", {.says = "nodes that may be commanded besides those that devices name"}),
      field<&R::unsynchronised_clock>("unsynchronised_clock",
                                      {.says = "mounts move also when a node's clock is synchronised with nothing"}),
      field<&R::outbox_size>("outbox_size",
                             {.unit = "B",
                              .min = 1 << 20,
                              .max = 1e15,
                              .says = "so much may wait on a node's disk; then the oldest telemetry is let go"}),
      field<&R::backlog_rate>(
          "backlog_rate", {.min = 1,
                           .max = 1e6,
                           .says = "messages a second of what waited while the broker was away, behind what is live"})};
};

}  // namespace astro
