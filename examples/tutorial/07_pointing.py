# SPDX-License-Identifier: BSD-3-Clause
"""Where the beam really looks: points round the Sun from morning to afternoon, and the errors of the mount that explain them.

07_pointing.py [SITE]      default: examples/sites/spectrometer.yaml
"""

import math
import sys

import astro
from astro import Axes, arcminutes, degrees, sky

path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/spectrometer.yaml"
area = astro.ScanArea(frame="altaz", width=degrees(6), height=degrees(6), spacing=degrees(2))
request = {"target": "sun", "mode": "points", "product": "continuum", "calibration": "none", "integration_time_s": 1, "scan": area}

observations = []
for hour in (10, 12, 14, 16):
    clock = astro.Clock.simulated(f"2026-01-15T{hour}:00:00", speed=60)
    with astro.Observatory.open(path, clock=clock) as site:
        result = astro.observe(site, request)
        sun = sky.altaz("sun", site.location, result.observation.created)
    found = {each.name: each.value for each in result.findings}
    # An offset is one on the sky; the azimuth axis turns further for it, the higher it looks.
    place = Axes(sun.azimuth, sun.altitude)
    azimuth_deg = found["offset_x"] / math.cos(sun.altitude.radians)
    axes = Axes(place.first + degrees(azimuth_deg), place.second + degrees(found["offset_y"]))
    observations.append(sky.PointingObservation(place, axes, arcminutes(1)))

# IA and IE: the zero points of the two axes.
fit = sky.fit_pointing("alt_az", ["IA", "IE"], observations)
for term in fit.model.terms:
    print(f"{term.name} {term.value.arcminutes:.0f} arcmin")
print(f"left over: {'less' if fit.rms < arcminutes(3) else 'more'} than 3 arcmin")

# Output, about:
#   IA -30 arcmin
#   IE 18 arcmin
#   left over: less than 3 arcmin
