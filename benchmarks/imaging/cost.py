# SPDX-License-Identifier: BSD-3-Clause
"""What a difference costs against pixels and against stars, on one core, as a picture.

    PYTHONPATH=build/release/python taskset -c 0 build/venv/bin/python benchmarks/imaging/cost.py docs/images/imaging_cost.png

Three lines: the whole chain of chain.py, the subtraction of it, and the scores of the candidates.
"""

import sys
import time

import matplotlib
import numpy as np
from chain import Chain
from scene import Pair

from astro import imaging

SIDES = (512, 724, 1024, 1448, 2048, 2896, 4096)
STARS = (200, 500, 1000, 2000, 5000, 10_000, 20_000)
DENSITY = 3000 / 2048**2  # stars a pixel, where the pixels differ
SIDE = 2048  # where the stars differ


def measured(side, stars, runs=4):
    """Seconds of processor time: of the chain, of the subtraction in it, of 100 scores."""
    chain = Chain(Pair(side, stars))
    best = np.full(3, np.inf)
    for _ in range(runs):
        took = chain.run()
        made = chain.made
        start = time.process_time()
        imaging.subtract(made.science, made.science_psf, made.reference, made.reference_psf)
        best = np.minimum(best, (sum(took.values()), time.process_time() - start, took["score"]))
    print(f"{side:5} {stars:6} {' '.join(f'{1e3 * value:8.1f} ms' for value in best)}", flush=True)
    return best


def draw(path, by_side, by_stars):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    megapixels = np.array(SIDES) ** 2 / 1e6
    names = ("raw frames to candidates", "subtraction", "100 scores")
    for i, (name, colour) in enumerate(zip(names, ("#1f5fa8", "#c4541b", "#5a5a5a"))):
        left.loglog(megapixels, by_side[:, i], "o-", color=colour, label=name, markersize=4)
        right.loglog(STARS, by_stars[:, i], "o-", color=colour, label=name, markersize=4)
    left.set(xlabel="megapixels, 700 stars each", ylabel="seconds, one core")
    right.set(xlabel=f"stars in {SIDE} x {SIDE} pixels")
    left.legend(frameon=False)
    for axes in (left, right):
        axes.grid(which="both", alpha=0.2)
    figure.savefig(path, dpi=100)


def main(path):
    by_side = np.array([measured(side, round(DENSITY * side**2)) for side in SIDES])
    draw(path, by_side, np.array([measured(SIDE, stars) for stars in STARS]))


if __name__ == "__main__":
    main(*sys.argv[1:])
