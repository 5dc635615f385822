// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "astro/observing/observe.hpp"
#include "testing/testing.hpp"

namespace astro::messaging {
class Node;
}

namespace astro::testing {

class Server;

/// What differs from the plain simulated site, as YAML in braces' inside.
struct NightOptions {
  std::string mount{};
  std::string receiver{};  ///< @RA and @DEC become those of a source that is up for hours
  std::string safety{};
  bool sun_up = false;  ///< begins at the site's noon instead of at night
};

/// An observatory of the real simulator plugin under a fast simulated clock, at a place and on a
/// day that differ from run to run; what they were is told when a test fails.
class Night {
 public:
  explicit Night(const NightOptions& options = {});
  ~Night();

  const Observatory& site() const { return *site_; }
  const Location& location() const { return location_; }
  Time start() const { return start_; }
  /// Near the meridian at the start.
  Icrs source() const { return source_; }
  Angle sun_altitude() const;
  std::filesystem::path folder() const { return folder_.path(); }

  ObservationResult observe(const ObservationRequest& request, const ObserveOptions& options = {}) const;
  /// Closes it and opens it again, a little later; with other settings where they are given.
  void open_again();
  void open_again(const NightOptions& options);
  void open_again_at(Time time);

  /// What everything random begins with; ASTRO_SEED in the environment repeats a run.
  static std::uint32_t seed();

 private:
  std::string yaml_of(const NightOptions& options) const;
  void open_at(Time time);
  TemporaryFolder folder_;
  Location location_;
  Time start_;
  Icrs source_;
  std::uint32_t noise_ = 0;
  std::string yaml_;
  std::unique_ptr<Server> broker_;
  std::unique_ptr<messaging::Node> node_;
  std::optional<Observatory> site_;  // goes first
};

}  // namespace astro::testing
