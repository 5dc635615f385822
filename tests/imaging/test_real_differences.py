# SPDX-License-Identifier: BSD-3-Clause
"""Differences of real images: a pair of JWST's NIRCam with its noise maps and PSFs, and two exposures from the ground."""

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage

import astro


@pytest.fixture(scope="module")
def nircam(recordings):
    folder = recordings / "imaging/nircam"

    def read(name):
        return fits.getdata(folder / f"{name}.fits").astype(np.float64)

    planes = {name: read(name) for name in ("science", "reference", "science.noise", "reference.noise", "sfft_snr")}
    planes["psfs"] = [trimmed(read(f"{name}.psf")) for name in ("science", "reference")]
    return planes


def trimmed(psf, half=40):
    middle = psf.shape[0] // 2
    return psf[middle - half : middle + half + 1, middle - half : middle + half + 1]


def nircam_difference(planes, added=0.0):
    images = []
    for name in ("science", "reference"):
        pixels = planes[name] + (added if name == "science" else 0.0)
        images.append(astro.imaging.Image(pixels, planes[f"{name}.noise"] ** 2))
    psfs = [astro.imaging.Psf(psf) for psf in planes["psfs"]]
    return astro.imaging.subtract(images[0], psfs[0], images[1], psfs[1], correlated=4, background_cell=64)


def cores(planes):
    """Bright cores and what is next to them."""
    bright = (planes["science"] > 0.1) | (planes["reference"] > 0.1)
    return ndimage.binary_dilation(bright, iterations=8)


def robust_std(values):
    return 1.4826 * np.median(abs(values - np.median(values)))


def test_nircam_noise_is_what_it_says_away_from_bright_cores(nircam):
    made = nircam_difference(nircam)
    empty = (made.difference.mask == 0) & ~cores(nircam)
    assert empty.mean() > 0.3
    scaled = made.difference.pixels[empty] / np.sqrt(made.difference.variance[empty])
    assert robust_std(scaled) == pytest.approx(1.0, abs=0.05)
    assert robust_std(made.significance[empty]) == pytest.approx(1.0, abs=0.05)


def test_nircam_transients_are_recovered_as_the_errors_predict(nircam):
    plain = nircam_difference(nircam)
    psf = nircam["psfs"][0]
    half = psf.shape[0] // 2
    psf = psf / psf.sum()
    free = (plain.difference.mask == 0) & ~cores(nircam)
    free[: half + 5] = free[-half - 5 :] = free[:, : half + 5] = free[:, -half - 5 :] = False
    random = np.random.default_rng(4)
    places = []
    for y, x in random.permutation(np.argwhere(free)):
        if all(max(abs(y - v), abs(x - u)) > 16 for v, u in places):
            places.append((y, x))
        if len(places) == 200:
            break
    assert len(places) == 200
    added = np.zeros_like(nircam["science"])
    fluxes = random.uniform(10, 40, 200) * np.array([plain.flux_error[y, x] for y, x in places])
    for (y, x), flux in zip(places, fluxes, strict=True):
        added[y - half : y + half + 1, x - half : x + half + 1] += flux * plain.match.flux_ratio * psf
    made = nircam_difference(nircam, added)
    found = np.array([astro.imaging.forced_flux(made, x, y) for y, x in places])
    pull = (found[:, 0] - fluxes) / found[:, 1]
    assert np.sum(found[:, 0] * fluxes) / np.sum(fluxes**2) == pytest.approx(1.0, abs=0.02)
    assert robust_std(pull) == pytest.approx(1.0, abs=0.2)
    candidates = astro.imaging.detect(made, *(astro.imaging.Image(nircam[n], nircam[f"{n}.noise"] ** 2) for n in ("science", "reference")))
    at = np.array([(c.x_pixel, c.y_pixel) for c in candidates])
    near = [np.hypot(at[:, 0] - x, at[:, 1] - y).min() < 2 for y, x in places]
    assert np.mean(near) > 0.97


def test_nircam_from_files_by_their_world_coordinates(recordings):
    # All the way as a user goes it: FITS with WCS, maps of the noise, model PSFs.
    folder = recordings / "imaging/nircam"
    images, psfs = [], []
    for name in ("science", "reference"):
        image = astro.files.read_image(folder / f"{name}.fits")
        image.variance = fits.getdata(folder / f"{name}.noise.fits").astype(np.float64) ** 2
        images.append(image)
        psfs.append(astro.imaging.Psf(trimmed(fits.getdata(folder / f"{name}.psf.fits").astype(np.float64))))
    # The places of galaxies scatter by 0.2 pixels, and the headers agree: those are preferred, without being asked.
    found = astro.imaging.difference(*images, science_psf=psfs[0], reference_psf=psfs[1], correlated=4)
    assert "headers" in found.registration.reason and not found.is_resampled
    made = astro.imaging.difference(*images, alignment="wcs", science_psf=psfs[0], reference_psf=psfs[1], correlated=4)
    assert "headers" in made.registration.reason and not made.is_resampled
    difference = made.subtraction.difference
    empty = difference.usable & ~cores({name: image.pixels for name, image in zip(("science", "reference"), images, strict=True)})
    assert empty.mean() > 0.3
    assert robust_std(difference.pixels[empty] / np.sqrt(difference.variance[empty])) == pytest.approx(1.0, abs=0.05)
    assert robust_std(made.subtraction.significance[empty]) == pytest.approx(1.0, abs=0.05)
    assert all(each.right_ascension is not None for each in made.candidates)
