// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <deque>
#include <ostream>
#include <string>
#include <vector>

#include "astro/observing/observe.hpp"

namespace astro::cli {

/// The latest spectrum and the waterfall of those before it, in characters.
class LiveView {
 public:
  /// Draws over what it drew before; the cursor stands below.
  void draw(const Progress& progress, std::ostream& out);

  /// The lines as they are drawn, without colours and cursor: `columns` wide.
  std::vector<std::string> lines(const Progress& progress, std::size_t columns);

 private:
  std::deque<std::vector<double>> waterfall_{};  ///< newest first, decibels from the band's median
  std::size_t drawn_ = 0;                        ///< lines that stand on the terminal
};

}  // namespace astro::cli
