# SPDX-License-Identifier: BSD-3-Clause
"""Simulated pairs of images with all that changes on the sky and all that only seems to, as candidates of astro.imaging.

Usage: simulate.py OUT.npz [--seed 1] [--fields 100] [--optics moffat|telescope] [--threshold 4.5] [--most 100] [--processes 1]

Each field is a science image and a reference of the same sky, made from its own seed. They go through
astro.imaging.subtract and astro.imaging.detect, so that what is false is what that pipeline takes for a change. OUT.npz
has triplets (n, 3, 63, 63), is_real, significance, vetoed and field.

What changed on the sky is real: new sources beside, on and far from galaxies and stars, sources that are gone, stars that
vary. False is the rest: particles, hot pixels and columns, trails, stars that moved or that the registration missed, cores
that the detector does not see linearly, PSFs that are not everywhere what they are in the middle, halos, and noise.
"""

import argparse
import dataclasses
import multiprocessing

import numpy as np

import astro

SIDE = 768  # pixels of a field
MARGIN = 36  # of them no candidate is taken at the edges: its stamps would not be whole
NEAR, FAR = 3.0, 6.0  # pixels: a candidate this near to a change is that change, further than this it is none


@dataclasses.dataclass
class Optics:
    """The shape of a point. Widths and strengths change linearly over the field."""

    kind: str
    fwhm: float
    beta: float = 3.0
    ratio: float = 1.0
    angle: float = 0.0
    wings: float = 0.1
    coma: float = 0.0
    change: tuple = (0.0, 0.0)

    @staticmethod
    def drawn(random, kind):
        return Optics(
            kind=kind,
            fwhm=random.uniform(2.2, 5.0),
            beta=random.uniform(2.4, 4.8),
            ratio=random.uniform(0.82, 1.0),
            angle=random.uniform(0, np.pi),
            wings=random.uniform(0.03, 0.2),
            coma=random.uniform(0, 0.25),
            change=tuple(random.normal(0, 0.03, 2)),
        )

    def stamp(self, half, dx=0.0, dy=0.0, at=(0.0, 0.0)):
        """A point at (dx, dy) from the middle pixel, sum 1; `at` is its place in the field, -1 to 1."""
        fine = 3
        steps = (np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5
        x, y = steps[None, :] - dx, steps[:, None] - dy
        u = x * np.cos(self.angle) + y * np.sin(self.angle)
        v = (y * np.cos(self.angle) - x * np.sin(self.angle)) / self.ratio
        fwhm = self.fwhm * (1 + self.change[0] * at[0] + self.change[1] * at[1])
        square = u * u + v * v
        if self.kind == "moffat":
            a = fwhm / 2 / np.sqrt(2 ** (1 / self.beta) - 1)
            made = (1 + square / a**2) ** -self.beta
        else:  # a core of Gaussian seeing, skewed by coma, on wide wings
            s = fwhm / 2.355
            core = np.exp(-square / 2 / s**2) * (1 + self.coma * np.tanh(u / s / 2))
            made = core + self.wings * 0.25 * np.exp(-square / 2 / (2.2 * s) ** 2) + 0.002 / (1 + square / (4 * s**2)) ** 1.5
        rows = 2 * half + 1
        made = made.reshape(rows, fine, rows, fine).mean((1, 3))
        return made / made.sum()


def put(plane, optics, x, y, flux):
    column, row = round(x), round(y)
    half = 12 if abs(flux) < 3e3 else 20 if abs(flux) < 5e4 else 32 if abs(flux) < 5e5 else 45
    if not (0 <= column < SIDE and 0 <= row < SIDE):
        return
    stamp = optics.stamp(half, x - column, y - row, (2 * x / SIDE - 1, 2 * y / SIDE - 1))
    top, left = max(row - half, 0), max(column - half, 0)
    bottom, right = min(row + half + 1, SIDE), min(column + half + 1, SIDE)
    plane[top:bottom, left:right] += flux * stamp[top - row + half : bottom - row + half, left - column + half : right - column + half]


def put_line(plane, x, y, angle, length, width, height):
    """A trail or a particle's track: `height` in each pixel along its middle."""
    reach = int(length / 2 + 4 * width + 2)
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    v, u = np.mgrid[top : min(int(y) + reach + 1, SIDE), left : min(int(x) + reach + 1, SIDE)]
    along = (u - x) * np.cos(angle) + (v - y) * np.sin(angle)
    across = (v - y) * np.cos(angle) - (u - x) * np.sin(angle)
    plane[top : top + v.shape[0], left : left + v.shape[1]] += height * np.exp(-0.5 * (across / width) ** 2) * (abs(along) < length / 2)


def galaxies(random, count):
    """A plane of smooth galaxies before any optics, with their places and sizes."""
    plane, places = np.zeros((SIDE, SIDE)), []
    for _ in range(count):
        x, y = random.uniform(20, SIDE - 20, 2)
        size, ratio, angle = random.uniform(1.2, 8), random.uniform(0.35, 1), random.uniform(0, np.pi)
        bend = random.choice([1.0, 1.0, 0.4])  # exponential disks, and cusps
        half = int(min(12 * size, 70))
        top, left = max(int(y) - half, 0), max(int(x) - half, 0)
        v, u = np.mgrid[top : min(int(y) + half + 1, SIDE), left : min(int(x) + half + 1, SIDE)]
        p = (u - x) * np.cos(angle) + (v - y) * np.sin(angle)
        q = ((v - y) * np.cos(angle) - (u - x) * np.sin(angle)) / ratio
        shape = np.exp(-(((p * p + q * q + 0.3) ** 0.5 / size) ** bend))
        plane[top : top + v.shape[0], left : left + v.shape[1]] += 10 ** random.uniform(3.3, 5.3) * shape / shape.sum()
        places.append((x, y, size))
    return plane, places


def blurred(plane, optics):
    kernel = np.zeros((SIDE + 64, SIDE + 64))
    kernel[:65, :65] = optics.stamp(32)
    kernel = np.roll(kernel, (-32, -32), (0, 1))
    return np.fft.irfft2(np.fft.rfft2(plane, kernel.shape) * np.fft.rfft2(kernel), kernel.shape)[:SIDE, :SIDE]


def spread_out(random, wanted, makers, apart=22.0):
    """Places at least `apart` from each other, as many as are wanted and fit, drawn by turns from the makers."""
    chosen = []
    for i in range(3 * wanted):
        x, y = makers[i % len(makers)](random)
        if not (MARGIN < x < SIDE - MARGIN and MARGIN < y < SIDE - MARGIN):
            continue
        if all((x - u) ** 2 + (y - v) ** 2 > apart**2 for u, v in chosen):
            chosen.append((x, y))
        if len(chosen) == wanted:
            break
    return chosen


@dataclasses.dataclass
class Exposure:
    optics: Optics
    sky: float  # electrons
    read_noise: float  # electrons
    count: int  # of exposures that were averaged
    gain: float  # electrons a count
    throughput: float
    well: float  # electrons

    @staticmethod
    def drawn(random, kind, is_reference):
        return Exposure(
            optics=Optics.drawn(random, kind),
            sky=10 ** random.uniform(1.8, 3.3),
            read_noise=random.uniform(3, 12),
            count=int(random.choice([1, 3, 5, 10])) if is_reference else 1,
            gain=random.uniform(0.5, 3.0),
            throughput=1.0 if is_reference else random.uniform(0.5, 1.4),
            well=random.uniform(3e4, 1.2e5),
        )

    def point_error(self):
        """Standard deviation of the flux of a point on empty sky, in the electrons of throughput 1."""
        effective = 1 / (self.optics.stamp(20) ** 2).sum()
        return np.sqrt(effective * (self.sky + self.read_noise**2) / self.count) / self.throughput


@dataclasses.dataclass
class Pair:
    science: np.ndarray  # counts
    reference: np.ndarray
    science_psf: np.ndarray
    reference_psf: np.ndarray
    science_gain: float
    reference_gain: float
    science_saturation: float
    reference_saturation: float
    resampled: bool  # the reference's pixels have noise in common
    changes: np.ndarray  # (n, 3): x, y, +1 or -1


def measured_psf(random, pixels, stars, well, optics, half=18):
    """The mean of lonely bright stars, each moved to the middle of its pixel: with the errors that a measured PSF has."""
    bright = [(x, y, flux) for x, y, flux in stars if flux * optics.stamp(1).max() < 0.6 * well and half < x < SIDE - half - 1 and half < y < SIDE - half - 1]
    bright.sort(key=lambda star: -star[2])
    every = stars
    moved, weights = [], []
    steps = np.fft.rfftfreq(2 * half + 1)[None, :], np.fft.fftfreq(2 * half + 1)[:, None]
    for x, y, flux in bright:
        near = (abs(every[:, 0] - x) < 0.8 * half) & (abs(every[:, 1] - y) < 0.8 * half)
        if every[near, 2].sum() > 1.03 * flux:
            continue
        column, row = round(x), round(y)
        stamp = pixels[row - half : row + half + 1, column - half : column + half + 1]
        if stamp.max() > 0.8 * well:
            continue
        border = np.concatenate([stamp[:2].ravel(), stamp[-2:].ravel(), stamp[:, :2].ravel(), stamp[:, -2:].ravel()])
        # Its place is known as well as such a place is measured.
        dx, dy = np.array([x - column, y - row]) + random.normal(0, 0.01, 2)
        turned = np.fft.rfft2(stamp - np.median(border)) * np.exp(2j * np.pi * (steps[0] * dx + steps[1] * dy))
        moved.append(np.fft.irfft2(turned, stamp.shape) / flux)
        weights.append(flux)
        if len(moved) == 80:
            break
    if len(moved) < 4:
        return optics.stamp(half)
    moved, weights = np.array(moved), np.array(weights)
    middle = np.median(moved, 0)
    spread = 1.4826 * np.median(abs(moved - middle), 0) + 1e-6
    kept = np.minimum(weights, np.percentile(weights, 80))[:, None, None] * (abs(moved - middle) < 4 * spread)
    psf = (moved * kept).sum(0) / np.maximum(kept.sum(0), 1e-9)
    v, u = np.mgrid[-half : half + 1, -half : half + 1]
    psf[np.hypot(u, v) > half] = 0
    return psf / psf.sum()


def make_pair(seed, kind="moffat"):
    random = np.random.default_rng([seed, 77 if kind == "moffat" else 78])
    science, reference = Exposure.drawn(random, kind, False), Exposure.drawn(random, kind, True)
    area = SIDE**2 / 1e6

    # The sky that both have.
    count = int(area * 10 ** random.uniform(2.2, 3.4))
    fluxes = 10 ** (2.2 + 4.2 * random.random(count) ** random.uniform(1.6, 2.6))
    x, y = random.uniform(-10, SIDE + 10, (2, count))
    sharp, hosts = galaxies(random, int(area * random.uniform(20, 80)))

    # How the registration missed, as it does: a shift, a bend, and each star by itself.
    bend, jitter = random.uniform(0, 0.15), random.choice([0.0, 0.03, 0.06])
    period = random.uniform(150, 500, 2)
    shift = random.normal(0, 0.15, 2)
    u = x + shift[0] + bend * np.sin(y / period[0]) + random.normal(0, jitter, count)
    v = y + shift[1] + bend * np.cos(x / period[1]) + random.normal(0, jitter, count)
    moving = random.random(count) < 0.01
    u[moving] += random.normal(0, 0.7, moving.sum())
    v[moving] += random.normal(0, 0.7, moving.sum())

    # What changed. Stars that vary by what nobody can see are no change and no constant star either: there are none.
    error = np.hypot(science.point_error(), reference.point_error())
    changes = []
    brightness = {"science": fluxes.copy(), "reference": fluxes}
    for i in np.flatnonzero((random.random(count) < 0.04) & ~moving & (fluxes > 15 * error) & (fluxes < 3e5)):
        change = random.choice([-1, 1]) * fluxes[i] * random.uniform(0.1, 0.7)
        noise = np.hypot(error, np.sqrt(fluxes[i]) * 1.5)
        if abs(change) > 4 * noise:
            brightness["science"][i] += change
            changes.append((x[i], y[i], np.sign(change), 0.0))

    def anywhere(random):
        return random.uniform(MARGIN, SIDE - MARGIN, 2)

    def in_a_host(random):
        a, b, size = hosts[random.integers(len(hosts))]
        return np.array([a, b]) + random.normal(0, 0.7 * size, 2)

    def by_a_star(random):
        i = random.integers(count)
        angle, far = random.uniform(0, 2 * np.pi), random.uniform(3, 9)
        return np.array([x[i] + far * np.cos(angle), y[i] + far * np.sin(angle)])

    taken = [(c[0], c[1]) for c in changes]
    for a, b in spread_out(random, int(area * 130), [anywhere, in_a_host, by_a_star]):
        if any((a - c) ** 2 + (b - d) ** 2 < 22**2 for c, d in taken):
            continue
        ratio = random.uniform(3.5, 15) if random.random() < 0.7 else 10 ** random.uniform(1.1, 2.3)
        changes.append((a, b, random.choice([1, 1, -1]), ratio * error))

    is_resampled = random.random() < 0.5
    planes = {}
    for name, exposure, kept in (("science", science, shift), ("reference", reference, random.uniform(0.1, 0.9, 2) * is_resampled)):
        is_science = name == "science"
        places = (u, v) if is_science else (x + kept[0], y + kept[1])
        stars = np.c_[places[0], places[1], brightness[name] * exposure.throughput]
        light = moved(blurred(sharp, exposure.optics) * exposure.throughput, kept)
        for a, b, flux in stars:
            put(light, exposure.optics, a, b, flux)
        for a, b, sign, flux in changes:
            if (sign > 0) == is_science:
                put(light, exposure.optics, a + (0 if is_science else kept[0]), b + (0 if is_science else kept[1]), flux * exposure.throughput)
        planes[name] = detected(random, exposure, light, is_science)
        if is_resampled and not is_science:
            planes[name] = resampled(planes[name], kept)
            stars[:, :2] -= kept
        planes[name + "_psf"] = measured_psf(random, planes[name] * exposure.gain - exposure.sky, stars, exposure.well, exposure.optics)
    return Pair(
        **planes,
        resampled=is_resampled,
        science_gain=science.gain,
        reference_gain=reference.gain * reference.count,
        science_saturation=0.98 * science.well / science.gain,
        reference_saturation=0.98 * reference.well / reference.gain,
        changes=np.array([c[:3] for c in changes]).reshape(-1, 3),
    )


def detected(random, exposure, light, is_science):
    """Counts: what the detector makes of the light, and what befalls it."""
    area = SIDE**2 / 1e6
    sky = exposure.sky
    slope = random.normal(0, 0.03, 2)
    grid = np.linspace(-1, 1, SIDE)
    total = light.clip(0) + sky * (1 + slope[0] * grid[None, :] + slope[1] * grid[:, None])
    electrons = random.poisson(total * exposure.count) / exposure.count
    electrons = electrons + random.normal(0, exposure.read_noise / np.sqrt(exposure.count), total.shape)
    if random.random() < 0.4:  # not quite linear
        electrons -= random.uniform(0, 0.03) * electrons * abs(electrons) / exposure.well
    noise = np.sqrt((sky + exposure.read_noise**2) / exposure.count)
    for _ in range(random.poisson(area * (random.uniform(10, 80) if is_science else 4))):
        height = noise * 10 ** random.uniform(0.7, 2.2)
        length = random.choice([1.0, 1.2, 2.0, 3.0]) if random.random() < 0.7 else random.uniform(3, 25)
        put_line(electrons, *random.uniform(5, SIDE - 5, 2), random.uniform(0, np.pi), length, random.uniform(0.25, 0.6), height)
    for _ in range(random.poisson(area * (25 if is_science else 5))):  # hot, or dead
        row, column = random.integers(2, SIDE - 2, 2)
        electrons[row, column] += noise * random.choice([1, 1, 1, -1]) * 10 ** random.uniform(0.7, 2)
    for _ in range(random.poisson(1.0 if is_science else 0.2)):  # parts of columns
        row, column = random.integers(2, SIDE - 2, 2)
        electrons[row : row + random.integers(10, 300), column] += noise * random.normal(0, 4)
    if is_science and random.random() < 0.12:
        put_line(electrons, *random.uniform(100, SIDE - 100, 2), random.uniform(0, np.pi), 3 * SIDE, random.uniform(1, 3), noise * random.uniform(1, 10))
    full = electrons > exposure.well
    for column in np.flatnonzero(full.any(0)):  # what is too much flows along the columns
        rows = np.flatnonzero(full[:, column])
        reach = int(min(40, (electrons[rows, column] - exposure.well).sum() / exposure.well / 3))
        electrons[max(rows[0] - reach, 0) : rows[-1] + reach + 1, column] = 2 * exposure.well
    return (np.minimum(electrons, exposure.well) / exposure.gain).astype(np.float32)


def moved(plane, by):
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    return np.fft.irfft2(np.fft.rfft2(plane) * np.exp(-2j * np.pi * (fx * by[0] + fy * by[1])), plane.shape)


def resampled(pixels, by):
    """The image taken to pixels that lie a fraction further, by Lanczos' kernel: its noise is smoother, and what saturated has rings."""
    for axis, fraction in ((1, by[0]), (0, by[1])):
        t = np.arange(-2, 4) - fraction
        weights = np.sinc(t) * np.sinc(t / 3)
        pixels = sum(w * np.roll(pixels, -k, axis) for k, w in zip(range(-2, 4), weights / weights.sum()))
    return pixels.astype(np.float32)


def triplets_of(pair, threshold=4.5):
    """The pair's candidates: triplets, which are real, their significances, which had a veto, and their places."""
    science = astro.imaging.Image(pair.science, gain=pair.science_gain, saturation=pair.science_saturation)
    reference = astro.imaging.Image(pair.reference, gain=pair.reference_gain, saturation=pair.reference_saturation)
    psfs = [astro.imaging.Psf(psf.astype(np.float32)) for psf in (pair.science_psf, pair.reference_psf)]
    made = astro.imaging.subtract(science, psfs[0], reference, psfs[1], correlated=2 if pair.resampled else 0)
    found = astro.imaging.detect(made, science, reference, threshold=threshold)
    triplets, is_real, significance, vetoed, places = [], [], [], [], []
    for candidate in found:
        x, y = candidate.x_pixel, candidate.y_pixel
        if not (MARGIN <= x < SIDE - MARGIN and MARGIN <= y < SIDE - MARGIN):
            continue
        sign = np.sign(candidate.significance)
        away = np.hypot(pair.changes[:, 0] - x, pair.changes[:, 1] - y) if len(pair.changes) else np.array([np.inf])
        nearest = away.argmin()
        real = away[nearest] <= NEAR and pair.changes[nearest, 2] == sign
        if not real and away[nearest] < FAR:
            continue  # of the wings of a change nobody can say what they are
        triplets.append(np.stack(astro.imaging.cut(science, reference, made.difference, x, y)))
        is_real.append(real)
        significance.append(candidate.significance)
        vetoed.append(bool(candidate.vetoes))
        places.append((x, y))
    return (
        np.array(triplets, np.float32).reshape(-1, 3, 63, 63),
        np.array(is_real, bool),
        np.array(significance, np.float32),
        np.array(vetoed, bool),
        np.array(places, np.float32).reshape(-1, 2),
    )


def candidates_of(seed, kind, threshold, most):
    """Those of one field; of false ones with a veto, which are many and alike, at most so many."""
    try:
        made = triplets_of(make_pair(seed, kind), threshold)
    except astro.Error as failure:  # too few stars: such a field is refused, not classified
        print(f"field {seed}: {failure}", flush=True)
        return None
    _, is_real, _, vetoed, _ = made
    easy = np.random.default_rng(seed).permutation(np.flatnonzero(vetoed & ~is_real))
    chosen = np.setdiff1d(np.arange(len(is_real)), easy[len(easy) if most is None else most :])
    return (*(part[chosen] for part in made), np.full(len(chosen), seed))


def simulate(seeds, kind="moffat", threshold=4.5, most=None, processes=1):
    """Candidates of many fields: a dictionary of arrays."""
    jobs = [(seed, kind, threshold, most) for seed in seeds]
    if processes == 1:
        parts = [candidates_of(*job) for job in jobs]
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            parts = pool.starmap(candidates_of, jobs, chunksize=4)
    names = ("triplets", "is_real", "significance", "vetoed", "places", "field")
    return {name: np.concatenate(each) for name, each in zip(names, zip(*(part for part in parts if part is not None)))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fields", type=int, default=100)
    parser.add_argument("--optics", choices=("moffat", "telescope"), default="moffat")
    parser.add_argument("--threshold", type=float, default=4.5)
    parser.add_argument("--most", type=int, help="false candidates with a veto of a field: no more than these")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.fields)
    made = simulate(seeds, arguments.optics, arguments.threshold, arguments.most, arguments.processes)
    np.savez(arguments.out, **made)
    print(f"{len(made['is_real'])} candidates, {made['is_real'].sum()} of them real, {made['vetoed'].sum()} with a veto")


if __name__ == "__main__":
    main()
