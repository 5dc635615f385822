// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "astro/field.hpp"
#include "common.hpp"

namespace astro_python {

/// A field that Python describes: a dataclass's member or a telemetry point.
astro::Field make_field(std::string name, astro::FieldType type, std::string unit, double min, double max,
                        const py::object& default_value, std::string says, bool required, bool secret,
                        std::vector<std::string> choices);

/// What describes as what JSON can have; after all that it takes is bound.
void bind_describe(py::module_& module);

}  // namespace astro_python
