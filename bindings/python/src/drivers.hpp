// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "common.hpp"

namespace astro_python {

/// A host's emitter as a Python driver holds it: it may keep it for ever, and is told so when it is
/// used after the device was closed.
class PythonEmitter {
 public:
  /// The host while the device is open; throws `invalid_argument` after.
  std::shared_ptr<astro::Emitter> borrow() const;
  void attach(astro::Emitter& host);
  /// Returns when no call on the host is left.
  void detach() noexcept;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<astro::Emitter> host_;
};

}  // namespace astro_python
