// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/files/export.hpp"
#include "astro/observing/observe.hpp"

namespace astro {

/// Who asked for an observation, with what and how it was made: for the headers of its files. Settings
/// and calibration stand in it as JSON.
ASTRO_API files::Provenance provenance_of(const Observation& observation);

/// Makes files from what the store has of an observation, as often as one likes; by the ending of `path`:
///
/// - `.fits`: of raster, map and points an image of the continuum, or a cube of velocities where
///   spectra were kept (its grid is a third of the `beam_width` that the site's `calibration:` says);
///   of other modes the average spectrum;
/// - `.sdfits`: every integration on the sky, calibrated to kelvin where there is a calibration;
/// - `.csv`: of modes that visit places one line for each integration (time, direction, azimuth, altitude,
///   offsets from the target, kelvin); of other modes the average spectrum;
/// - `.sigmf-meta`: copies of the recordings, numbered where there are several.
///
/// Returns what was written. Throws `not_found`, `invalid_argument` for another ending and for what the
/// observation does not have, `storage`.
ASTRO_API std::vector<std::filesystem::path> export_observation(const StoreHandle& store,
                                                                const std::string& observation_id, const Site& site,
                                                                const std::filesystem::path& path);

}  // namespace astro
