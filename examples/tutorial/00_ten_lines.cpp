// SPDX-License-Identifier: BSD-3-Clause
#include <astro/astro.hpp>
#include <cstdio>

int main() {
  using namespace std::chrono_literals;
  const auto clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 60);
  const auto site = astro::Observatory::open("examples/sites/simulated.yaml", {.clock = clock});
  const auto result = astro::observe(
      site, {.target = "galactic 180 0", .integration_time = 2s, .calibration_time = 2s, .channels = 512});
  std::printf("%.0f K at VLSR %.0f km/s, Tsys %.0f K\n", result.peak.peak_k, result.peak.peak_velocity_km_s,
              result.spectrum.tsys_k);
  astro::files::write_fits("ten_lines.fits", result.spectrum);
}

// Output, about:
//   74 K at VLSR 0 km/s, Tsys 91 K
