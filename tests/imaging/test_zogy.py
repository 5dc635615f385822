# SPDX-License-Identifier: BSD-3-Clause
"""Subtraction beside the equations of Zackay, Ofek and Gal-Yam (2016, ApJ 830, 27), written in double precision."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

import astro

BETA = 0.8


def moffat(side, fwhm, beta, ratio=1.0, angle=0.0):
    """Each pixel the mean of 5 x 5 places."""
    at = (np.arange(5 * side) - (5 * side - 1) / 2) / 5
    x, y = np.meshgrid(at, at)
    u, v = x * np.cos(angle) + y * np.sin(angle), (y * np.cos(angle) - x * np.sin(angle)) / ratio
    a = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    made = ((1 + (u * u + v * v) / a**2) ** -beta).reshape(side, 5, side, 5).sum((1, 3))
    return made / made.sum()


SCIENCE_PSF = moffat(33, 3.6, 3.0, 0.9, 1.1)
REFERENCE_PSF = moffat(33, 2.8, 3.5, 0.97, 0.3)


class Field:
    """Stars of 10^`low` to 10^`high` counts in the reference, with Poisson noise; `jitter` pixels of astrometric noise."""

    def __init__(self, side, stars, seed, low=2.0, high=5.0, jitter=0.0):
        random = np.random.default_rng(seed)
        sharp = {"science": np.zeros((side, side)), "reference": np.zeros((side, side))}
        for _ in range(stars):
            y, x = random.uniform(25, side - 25, 2)
            flux = 10 ** random.uniform(low, high)
            self._put(sharp["reference"], x, y, flux)
            self._put(sharp["science"], *(np.array([x, y]) + random.normal(0, jitter, 2)), flux)
        science = fftconvolve(sharp["science"], SCIENCE_PSF, "same").clip(0) * BETA
        reference = fftconvolve(sharp["reference"], REFERENCE_PSF, "same").clip(0)
        self.science_variance = 14.0**2 + science / 1.6
        self.reference_variance = 6.0**2 + reference / 6.4
        self.science = science + random.normal(size=(side, side)) * np.sqrt(self.science_variance)
        self.reference = reference + random.normal(size=(side, side)) * np.sqrt(self.reference_variance)

    @staticmethod
    def _put(plane, x, y, flux):
        """A point between the pixels: a Gaussian, of which what is convolved later keeps nothing that pixels could not show."""
        column, row = int(x), int(y)
        at = np.arange(-6, 7)
        shape = np.exp(-2 * ((at[None] + column - x) ** 2 + (at[:, None] + row - y) ** 2))
        plane[row - 6 : row + 7, column - 6 : column + 7] += flux * shape / shape.sum()

    def subtract(self, with_variance=True, **options):
        images = [
            astro.imaging.Image(pixels, variance if with_variance else None, gain=gain)
            for pixels, variance, gain in (
                (self.science, self.science_variance, 1.6),
                (self.reference, self.reference_variance, 6.4),
            )
        ]
        psfs = [astro.imaging.Psf(widened(psf)) for psf in (SCIENCE_PSF, REFERENCE_PSF)]
        return astro.imaging.subtract(images[0], psfs[0], images[1], psfs[1], **options)


def widened(psf):
    """What a star of Field looks like."""
    at = np.arange(-6, 7)
    shape = np.exp(-2 * (at[None] ** 2 + at[:, None] ** 2))
    made = fftconvolve(psf, shape, "same").clip(0)
    return made / made.sum()


def quick_size(least):
    size = least + least % 2
    while True:
        rest = size
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2


def paper(field, sigma_n, sigma_r, astrometric):
    """D, S, S_corr and F_psf as the paper has them; the images stand in zeros, which the PSFs do not leave."""
    psfs = [widened(SCIENCE_PSF), widened(REFERENCE_PSF)]
    half = psfs[0].shape[0] // 2
    shape = tuple(quick_size(side + half) for side in field.science.shape)

    def spectrum(plane):
        return np.fft.fft2(plane, shape)

    def psf_spectrum(psf):
        whole = np.zeros(shape)
        whole[: 2 * half + 1, : 2 * half + 1] = psf
        return np.fft.fft2(np.roll(whole, (-half, -half), (0, 1)))

    def back(plane):
        return np.fft.ifft2(plane).real

    def gradient(plane, axis):
        return (np.roll(plane, -1, axis) - np.roll(plane, 1, axis)) / 2

    n, r = spectrum(field.science), spectrum(field.reference)
    pn, pr = (psf_spectrum(psf) for psf in psfs)
    power = sigma_n**2 * abs(pr) ** 2 + sigma_r**2 * BETA**2 * abs(pn) ** 2
    f_d = BETA / np.sqrt(sigma_n**2 + sigma_r**2 * BETA**2)
    d = (pr * n - BETA * pn * r) / np.sqrt(power)
    p_d = BETA * pr * pn / (f_d * np.sqrt(power))
    s = back(f_d * d * np.conj(p_d))
    f_s = (BETA**2 * abs(pn) ** 2 * abs(pr) ** 2 / power).mean()
    k_n, k_r = BETA * np.conj(pn) * abs(pr) ** 2 / power, BETA**2 * np.conj(pr) * abs(pn) ** 2 / power
    variance = back(
        np.fft.fft2(back(k_n) ** 2) * spectrum(field.science_variance)
        + np.fft.fft2(back(k_r) ** 2) * spectrum(field.reference_variance)
    )
    s_n, s_r = back(k_n * n), back(k_r * r)
    # Where the paper has the square of each image's gradient, their product: noise has none.
    total = variance + astrometric**2 * sum((gradient(s_n, axis) * gradient(s_r, axis)).clip(0) for axis in (0, 1))
    rows, columns = field.science.shape
    planes = {
        "D": back(d),
        "S": s,
        "S_corr": s / np.sqrt(total),
        "F_psf": s / f_s,
        "sigma": np.sqrt(variance) / f_s,
    }
    return {name: plane[:rows, :columns] for name, plane in planes.items()} | {"F_D": f_d, "F_S": f_s}


@pytest.mark.parametrize("astrometric", [0.0, 0.1])
def test_all_planes_are_those_of_the_paper(astrometric):
    field = Field(256, 60, seed=3)
    made = field.subtract(flux_ratio=BETA, astrometric_noise=astrometric, align=False, background_cell=0)
    expected = paper(field, made.match.science_noise, made.match.reference_noise, astrometric)
    inside = made.difference.mask == 0
    assert inside.mean() > 0.95
    assert made.difference_scale == pytest.approx(expected["F_D"], rel=1e-5)
    assert made.score_scale == pytest.approx(expected["F_S"], rel=1e-5)
    for name, plane in {
        "D": made.difference.pixels * made.difference_scale,
        "S": made.flux * made.score_scale,
        "S_corr": made.significance,
        "F_psf": made.flux,
        "sigma": made.flux_error,
    }.items():
        furthest = abs(plane - expected[name])[inside].max()
        assert furthest < 1e-4 * abs(expected[name][inside]).max(), name


@pytest.mark.parametrize("with_variance", [True, False])
def test_pure_noise_has_unit_significance_and_is_white(with_variance):
    # Four million pixels with some 25 in common: the standard deviation is known to 0.2 %.
    random = np.random.default_rng(1)
    field = Field(32, 0, seed=1)
    side = 2048
    field.science, field.reference = random.normal(size=(2, side, side)) * np.array([14.0, 6.0])[:, None, None]
    field.science_variance, field.reference_variance = np.full((side, side), 196.0), np.full((side, side), 36.0)
    made = field.subtract(with_variance, flux_ratio=BETA, background_cell=0 if with_variance else 128)
    inside = made.difference.mask == 0
    assert made.significance[inside].std() == pytest.approx(1.0, abs=0.01)
    # D is white, and has the variance that it says.
    white = made.difference.pixels[100:-100, 100:-100] / np.sqrt(made.difference.variance[100:-100, 100:-100])
    assert white.std() == pytest.approx(1.0, abs=0.01)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (2, 0), (0, 3)):
        pairs = white[dy:, dx:] * white[: white.shape[0] - dy, : white.shape[1] - dx]
        assert abs(pairs.mean()) < 0.003
    power = (abs(np.fft.rfft2(white)) ** 2 / white.size)[1:, 1:]
    rows = abs(np.fft.fftfreq(white.shape[0]))[1:, None]
    radius = np.hypot(rows, np.fft.rfftfreq(white.shape[1])[None, 1:])
    for low in (0.02, 0.1, 0.2, 0.3, 0.4):
        assert power[(radius >= low) & (radius < low + 0.1)].mean() == pytest.approx(1.0, abs=0.02)


def test_source_noise_and_bright_stars_keep_unit_significance():
    field = Field(1024, 700, seed=5, high=5.5, jitter=0.05)
    made = field.subtract()
    assert made.match.flux_ratio == pytest.approx(BETA, rel=2e-3)
    assert np.hypot(made.match.astrometric_x, made.match.astrometric_y) == pytest.approx(0.05 * np.sqrt(2), rel=0.15)
    inside = made.difference.mask == 0
    assert made.significance[inside].std() == pytest.approx(1.0, abs=0.03)
    # In the stars themselves, where their own noise and their places are what counts.
    bright = inside & (field.reference_variance > 36 * 1.5)
    assert bright.sum() > 10000
    assert made.significance[bright].std() == pytest.approx(1.0, abs=0.05)


def test_noise_that_pixels_have_in_common_is_understood():
    random = np.random.default_rng(7)
    field = Field(32, 0, seed=1)
    smooth = np.outer([0.25, 1, 0.25], [0.25, 1, 0.25])
    smooth /= np.sqrt((smooth**2).sum())
    noise = [fftconvolve(random.normal(size=(1024, 1024)), smooth, "same") for _ in range(2)]
    field.science, field.reference = noise[0] * 14, noise[1] * 6
    field.science_variance, field.reference_variance = np.full((1024, 1024), 196.0), np.full((1024, 1024), 36.0)
    white = field.subtract(flux_ratio=BETA, background_cell=0)
    assert white.match.significance_std > 1.3  # what would be claimed
    made = field.subtract(flux_ratio=BETA, background_cell=0, correlated=2)
    inside = made.difference.mask == 0
    assert made.significance[inside].std() == pytest.approx(1.0, abs=0.02)
    scaled = made.difference.pixels[inside] / np.sqrt(made.difference.variance[inside])
    assert scaled.std() == pytest.approx(1.0, abs=0.02)
