# SPDX-License-Identifier: BSD-3-Clause
"""What is between the dish and the stars: the air, the ground; and the sky that goes by while the dish stands still.

08_air_and_ground.py [SITE]      default: examples/sites/spectrometer.yaml
"""

import sys

import astro
from astro import degrees

clock = astro.Clock.simulated("2026-01-15T13:00:00", speed=100)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/spectrometer.yaml"


def observe(site, **fields):
    result = astro.observe(site, {"product": "continuum", "calibration_time_s": 10, "channels": 256, **fields})
    return {each.name: each.value for each in result.findings}


with astro.Observatory.open(path, clock=clock) as site:
    # The lower, the more air, and air is warm. The diode is behind the air, so that its scale holds at each altitude.
    altitudes = astro.TippingRange(lowest=degrees(15), highest=degrees(80), count=6)
    found = observe(site, target="altaz 30 45", mode="tipping", calibration="noise_diode", integration_time_s=5, tipping=altitudes)
    print(f"tipping: {found['opacity']:.3f} nepers at the zenith")

    # Rows in azimuth at low altitudes: where does the warm ground end?
    area = astro.ScanArea(frame="altaz", width=degrees(20), height=degrees(20), spacing=degrees(4), speed_per_second=degrees(4))
    found = observe(site, target="altaz 60 10", mode="horizon", scan=area)
    print(f"horizon: from {found['coldest']:.0f} K to {found['warmest']:.0f} K, ground below {found['ground_below_at_60']:.0f} deg in the east")

    # The dish stands where the Sun will be in two minutes, and waits.
    found = observe(site, target="sun", mode="drift", integration_time_s=240, integration_s=5)
    print(f"drift: {found['brightest']:.0f} K, {found['brightest_x']:.1f} deg from where it was expected")

# Output, about:
#   tipping: 0.006 nepers at the zenith
#   horizon: from 11 K to 186 K, ground below 4 deg in the east
#   drift: 978 K, 0.4 deg from where it was expected
