# SPDX-License-Identifier: BSD-3-Clause
import astro

clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=60)
request = {"target": "galactic 180 0", "integration_time_s": 2, "calibration_time_s": 2, "channels": 512}

with astro.Observatory.open("examples/sites/simulated.yaml", clock=clock) as site:
    result = astro.observe(site, request)
    print(f"{result.peak.peak_k:.0f} K at VLSR {result.peak.peak_velocity_km_s:.0f} km/s, Tsys {result.spectrum.tsys_k:.0f} K")
    astro.files.write_fits("ten_lines.fits", result.spectrum)

# Output, about:
#   74 K at VLSR 0 km/s, Tsys 91 K
