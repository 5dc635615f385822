# SPDX-License-Identifier: BSD-3-Clause
"""From counts to kelvin: hot and cold calibration, the hydrogen line, and files for other programs.

02_calibrated_spectrum.py [SITE]      default: examples/sites/simulated.yaml
"""

import sys

import astro
from astro import degrees

clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=60)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/simulated.yaml"

with astro.Observatory.open(path, clock=clock) as site:
    spectrometer = astro.Spectrometer(channels=512)

    # Where the loads are stands in the site file, under `calibration:`.
    calibration = astro.calibrate(site, "hydrogen", spectrometer, duration_s=2)

    dish = site.mount("dish")
    dish.track(astro.Galactic(l=degrees(180), b=degrees(0)))
    dish.wait_until_on_target()
    spectrum = calibration.apply(astro.integrate(site, "hydrogen", spectrometer, duration_s=2))
    peak = spectrum.peak()

    print(f"Tsys {spectrum.tsys_k:.0f} K")
    print(f"line of {peak.peak_k:.0f} K at VLSR {peak.peak_velocity_km_s:.0f} km/s, noise {peak.rms_k:.1f} K")
    about = astro.files.Provenance(object="galactic 180 0")
    astro.files.write_fits("first_light.fits", spectrum, about)
    astro.files.write_csv("first_light.csv", spectrum, about)
    print("wrote first_light.fits and first_light.csv")

# Output, about:
#   Tsys 91 K
#   line of 74 K at VLSR 0 km/s, noise 1.0 K
#   wrote first_light.fits and first_light.csv
