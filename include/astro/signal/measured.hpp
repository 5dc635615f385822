// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace astro {

/// A number with its standard error.
struct Measured {
  double value = 0.0;
  double sigma = 0.0;  ///< 0: exact, as far as anybody knows

  bool operator==(const Measured&) const = default;
};

}  // namespace astro
