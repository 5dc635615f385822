// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace astro::signal {

/// What FFTW learnt about this machine, kept from one process to the next in the user's cache
/// folder: $XDG_CACHE_HOME/astro or ~/.cache/astro, one file for each version of FFTW and
/// instruction set. It is a cache: without a folder, or when it cannot be read or written, plans are
/// measured anew and nothing else changes. Call both under the planner's lock.
bool load_wisdom() noexcept;  ///< whether there was any
void save_wisdom() noexcept;

}  // namespace astro::signal
