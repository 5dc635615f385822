// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace astro_python {

/// Whether the object's type, or one that it derives from, comes from this package. Nothing is imported.
bool is_of_package(pybind11::handle object, std::string_view package);
/// The same for one class of it, by its name.
bool is_a(pybind11::handle object, std::string_view package, std::string_view class_name);
/// A number of Python or numpy, but not a bool.
bool is_number(pybind11::handle object);

/// `quantity.to_value(unit)` as one number; throws TypeError for an array.
double quantity_in(pybind11::handle quantity, const char* unit);

[[noreturn]] void throw_needs_unit(const char* what, const char* example);

}  // namespace astro_python
