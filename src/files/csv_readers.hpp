// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace astro::files {

/// Text files are read whole, up to this size.
inline constexpr std::uintmax_t most_csv_bytes = std::uintmax_t{1} << 30;
inline constexpr std::size_t most_csv_channels = std::size_t{1} << 22;

enum class CsvKind : unsigned char { sdrangel, rtl_power, ours, unknown };

/// From the first line that is no note.
CsvKind kind_of_csv(const std::filesystem::path& path);

}  // namespace astro::files
