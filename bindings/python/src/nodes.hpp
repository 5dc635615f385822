// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "common.hpp"

namespace astro_python {

/// Into the room `messaging`.
void bind_nodes(py::module_& room);

}  // namespace astro_python
