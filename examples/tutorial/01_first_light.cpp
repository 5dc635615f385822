// SPDX-License-Identifier: BSD-3-Clause
// First light: open a site, point the dish, integrate a second of samples.
//   tutorial_01 [SITE]      default: examples/sites/simulated.yaml
#include <algorithm>
#include <astro/astro.hpp>
#include <cstdio>

using namespace astro::literals;

int main(int argc, char** argv) try {
  // A simulated clock: it begins on a January evening and runs up to 60 times as fast as a real one.
  auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/simulated.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 60)});

  const auto dish = site.mount("dish");
  dish.track(astro::Galactic{.l = 180_deg, .b = 0_deg});
  dish.wait_until_on_target();
  const astro::AltAz place = dish.status().place;
  std::printf("beam at azimuth %.0f deg, altitude %.0f deg\n", place.azimuth.degrees(), place.altitude.degrees());

  const astro::Spectrum spectrum =
      astro::integrate(site, "hydrogen", astro::Spectrometer({.channels = 512}), std::chrono::seconds(1));
  const auto strongest = std::max_element(spectrum.power.begin(), spectrum.power.end()) - spectrum.power.begin();
  std::printf("%zu channels of %.1f kHz, %llu samples lost\n", spectrum.power.size(), spectrum.axis.step.kilohertz(),
              static_cast<unsigned long long>(spectrum.samples_lost));
  std::printf("strongest at %.1f MHz\n", spectrum.axis.at(static_cast<double>(strongest)).megahertz());
  return 0;
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   beam at azimuth 77 deg, altitude 48 deg
//   512 channels of 4.7 kHz, 0 samples lost
//   strongest at 1420.3 MHz
