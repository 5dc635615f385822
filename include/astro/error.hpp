// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "astro/export.hpp"

namespace astro {

/// What kind of thing went wrong. A program decides by the code; a person reads the message.
enum class ErrorCode : std::uint8_t {
  invalid_argument,  ///< a value that no state of the world would make acceptable
  invalid_site,      ///< a site file or a request with problems; the message lists them all
  invalid_file,      ///< a recording or image that is truncated, empty or not of its format
  not_found,         ///< no such device, driver, file, record or object
  unsupported,       ///< the device or driver does not offer this
  out_of_limits,     ///< a position, tuning or parameter outside what is allowed
  not_visible,       ///< a target that is below the horizon or outside the limits now
  unsafe,            ///< refused or ended for safety's sake: the Sun, the weather, an alarm
  not_holder,        ///< somebody else holds the device; the message names who, and until when
  expired,           ///< a command or a lease whose time has passed
  duplicate,         ///< added or used twice: an id, a driver, a section, a plugin
  busy,              ///< a queue or a pool is full; try again
  timeout,           ///< an answer that did not come in time
  device_fault,      ///< the hardware or its driver reported or threw an error
  device_lost,       ///< the driver no longer returns, or the hardware is gone; open the site again
  interrupted,       ///< cut short by a stop, a signal or a crash
  refused_plugin,    ///< a library that must not be loaded; the message says which difference
  transport,         ///< a broker or connection that fails
  storage,           ///< a disk, file or database that fails
  cancelled,         ///< ended because somebody asked for it
  internal,          ///< a promise of libastro that does not hold: please report it
};

/// The code's name as it is written in JSON and on the wire, e.g. "out_of_limits".
ASTRO_API std::string_view to_string(ErrorCode code) noexcept;
/// The code of that name; `internal` when there is none.
ASTRO_API ErrorCode error_code_of(std::string_view name) noexcept;

/// The one exception of libastro's control plane. Its message says what was being done, to which
/// device or file and line, what was expected and what to do. The data plane does not throw: it
/// returns counts, gaps and weights.
class ASTRO_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);
  ~Error() override;  // out of line: the type's identity lives in libastro

  ErrorCode code() const noexcept { return code_; }

  /// Whether the same call may succeed later without anybody changing anything.
  bool is_worth_retrying() const noexcept;

  /// The same error with "<where>: " before its message; how a host adds plugin and device.
  Error at(std::string_view where) const;

 private:
  ErrorCode code_;
};

}  // namespace astro
