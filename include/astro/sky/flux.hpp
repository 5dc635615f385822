// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/time.hpp"

/// How bright the sources are that flux scales rest on.
namespace astro::sky {

/// Perley and Butler 2017, ApJS 230, 7, table 6 (20 sources, 50 MHz to 50 GHz; each only over its
/// own range), or Baars et al. 1977, A&A 61, 99, tables 3 and 5 (Cas A, Cyg A, Tau A, Vir A).
enum class FluxScale : unsigned char { perley_butler_2017, baars_1977 };

/// Total flux density, Jy. Any name of the catalogue ("Cas A", "3C 461"). Throws `not_found` for a
/// source that the scale does not have and `out_of_limits` for a frequency outside its range.
///
/// Cas A fades. Of Baars et al. it is reduced to the time by their formula, (0.97 - 0.30 log GHz)
/// percent a year from 1980.0, which later observations found too fast below 1 GHz; of Perley and
/// Butler it is what they measured in 2014 to 2016, whatever the time. Tau A fades by 0.2 % a year, which
/// neither formula has. A beam narrower than a source sees less of it.
ASTRO_API double flux_density_jy(std::string_view source, Frequency frequency, Time time,
                                 FluxScale scale = FluxScale::perley_butler_2017);

/// The sources that a scale has, by their names in the catalogue.
ASTRO_API std::vector<std::string_view> flux_calibrators(FluxScale scale = FluxScale::perley_butler_2017);

}  // namespace astro::sky
