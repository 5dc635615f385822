# SPDX-License-Identifier: BSD-3-Clause
"""Draws the pictures of docs/howto/difference.md, of the pair that examples/imaging/difference.py simulates:
python docs/images/difference.py"""

import pathlib
import runpy

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from PIL import Image

from astro import plot

FOLDER = pathlib.Path(__file__).parent


def save(figure, name, dpi):
    """With few colours: noise compresses badly."""
    path = FOLDER / f"difference_{name}.png"
    figure.savefig(path, dpi=dpi)
    Image.open(path).convert("RGB").quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    made = runpy.run_path(FOLDER.parents[1] / "examples/imaging/difference.py")["made"]
    save(plot.difference(made, figure=pyplot.figure(figsize=(10.5, 3.8), layout="constrained")), "panes", 85)
    save(plot.stamps(made, most=3, figure=pyplot.figure(figsize=(6, 5.6), layout="constrained")), "stamps", 80)
    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    plot.significance(made.subtraction, ax=axes)
    save(figure, "significance", 90)


if __name__ == "__main__":
    main()
