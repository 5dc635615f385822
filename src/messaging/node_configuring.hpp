// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "astro/site.hpp"
#include "messaging/node_configuration.hpp"

namespace astro::messaging {

/// The command `configure` of a node that serves: the site file that it brings is tried by the node's next start.
class NodeConfiguring final {
 public:
  /// `configuration`: null where the site is of no file.
  NodeConfiguring(const Site& site, std::string name, std::shared_ptr<NodeConfiguration> configuration);

  /// The site file in the command. Throws why the node cannot serve with it.
  std::string checked(const Command& command) const;
  /// It is on the disk, and whoever waits starts the node anew.
  void propose(const std::string& text, const Command& command);
  bool wait(const std::stop_token& stop, Duration at_most);

  /// Ends what was tried; what became of it, or of what the process before had not told.
  std::optional<NodeConfiguration::Outcome> settle(bool was_trial);
  void told() { configuration_->told(); }
  /// Whether this command's end comes with the trial's.
  bool is_of(const std::string& command_id) const;

 private:
  void check_stays(const std::string& key, bool stays) const;

  const Site& site_;
  const std::string name_;
  const std::shared_ptr<NodeConfiguration> configuration_;
  std::mutex mutex_;
  std::condition_variable_any proposed_;
  bool is_proposed_ = false;
};

}  // namespace astro::messaging
