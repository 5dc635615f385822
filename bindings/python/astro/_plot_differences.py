# SPDX-License-Identifier: BSD-3-Clause
"""What has changed between two images: panes, stamps, the significance, both in turn, and what an alert brings."""

from . import _astro, _drawing


def _stretched(pixels, usable=None):
    """From 0 to 1 by an inverse hyperbolic sine, so that the noise of the sky and the cores of stars are both seen."""
    import numpy

    values = numpy.where(usable, pixels, numpy.nan) if usable is not None else numpy.asarray(pixels, float)
    known = values[numpy.isfinite(values)]
    if known.size == 0:
        return values
    middle = numpy.median(known)
    noise = 1.4826 * numpy.median(numpy.abs(known - middle)) or 1.0
    top = max(numpy.percentile(known, 99.8), middle + 10 * noise)
    soft = 3 * noise
    low = numpy.arcsinh(-3 * noise / soft)
    return numpy.clip((numpy.arcsinh((values - middle) / soft) - low) / (numpy.arcsinh((top - middle) / soft) - low), 0, 1)


def _frame(ax, name):
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(name, loc="left", fontsize="medium")


def _gray(ax, values):
    ax.set_facecolor(_drawing.NOTHING)
    ax.imshow(values, origin="lower", cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def _signed(ax, values, most):
    ax.set_facecolor(_drawing.NOTHING)
    return ax.imshow(values, origin="lower", cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")


def _sound(candidates):
    return [each for each in candidates if not each.vetoes]


def _figure(figure, size):
    if figure is not None:
        return figure
    from matplotlib import pyplot

    return pyplot.figure(figsize=size, layout="constrained")


def difference(made, figure=None):
    """Draws science image, reference and significance beside each other, with rings around the candidates of an
    `imaging.Difference`, and returns the figure. What has a veto has a grey one; pixels without data stay grey."""
    import numpy

    figure = _figure(figure, (15, 5.4))
    panes = figure.subplots(1, 3, sharex=True, sharey=True)
    for ax, name, image in ((panes[0], "science", made.science), (panes[1], "reference", made.reference)):
        _gray(ax, _stretched(image.pixels, image.usable))
        _frame(ax, name)
    usable = made.subtraction.difference.usable
    drawn = _signed(panes[2], numpy.where(usable, made.subtraction.significance, numpy.nan), 6)
    count = len(_sound(made.candidates))
    _frame(panes[2], f"significance, {count} candidate{'' if count == 1 else 's'}")
    figure.colorbar(drawn, ax=panes[2], label="standard deviations", shrink=0.85)
    radius = 0.012 * max(made.science.shape)
    for each in made.candidates:
        from matplotlib.patches import Circle

        colour = _drawing.QUIET if each.vetoes else _drawing.ACCENT
        for ax in panes if not each.vetoes else panes[2:]:
            ax.add_patch(Circle((each.x_pixel, each.y_pixel), radius, fill=False, edgecolor=colour, linewidth=1.0))
    return figure


def stamps(made, most=8, side=63, figure=None):
    """Draws science image, reference and difference around the most significant candidates without a veto, a line for
    each, and returns the figure."""
    import numpy

    shown = _sound(made.candidates)[:most]
    figure = _figure(figure, (6.6, 2.1 * max(len(shown), 1)))
    if not shown:
        figure.text(0.5, 0.5, "no candidates", ha="center", va="center", color=_drawing.QUIET)
        return figure
    rows = figure.subplots(len(shown), 3, squeeze=False)
    noise = float(numpy.sqrt(numpy.median(made.subtraction.difference.variance[made.subtraction.difference.usable])))
    for panes, each in zip(rows, shown, strict=True):
        cut = _astro.imaging.cut(
            made.science, made.reference, made.subtraction.difference, each.x_pixel, each.y_pixel, side
        )
        for ax, name, plane in zip(panes, ("science", "reference"), cut[:2], strict=False):
            _gray(ax, _stretched(plane))
            _frame(ax, name if each is shown[0] else "")
        _signed(panes[2], cut[2] / noise, 8)
        _frame(panes[2], "difference" if each is shown[0] else "")
        panes[0].set_ylabel(f"({each.x_pixel:.0f}, {each.y_pixel:.0f})\n{each.significance:+.1f} σ", fontsize="small")
    return figure


def alert(alert, figure=None):
    """Draws the science image, the reference and the difference that an alert brings (a dictionary of
    `files.read_alerts`), and returns the figure. ZTF shows of what became fainter the reference less the science image."""
    import numpy

    figure = _figure(figure, (6.6, 2.6))
    panes = figure.subplots(1, 3)
    for ax, name in zip(panes, ("science", "reference", "difference"), strict=True):
        plane = _astro.files.stamp_of(alert, name)
        if name == "difference":
            known = plane[numpy.isfinite(plane)]
            noise = 1.4826 * numpy.median(abs(known - numpy.median(known))) if known.size else 0.0
            _signed(ax, plane / (noise or 1.0), 8)
        else:
            _gray(ax, _stretched(plane))
        _frame(ax, name)
    named = str(alert.get("objectId", ""))
    if named:
        panes[0].set_ylabel(named, fontsize="small")
    return figure


def significance(subtraction, ax=None):
    """Draws how the significance of a subtraction is distributed, beside the unit normal, and returns the axes."""
    import numpy

    ax = _drawing.axes(ax, (7, 4.6))
    values = subtraction.significance[subtraction.difference.usable]
    edges = numpy.arange(-10, 10.01, 0.2)
    counts, _ = numpy.histogram(values, edges)
    middles = 0.5 * (edges[1:] + edges[:-1])
    normal = values.size * 0.2 * numpy.exp(-0.5 * middles**2) / numpy.sqrt(2 * numpy.pi)
    ax.stairs(counts, edges, color=_drawing.LINE, fill=True, alpha=0.35, label="pixels")
    ax.plot(middles, normal, color=_drawing.ACCENT, linewidth=1.4, label="unit normal")
    ax.set_yscale("log")
    ax.set_ylim(0.5, None)
    ax.set_xlabel("significance  [standard deviations]")
    ax.set_ylabel("pixels")
    ax.legend(frameon=False)
    _drawing.tidy(ax)
    _drawing.title(ax, f"robust standard deviation {subtraction.match.significance_std:.3f}")
    return ax


def blink(path, made, at=None, side=None, duration_s=0.6):
    """Writes the science image and the reference in turn as a GIF; `at` (x, y) and `side` cut a square out."""
    import numpy
    from PIL import Image

    frames = []
    for image in (made.science, made.reference):
        shown = _stretched(image.pixels, image.usable)
        if at is not None:
            half = (side or 127) // 2
            x, y = round(at[0]), round(at[1])
            shown = shown[max(y - half, 0) : max(y + half + 1, 0), max(x - half, 0) : max(x + half + 1, 0)]
            if shown.size == 0:
                raise ValueError(f"a blink of {at}: no pixel of the images is there")
        gray = numpy.where(numpy.isfinite(shown), 255 * shown, 128).astype("uint8")[::-1]
        frame = Image.fromarray(gray)
        scale = 512 / max(frame.size)
        frames.append(frame.resize([max(1, round(scale * each)) for each in frame.size], Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST))
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:], duration=round(1000 * duration_s), loop=0)
