// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "astro/command.hpp"
#include "astro/export.hpp"
#include "astro/site.hpp"

namespace astro::messaging {

/// Speaks with the nodes of a site without being one of them and without opening its devices: what the command line
/// and programs of a control room use.
class ASTRO_API NodeClient final {
 public:
  /// Opens the site's transports, and nothing else. Throws `invalid_site` when it has none.
  explicit NodeClient(const Site& site, Registry& registry = Registry::shared());
  ~NodeClient();
  NodeClient(const NodeClient&) = delete;
  NodeClient& operator=(const NodeClient&) = delete;

  /// Sends a command to the node that serves its device, and waits for its end, or so long; returns what is known. A
  /// command without an id gets one. Throws `not_found` for a device that is on no node, `transport` when it could not
  /// be handed over.
  Acknowledgment send(Command command, Duration at_most);

  /// Hears everything that nodes say from now on (what is retained at once), until the client is gone. `hear` is
  /// called from threads of the transports, one at a time. Throws `transport` when it is not in force within `at_most`.
  using Hear = std::function<void(std::string_view topic, std::span<const std::byte> body)>;
  void watch(Hear hear, Duration at_most = std::chrono::seconds(10));

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::messaging
