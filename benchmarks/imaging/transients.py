# SPDX-License-Identifier: BSD-3-Clause
"""How many injected transients are found, and what else, on simulated pairs; time and memory beside PyZOGY's.

Usage: transients.py [--tools FOLDER] [--seeds 5] [--cases hard,clean] [--work FOLDER] [RESULT.json]

FOLDER (or ASTRO_TRANSIENTS) has sim.py, which makes a pair with known transients, and evaluate.py, which finds peaks in
an image of significance and compares them with those; both are run as they are. Beside that the candidates of
astro.imaging.detect themselves are compared by the same rules: a transient is found by a candidate within 3 pixels, what
is further than 5 from all is false. The PSFs and all else that the subtraction wants are measured from the images.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.ndimage import binary_dilation, shift
from scipy.spatial import cKDTree

import astro

SCIENCE_GAIN, EXPOSURES = 1.6, 4  # of sim.py: electrons a count, exposures in the reference


def image_of(pixels, gain, saturation):
    return astro.imaging.Image(pixels, gain=gain, saturation=saturation)


def sources_of(pixels, noise, width=2):
    """Peaks of the image, brightest first: x, y, height."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    smooth = gaussian_filter(pixels, width)
    peak = (smooth == maximum_filter(smooth, 9)) & (smooth > 5 * noise)
    y, x = np.nonzero(peak)
    order = np.argsort(-smooth[y, x])
    return x[order], y[order], smooth[y, x][order]


def measured_psf(pixels, saturation, half=22, most=150):
    """Mean of bright lonely stars, each brought to the middle by its own fit of the mean so far."""
    sky = np.median(pixels)
    noise = 1.4826 * np.median(abs(pixels - sky))
    above = pixels - sky
    x, y, height = sources_of(above, noise)
    places = cKDTree(np.c_[x, y])
    chosen = []
    for i in range(len(x)):
        stamp = above[max(y[i] - half, 0) : y[i] + half + 1, max(x[i] - half, 0) : x[i] + half + 1]
        if stamp.shape != (2 * half + 1, 2 * half + 1) or stamp[half - 3 : half + 4, half - 3 : half + 4].max() > 0.7 * saturation:
            continue
        others = [j for j in places.query_ball_point((x[i], y[i]), 0.8 * half) if j != i]
        if height[others].sum() < 0.02 * height[i]:
            chosen.append(stamp.astype(float))
        if len(chosen) == most:
            break
    v, u = np.mgrid[-half : half + 1, -half : half + 1]
    near = u**2 + v**2 < 12**2
    at = []
    for stamp in chosen:
        dx = dy = 0.0
        for _ in range(8):
            weight = stamp * np.exp(-((u - dx) ** 2 + (v - dy) ** 2) / (2 * 1.8**2))
            dx += 2 * (weight * (u - dx)).sum() / weight.sum()
            dy += 2 * (weight * (v - dy)).sum() / weight.sum()
        at.append([dx, dy])
    psf = None
    for _ in range(4):
        moved, weights = [], []
        for k, stamp in enumerate(chosen):
            flux, level = stamp[near].sum(), 0.0
            if psf is not None:
                for _ in range(3):
                    here = shift(psf, at[k][::-1], order=5)
                    terms = np.c_[here[near], np.gradient(here, axis=1)[near], np.gradient(here, axis=0)[near], np.ones(near.sum())]
                    own = 1 / (noise**2 + abs(stamp[near]) / SCIENCE_GAIN)
                    flux, gx, gy, level = np.linalg.solve(terms.T @ (terms * own[:, None]), terms.T @ (stamp[near] * own))
                    at[k][0] -= np.clip(gx / flux, -0.3, 0.3)
                    at[k][1] -= np.clip(gy / flux, -0.3, 0.3)
            moved.append(shift((stamp - level) / flux, (-at[k][1], -at[k][0]), order=5))
            weights.append(flux)
        moved, weights = np.array(moved), np.array(weights)
        middle = np.median(moved, 0)
        spread = 1.4826 * np.median(abs(moved - middle), 0)
        kept = np.minimum(weights, np.percentile(weights, 80))[:, None, None] * (abs(moved - middle) < 4 * np.maximum(spread, 1e-5))
        psf = (moved * kept).sum(0) / kept.sum(0)
        radius = np.hypot(u, v)
        psf = np.where(radius > half, 0, psf - np.median(psf[radius > half - 2]))
        psf /= psf.sum()
    return psf


