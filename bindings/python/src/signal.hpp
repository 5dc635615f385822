// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>

#include "astro/signal/spectrometer.hpp"

namespace astro_python {

/// A spectrometer is for one thread; since calls of several Python threads run without the GIL, they
/// take turns here.
class SharedSpectrometer {
 public:
  explicit SharedSpectrometer(const astro::SpectrometerOptions& wanted) : options(wanted), spectrometer_(wanted) {}

  const astro::SpectrometerOptions options;

  template <class Use>
  auto use(Use function) {
    const std::lock_guard lock(mutex_);
    return function(spectrometer_);
  }

 private:
  std::mutex mutex_;
  astro::Spectrometer spectrometer_;
};

}  // namespace astro_python
