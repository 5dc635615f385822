# SPDX-License-Identifier: BSD-3-Clause
"""The beam goes over the sky: across the Sun, over it line by line, and across the Milky Way point by point.

06_maps.py [SITE]      default: examples/sites/spectrometer.yaml
"""

import sys

import astro
from astro import ScanArea, degrees

clock = astro.Clock.simulated("2026-01-15T13:00:00", speed=40)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/spectrometer.yaml"


def observe(site, **fields):
    result = astro.observe(site, {"product": "continuum", "calibration_time_s": 5, "channels": 256, **fields})
    return result.observation.id, {each.name: each.value for each in result.findings}


with astro.Observatory.open(path, clock=clock) as site:
    # A line across and a line along, moving: how wide is the beam?
    area = ScanArea(frame="altaz", width=degrees(16), height=degrees(16), speed_per_second=degrees(1))
    _, found = observe(site, target="sun", mode="cross", scan=area)
    print(f"cross: the beam is {found['beam_width']:.2f} deg wide")

    # Lines side by side, moving: a picture, and where on it is the Sun?
    area = ScanArea(frame="altaz", width=degrees(10), height=degrees(8), spacing=degrees(2), speed_per_second=degrees(2))
    id, found = observe(site, target="sun", mode="map", scan=area)
    print(f"map: the Sun is at {found['offset_x']:.1f}, {found['offset_y']:.1f} deg")
    (written,) = astro.export_observation(site.store("archive"), id, site.site, "sun.fits")
    image = astro.files.read_cube(written)
    print(f"wrote sun.fits: {image.pixels.shape[-1]} x {image.pixels.shape[-2]} pixels")

    # Points, on each for a while: from 20 degrees below the Milky Way to 20 degrees above it.
    area = ScanArea(frame="galactic", width=degrees(0), height=degrees(40), spacing=degrees(10))
    _, found = observe(site, target="galactic 75 0", mode="raster", integration_time_s=2, scan=area)
    print(f"raster: brightest {abs(found['brightest_y']):.1f} deg from the plane")

# Output, about:
#   cross: the beam is 4.85 deg wide
#   map: the Sun is at -0.4, 0.3 deg
#   wrote sun.fits: 10 x 9 pixels
#   raster: brightest 0.0 deg from the plane
