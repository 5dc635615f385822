// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "apart_link.hpp"

namespace astro::detail {

/// The driver of a mount, receiver or controller whose own driver runs in another process. To its host it is a driver
/// like any other. Throws `unsupported` for other kinds.
std::unique_ptr<Driver> make_apart(ApartSetup setup);

}  // namespace astro::detail
