// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace astro::detail {

/// Replaces a file so that after a power cut the old text is there or the new one, and no other. Throws `storage`.
void write_durably(const std::filesystem::path& file, std::string_view text);

/// The whole file, or nothing when there is none. Throws `storage`.
std::optional<std::string> text_if_there(const std::filesystem::path& file);

}  // namespace astro::detail
