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
from scipy.ndimage import binary_dilation

import astro

SCIENCE_GAIN, EXPOSURES = 1.6, 4  # of sim.py: electrons a count, exposures in the reference


def image_of(pixels, gain, saturation):
    return astro.imaging.Image(pixels, gain=gain, saturation=saturation)


def subtracted(pair, tile=512):
    """The science image and the reference, and their subtraction: PSFs, noise, shift and astrometric noise measured."""
    saturation = float(pair["sat"])
    images = [image_of(pair["sci"], SCIENCE_GAIN, saturation), image_of(pair["ref"], SCIENCE_GAIN * EXPOSURES, saturation)]
    made = astro.imaging.difference(*images, alignment="none", tile=tile)
    return [made.science, made.reference], made.subtraction


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
