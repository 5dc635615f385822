// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_configuring.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/messaging/node.hpp"

namespace astro::messaging {

namespace {

Value section_in(const Site& site, const std::string& name) {
  const auto found = std::ranges::find(site.sections, name, &Map::value_type::first);
  return found == site.sections.end() ? Value() : found->second;
}

}  // namespace

NodeConfiguring::NodeConfiguring(const Site& site, std::string name, std::shared_ptr<NodeConfiguration> configuration)
    : site_(site), name_(std::move(name)), configuration_(std::move(configuration)) {}

bool NodeConfiguring::is_of(const std::string& command_id) const {
  return configuration_ && configuration_->pending_id() == command_id;
}

std::string NodeConfiguring::checked(const Command& command) const {
  if (!configuration_) {
    throw Error(ErrorCode::unsupported, "configuring node '" + name_ +
                                            "': it was opened with a site that is no file; open it with its site file");
  }
  if (!configuration_->pending_id().empty()) {
    throw Error(ErrorCode::busy,
                "configuring node '" + name_ + "': another configuration is being tried; send it again later");
  }
  const Value* text = command.parameters.find("site");
  if (text == nullptr) {
    throw Error(ErrorCode::invalid_argument,
                "configuring node '" + name_ + "': \"site\" is missing; expected a site file as text");
  }
  const Site site = parse_site(text->as_text(), {.simulate = false, .node = name_}, Registry::shared(), site_.file);
  check_serves(site, name_);
  if (site.slug() != site_.slug()) {
    throw Error(ErrorCode::invalid_argument, "configuring node '" + name_ + "': it is of " + site_.name +
                                                 ", and this is the site file of " + site.name +
                                                 "; change the name on the node's own disk");
  }
  check_stays("state", site.state_folder == site_.state_folder);
  check_stays("metrics", to_json(section_in(site, "metrics")) == to_json(section_in(site_, "metrics")));
  return text->as_text();
}

/// What is opened once, before any configuration.
void NodeConfiguring::check_stays(const std::string& key, bool stays) const {
  if (stays) return;
  throw Error(ErrorCode::invalid_argument, "configuring node '" + name_ + "': `" + key +
                                               ":` is another one than the node runs with, and it takes that only from "
                                               "its own disk; change it there, and start the node anew");
}

void NodeConfiguring::propose(const std::string& text, const Command& command) {
  configuration_->propose(text, command);
  const std::lock_guard lock(mutex_);
  is_proposed_ = true;
  proposed_.notify_all();
}

bool NodeConfiguring::wait(const std::stop_token& stop, Duration at_most) {
  std::unique_lock lock(mutex_);
  return proposed_.wait_for(lock, stop, at_most, [this] { return is_proposed_; });
}

std::optional<NodeConfiguration::Outcome> NodeConfiguring::settle(bool was_trial) {
  if (!configuration_) return std::nullopt;
  if (was_trial) configuration_->confirm();
  return configuration_->outcome();
}

}  // namespace astro::messaging
