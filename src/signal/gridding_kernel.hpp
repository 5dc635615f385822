// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/signal/gridding.hpp"

namespace astro::signal {

/// A kernel of a width c: 1 in its middle, 0 beyond `reach`. All distances in one unit.
class Kernel {
 public:
  Kernel(GriddingKernel kind, double c) noexcept : kind_(kind), c_(c) {}

  double at(double distance) const noexcept;
  double reach() const noexcept { return kind_ == GriddingKernel::gaussian ? 1.5 * c_ : 3.0 * c_; }
  /// A pixel that has nothing nearer than this has no data.
  double nearest() const noexcept { return 1.5 * c_; }

 private:
  GriddingKernel kind_;
  double c_;
};

}  // namespace astro::signal
