# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of astro.imaging beside astropy, astroalign, reproject and photutils, in one run on one core.

    PYTHONPATH=build/release/python taskset -c 0 build/venv/bin/python benchmarks/imaging/geometry.py [RESULT]

RESULT is a JSON file for table.py. The images have 2048 x 2048 pixels and 3000 stars.
"""

import json
import math
import pathlib
import sys
import warnings

import numpy as np
from scene import counted, light_of, seconds, stars_in

import astro
from astro import imaging

SIDE = 2048


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
        "pixels_to_sky": seconds(lambda: ours.sky(x, y), lambda: theirs.all_pix2world(x, y, 0)),
        "sky_to_pixels": seconds(lambda: ours.pixel(radians), lambda: theirs.all_world2pix(ra, dec, 0)),
    }


def registration(random):
    import astroalign

    stars = stars_in(SIDE, 200, random)
    angle = math.radians(20)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    seen = np.column_stack([stars[:, :2] @ turn.T + [300, -20] + random.normal(0, 0.05, (200, 2)), stars[:, 2]])
    order = np.argsort(-stars[:, 2])
    assert imaging.register_stars(stars, seen).is_found
    return {
        "registration": seconds(
            lambda: imaging.register_stars(stars, seen),
            lambda: astroalign.find_transform(stars[order, :2], seen[order, :2]),
        )
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

    def ours(source=image, **options):
        return lambda: imaging.resample(source, to_wcs, shape, **options)

    def theirs(how=reproject.reproject_interp, **options):
        return lambda: how(given, wanted, shape_out=shape, **options)

    return {
        "resampling_bilinear": seconds(ours(kernel="bilinear"), theirs()),
        "resampling_cubic": seconds(ours(), theirs(order=3)),
        "resampling_adaptive": seconds(ours(), theirs(reproject.reproject_adaptive)),
        "resampling_with_noise": seconds(ours(noisy), theirs(order=3)),
    }


def point_spread(data, variance, stars):
    from astropy.nddata import NDData
    from astropy.table import Table
    from photutils.psf import EPSFBuilder, extract_stars

    bright = stars[np.argsort(-stars[:, 2])]
    chosen_by_us = imaging.measure_psf(imaging.Image(data, variance), bright, side=25, most_stars=100).stars
    chosen = Table({"x": chosen_by_us[:, 0], "y": chosen_by_us[:, 1]})

    def theirs():
        cut = extract_stars(NDData(data - 300), chosen, size=25)
        EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(cut)

    def ours():
        return imaging.measure_psf(imaging.Image(data, variance), bright, side=25, most_stars=100)

    return {"point_spread_function": seconds(ours, theirs)}


def main(result=None):
    warnings.simplefilter("ignore")
    random = np.random.default_rng(3)
    stars = stars_in(SIDE, 3000, random)
    variance = light_of(SIDE, stars, 3.2)
    data = counted(variance, random)
    rows = {}
    for part in (coordinates(), registration(random), resampling(data, variance), point_spread(data, variance, stars)):
        for name, (ours, theirs) in part.items():
            rows[name] = {"ours": ours, "theirs": theirs}
            print(f"{name:24} ours {ours * 1e3:8.1f} ms, theirs {theirs * 1e3:8.1f} ms, ratio {ours / theirs:.2f}", flush=True)
    if result:
        pathlib.Path(result).write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
