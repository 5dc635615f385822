// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/observing/export.hpp"

namespace astro::cli {

/// Where the files of a result go; empty: nowhere.
struct Outputs {
  std::string fits;
  std::string csv;
};

/// Throws `storage` when one of them cannot be written where it is asked for.
void check_writable(const Outputs& outputs);
void write(const Outputs& outputs, const CalibratedSpectrum& spectrum, const files::Provenance& provenance);
void write(const Outputs& outputs, const ObservationResult& result);

/// What `observe` and `reduce` print: keys that end in their unit.
Value summary(const CalibratedSpectrum& spectrum, const Peak& peak);
Value summary(const ObservationResult& result);

}  // namespace astro::cli
