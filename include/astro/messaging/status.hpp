// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "astro/export.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/observatory.hpp"

namespace astro::messaging {

/// Tells the control room of the warnings and errors of this process: from when it is made until it is gone, each line
/// of log becomes a status. A flood of them is held back and counted: the log itself has all. `tell` is called from one
/// thread; it must not log warnings.
class ASTRO_API StatusReporter final {
 public:
  using Tell = std::function<void(const TelescopeStatus&)>;

  StatusReporter(Sender sender, Tell tell);
  /// Of a process that is no node: over all transports of the site, as JSON, to `astro/v1/{site}/{name}/status`.
  /// What they do not take is let go.
  StatusReporter(const Observatory& site, const std::string& name);
  ~StatusReporter();
  StatusReporter(const StatusReporter&) = delete;
  StatusReporter& operator=(const StatusReporter&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::messaging
