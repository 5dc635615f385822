// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/signal/spectrum.hpp"

/// Files for others. Each is written under a temporary name beside it, flushed and renamed, so that
/// what bears the name is whole; a failure is `storage` with the reason and leaves nothing.
namespace astro::files {

/// Who, what and how: goes into the header of each export.
struct Provenance {
  std::string object{};  ///< name of the target
  std::string observer{};
  std::string telescope{};
  std::string instrument{};
  std::string observation_id{};
  std::string software{};  ///< name and version of what wrote it; empty: libastro's
};

/// A spectrum as a FITS image of one axis with its world coordinates (Greisen et al. 2006, A&A 446,
/// 747): CTYPE1 FREQ in Hz, SPECSYS TOPOCENT, RESTFRQ, VELOSYS to LSRK, BUNIT K, DATE-OBS, DATE-AVG, EXPOSURE,
/// RA and DEC of the beam, and the site as OBSGEO-X/Y/Z; the error and the weight as extensions.
ASTRO_API void write_fits(const std::filesystem::path& path, const CalibratedSpectrum& spectrum,
                          const Provenance& provenance = {});

/// Columns: frequency_hz, velocity_lsrk_km_s, temperature_k, sigma_k, weight; '#' lines before tell the rest.
ASTRO_API void write_csv(const std::filesystem::path& path, const CalibratedSpectrum& spectrum,
                         const Provenance& provenance = {});

/// Writes a whole file so that it is there entirely or not at all, also after a power cut.
ASTRO_API void write_whole(const std::filesystem::path& path, std::span<const std::byte> content);

}  // namespace astro::files
