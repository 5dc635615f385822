// SPDX-License-Identifier: BSD-3-Clause
// From counts to kelvin: hot and cold calibration, the hydrogen line, and files for other programs.
//   tutorial_02 [SITE]      default: examples/sites/simulated.yaml
#include <astro/astro.hpp>
#include <cstdio>

using namespace astro::literals;
using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/simulated.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 60)});
  const astro::Spectrometer spectrometer({.channels = 512});

  // Where the loads are stands in the site file, under `calibration:`.
  const astro::Calibration calibration = astro::calibrate(site, "hydrogen", spectrometer, 2s);

  const auto dish = site.mount("dish");
  dish.track(astro::Galactic{.l = 180_deg, .b = 0_deg});
  dish.wait_until_on_target();
  const astro::CalibratedSpectrum spectrum = calibration.apply(astro::integrate(site, "hydrogen", spectrometer, 2s));
  const astro::Peak peak = spectrum.peak();

  std::printf("Tsys %.0f K\n", spectrum.tsys_k);
  std::printf("line of %.0f K at VLSR %.0f km/s, noise %.1f K\n", peak.peak_k, peak.peak_velocity_km_s, peak.rms_k);
  astro::files::write_fits("first_light.fits", spectrum, {.object = "galactic 180 0"});
  astro::files::write_csv("first_light.csv", spectrum, {.object = "galactic 180 0"});
  std::puts("wrote first_light.fits and first_light.csv");
  return 0;
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   Tsys 91 K
//   line of 74 K at VLSR 0 km/s, noise 1.0 K
//   wrote first_light.fits and first_light.csv
