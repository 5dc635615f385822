# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmarks of imaging share: skies that they make, and how they measure."""

import math
import time

import numpy as np

import astro
from astro import imaging

BIAS, GAIN, READ_NOISE, EXPOSURE_S = 1000.0, 1.5, 5.0, 60.0  # adu, electrons an adu, electrons, seconds


def seconds(*works, most_s=6.0):
    """Of processor time, so that what runs beside counts less: the best of some, of several works in turn."""
    best, began = [np.inf] * len(works), time.perf_counter()
    while True:
        for i, work in enumerate(works):
            start = time.process_time()
            work()
            best[i] = min(best[i], time.process_time() - start)
        if time.perf_counter() - began > most_s:
            return best


def stars_in(side, count, random):
    """Rows of x, y and flux in electrons."""
    return np.column_stack([random.uniform(20, side - 21, (count, 2)), 10 ** random.uniform(2.5, 5.5, count)])


def light_of(side, stars, fwhm, sky=300.0):
    """Electrons of Moffat stars, as a camera without noise would count them."""
    light = np.full((side, side), sky, np.float32)
    alpha = fwhm / (2 * math.sqrt(2 ** (1 / 3) - 1))
    reach = np.arange(-15, 16)
    for x, y, flux in stars:
        row, column = round(y), round(x)
        if not (15 <= row < side - 15 and 15 <= column < side - 15):
            continue
        squared = (reach[:, None] + row - y) ** 2 + (reach + column - x) ** 2
        profile = 2 / (math.pi * alpha**2) * (1 + squared / alpha**2) ** -3
        light[row - 15 : row + 16, column - 15 : column + 16] += flux * profile
    return light


def counted(light, random):
    """Electrons with their Poisson noise."""
    return light + np.sqrt(light) * random.standard_normal(light.shape, np.float32)


class Pair:
    """Raw frames of a field in two nights, turned against each other, and what calibrates them. In the science image
    are points that the reference has not."""

    def __init__(self, side=2048, stars=3000, transients=100, seed=1, angle_deg=0.3, shift=(7.3, -4.6)):
        random = np.random.default_rng(seed)
        self.side = side
        seen = stars_in(side, stars, random)
        new = np.column_stack([random.uniform(60, side - 61, (transients, 2)), 10 ** random.uniform(3.4, 4.4, transients)])
        self.transients = new
        middle = (side - 1) / 2
        angle = math.radians(angle_deg)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        before = np.column_stack([(seen[:, :2] - middle) @ turn.T + middle + shift, 1.3 * seen[:, 2]])
        self.flat = random.uniform(0.9, 1.1, (side, side)).astype(np.float32)
        self.dark = random.uniform(0, 5, (side, side)).astype(np.float32)
        self.science = self._frame(light_of(side, np.vstack([seen, new]), 3.6), random)
        self.reference = self._frame(light_of(side, before, 2.8, 200.0), random)

    def _frame(self, light, random):
        light *= self.flat
        light += self.dark
        electrons = counted(light, random)
        electrons += READ_NOISE * random.standard_normal(light.shape, np.float32)
        electrons /= GAIN
        return imaging.Image(electrons + np.float32(BIAS), exposure_s=EXPOSURE_S, gain=GAIN, read_noise=READ_NOISE, saturation=6e4)

    def calibrator(self, has_noise=True):
        def master(pixels):
            return imaging.Image(pixels, exposure_s=EXPOSURE_S)

        bias = np.full((self.side, self.side), BIAS, np.float32)
        return imaging.Calibrator(master(bias), master(self.dark / np.float32(GAIN)), master(self.flat), has_noise=has_noise)
