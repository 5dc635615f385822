// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/observing/observe.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

/// What differs from the plain simulated site, as YAML in braces' inside.
struct NightOptions {
  std::string mount{};
  std::string receiver{};  ///< "RA" and "DEC" become those of a source that is up for hours
  std::string safety{};
  bool sun_up = false;  ///< begins at the site's noon instead of at night
};

/// An observatory of the real simulator plugin under a fast simulated clock, at a place and on a
/// day that differ from run to run; what they were is told when a test fails.
class Night {
 public:
  explicit Night(const NightOptions& options = {});

  const Observatory& site() const { return *site_; }
  const Location& location() const { return location_; }
  Time start() const { return start_; }
  /// Near the meridian at the start.
  Icrs source() const { return source_; }
  Angle sun_altitude() const;
  std::filesystem::path folder() const { return folder_.path(); }

  ObservationResult observe(const ObservationRequest& request, const ObserveOptions& options = {}) const;
  /// Closes it, as a power cut would, and opens it again.
  void open_again();

 private:
  TemporaryFolder folder_;
  Location location_;
  Time start_;
  Icrs source_;
  std::string yaml_;
  std::optional<Observatory> site_;
};

}  // namespace astro::testing
