// SPDX-License-Identifier: BSD-3-Clause
// What a developer who links libastro writes first: open a site, point, integrate.
#include <astro/astro.hpp>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto site = astro::Observatory::open(
      argv[1], {.simulate = false,
                .clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00Z"), 60.0),
                .state_folder = "state"});
  const auto dish = site.mount("dish");
  dish.slew_to(astro::AltAz{.azimuth = astro::degrees(180), .altitude = astro::degrees(60)});
  dish.wait_until_on_target();
  const astro::Spectrum spectrum =
      astro::integrate(site, "hydrogen", astro::Spectrometer({.channels = 256}), std::chrono::milliseconds(200));
  std::printf("%zu channels, %llu samples, %llu lost\n", spectrum.power.size(),
              static_cast<unsigned long long>(spectrum.samples),
              static_cast<unsigned long long>(spectrum.samples_lost));
  return spectrum.power.size() == 256 && spectrum.pointing.known ? 0 : 1;
}
