// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/files/export.hpp"
#include "files/fits_writer.hpp"

namespace astro::files {

/// The provenance's software, or libastro's own name and version.
std::string software_of(const Provenance& provenance);

/// The same and all else that is known, as cards.
void write_provenance(FitsWriter& fits, const Provenance& provenance);

/// Throws `invalid_argument` unless the spectrum has a value, an error and a weight for each channel.
void check_whole(const CalibratedSpectrum& spectrum);

}  // namespace astro::files
