// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "fault.hpp"

namespace wrong {

/// A driver of another plugin, as its interface.
template <class Interface>
std::unique_ptr<Interface> made(astro::DeviceKind kind, const std::string& driver, const astro::Map& settings) {
  auto made = astro::Registry::shared().make(kind, driver, settings);
  auto& typed = dynamic_cast<Interface&>(*made);
  made.release();  // NOLINT(bugprone-unused-return-value): it goes on in the next line
  return std::unique_ptr<Interface>(&typed);
}

}  // namespace wrong
