// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "astro/command.hpp"
#include "astro/observatory.hpp"
#include "astro/transport.hpp"
#include "messaging/node_configuring.hpp"
#include "messaging/node_voice.hpp"

namespace astro::messaging {

/// The commands that come to a node: written down before they act, and done once however often they come.
class NodeCommands final : public Subscriber {
 public:
  /// `is_time_known`: without the time nothing moves. `configuration`: null where the site is of no file.
  NodeCommands(const Observatory& observatory, NodeVoice& voice, std::string name, std::function<bool()> is_time_known,
               std::shared_ptr<NodeConfiguration> configuration);

  void deliver(std::span<const Message> messages) override {
    for (const Message& message : messages) obey(message);
  }
  /// Only if it is one of stop: beside everything else that is on its way, and it is told when it is written down.
  void obey_stop(const Message& message) const;
  /// Tells of what the process before had begun, which ended with it at `opened`.
  void tell_interrupted(Time opened);

  void settle_configuration(bool was_trial);
  bool wait_for_configuration(const std::stop_token& stop, Duration at_most) {
    return configuring_.wait(stop, at_most);
  }
  /// When it began with a command that has not come to its device yet.
  std::optional<std::chrono::steady_clock::time_point> busy_since() const;

 private:
  void obey(const Message& message);
  void obey_ourselves(const Command& command);
  void check_time(const Command& command) const;
  Value history(const Value& asked) const;
  void end(const Command& command, const Acknowledgment& how);

  const Observatory& observatory_;
  NodeVoice& voice_;
  const std::string name_;
  const std::function<bool()> is_time_known_;
  std::mutex ourselves_mutex_;  // of the commands to the node itself
  NodeConfiguring configuring_;

  mutable std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> busy_since_;
};

}  // namespace astro::messaging
