// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

namespace astro_python {

void bind_transport(pybind11::module_& module);

}  // namespace astro_python
