// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/telescope.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "astro/coordinates.hpp"
#include "astro/error.hpp"
#include "astro/trace.hpp"
#include "command_traces.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

[[noreturn]] void refuse(const std::string& id, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "reading the command '" + id + "': " + why);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// By its ending; FITS where that says nothing.
ProductFile file_of(const std::string& ending) {
  constexpr auto& kinds = Description<ProductFile>::choices;
  const auto found = std::ranges::find_if(kinds, [&](const auto& kind) { return "." + std::string(kind) == ending; });
  return found == kinds.end() ? ProductFile::fits : static_cast<ProductFile>(found - kinds.begin());
}

}  // namespace

TelescopeCommand telescope_command(const Command& command) {
  TelescopeCommand made;
  made.command_id = command.id;
  made.command_type = device_command;
  made.timestamp = milliseconds_of(command.issued);
  made.device = command.device;
  made.name = command.name;
  if (!command.parameters.is_null()) made.parameters = to_json(command.parameters);
  made.issuer = command.issuer.name;
  made.issuer_rank = to_value(command.issuer).find("rank")->as_text();
  if (command.expires != Time{}) made.expires = milliseconds_of(command.expires);
  made.trace = unless_empty(to_traceparent(current_trace()));
  return made;
}

Command command_of(const TelescopeCommand& message) {
  if (message.command_type != device_command) {
    refuse(message.command_id,
           "it is of the type \"" + message.command_type + "\"; expected \"" + device_command + '"');
  }
  if (message.device.empty() || message.name.empty()) refuse(message.command_id, "it names no device or no command");
  Command made;
  made.id = message.command_id;
  made.device = message.device;
  made.name = message.name;
  if (!message.parameters.empty()) made.parameters = parse_json(message.parameters);
  if (!made.parameters.is_null() && made.parameters.get_if<Map>() == nullptr) {
    refuse(message.command_id, "its parameters are " + std::string(type_name(made.parameters)) + "; expected a map");
  }
  Value issuer;
  issuer.set("name", message.issuer);
  if (!message.issuer_rank.empty()) issuer.set("rank", message.issuer_rank);
  made.issuer = from_value<Issuer>(issuer);
  made.issued = time_of_milliseconds(message.timestamp);
  if (message.expires) made.expires = time_of_milliseconds(*message.expires);
  return made;
}

TelescopeDataRaw raw_of(TelescopeData message) {
  return {.data_id = std::move(message.data_id),
          .observation_id = std::move(message.observation_id),
          .sequence_number = message.sequence_number,
          .timestamp = message.timestamp,
          .data_payload = std::move(message.data_payload)};
}

CommandAcknowledgment telescope_acknowledgment(const Acknowledgment& acknowledgment, const Sender& sender) {
  CommandAcknowledgment made;
  made.ack_id = new_id();
  made.command_id = acknowledgment.command_id;
  made.timestamp = milliseconds_of(acknowledgment.time);
  made.status = static_cast<AckStatus>(acknowledgment.state);
  made.message = unless_empty(acknowledgment.message);
  made.source_application = sender.application;
  made.source_hostname = unless_empty(sender.hostname);
  made.progress_percent = acknowledgment.progress_percent;
  made.error_code = unless_empty(acknowledgment.error_code);
  if (made.error_code) made.error_details = made.message;
  made.device = acknowledgment.device;
  made.command = acknowledgment.command;
  if (!acknowledgment.details.is_null()) made.details = to_json(acknowledgment.details);
  made.trace = unless_empty(to_traceparent(detail::trace_of(acknowledgment.command_id)));
  return made;
}

Acknowledgment acknowledgment_of(const CommandAcknowledgment& message) {
  Acknowledgment made;
  made.command_id = message.command_id;
  made.device = message.device;
  made.command = message.command;
  made.state = static_cast<CommandState>(message.status);
  made.time = time_of_milliseconds(message.timestamp);
  made.message = message.message.value_or(message.error_details.value_or(""));
  made.progress_percent = message.progress_percent;
  made.error_code = message.error_code.value_or("");
  if (message.details) made.details = parse_json(*message.details);
  return made;
}

// The two enumerations have the same symbols in the same order, but for `unanswered`, which nobody sends.
static_assert(static_cast<int>(AckStatus::timeout) == static_cast<int>(CommandState::timeout));
static_assert(Description<AckStatus>::choices.size() == static_cast<std::size_t>(CommandState::unanswered));

ObservationRequest request_of(const ObservationBase& message) {
  ObservationRequest request;
  request.target = to_string(Target(Icrs{.ra = degrees(message.ra), .dec = degrees(message.dec)}));
  request.target_name = message.target_name.empty() ? message.observation_object : message.target_name;
  const std::string type = upper(message.observation_type);
  const bool is_loads = type == "HOT_CALIBRATION" || type == "COLD_CALIBRATION";
  if (is_loads) request.mode = Mode::loads;
  request.center_frequency = megahertz(message.center_frequency);
  request.rest_frequency = line_of_band(request.center_frequency);  // which it has no field for
  request.integration_time = from_seconds(message.integration_time);
  if (is_loads) request.calibration_time = request.integration_time;
  if (message.user) request.observer = message.user->username;
  if (!message.output_filename.empty()) {  // somebody's folder is none of ours
    const std::filesystem::path file = std::filesystem::path(message.output_filename).filename();
    request.output_filename = file.stem().string();
    request.files = {file_of(file.extension().string())};
  }
  // By the same rules as a file that people write.
  return from_value<ObservationRequest>(canonical(schema_of<ObservationRequest>(), to_value(request)));
}

}  // namespace astro::messaging
