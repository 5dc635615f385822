# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of astro.imaging beside astropy, astroalign, reproject and photutils, in one run on one core.

    PYTHONPATH=build/release/python taskset -c 0 build/venv/bin/python benchmarks/imaging/geometry.py [RESULT]

RESULT is a JSON file for table.py. The images have 2048 x 2048 pixels and 3000 stars.
"""

import json
import math
import pathlib
import sys
import time
import warnings

import numpy as np

import astro
from astro import imaging

SIDE = 2048


def seconds(work, most_s=5.0):
    """The best of some: others may run beside."""
    best, began = np.inf, time.perf_counter()
    while True:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() - began > most_s:
            return best


def stars_in(random, count=3000):
    flux = 10 ** random.uniform(2.5, 5.5, count)
    return np.column_stack([random.uniform(20, SIDE - 21, (count, 2)), flux])


def frame_of(stars, random, fwhm=3.2):
    light = np.full((SIDE, SIDE), 300.0)
    alpha = fwhm / (2 * math.sqrt(2 ** (1 / 3) - 1))
    rows, columns = np.mgrid[-15:16, -15:16]
    for x, y, flux in stars:
        row, column = round(y), round(x)
        profile = 2 / (math.pi * alpha**2) * (1 + ((rows + row - y) ** 2 + (columns + column - x) ** 2) / alpha**2) ** -3
        light[row - 15 : row + 16, column - 15 : column + 16] += flux * profile
    return random.poisson(light).astype(np.float32), light.astype(np.float32)


def coordinates():
    """A million pixels to the sky and back, with distortions."""
    from astropy.io import fits
    from astropy.wcs import WCS

    wcs = imaging.Wcs.tangential(astro.Icrs(ra=astro.degrees(10), dec=astro.degrees(20)), (1000, 1000), astro.arcseconds(1))
    header = fits.Header.fromstring(wcs.header())
    header.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-6, "B_0_2": 2e-6})
    ours, theirs = imaging.Wcs.from_header(header), WCS(header)
    random = np.random.default_rng(1)
    x, y = random.uniform(0, SIDE, (2, 10**6))
    sky = ours.sky(x, y)
    radians = np.stack([sky.ra, sky.dec], axis=1)
    ra, dec = np.degrees(radians).T
    return {
        "pixels_to_sky": {"ours": seconds(lambda: ours.sky(x, y)), "theirs": seconds(lambda: theirs.all_pix2world(x, y, 0))},
        "sky_to_pixels": {"ours": seconds(lambda: ours.pixel(radians)), "theirs": seconds(lambda: theirs.all_world2pix(ra, dec, 0))},
    }


def registration(random):
    import astroalign

    stars = stars_in(random, 200)
    angle = math.radians(20)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    seen = np.column_stack([stars[:, :2] @ turn.T + [300, -20] + random.normal(0, 0.05, (200, 2)), stars[:, 2]])
    order = np.argsort(-stars[:, 2])
    assert imaging.register_stars(stars, seen).is_found
    return {
        "registration": {
            "ours": seconds(lambda: imaging.register_stars(stars, seen)),
            "theirs": seconds(lambda: astroalign.find_transform(stars[order, :2], seen[order, :2])),
        }
    }


def resampling(data, variance):
    import reproject

    centre = astro.Icrs(ra=astro.degrees(10), dec=astro.degrees(20))
    from_wcs = imaging.Wcs.tangential(centre, (1000, 1000), astro.arcseconds(1))
    to_wcs = imaging.Wcs.tangential(centre, (1010, 990), astro.arcseconds(1.02), astro.degrees(3))
    given = (data, from_wcs.to_astropy())
    wanted = to_wcs.to_astropy()
    shape = (SIDE, SIDE)
    image, noisy = imaging.Image(data, wcs=from_wcs), imaging.Image(data, variance, wcs=from_wcs)
    ours = seconds(lambda: imaging.resample(image, to_wcs, shape))
    return {
        "resampling_bilinear": {
            "ours": seconds(lambda: imaging.resample(image, to_wcs, shape, kernel="bilinear")),
            "theirs": seconds(lambda: reproject.reproject_interp(given, wanted, shape_out=shape)),
        },
        "resampling_cubic": {"ours": ours, "theirs": seconds(lambda: reproject.reproject_interp(given, wanted, shape_out=shape, order=3))},
        "resampling_adaptive": {"ours": ours, "theirs": seconds(lambda: reproject.reproject_adaptive(given, wanted, shape_out=shape))},
        "resampling_with_noise": {
            "ours": seconds(lambda: imaging.resample(noisy, to_wcs, shape)),
            "theirs": seconds(lambda: reproject.reproject_interp(given, wanted, shape_out=shape, order=3)),
        },
    }


def point_spread(data, variance, stars):
    from astropy.nddata import NDData
    from astropy.table import Table
    from photutils.psf import EPSFBuilder, extract_stars

    bright = stars[np.argsort(-stars[:, 2])]
    ours = imaging.measure_psf(imaging.Image(data, variance), bright, side=25, most_stars=100)
    chosen = Table({"x": ours.stars[:, 0], "y": ours.stars[:, 1]})

    def theirs():
        cut = extract_stars(NDData(data - 300), chosen, size=25)
        EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(cut)

    return {
        "point_spread_function": {
            "ours": seconds(lambda: imaging.measure_psf(imaging.Image(data, variance), bright, side=25, most_stars=100)),
            "theirs": seconds(theirs),
        }
    }


def main(result=None):
    warnings.simplefilter("ignore")
    random = np.random.default_rng(3)
    stars = stars_in(random)
    data, variance = frame_of(stars, random)
    rows = {**coordinates(), **registration(random), **resampling(data, variance), **point_spread(data, variance, stars)}
    for name, row in rows.items():
        print(f"{name}: ours {1e3 * row['ours']:,.1f} ms, theirs {1e3 * row['theirs']:,.1f} ms, {row['theirs'] / row['ours']:,.1f} times")
    if result:
        pathlib.Path(result).write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
