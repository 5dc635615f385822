// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/detection.hpp"
#include "astro/imaging/image.hpp"
#include "astro/time.hpp"
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

/// What an alert says beyond its candidate. What is not set is not known.
struct AlertFacts {
  std::int64_t candid = 0;                     ///< by which the alert is told from all others
  std::optional<Time> start{};                 ///< of the science image's exposure: jd
  std::optional<std::int64_t> filter{};        ///< fid, by the survey's numbers; ZTF: 1 g, 2 r, 3 i
  std::optional<double> zero_point{};          ///< magnitude of a flux of 1 in the candidate's unit: magpsf, sigmapsf
  std::optional<double> limiting_magnitude{};  ///< of a point at 5 sigma in the difference: diffmaglim
  std::string model{};                         ///< that gave the score
  Map alert{};                                 ///< further fields: objectId, publisher, ...
  Map candidate{};                             ///< further fields of its record `candidate`: pid, programid, ...
};

/// An alert of the schema of ZTF or of one like it, which a file of alerts brings (`AlertFile::schema`), from a
/// candidate and what `imaging::cut` cuts out around it. xpos and ypos count from 1, as in FITS; scorr is the
/// significance without its sign, which is in isdiffpos ("t" or "f"); of what became fainter the difference is shown as
/// reference less science, as ZTF does; the score is drb, in schemas older than that rb. What is neither known nor
/// given is null where the schema takes that. Throws `invalid_argument` with all fields that it wants nevertheless, and
/// for given fields that it has not; `invalid_file` for what is no schema.
ASTRO_API Value new_alert(const std::string& schema, const imaging::Candidate& candidate,
                          const imaging::Triplet& stamps, const AlertFacts& facts);

/// What a classifier says of an alert, as ZTF's fields drb and drbversion of its candidate; in alerts older than those,
/// rb and rbversion. Throws `not_found` for an alert without a candidate.
ASTRO_API void set_score(Value& alert, double score, const std::string& model);

}  // namespace astro::files
