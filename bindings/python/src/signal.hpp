// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>

#include "astro/signal/spectrometer.hpp"
#include "common.hpp"

namespace astro_python {

/// The parts of this room, each in a file of its own.
void bind_measured(py::module_& module);
void bind_correction(py::module_& module);
void bind_lines(py::module_& module);
void bind_time_domain(py::module_& module);
void bind_maps(py::module_& module);
void bind_hydrogen(py::module_& module);
void bind_fits(py::module_& module);

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
