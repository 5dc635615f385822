// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "common.hpp"

namespace astro_python {

// The parts of astro.files.
void bind_sdfits(py::module_& room);
void bind_filterbank(py::module_& room);
void bind_sigmf(py::module_& room);
void bind_cube(py::module_& room);
void bind_image_files(py::module_& room);
void bind_alerts(py::module_& room);

}  // namespace astro_python
