// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/command.hpp"
#include "astro/command_history.hpp"
#include "astro/export.hpp"
#include "astro/site.hpp"

namespace astro::messaging {

/// A node as those who command know it.
struct KnownNode {
  std::string name{};
  std::string state{};        ///< online, silent (it does not answer), closed, vanished, unheard (it never spoke)
  bool admitted = false;      ///< else it is pending: what it says is shown, and it is not commanded
  std::string admitted_by{};  ///< "site file", or who did it
  std::optional<Time> since{};
  std::optional<Time> heard{};
  std::int64_t boot = 0;
  std::string version{};
  std::string host{};
  std::int64_t configuration = 0;
  std::string clock{};
  std::optional<double> clock_ahead_s{};   ///< of ours, as far as a question and its answer can tell
  std::optional<double> clock_within_s{};  ///< half of what that took: the offset is known as well as this
  std::vector<std::string> devices{};
};

/// Speaks with the nodes of a site without being one of them and without opening its devices: what the command line
/// and programs of a control room use.
class ASTRO_API NodeClient final {
 public:
  /// Opens the site's transports, and nothing else. Throws `invalid_site` when it has none.
  explicit NodeClient(const Site& site, Registry& registry = Registry::shared());
  ~NodeClient();
  NodeClient(const NodeClient&) = delete;
  NodeClient& operator=(const NodeClient&) = delete;

  /// Sends a command to the node that serves its device, and waits for its end, or so long; returns what is known:
  /// `unanswered` while the node has said nothing of it, and in the message whether it waits at the broker. A command
  /// without an id gets one; one that expires does so by the node's clock, as far as its offset is known.
  /// Throws `not_found` for a device that is on no node, `unsafe` for one of a node that is pending, `transport` when
  /// it could not be handed over.
  Acknowledgment send(Command command, Duration at_most);

  /// Who is there: asks all, waits for their answers or so long, and keeps what it heard in the site's state folder.
  /// Devices of the site name nodes, and so does the section `nodes:`; those are admitted. Others are pending from the
  /// first time that they are heard until somebody admits them.
  std::vector<KnownNode> nodes(Duration at_most = std::chrono::seconds(5));
  /// Throw `not_found` for a node that was never heard; `invalid_argument` for forgetting one that the site file
  /// admits.
  void admit(const std::string& node, const std::string& by);
  void forget(const std::string& node);

  /// Sends a site file to a node, which checks it, takes it or refuses it whole, starts anew with it, and goes back to
  /// what it had when it does not come up. The same acknowledgments as of any command.
  Acknowledgment configure(const std::string& node, const std::string& site_file, const Issuer& issuer,
                           Duration at_most);

  /// What the node's journal says. Throws `timeout` when it does not answer.
  std::vector<CommandRecord> history(const std::string& node, const CommandQuery& query, Duration at_most);

  /// Hears everything that nodes say from now on (what is retained at once), until the client is gone. `hear` is
  /// called from threads of the transports, one at a time. Throws `transport` when it is not in force within `at_most`.
  using Hear = std::function<void(std::string_view topic, std::span<const std::byte> body)>;
  void watch(const Hear& hear, Duration at_most = std::chrono::seconds(10));

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::KnownNode> {
  using N = messaging::KnownNode;
  static constexpr const char* name = "known_node";
  static constexpr std::array fields{
      field<&N::name>("name", {.says = "of the node", .required = true}),
      field<&N::state>("state", {.says = "online, silent, closed, vanished or unheard"}),
      field<&N::admitted>("admitted", {.says = "else it is pending, and is not commanded"}),
      field<&N::admitted_by>("admitted_by", {.says = "site file, or who did it"}),
      field<&N::since>("since", {.says = "heard first"}),
      field<&N::heard>("heard", {.says = "heard last"}),
      field<&N::boot>("boot", {.says = "counts its starts"}),
      field<&N::version>("version", {.says = "of its libastro"}),
      field<&N::host>("host", {.says = "name of its machine"}),
      field<&N::configuration>("configuration", {.says = "version of the site file that it was sent, 0: its own"}),
      field<&N::clock>("clock", {.says = "synchronised, unsynchronised or simulated"}),
      field<&N::clock_ahead_s>("clock_ahead_s", {.unit = "s", .says = "of its clock, before ours"}),
      field<&N::clock_within_s>("clock_within_s", {.unit = "s", .says = "how well that is known"}),
      field<&N::devices>("devices", {.says = "that it serves"})};
};

}  // namespace astro
