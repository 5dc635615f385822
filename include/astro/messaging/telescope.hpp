// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "astro/command.hpp"
#include "astro/export.hpp"
#include "astro/observing/request.hpp"
#include "astro/record.hpp"

/// \file
/// The messages of the topics `telescope.commands`, `telescope.acknowledgments`, `telescope.data` and
/// `telescope.status`. Consumers exist that decode them by their own classes and ignore the writer's schema:
/// the order of fields, of union branches and of symbols is binding, nested records never change, and what is
/// added stands at the end of the outermost record with a default.
namespace astro::messaging {

struct UserBase {
  std::string user_id{};
  std::string username{};
  std::string email{};
  std::int64_t id = 0;
  bool is_active = true;
  Time created_at{};
};

struct ObservationBase {
  std::string target_name{};
  std::string observation_object{};
  double ra = 0.0;
  double dec = 0.0;
  double center_frequency = 0.0;
  double rf_gain = 0.0;
  double if_gain = 0.0;
  double bb_gain = 0.0;
  std::string observation_type{};
  double integration_time = 0.0;
  std::string output_filename{};
  std::optional<std::int64_t> id{};
  std::string observation_id{};
  std::int64_t user_id = 0;
  std::optional<UserBase> user{};
  std::string status = "pending";
  Time submitted_at{};
  std::optional<Time> completed_at{};
  Time created_at{};
  Time updated_at{};
};

struct TelescopeCommand {
  std::string command_id{};
  std::string command_type = "start_observation";
  std::int64_t timestamp = 0;
  std::optional<ObservationBase> observation_request{};
  // Ours.
  std::string device{};
  std::string name{};
  std::string parameters{};
  std::string issuer{};
  std::string issuer_rank{};
  std::optional<std::int64_t> expires{};
  std::optional<std::string> parent_id{};
  std::optional<std::string> trace{};
};

enum class AckStatus : std::uint8_t { received, started, completed, failed, rejected, timeout };

struct CommandAcknowledgment {
  std::string ack_id{};
  std::string command_id{};
  std::int64_t timestamp = 0;
  AckStatus status = AckStatus::received;
  std::optional<std::string> message{};
  std::string source_application{};
  std::optional<std::string> source_hostname{};
  std::optional<double> progress_percent{};
  std::optional<std::int64_t> estimated_completion_time{};
  std::optional<std::string> error_code{};
  std::optional<std::string> error_details{};
  // Ours.
  std::string device{};
  std::string command{};
  std::optional<std::string> details{};
  std::optional<std::string> trace{};
};

struct TelescopeData {
  std::string data_id{};
  std::string observation_id{};
  std::int64_t sequence_number = 0;
  std::int64_t timestamp = 0;
  std::optional<Bytes> data_payload{};
  // Ours: what makes the bytes readable alone.
  std::string media_type{};
  std::string dtype{};
  std::string shape{};
  std::string axis{};
  std::string unit{};
};

/// A row of the table that Kafka Connect fills from `telescope.data`, and our stores fill, too.
struct TelescopeDataRaw {
  std::string data_id{};
  std::string observation_id{};
  std::int64_t sequence_number = 0;
  std::int64_t timestamp = 0;
  std::optional<Bytes> data_payload{};
};

enum class StatusLevel : std::uint8_t { info, warning, error, critical };

struct TelescopeStatus {
  std::string status_id{};
  std::int64_t timestamp = 0;
  std::string source_application{};
  std::optional<std::string> source_hostname{};
  StatusLevel level = StatusLevel::info;
  std::string component{};
  std::string message{};
  bool is_operational = true;
  std::optional<std::string> current_observation_id{};
  std::optional<double> cpu_usage_percent{};
  std::optional<double> memory_usage_percent{};
  std::optional<double> disk_usage_percent{};
  std::optional<std::string> error_code{};
  std::optional<std::string> additional_info{};
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::AckStatus> {
  static constexpr const char* name = "AckStatus";
  static constexpr std::array choices{"received", "started", "completed", "failed", "rejected", "timeout"};
};

template <>
struct Description<messaging::StatusLevel> {
  static constexpr const char* name = "StatusLevel";
  static constexpr std::array choices{"info", "warning", "error", "critical"};
};

template <>
struct Description<messaging::UserBase> {
  using R = messaging::UserBase;
  static constexpr const char* name = "UserBase";
  static constexpr std::array fields{
      field<&R::user_id>("user_id", {.says = "as the control room calls the user", .required = true}),
      field<&R::username>("username", {.required = true}),
      field<&R::email>("email", {.required = true}),
      field<&R::id>("id", {.required = true}),
      field<&R::is_active>("is_active", {.required = true}),
      field<&R::created_at>("created_at", {.required = true})};
};

template <>
struct Description<messaging::ObservationBase> {
  using R = messaging::ObservationBase;
  static constexpr const char* name = "ObservationBase";
  static constexpr std::array fields{field<&R::target_name>("target_name", {.required = true}),
                                     field<&R::observation_object>("observation_object", {.required = true}),
                                     field<&R::ra>("ra", {.unit = "deg", .says = "ICRS", .required = true}),
                                     field<&R::dec>("dec", {.unit = "deg", .says = "ICRS", .required = true}),
                                     field<&R::center_frequency>("center_frequency", {.unit = "MHz", .required = true}),
                                     field<&R::rf_gain>("rf_gain", {.unit = "dB", .required = true}),
                                     field<&R::if_gain>("if_gain", {.unit = "dB", .required = true}),
                                     field<&R::bb_gain>("bb_gain", {.unit = "dB", .required = true}),
                                     field<&R::observation_type>("observation_type", {.required = true}),
                                     field<&R::integration_time>("integration_time", {.unit = "s", .required = true}),
                                     field<&R::output_filename>("output_filename", {.required = true}),
                                     field<&R::id>("id"),
                                     field<&R::observation_id>("observation_id"),
                                     field<&R::user_id>("user_id"),
                                     field<&R::user>("user"),
                                     field<&R::status>("status"),
                                     field<&R::submitted_at>("submitted_at", {.required = true}),
                                     field<&R::completed_at>("completed_at"),
                                     field<&R::created_at>("created_at", {.required = true}),
                                     field<&R::updated_at>("updated_at", {.required = true})};
};

template <>
struct Description<messaging::TelescopeCommand> {
  using R = messaging::TelescopeCommand;
  static constexpr const char* name = "TelescopeCommand";
  static constexpr std::array fields{
      field<&R::command_id>("command_id"),
      field<&R::command_type>("command_type",
                              {.says = "start_observation, cancel_observation, or the name of a device's command"}),
      field<&R::timestamp>("timestamp", {.unit = "ms", .says = "since 1970"}),
      field<&R::observation_request>("observation_request"),
      field<&R::device>("device", {.says = "of a command that is no observation"}),
      field<&R::name>("name", {.says = "of that command"}),
      field<&R::parameters>("parameters", {.says = "of that command, a map as JSON"}),
      field<&R::issuer>("issuer", {.says = "who commands"}),
      field<&R::issuer_rank>("issuer_rank", {.says = "observation, operator or handset"}),
      field<&R::expires>("expires", {.unit = "ms", .says = "since 1970; after this it does not run"}),
      field<&R::parent_id>("parent_id", {.says = "the command of which it is a part"}),
      field<&R::trace>("trace", {.says = "W3C traceparent"})};
};

template <>
struct Description<messaging::CommandAcknowledgment> {
  using R = messaging::CommandAcknowledgment;
  static constexpr const char* name = "CommandAcknowledgment";
  static constexpr std::array fields{
      field<&R::ack_id>("ack_id", {.required = true}),
      field<&R::command_id>("command_id", {.required = true}),
      field<&R::timestamp>("timestamp", {.unit = "ms", .says = "since 1970", .required = true}),
      field<&R::status>("status", {.required = true}),
      field<&R::message>("message", {.says = "for people"}),
      field<&R::source_application>("source_application"),
      field<&R::source_hostname>("source_hostname"),
      field<&R::progress_percent>("progress_percent", {.unit = "%"}),
      field<&R::estimated_completion_time>("estimated_completion_time", {.unit = "ms", .says = "since 1970"}),
      field<&R::error_code>("error_code"),
      field<&R::error_details>("error_details"),
      field<&R::device>("device"),
      field<&R::command>("command", {.says = "its name"}),
      field<&R::details>("details", {.says = "what the device answered, as JSON"}),
      field<&R::trace>("trace", {.says = "W3C traceparent"})};
};

template <>
struct Description<messaging::TelescopeData> {
  using R = messaging::TelescopeData;
  static constexpr const char* name = "TelescopeData";
  static constexpr std::array fields{
      field<&R::data_id>("data_id", {.required = true}),
      field<&R::observation_id>("observation_id", {.required = true}),
      field<&R::sequence_number>("sequence_number", {.required = true}),
      field<&R::timestamp>("timestamp", {.unit = "ms", .says = "since 1970", .required = true}),
      field<&R::data_payload>("data_payload"),
      field<&R::media_type>("media_type", {.says = "of the payload"}),
      field<&R::dtype>("dtype", {.says = "of its numbers"}),
      field<&R::shape>("shape", {.says = "of the array, a list as JSON"}),
      field<&R::axis>("axis", {.says = "what its last dimension is, a map as JSON"}),
      field<&R::unit>("unit", {.says = "of its numbers"})};
};

template <>
struct Description<messaging::TelescopeDataRaw> {
  using R = messaging::TelescopeDataRaw;
  static constexpr const char* name = "telescope_data_raw";
  static constexpr std::array fields{
      field<&R::data_id>("data_id", {.required = true}),
      field<&R::observation_id>("observation_id", {.required = true}),
      field<&R::sequence_number>("sequence_number", {.required = true}),
      field<&R::timestamp>("timestamp", {.unit = "ms", .says = "since 1970", .required = true}),
      field<&R::data_payload>("data_payload", {.column = "data"})};
};

template <>
struct Description<messaging::TelescopeStatus> {
  using R = messaging::TelescopeStatus;
  static constexpr const char* name = "TelescopeStatus";
  static constexpr std::array fields{
      field<&R::status_id>("status_id", {.required = true}),
      field<&R::timestamp>("timestamp", {.unit = "ms", .says = "since 1970", .required = true}),
      field<&R::source_application>("source_application"),
      field<&R::source_hostname>("source_hostname"),
      field<&R::level>("level"),
      field<&R::component>("component"),
      field<&R::message>("message", {.says = "for people"}),
      field<&R::is_operational>("is_operational"),
      field<&R::current_observation_id>("current_observation_id"),
      field<&R::cpu_usage_percent>("cpu_usage_percent", {.unit = "%"}),
      field<&R::memory_usage_percent>("memory_usage_percent", {.unit = "%"}),
      field<&R::disk_usage_percent>("disk_usage_percent", {.unit = "%"}),
      field<&R::error_code>("error_code"),
      field<&R::additional_info>("additional_info")};
};

}  // namespace astro

namespace astro::messaging {

/// What `command_type` says of a command to a device, whose name and parameters stand in our own fields.
inline constexpr const char* device_command = "device_command";

/// Between a command to a device and its message. Times are kept to a millisecond.
ASTRO_API TelescopeCommand telescope_command(const Command& command);
/// Throws `invalid_argument` for a message of another type, without a device, or with parameters that are no map.
ASTRO_API Command command_of(const TelescopeCommand& message);

/// Who sends acknowledgments and status.
struct Sender {
  std::string application{};  ///< "telescope-movement"
  std::string hostname{};
};

/// The row of a message.
ASTRO_API TelescopeDataRaw raw_of(TelescopeData message);

ASTRO_API CommandAcknowledgment telescope_acknowledgment(const Acknowledgment& acknowledgment, const Sender& sender);
ASTRO_API Acknowledgment acknowledgment_of(const CommandAcknowledgment& message);

/// What the control room asks for as a request: its target in the ICRS, its tuning, and as mode `loads` for
/// "HOT_CALIBRATION" and "COLD_CALIBRATION", else `track`; a file is made by the name that it has. Throws
/// `invalid_argument`.
ASTRO_API ObservationRequest request_of(const ObservationBase& message);

}  // namespace astro::messaging