def subtracted(pair, tile=512):
    """The science image and the reference, and their subtraction with measured PSFs."""
    saturation = float(pair["sat"])
    images = [image_of(pair["sci"], SCIENCE_GAIN, saturation), image_of(pair["ref"], SCIENCE_GAIN * EXPOSURES, saturation)]
    psfs = [astro.imaging.Psf(measured_psf(pair[name], saturation)) for name in ("sci", "ref")]
    return images, astro.imaging.subtract(images[0], psfs[0], images[1], psfs[1], tile=tile)


class Score:
    """Counts over all seeds."""

    def __init__(self):
        self.found = self.injected = self.on_hosts = self.hosts = self.true = self.false = self.cosmic = 0
        self.pixels = 0.0

    def add(self, pair, candidates):
        saturation = float(pair["sat"])
        unusable = binary_dilation((pair["sci"] > saturation) | (pair["ref"] > saturation), iterations=12)
        unusable[:40] = unusable[-40:] = unusable[:, :40] = unusable[:, -40:] = True
        places = np.array([(c.x_pixel, c.y_pixel) for c in candidates]).reshape(-1, 2)
        places = places[~unusable[places[:, 1].round().astype(int), places[:, 0].round().astype(int)]]
        x, y = pair["tx"], pair["ty"]
        usable = ~unusable[y.round().astype(int), x.round().astype(int)]
        away = np.hypot(places[None, :, 0] - x[:, None], places[None, :, 1] - y[:, None])
        near = (away < 3).any(1)
        bright = usable & (pair["tsnr"] >= 5)
        host = bright & (pair["kind"] == "host")
        false = places[(away > 5).all(0)]
        ray = (np.hypot(false[:, None, 0] - pair["cr"][None, :, 0], false[:, None, 1] - pair["cr"][None, :, 1]) < 5).any(1)
        self.injected += bright.sum()
        self.found += (bright & near).sum()
        self.hosts += host.sum()
        self.on_hosts += (host & near).sum()
        self.true += (usable & near).sum()
        self.false += len(false)
        self.cosmic += ray.sum()
        self.pixels += (~unusable).sum() / 1e6

    def result(self):
        return {
            "found": self.found / self.injected,
            "on_hosts": self.on_hosts / self.hosts,
            "false_per_mp": self.false / self.pixels,
            "false_without_cosmic_rays_per_mp": (self.false - self.cosmic) / self.pixels,
            "purity": self.true / max(self.true + self.false, 1),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", default=os.environ.get("ASTRO_TRANSIENTS"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cases", default="hard,clean")
    parser.add_argument("--work")
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("result", nargs="?")
    arguments = parser.parse_args()
    if not arguments.tools:
        parser.error("give --tools or ASTRO_TRANSIENTS")
    tools = pathlib.Path(arguments.tools)
    results = {}
    classifier = astro.imaging.Classifier()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(arguments.work or temporary)
        for case in arguments.cases.split(","):
            scores = {"detected": Score(), "after_veto": Score(), "after_score": Score()}
            for seed in range(1, arguments.seeds + 1):
                file = work / f"{case}{seed}.npz"
                if not file.exists():
                    subprocess.run([sys.executable, tools / "sim.py", file, str(seed), case], check=True, stdout=subprocess.DEVNULL)
                pair = np.load(file)
                images, made = subtracted(pair, arguments.tile)
                candidates = classifier.scored(astro.imaging.detect(made, *images, negative=False), *images, made.difference)
                sound = [c for c in candidates if not c.vetoes]
                scores["detected"].add(pair, candidates)
                scores["after_veto"].add(pair, sound)
                scores["after_score"].add(pair, [c for c in sound if c.score is not None and c.score >= classifier.model.threshold])
                print(case, seed, made.match, flush=True)
                # What was refused is no significance to who looks at it.
                kept = np.array(made.significance)
                for candidate in candidates:
                    if candidate.vetoes:
                        x, y = round(candidate.x_pixel), round(candidate.y_pixel)
                        kept[max(y - 5, 0) : y + 6, max(x - 5, 0) : x + 6] = 0
                for name, plane in (("significance", made.significance), ("vetoed", kept)):
                    np.savez(work / f"{case}{seed}_{name}.npz", Sc=plane)
                    subprocess.run([sys.executable, tools / "evaluate.py", file, f"{name}={work}/{case}{seed}_{name}.npz"], check=True)
            for name, score in scores.items():
                for key, value in score.result().items():
                    results[f"{case}/{name}/{key}"] = round(float(value), 4)
                    print(f"{case}/{name}/{key}: {value:.3f}")
            results[f"{case}/after_score/kept"] = round(float(scores["after_score"].true / scores["detected"].true), 4)
            print(f"{case}: of what was found the score keeps {results[f'{case}/after_score/kept']}")
    if arguments.result:
        pathlib.Path(arguments.result).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
