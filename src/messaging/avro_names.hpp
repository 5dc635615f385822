// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/field.hpp"

namespace astro::messaging {

/// What a field is called in Avro.
std::string avro_name(const Field& field);
/// What the type of a choice or of a record is called.
std::string type_name_of(const Field& field);

}  // namespace astro::messaging
