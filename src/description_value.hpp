// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "astro/controller.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/value.hpp"

/// What devices are, as values: how a description goes to another process, and comes back.
namespace astro::detail {

Value value_of(const Field& field);
Value value_of(const std::vector<Field>& fields);
Value value_of(const CommandDescription& command);
Value value_of(const MountDescription& mount);
Value value_of(const ReceiverDescription& receiver);
Value value_of(const ControllerDescription& controller);
/// How a receiver's stream looks.
Value value_of(const StreamSettings& settings);

/// These throw `invalid_argument` for what is no description; what is absent keeps its default.
Field field_of(const Value& value);
std::vector<Field> fields_of(const Value& value);
CommandDescription command_of(const Value& value);
MountDescription mount_of(const Value& value);
ReceiverDescription receiver_of(const Value& value);
ControllerDescription controller_of(const Value& value);
StreamSettings settings_of(const Value& value);

}  // namespace astro::detail
