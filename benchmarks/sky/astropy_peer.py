# SPDX-License-Identifier: BSD-3-Clause
"""Places a second of astropy and ours in one run, on one core: many targets at one time, one target at many times.

    PYTHONPATH=build/release/python taskset -c 0 build/venv/bin/python benchmarks/sky/astropy_peer.py
"""

import time

import numpy as np
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

import astro


def places_a_second(count, work):
    work()  # once to warm
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def main():
    iers.conf.auto_download = False
    site = EarthLocation.from_geodetic(-79.84 * u.deg, 38.433 * u.deg, 800 * u.m)
    random = np.random.default_rng(1)
    ra, dec = random.uniform(0, 2 * np.pi, 10**6), np.arcsin(random.uniform(-1, 1, 10**6))
    times = np.datetime64("2024-03-09T22:13:07", "ns") + (np.arange(10**6) * 43_200_000).astype("timedelta64[ns]")
    stars, few = SkyCoord(ra * u.rad, dec * u.rad), Time(times[::100])
    one = Time(times[0])
    rows = {
        "many targets at one time": (
            places_a_second(10**6, lambda: stars.transform_to(AltAz(obstime=one, location=site))),
            places_a_second(10**6, lambda: astro.sky.altaz((ra, dec), site, times[0])),
        ),
        "one target at many times": (
            places_a_second(10**4, lambda: stars[0].transform_to(AltAz(obstime=few, location=site))),
            places_a_second(10**6, lambda: astro.sky.altaz(stars[0], site, times)),
        ),
    }
    for name, (theirs, ours) in rows.items():
        print(f"{name}: astropy {theirs:,.0f}/s, ours {ours:,.0f}/s, {ours / theirs:,.0f} times")


if __name__ == "__main__":
    main()
