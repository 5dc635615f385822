// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "astro/command.hpp"

namespace astro {

/// A command as a journal has it: who gave it, when, from where, and what became of it.
struct CommandRecord {
  std::string id{};
  std::string device{};
  std::string command{};
  Value parameters{};
  Issuer issuer{};
  bool from_outside = false;  ///< it came over a transport; else it was given in the journal's process
  Time issued{};
  std::optional<Time> expires{};
  CommandState state = CommandState::received;
  Time time{};
  std::string message{};
  std::string error_code{};
};

template <>
struct Description<CommandRecord> {
  using R = CommandRecord;
  static constexpr const char* name = "command_record";
  static constexpr std::array fields{
      field<&R::id>("id", {.says = "unlike any other", .required = true}),
      field<&R::device>("device", {.says = "name of the device in the site"}),
      field<&R::command>("command", {.says = "what it was to do"}),
      field<&R::parameters>("parameters", {.says = "as they were given"}),
      field<&R::issuer>("issuer", {.says = "who commanded"}),
      field<&R::from_outside>("from_outside", {.says = "whether it came from another process"}),
      field<&R::issued>("issued", {.says = "when it was given, by the issuer's clock"}),
      field<&R::expires>("expires", {.says = "after this it did not run"}),
      field<&R::state>("state", {.says = "what became of it"}),
      field<&R::time>("time", {.says = "when that became so"}),
      field<&R::message>("message", {.says = "for people"}),
      field<&R::error_code>("error_code", {.says = "why it failed or was rejected"})};
};

/// Which commands of a journal; what is empty or zero asks for nothing in particular.
struct CommandQuery {
  std::string device{};
  std::string command{};
  std::string issuer{};
  Time from{};  ///< issued at or after this
  Time to{};    ///< issued before this
  std::int64_t limit = 100;
};

template <>
struct Description<CommandQuery> {
  using Q = CommandQuery;
  static constexpr const char* name = "command_query";
  static constexpr std::array fields{
      field<&Q::device>("device", {.says = "of this device"}),
      field<&Q::command>("command", {.says = "of this name"}),
      field<&Q::issuer>("issuer", {.says = "by whom"}),
      field<&Q::from>("from", {.says = "issued at or after this"}),
      field<&Q::to>("to", {.says = "issued before this"}),
      field<&Q::limit>("limit", {.min = 1, .max = 10000, .says = "so many, the newest"})};
};

/// The journal of a state folder, newest first; also while another process has it open. Throws `not_found` where no
/// journal lies, `storage`.
ASTRO_API std::vector<CommandRecord> find_commands(const std::filesystem::path& state_folder,
                                                   const CommandQuery& query = {});

}  // namespace astro
