// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "beam.hpp"
#include "receiver_settings.hpp"
#include "world.hpp"

namespace simulator {

/// The telescope as its receiver feels it.
struct Antenna {
  double dish_diameter_m = 3.0;
  astro::Angle beam_width{};  ///< full width at half maximum; zero: from the diameter
  double spillover = 0.0165;  ///< part of the beam that always sees the ground
  double ground_k = 290.0;
  double sun_sfu = 50.0;  ///< flux of the Sun, 1e-22 W / m^2 / Hz
  std::vector<Source> sources{};
  double opacity = 0.007;  ///< of the air at the zenith
  double receiver_k = 80.0;
  astro::Axes fixed{astro::degrees(180), astro::degrees(90)};  ///< azimuth, altitude without a mount
};

/// Everything that arrives at the receiver at one instant. `hydrogen_k` is relative to the axis of
/// VLSR in galaxy.hpp, and is what the antenna temperature holds of it (after beam and air).
struct Snapshot {
  astro::Time time{};
  Place place{};
  Frontend::State frontend{};
  Profile hydrogen_k{};
  double flat_k = 0.0;  ///< all but hydrogen, with the receiver: Tsys
  double receiver_k = 0.0;
};

/// Looks along a beam at the simulated sky, through the load that the frontend has switched in.
class Scene {
 public:
  Scene(const Antenna& antenna, astro::Location site, std::shared_ptr<const World> world, std::string mount,
        std::string frontend);

  Frontend::State frontend(astro::Time time) const;
  Snapshot look(astro::Time time, astro::Frequency frequency);

 private:
  Place place(astro::Time time) const;
  const BeamView& sky(const astro::Galactic& direction, astro::Frequency frequency);
  astro::Angle beam_width(astro::Frequency frequency) const noexcept;
  double point_k(double flux_jy, astro::Angle distance, astro::Frequency frequency) const noexcept;
  double sources_k(const astro::Icrs& direction, astro::Frequency frequency) const noexcept;

  Antenna antenna_;
  astro::Location site_;
  std::shared_ptr<const World> world_;
  std::string mount_;
  std::string frontend_;
  std::optional<astro::Galactic> seen_at_{};
  astro::Frequency seen_in_{};
  BeamView seen_{};
};

/// Antenna and receiver temperature (K) of evenly spaced channels, ascending, the middle one
/// (size / 2) at the centre.
void temperatures(const Snapshot& snapshot, astro::Frequency centre, double step_hz, std::span<float> out) noexcept;

}  // namespace simulator
