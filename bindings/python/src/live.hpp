// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "common.hpp"

namespace astro_python {

/// What happens in an observatory as messages for those who watch.
void bind_live(py::module_& room);

}  // namespace astro_python
