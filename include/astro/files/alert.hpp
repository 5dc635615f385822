// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/value.hpp"

/// \file
/// Alerts of transient surveys in the form of ZTF (Patterson et al. 2019, PASP 131, 018001): Avro containers (Apache
/// Avro 1.11) of records that bring three small images along as gzipped FITS.
namespace astro::files {

/// A container with its alerts. What is read and written again without a change is the same, byte for byte, where its
/// writer put all alerts into one block and did not compress it.
struct AlertFile {
  std::string schema{};                                   ///< JSON, as it was written
  std::vector<std::pair<std::string, Bytes>> metadata{};  ///< of the container, in their order; the schema among them
  std::array<std::byte, 16> marker{};                     ///< between its blocks
  std::vector<Value> alerts{};                            ///< maps, in the order of the schema
};

/// Throws `not_found` and `invalid_file`. At most 256 MiB; compressed by nothing or `deflate`.
ASTRO_API AlertFile read_alerts(const std::filesystem::path& path);
ASTRO_API AlertFile read_alerts(std::span<const std::byte> content);

/// As Avro's bytes, not compressed. Throws `invalid_argument` for alerts that are not of the schema.
ASTRO_API Bytes alert_bytes(const AlertFile& file);
/// Under a temporary name first. Throws as `alert_bytes`, and `storage`.
ASTRO_API void write_alerts(const std::filesystem::path& path, const AlertFile& file);

/// ZTF calls them cutoutScience, cutoutTemplate and cutoutDifference.
enum class AlertStamp : std::uint8_t { science, reference, difference };

/// Rows from the bottom, as FITS has them. Throws `not_found` where the alert has none, and `invalid_file` for what is
/// no gzipped FITS image of up to 4096 pixels a side.
ASTRO_API imaging::Plane<float> stamp_of(const Value& alert, AlertStamp which);

/// Puts another one, with its file name.
ASTRO_API void set_stamp(Value& alert, AlertStamp which, const imaging::Plane<float>& pixels,
                         const std::string& file_name);

/// What a classifier says of an alert, as ZTF's fields drb and drbversion of its candidate; in alerts older than those,
/// rb and rbversion. Throws `not_found` for an alert without a candidate.
ASTRO_API void set_score(Value& alert, double score, const std::string& model);

}  // namespace astro::files
