// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/coordinates.hpp"

namespace replay {

/// Where a mount that plays recordings stands: a receiver on it plays what was recorded there.
class Stand {
 public:
  /// That of a mount, made by the first who asks and gone with the last who holds it.
  static std::shared_ptr<Stand> of(const std::string& observatory, const std::string& mount);

  void put(const astro::AltAz& place);
  /// Nothing as long as no such mount is open.
  std::optional<astro::AltAz> place() const;
  void clear() noexcept;

 private:
  mutable std::mutex mutex_;
  std::optional<astro::AltAz> place_{};
};

/// Recordings whose beams are no farther apart were taken at one place.
inline constexpr astro::Angle same_place = astro::degrees(0.05);

}  // namespace replay
