// SPDX-License-Identifier: BSD-3-Clause
// Any shared library, with the symbol that a plugin has, but no tag.
#include "ends_the_process.hpp"

extern "C" __attribute__((visibility("default"))) int astro_plugin_untagged;
int astro_plugin_untagged = 1;
