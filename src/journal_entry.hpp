// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "astro/command.hpp"

namespace astro::detail {

/// Writes down, durably, what became of a command that no device carries out, also while an observatory has the journal
/// open. Throws `storage`.
void write_entry(const std::filesystem::path& folder, const Command& command, const Acknowledgment& acknowledgment);

}  // namespace astro::detail
