// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Whoever opens a library that includes this with ENDS_THE_PROCESS ends at once: a refusal that
// comes too late cannot be overlooked.
#ifdef ENDS_THE_PROCESS
#include <unistd.h>
namespace {
struct End {
  End() { ::_exit(42); }
};
[[maybe_unused]] const End end;
}  // namespace
#endif
