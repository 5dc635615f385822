// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "astro/time.hpp"

namespace astro::files {

/// Throws `invalid_file`: "cannot read FILE: where: what".
[[noreturn]] void fail(const std::filesystem::path& file, const std::string& where, const std::string& what);
[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what);

/// Whether a recording may be of this time: times are 64 bits of nanoseconds, and between 1700 and
/// 2200 something can be added to one without running over.
bool is_plausible(Time time) noexcept;
/// Seconds that a recording may last: 31 years.
inline constexpr double most_recorded_s = 1e9;

/// Size of a file that can be read; `not_found` when there is none, `invalid_file` when it is empty,
/// no file, or larger than `most` bytes.
std::uintmax_t size_of_file(const std::filesystem::path& file, std::uintmax_t most);

/// The whole file, at most `most` bytes.
std::string read_text(const std::filesystem::path& file, std::uintmax_t most);

}  // namespace astro::files
