// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// ASTRO_API marks what libastro exports. Everything else is hidden, so that two plugins never
/// share a symbol by accident; classes that are caught or cast across the border carry the mark.
#define ASTRO_API __attribute__((visibility("default")))
