# SPDX-License-Identifier: BSD-3-Clause
"""astro.imaging beside ccdproc, sep, photutils and astroscrappy, in one run on one core: seconds for 2048 x
2048 pixels.

    PYTHONPATH=build/release/python taskset -c 0 build/venv/bin/python benchmarks/imaging/peers.py [RESULT]

RESULT is a JSON file for table.py. The last rows are what 10,000 x 10,000 pixels need: a frame from the file to its
sources, and two images from their files to candidates.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
from scene import Pair, counted, light_of, seconds, stars_in

import astro
from astro import imaging

SIDE = 2048


def field(side, random, stars=3000):
    """A sky of 300 electrons with Moffat stars, in adu of 1.5 electrons."""
    electrons = counted(light_of(side, stars_in(side, stars, random), 3.2), random)
    return (electrons + 5 * random.standard_normal(electrons.shape, np.float32)) / np.float32(1.5)


def with_hits(pixels, random, hits=1000):
    hit = pixels.copy()
    side = len(pixels)
    for row, column in zip(random.integers(5, side - 10, hits), random.integers(5, side - 10, hits)):
        for step in range(random.integers(1, 5)):
            hit[row + step, column + step // 2] += random.uniform(500, 5000)
    return hit


def calibration(random):
    import ccdproc
    from astropy import units as u
    from astropy.nddata import CCDData, VarianceUncertainty

    raw = field(SIDE, random) + np.float32(1000)
    bias = np.full((SIDE, SIDE), 1000, np.float32)
    dark = random.uniform(0, 5, (SIDE, SIDE)).astype(np.float32)
    flat = random.uniform(0.9, 1.1, (SIDE, SIDE)).astype(np.float32)
    noise = np.full((SIDE, SIDE), 100, np.float32)
    some = {"exposure_s": 60.0}

    def masters(with_noise):
        return [imaging.Image(each, noise / 100 if with_noise else None, **some) for each in (bias, dark, flat)]

    def ccds(with_noise):
        meta = {"exptime": 60.0}
        return [
            CCDData(each, unit="adu", meta=meta, uncertainty=VarianceUncertainty(noise / 100) if with_noise else None)
            for each in (bias, dark, flat)
        ]

    def theirs(frame, masters):
        frame = ccdproc.subtract_bias(frame, masters[0])
        frame = ccdproc.subtract_dark(frame, masters[1], exposure_time="exptime", exposure_unit=u.second, scale=True)
        return ccdproc.flat_correct(frame, masters[2])

    measured = {}
    for name, with_noise in (("calibration", False), ("calibration_with_noise", True)):
        calibrator = imaging.Calibrator(*masters(with_noise), has_noise=with_noise)
        image = imaging.Image(raw, noise if with_noise else None, **some)
        ccd = CCDData(raw, unit="adu", meta={"exptime": 60.0}, uncertainty=VarianceUncertainty(noise) if with_noise else None)
        ccd_masters = ccds(with_noise)
        measured[name] = seconds(lambda: calibrator.calibrated(image), lambda: theirs(ccd, ccd_masters))
    return measured


def combining(random):
    import ccdproc
    from astropy.nddata import CCDData

    frames = [random.normal(1000, 10, (SIDE, SIDE)).astype(np.float32) for _ in range(10)]
    images = [imaging.Image(frame) for frame in frames]
    ccds = [CCDData(frame, unit="adu") for frame in frames]
    options = {"clip": "mean", "low": 3, "high": 3, "rounds": 1}
    clip = {"sigma_clip": True, "sigma_clip_low_thresh": 3, "sigma_clip_high_thresh": 3, "sigma_clip_func": np.ma.mean,
            "sigma_clip_dev_func": np.ma.std, "mem_limit": 8e9}  # fmt: skip
    return {
        f"ten_frames_{how}": seconds(
            lambda how=how: imaging.combined(images, combine=how, **options),
            lambda method=method: ccdproc.combine(ccds, method=method, **clip),
        )
        for how, method in (("mean", "average"), ("median", "median"))
    }


def cosmic_rays(random):
    import astroscrappy

    pixels = with_hits(field(SIDE, random), random)
    image = imaging.Image(pixels, gain=1.5, read_noise=5)
    options = {"gain": 1.5, "readnoise": 5, "satlevel": np.inf, "sigclip": 4.5, "sigfrac": 0.3, "objlim": 5.0}

    def ours():
        imaging.with_cosmic_rays_masked(image)

    return {
        "cosmic_rays": seconds(ours, lambda: astroscrappy.detect_cosmics(pixels, sepmed=False, **options)),
        "cosmic_rays_separable": seconds(ours, lambda: astroscrappy.detect_cosmics(pixels, sepmed=True, **options)),
    }


def sources(random):
    import sep
    from photutils.background import Background2D
    from photutils.segmentation import SourceFinder, detect_threshold

    pixels = field(SIDE, random)
    image = imaging.Image(pixels)
    background = imaging.Background(image)
    clean = background.subtracted(image)
    data, rms = clean.pixels, background.rms
    x, y = random.uniform(20, SIDE - 20, (2, 10000))

    def subtracted():
        return imaging.Background(image).subtracted(image)

    def extracted():
        return imaging.extracted(clean, 1.5, noise=rms)

    finder = SourceFinder(n_pixels=5, progress_bar=False)
    return {
        "background": seconds(subtracted, lambda: pixels - sep.Background(pixels)),
        "extraction": seconds(extracted, lambda: sep.extract(data, 1.5, err=rms)),
        "background_photutils": seconds(subtracted, lambda: Background2D(pixels, 64).background),
        "extraction_photutils": seconds(extracted, lambda: finder(data, detect_threshold(data, 1.5, error=rms))),
        "apertures": seconds(
            lambda: imaging.aperture_fluxes(clean, x, y, 5.0), lambda: sep.sum_circle(data, x, y, 5.0, subpix=0)
        ),
    }


def peak_gigabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def large_frame():
    """Run in a process of its own: gigabytes at most, for a frame of 10,000 x 10,000 pixels from its file to sources."""
    side = 10_000
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "large.fits"
        child = os.fork()
        if child == 0:  # what is made here is not counted
            raw = field(side, random, 80_000) + np.float32(1000)
            astro.files.write_image(path, imaging.Image(raw, exposure_s=60, gain=1.5, read_noise=5))
            os._exit(0)
        os.waitpid(child, 0)
        ones = imaging.Image(np.ones((side, side), np.float32), exposure_s=60)
        calibrator = imaging.Calibrator(ones, ones, ones)
        del ones
        image = imaging.with_cosmic_rays_masked(calibrator.calibrated(astro.files.read_image(path)))
        image = imaging.Background(image).subtracted(image)
        found = imaging.extracted(image, 5.0)
        assert len(found) > 10_000
    print(peak_gigabytes())


def large_difference():
    """The same of two calibrated images in files, turned against each other, to candidates."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / f"{name}.fits" for name in ("science", "reference")]
        child = os.fork()
        if child == 0:
            pair = Pair(10_000, 80_000, 2000)
            for path, image in zip(paths, (pair.science, pair.reference)):
                astro.files.write_image(path, image)
            os._exit(0)
        os.waitpid(child, 0)
        made = imaging.difference(*(astro.files.read_image(path) for path in paths))
        assert made.is_resampled and len(made.candidates) > 1000
    print(peak_gigabytes())


def main():
    large = {"large_frame": large_frame, "large_difference": large_difference}
    if sys.argv[1:] and sys.argv[1] in large:
        return large[sys.argv[1]]()
    random = np.random.default_rng(1)
    measured = {}
    for part in (calibration, combining, cosmic_rays, sources):
        for name, (ours, theirs) in part(random).items():
            measured[name] = {"ours": ours, "theirs": theirs}
            print(f"{name:24} ours {ours * 1e3:8.1f} ms, theirs {theirs * 1e3:8.1f} ms, ratio {ours / theirs:.2f}", flush=True)
    for name in large:
        gigabytes = float(subprocess.check_output([sys.executable, __file__, name]))
        measured[name] = {"gigabytes": gigabytes}
        print(f"{name:24} {gigabytes:.2f} GB")
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
