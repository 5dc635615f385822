// SPDX-License-Identifier: BSD-3-Clause
#include "astro/mount.hpp"

#include "astro/error.hpp"

namespace astro {

namespace {
[[noreturn]] void throw_unsupported(const std::string& call, const std::string& capability) {
  throw Error(ErrorCode::unsupported, call + ": this mount does not offer it; its description says `" + capability +
                                          "` only where the driver implements the call");
}
}  // namespace

Mount::~Mount() = default;

void Mount::move_rate(AxisRates, Duration) { throw_unsupported("move_rate", "rates"); }
void Mount::park() { throw_unsupported("park", "parks"); }
void Mount::home() { throw_unsupported("home", "homes"); }
void Mount::self_track(bool) { throw_unsupported("self_track", "self_tracking"); }
void Mount::follow(const Target&) { throw_unsupported("follow", "follows"); }

}  // namespace astro
