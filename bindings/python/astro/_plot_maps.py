# SPDX-License-Identifier: BSD-3-Clause
"""Maps."""

from . import _astro, _drawing


def _degrees_text(value, step):
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    return f"{round(value, digits) + 0.0:.{digits}f}°".replace("-", "\N{MINUS SIGN}")


def _step(span):
    """A round distance between lines, about five over the span."""
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60):
        if span / step <= 6:
            return step
    return 90


def _crossings(world, place, step, wrap):
    """Where a coordinate along an edge takes round values: (place, value)."""
    import numpy

    found = []
    for i in range(len(world) - 1):
        a, b = world[i], world[i + 1]
        if not (numpy.isfinite(a) and numpy.isfinite(b)) or a == b:
            continue
        low, high = min(a, b), max(a, b)
        for value in numpy.arange(numpy.ceil(low / step) * step, high + 1e-9, step):
            at = place[i] + (value - a) / (b - a) * (place[i + 1] - place[i])
            if not any(abs(at - other) < 1e-6 for other, _ in found):
                found.append((at, value % 360 if wrap else value))
    return found


def _graticule(ax, grid):
    """Lines of equal longitude and latitude, and their names along the lower and the left edge."""
    import numpy

    longitude, latitude = grid.places()
    middle = grid.longitude.degrees
    longitude = (longitude - middle + 180) % 360 - 180 + middle  # without a jump within the map
    columns, rows = numpy.arange(grid.width), numpy.arange(grid.height)
    for world, edge, axis in ((longitude, longitude[0], ax.xaxis), (latitude, latitude[:, 0], ax.yaxis)):
        step = _step(numpy.nanmax(world) - numpy.nanmin(world))
        along_x = axis is ax.xaxis
        ticks = _crossings(edge, columns if along_x else rows, step, wrap=along_x)
        axis.set_ticks([at for at, _ in ticks], [_degrees_text(value, step) for _, value in ticks])
        levels = numpy.arange(numpy.floor(numpy.nanmin(world) / step) * step, numpy.nanmax(world) + step, step)
        if grid.width > 1 and grid.height > 1:
            thin = {"colors": "white", "linewidths": 0.6, "linestyles": "solid", "alpha": 0.4}
            ax.contour(columns, rows, world, levels=levels, **thin)


def _plane(sky_map, velocity_km_s):
    import numpy

    if sky_map.velocity is None:
        return numpy.asarray(sky_map.value), ""
    if velocity_km_s is None:
        raise ValueError("a cube has many velocities: say velocity_km_s, or draw astro.integrated(cube, from, to)")
    velocities = sky_map.velocity.km_s()
    nearest = int(numpy.argmin(numpy.abs(velocities - velocity_km_s)))
    if abs(velocities[nearest] - velocity_km_s) > sky_map.velocity.step_km_s:
        reach = f"{velocities[0]:g} to {velocities[-1]:g} km/s"
        raise ValueError(f"the cube reaches from {reach}, and {velocity_km_s:g} is outside")
    return numpy.asarray(sky_map.value)[nearest], f"{_drawing.velocity_label(sky_map.velocity.frame)} {velocities[nearest]:+.1f} km/s".replace("-", "\N{MINUS SIGN}")


def _label(unit):
    names = {"K": "antenna temperature", "K km/s": "integrated line", "cm-2": "column density"}
    shown = {"cm-2": "cm⁻²"}.get(unit, unit)
    return f"{names.get(unit, 'value')}  [{shown}]"


def sky_map(sky_map, velocity_km_s=None, ax=None, title=None, cmap="inferno"):
    """Draws a SkyMap, or the plane of a cube that is nearest to velocity_km_s, and returns the axes.

    The axes count pixels (so that images of the same grid fit upon it) and are labelled with the sky; the circle at the
    lower left is the beam. Pixels without data stay grey.
    """
    import numpy
    from matplotlib.patches import Circle

    _drawing.check(sky_map, ("value", "grid", "beam"), "a SkyMap (astro.grid_map, astro.grid_cube)")
    values, where = _plane(sky_map, velocity_km_s)
    grid = sky_map.grid
    ax = _drawing.axes(ax, (7.5, 6))
    ax.set_facecolor(_drawing.NOTHING)
    low, high = _drawing.limits(values, 0.5, 99.9)
    image = ax.imshow(values, origin="lower", interpolation="nearest", cmap=cmap, vmin=low, vmax=high)
    _graticule(ax, grid)
    radius = sky_map.beam.degrees / grid.pixel.degrees / 2
    inset = radius + 0.03 * max(grid.width, grid.height)
    ax.add_patch(Circle((inset - 0.5, inset - 0.5), radius, facecolor="white", edgecolor="black", alpha=0.75, zorder=5))
    galactic = grid.frame == "galactic"
    names = ("Galactic longitude", "Galactic latitude") if galactic else ("right ascension", "declination")
    ax.set_xlabel(f"{names[0]}  [deg]")
    ax.set_ylabel(f"{names[1]}  [deg]")
    ax.set_xlim(-0.5, grid.width - 0.5)
    ax.set_ylim(-0.5, grid.height - 0.5)
    _drawing.title(ax, title or where)
    _drawing.colours(ax, image, _label(sky_map.unit))
    return ax
