# SPDX-License-Identifier: BSD-3-Clause
"""From two FITS files to candidates and pictures: `python -m astro.difference SCIENCE REFERENCE FOLDER`."""

import csv
import pathlib

from . import _astro
from .errors import Error


def write_candidates(path, candidates):
    """A table with a line for each candidate, as CSV; the vetoes are separated by spaces."""
    names = list(_astro.imaging.Candidate().to_dict())
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for each in candidates:
            row = each.to_dict()
            writer.writerow([" ".join(map(str, row[name])) if isinstance(row[name], list) else row[name] for name in names])


def scored(made):
    """Its candidates with the score of the classifier that ships; as they are where nothing runs it."""
    try:
        classifier = _astro.imaging.Classifier()
    except Error as error:
        if error.code != "not_found":
            raise
        return made.candidates
    return classifier.scored(made.candidates, made.science, made.reference, made.subtraction.difference)


def write_pictures(folder, made):
    """panes.png, stamps.png, significance.png and blink.gif."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from . import _plot_differences as draw

    def saved(name, size, drawn):
        figure = Figure(figsize=size, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        drawn(figure)
        figure.savefig(folder / name, dpi=110, format="png")

    shown = min(8, max(1, sum(not each.vetoes for each in made.candidates)))
    saved("panes.png", (15, 5.4), lambda figure: draw.difference(made, figure=figure))
    saved("stamps.png", (6.6, 2.1 * shown), lambda figure: draw.stamps(made, figure=figure))
    saved("significance.png", (7, 4.6), lambda figure: draw.significance(made.subtraction, ax=figure.add_subplot()))
    draw.blink(folder / "blink.gif", made)


def main(arguments=None):
    """The program `python -m astro.difference`."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m astro.difference", description="What has changed between two images: table, FITS and pictures."
    )
    parser.add_argument("science", help="FITS image in which it is looked for, calibrated")
    parser.add_argument("reference", help="FITS image of the same field at another time")
    parser.add_argument("folder", type=pathlib.Path, help="where candidates.csv, difference.fits and the pictures go")
    parser.add_argument("--threshold", type=float, default=5.0, help="standard deviations of a candidate")
    parser.add_argument("--align", default="automatic", choices=("automatic", "stars", "wcs", "none"))
    parser.add_argument("--saturation", type=float, help="counts, instead of what the files say")
    parser.add_argument("--gain", type=float, help="electrons a count, instead of what the files say")
    given = parser.parse_args(arguments)
    try:
        images = [_astro.files.read_image(path) for path in (given.science, given.reference)]
        for image in images:
            image.saturation = image.saturation if given.saturation is None else given.saturation
            image.gain = image.gain if given.gain is None else given.gain
        made = _astro.imaging.difference(*images, alignment=given.align, threshold=given.threshold)
        candidates = scored(made)
        given.folder.mkdir(parents=True, exist_ok=True)
        _astro.files.write_image(given.folder / "difference.fits", made.subtraction.difference)
        write_candidates(given.folder / "candidates.csv", candidates)
        write_pictures(given.folder, made)
    except (OSError, ValueError, Error) as error:
        raise SystemExit(f"astro.difference: {error}") from None
    print(f"{sum(not each.vetoes for each in made.candidates)} candidates, {made.registration.reason}")


if __name__ == "__main__":
    main()
