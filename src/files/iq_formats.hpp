// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "astro/files/recordings.hpp"

namespace astro::files {

/// RIFF WAVE of two channels: I left, Q right.
IqInfo inspect_wav(const std::filesystem::path& path);

/// SigMF 1.0, by either of its two files.
IqInfo inspect_sigmf(const std::filesystem::path& path);

/// Sets `samples` from the size of the data file; throws when the last sample is cut.
void count_samples(IqInfo& info, std::uintmax_t data_bytes);

}  // namespace astro::files
