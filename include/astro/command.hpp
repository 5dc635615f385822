// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "astro/authority.hpp"
#include "astro/export.hpp"
#include "astro/record.hpp"

namespace astro {

/// A command on its way to a device, from anyone.
struct Command {
  std::string id{};  ///< unlike any other; a repeated id is never executed twice
  std::string device{};
  std::string name{};  ///< "slew_to", "stop", "set_update_interval", ...
  Value parameters{};  ///< a map or null; a record of the command's description
  Issuer issuer{};
  Time issued{};   ///< zero: now
  Time expires{};  ///< zero: never. An expired command does not run
};

template <>
struct Description<Command> {
  static constexpr const char* name = "command";
  static constexpr std::array fields{
      field<&Command::id>("id", {.says = "unlike any other; a repeated id is never executed twice"}),
      field<&Command::device>("device", {.says = "name of the device in the site"}),
      field<&Command::name>("name", {.says = "what to do"}),
      field<&Command::parameters>("parameters", {.says = "a record of the command's description"}),
      field<&Command::issuer>("issuer", {.says = "who commands"}),
      field<&Command::issued>("issued", {.says = "when it was given"}),
      field<&Command::expires>("expires", {.says = "after this it does not run"})};
};

/// How far a command is. Exactly one of `completed` to `timeout` ends it. No device says `unanswered`: it is what who
/// sent a command knows of it before anybody has answered.
enum class CommandState : std::uint8_t { received, started, completed, failed, rejected, timeout, unanswered };

template <>
struct Description<CommandState> {
  static constexpr std::array choices{"received", "started", "completed", "failed",
                                      "rejected", "timeout", "unanswered"};
};

constexpr bool is_final(CommandState state) noexcept {
  return state >= CommandState::completed && state <= CommandState::timeout;
}

/// What became of a command so far.
struct Acknowledgment {
  std::string command_id{};
  std::string device{};
  std::string command{};
  CommandState state = CommandState::received;
  Time time{};
  std::string message{};
  std::optional<double> progress_percent{};
  std::string error_code{};  ///< of `failed` and `rejected`: "out_of_limits", "interrupted", ...
  Value details{};
  Issuer issuer{};
};

template <>
struct Description<Acknowledgment> {
  static constexpr const char* name = "acknowledgment";
  static constexpr std::array fields{
      field<&Acknowledgment::command_id>("command_id", {.says = "the command's id"}),
      field<&Acknowledgment::device>("device", {.says = "name of the device in the site"}),
      field<&Acknowledgment::command>("command", {.says = "the command's name"}),
      field<&Acknowledgment::state>("state", {.says = "how far it is"}),
      field<&Acknowledgment::time>("time", {.says = "when this became so"}),
      field<&Acknowledgment::message>("message", {.says = "for people"}),
      field<&Acknowledgment::progress_percent>("progress_percent", {.unit = "%", .says = "while it runs"}),
      field<&Acknowledgment::error_code>("error_code", {.says = "why it failed or was rejected"}),
      field<&Acknowledgment::details>("details", {.says = "what the device answered"}),
      field<&Acknowledgment::issuer>("issuer", {.says = "who commanded"})};
};

/// A new id: UUID version 7 (RFC 9562), so that ids sort by time.
ASTRO_API std::string new_id();

/// A command that was handed in: a shared view of what becomes of it.
class ASTRO_API Execution final {
 public:
  const std::string& id() const noexcept;
  Acknowledgment latest() const;
  /// Waits for its end, or so long (real time); then what is known.
  Acknowledgment wait(Duration at_most = std::chrono::hours(24)) const;
  /// The same, and throws what went wrong: the error's code, or `timeout` when it has not ended.
  Acknowledgment wait_completed(Duration at_most = std::chrono::hours(24)) const;

  struct State;
  explicit Execution(std::shared_ptr<State> state) noexcept;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace astro
