# SPDX-License-Identifier: BSD-3-Clause
"""Three ways to a spectrum in kelvin, and one that goes on until it is good enough.

05_switching.py [SITE]      default: examples/sites/spectrometer.yaml
"""

import sys

import astro
from astro import degrees, kilohertz

clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=100)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/spectrometer.yaml"
request = astro.ObservationRequest(target="galactic 180 0", integration_time_s=20, calibration_time_s=20, channels=256)


def observe(name):
    result = astro.observe(site, request)
    print(f"{name}: {result.peak.peak_k:.0f} K at VLSR {result.peak.peak_velocity_km_s:.0f} km/s, noise {result.peak.rms_k:.2f} K")
    return result


with astro.Observatory.open(path, clock=clock) as site:
    # A diode of known temperature in place of the loads: nothing before the dish has to be moved.
    request.calibration = "noise_diode"
    observe("noise diode")

    # The target against a place with less hydrogen, at the same altitude: the same air, the same ground.
    request.calibration = "loads"
    request.mode = "position_switch"
    request.reference.azimuth_offset = degrees(40)
    observe("position switch")

    # The target against itself, tuned a little beside: all the time is spent on it.
    request.mode = "frequency_switch"
    request.frequency_shift = kilohertz(1200)
    request.switch_every_s = 5
    observe("frequency switch")

    # Once more and once more until the noise is as wished, at most thirty times.
    request.repeat = 30
    request.until_rms_k = 0.15
    result = observe("good enough")
    print("it took", "fewer than 30" if result.spectrum.exposure_s < 30 * request.integration_time_s else "30", "passes")

# Output, about:
#   noise diode: 71 K at VLSR 0 km/s, noise 0.42 K
#   position switch: 66 K at VLSR 0 km/s, noise 0.33 K
#   frequency switch: 72 K at VLSR 0 km/s, noise 0.22 K
#   good enough: 72 K at VLSR 0 km/s, noise 0.14 K
#   it took fewer than 30 passes
