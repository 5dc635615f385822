// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_commands.hpp"

#include <utility>

#include "astro/command_history.hpp"
#include "astro/error.hpp"
#include "astro/messaging/node.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/trace.hpp"
#include "journal_entry.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

constexpr std::size_t most_under_way = 1000;  // when the process before ended

Acknowledgment rejected(const Error& why) {
  Acknowledgment made;
  made.state = CommandState::rejected;
  made.message = why.what();
  made.error_code = to_string(why.code());
  return made;
}

}  // namespace

NodeCommands::NodeCommands(const Observatory& observatory, NodeVoice& voice, std::string name,
                           std::function<bool()> is_time_known, std::shared_ptr<NodeConfiguration> configuration)
    : observatory_(observatory),
      voice_(voice),
      name_(std::move(name)),
      is_time_known_(std::move(is_time_known)),
      configuring_(observatory.site(), name_, std::move(configuration)) {}

void NodeCommands::tell_interrupted(Time opened) {
  for (const Acknowledgment& one : observatory_.recent_commands(most_under_way)) {
    if (one.error_code != to_string(ErrorCode::interrupted) || one.time < opened) continue;
    if (!configuring_.is_of(one.command_id)) voice_.acknowledge(one);
  }
}

std::optional<std::chrono::steady_clock::time_point> NodeCommands::busy_since() const {
  const std::lock_guard lock(mutex_);
  return busy_since_;
}

void NodeCommands::obey_stop(const Message& message) const {
  if (text_of(message.body).find("\"stop\"") == std::string_view::npos) return;
  try {
    const auto said = record_in<TelescopeCommand>(message.body);
    const TraceScope scope(parse_traceparent(said.trace.value_or("")));
    const Command command = command_of(said);
    if (command.name == "stop") (void)observatory_.execute(command);
  } catch (const Error&) {  // said by who writes it down
  }
}

void NodeCommands::obey(const Message& message) {
  {
    const std::lock_guard lock(mutex_);
    busy_since_ = std::chrono::steady_clock::now();
  }
  const auto obeyed = std::shared_ptr<void>(nullptr, [this](void*) {
    const std::lock_guard lock(mutex_);
    busy_since_.reset();
  });
  Command command;
  try {
    const auto said = record_in<TelescopeCommand>(message.body);
    const TraceScope scope(parse_traceparent(said.trace.value_or("")));
    command = command_of(said);
    if (command.device != last_level(message.topic)) {
      throw Error(ErrorCode::invalid_argument, "it is for device '" + command.device + "' and came to the topic of '" +
                                                   std::string(last_level(message.topic)) + "'");
    }
    if (command.device == node_device) return obey_ourselves(command);
    const bool was_there = observatory_.find_command(command.id).has_value();
    if (!was_there) {
      try {
        check_time(command);
      } catch (const Error& error) {
        return end(command, rejected(error));
      }
    }
    const Execution execution = observatory_.execute(std::move(command));
    if (was_there) voice_.acknowledge(execution.latest());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::storage) throw;  // it comes again when it can be written down
    voice_.put_aside(message, error.what());
  }
}

// A target is somewhere else when it is another time, and nobody knows what has expired. Stop and park need no clock.
void NodeCommands::check_time(const Command& command) const {
  const bool is_of_mount = observatory_.site().find(DeviceKind::mount, command.device) != nullptr;
  if (!is_of_mount || command.name == "stop" || command.name == "park" || is_time_known_()) return;
  throw Error(ErrorCode::unsafe,
              "moving " + command.device + ": the clock of node '" + name_ +
                  "' is synchronised with nothing, so that the time is not known; see that chrony or "
                  "systemd-timesyncd runs there, or write in the site file: nodes: "
                  "{unsynchronised_clock: true}");
}

void NodeCommands::obey_ourselves(const Command& command) {
  const std::lock_guard lock(ourselves_mutex_);  // several transports deliver
  if (configuring_.is_of(command.id)) return;    // its end is told when it has come
  if (const auto known = observatory_.find_command(command.id)) return voice_.acknowledge(*known);
  try {
    if (command.expires != Time{} && observatory_.clock()->now() >= command.expires) {
      return end(command, {.state = CommandState::timeout, .message = "it expired at " + format_time(command.expires)});
    }
    if (command.name == "configure") {
      const std::string text = configuring_.checked(command);
      end(command, {.state = CommandState::started, .message = "it is right; the node starts anew with it"});
      return configuring_.propose(text, command);
    }
    if (command.name != "history") {
      throw Error(ErrorCode::unsupported,
                  "node '" + name_ + "' has no command \"" + command.name + "\": it obeys configure and history");
    }
    end(command, {.state = CommandState::completed, .details = history(command.parameters)});
  } catch (const Error& error) {
    if (error.code() == ErrorCode::storage) throw;
    end(command, rejected(error));
  }
}

Value NodeCommands::history(const Value& asked) const {
  const Value query = canonical(schema_of<CommandQuery>(), asked.is_null() ? Value(Map{}) : asked);
  List found;
  for (const CommandRecord& one : find_commands(observatory_.state_folder(), from_value<CommandQuery>(query))) {
    found.push_back(to_value(one));
  }
  return found;
}

/// Of a command that no device carries out: written down, and told.
void NodeCommands::end(const Command& command, const Acknowledgment& how) {
  Acknowledgment made = how;
  made.command_id = command.id;
  made.device = command.device;
  made.command = command.name;
  made.time = observatory_.clock()->now();
  made.issuer = command.issuer;
  // Who only asks leaves no trace, or the answers would fill the journal.
  const bool is_question = command.device == node_device && command.name == "history";
  Command kept = command;
  if (command.device == node_device) kept.parameters = {};  // site files rest in the folder of configurations
  if (!is_question) detail::write_entry(observatory_.state_folder(), kept, made);
  voice_.acknowledge(made);
}

void NodeCommands::settle_configuration(bool was_trial) {
  const std::lock_guard lock(ourselves_mutex_);
  const auto outcome = configuring_.settle(was_trial);
  if (!outcome) return;
  end(outcome->command, outcome->acknowledgment);
  configuring_.told();
}

}  // namespace astro::messaging
