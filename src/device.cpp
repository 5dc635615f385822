// SPDX-License-Identifier: BSD-3-Clause
#include "astro/device.hpp"

namespace astro {

// Out of line, here and in the interfaces' files: the identity of a type that crosses a plugin's
// border lives in libastro alone.
Emitter::~Emitter() = default;
Driver::~Driver() = default;
Device::~Device() = default;

}  // namespace astro
