# SPDX-License-Identifier: BSD-3-Clause
"""First light: open a site, point the dish, integrate a second of samples.

01_first_light.py [SITE]      default: examples/sites/simulated.yaml
"""

import sys

import astro
from astro import degrees

# A simulated clock: it begins on a January evening and runs up to 60 times as fast as a real one.
clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=60)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/simulated.yaml"

with astro.Observatory.open(path, clock=clock) as site:
    dish = site.mount("dish")
    dish.track(astro.Galactic(l=degrees(180), b=degrees(0)))
    dish.wait_until_on_target()
    place = dish.status().place
    print(f"beam at azimuth {place.azimuth.degrees:.0f} deg, altitude {place.altitude.degrees:.0f} deg")

    spectrum = astro.integrate(site, "hydrogen", astro.Spectrometer(channels=512), duration_s=1)
    strongest = spectrum.axis.at(int(spectrum.power.argmax()))
    print(f"{len(spectrum.power)} channels of {spectrum.axis.step.kilohertz:.1f} kHz, {spectrum.samples_lost} samples lost")
    print(f"strongest at {strongest.megahertz:.1f} MHz")

# Output, about:
#   beam at azimuth 77 deg, altitude 48 deg
#   512 channels of 4.7 kHz, 0 samples lost
#   strongest at 1420.3 MHz
