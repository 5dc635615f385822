# SPDX-License-Identifier: BSD-3-Clause
"""What all pictures have in common: colours, axes, times."""

LINE = "#1f4e79"
BAND = "#9dc3e6"
ACCENT = "#c0392b"
INK = "#222222"
QUIET = "#6b6b6b"
GRID = "#e6e6e6"
NOTHING = "#dcdcdc"  # where there is no data
WHEEL = ("#1f4e79", "#c0392b", "#2e8b57", "#c2458f", "#6a3d9a", "#16869c", "#8c564b")


def axes(ax, figsize=(9, 5), **subplot):
    """The axes given, or new ones."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=figsize, layout="constrained", subplot_kw=subplot)[1]


def check(given, has, wanted):
    """That something can be drawn: it has what its kind has, or the caller is told which kind that is."""
    if not all(hasattr(given, each) for each in has):
        what = "None" if given is None else type(given).__name__
        raise TypeError(f"{wanted} is needed to be drawn, and {what} was given")


def width():
    """Of a line: as heavy as the text beside it."""
    import matplotlib

    return 0.095 * matplotlib.rcParams["font.size"]


def tidy(ax):
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.minorticks_on()


def title(ax, text):
    if text:
        ax.set_title(text, loc="left", fontweight="bold")


def colours(ax, image, label):
    """A bar as high as the axes, also where these keep an aspect."""
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.02, 0.0, 0.03, 1.0)), label=label)
    bar.outline.set_visible(False)
    return bar


def limits(values, low=1.0, high=99.5):
    """Between which most of the values lie: a few that stand out do not hide the others."""
    import numpy

    known = values[numpy.isfinite(values)]
    if known.size == 0:
        return 0.0, 1.0
    bottom, top = numpy.percentile(known, (low, high))
    return (bottom, top) if top > bottom else (bottom - 0.5, bottom + 0.5)


def moments(times):
    """Times of ours as an array that matplotlib draws."""
    import numpy

    return numpy.array([each.nanoseconds for each in times], "int64").astype("datetime64[ns]")


def time_axis(axis, first, last):
    """UTC on an axis; the days are named beside it."""
    from matplotlib import dates

    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    axis.set_major_locator(locator)
    formatter = dates.ConciseDateFormatter(locator, show_offset=False)
    axis.set_major_formatter(formatter)
    begin, end = str(first)[:10], str(last)[:10]
    axis.set_label_text(f"UTC, {begin}" if begin == end else f"UTC, {begin} to {end}")


def measured(number, digits=2):
    """A number with its error, as many digits as the error has."""
    import math

    if not (number.sigma > 1e-6 * abs(number.value) and math.isfinite(number.sigma)):
        return f"{number.value:.4g}"  # as good as exact
    places = max(0, digits - 1 - math.floor(math.log10(number.sigma)))
    return f"{number.value:.{places}f} ± {number.sigma:.{places}f}"


def velocity_label(frame):
    """As astronomers write it: VLSR; of other frames V(BARY)."""
    return "VLSR" if frame == "lsrk" else f"V({str(getattr(frame, 'value', frame)).upper()})"
