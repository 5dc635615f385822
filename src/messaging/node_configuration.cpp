// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_configuration.hpp"

#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "durable_file.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

NodeConfiguration::NodeConfiguration(const std::filesystem::path& state_folder, const std::string& own)
    : folder_(state_folder / "configuration") {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    throw Error(ErrorCode::storage, "making the folder of configurations " + folder_.string() + ": " + error.message() +
                                        "; see that the state folder can be written");
  }
  if (const auto text = detail::text_if_there(folder_ / "state.json")) kept_ = record_in<Kept>(bytes_of(*text));
  const auto known = detail::text_if_there(file_of(0));
  if (known == own) return;
  if (is_trial()) end_trial(CommandState::failed, "the site file on the node's disk was changed meanwhile");
  if (kept_.current != 0) {
    log(LogLevel::warning, "node", "the site file was changed by hand: the configuration that was sent is void");
    kept_.current = 0;
  }
  save();
  detail::write_durably(file_of(0), own);
}

std::filesystem::path NodeConfiguration::file_of(std::int64_t version) const {
  return folder_ / (std::to_string(version) + ".yaml");
}

void NodeConfiguration::save() { detail::write_durably(folder_ / "state.json", to_json(kept_)); }

std::string NodeConfiguration::text() const {
  if (auto text = detail::text_if_there(file_of(version()))) return *std::move(text);
  throw Error(ErrorCode::storage, "reading " + file_of(version()).string() +
                                      ": the configuration is gone; remove its folder, and the node takes its site "
                                      "file again");
}

std::int64_t NodeConfiguration::propose(const std::string& text, const Command& command) {
  const std::int64_t version = kept_.last + 1;
  detail::write_durably(file_of(version), text);
  kept_.last = kept_.trial = version;
  kept_.begun = false;
  Command without_text = command;
  without_text.parameters = Value().set("version", version);
  kept_.command = to_json(without_text);
  save();
  return version;
}

void NodeConfiguration::begin() {
  if (!is_trial()) return;
  if (kept_.begun) return roll_back("the node ended before it served with it");
  kept_.begun = true;
  save();
}

void NodeConfiguration::confirm() {
  if (!is_trial()) return;
  kept_.current = kept_.trial;
  end_trial(CommandState::completed, "the node serves with version " + std::to_string(kept_.current));
  save();
}

void NodeConfiguration::roll_back(const std::string& why) {
  end_trial(CommandState::failed, "version " + std::to_string(kept_.trial) + " is rolled back to version " +
                                      std::to_string(kept_.current) + ": " + why);
  save();
}

void NodeConfiguration::end_trial(CommandState state, const std::string& message) {
  const auto command = record_in<Command>(bytes_of(kept_.command));
  Acknowledgment made;
  made.command_id = command.id;
  made.device = command.device;
  made.command = command.name;
  made.state = state;
  made.message = message;
  if (state == CommandState::failed) made.error_code = to_string(ErrorCode::device_fault);
  made.details = command.parameters;
  made.issuer = command.issuer;
  kept_.outcome = to_json(made);
  kept_.trial = 0;
  kept_.begun = false;
}

std::optional<NodeConfiguration::Outcome> NodeConfiguration::outcome() const {
  if (kept_.outcome.empty()) return std::nullopt;
  return Outcome{record_in<Command>(bytes_of(kept_.command)), record_in<Acknowledgment>(bytes_of(kept_.outcome))};
}

std::string NodeConfiguration::pending_id() const {
  return kept_.command.empty() ? "" : record_in<Command>(bytes_of(kept_.command)).id;
}

void NodeConfiguration::told() {
  kept_.outcome.clear();
  kept_.command.clear();
  save();
}

}  // namespace astro::messaging
