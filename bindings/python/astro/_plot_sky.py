# SPDX-License-Identifier: BSD-3-Clause
"""Where things are: the whole sky at one time, and some of it over a night."""

import collections.abc

from . import _astro, _drawing

_GOLD = "#d98200"


def _location(site):
    return site if isinstance(site, _astro.Location) else site.location


def _named(targets):
    """(name, target) of a mapping, a list of targets, or one of them."""
    if isinstance(targets, collections.abc.Mapping):
        return list(targets.items())
    if isinstance(targets, str) or not isinstance(targets, collections.abc.Iterable):
        targets = [targets]
    return [(each if isinstance(each, str) else str(each), each) for each in targets]


def _now(site, time):
    if time is not None:
        return _astro.Time(time)
    clock = getattr(site, "clock", None) or _astro.Clock.system()
    return clock.now()


def _horizon_degrees(horizon, azimuth):
    return [horizon.at(_astro.degrees(float(each))).degrees for each in azimuth]


def _galactic_plane(observer, time, numpy):
    """Azimuth and altitude of b = 0 in radians, without what is below the horizon."""
    plane = [_astro.sky.icrs(_astro.Galactic(_astro.degrees(l), _astro.degrees(0))) for l in range(0, 361, 2)]
    directions = numpy.array([(each.ra.radians, each.dec.radians) for each in plane])
    places = observer.altaz(directions, time)
    azimuth, altitude = numpy.array(places[0]), numpy.array(places[1])
    azimuth[altitude < 0] = numpy.nan
    return azimuth, altitude


def sky(site, targets=(), time=None, ax=None, title=None, horizon=None, lowest=None, highest=None):
    """Draws where targets, Sun and Moon are in the sky of a site, and returns the (polar) axes.

    site: an Observatory or a Location; targets: a list of targets or of their names, or a mapping from names;
    time: now, without it. North is up and east to the right, as on a map of the ground; the zenith is in the middle.
    horizon: a sky.Horizon, of which what is hidden is grey; lowest, highest: altitudes (Angle) that the mount reaches.
    What is below the horizon is named under the picture.
    """
    import numpy

    time = _now(site, time)
    location = _location(site)
    observer = _astro.sky.Observer(location)
    ax = _drawing.axes(ax, (7, 7.4), projection="polar")
    ax.set_theta_zero_location("N")
    ax.set_theta_direction(-1)
    ax.set_ylim(0, 90)
    ax.set_yticks([0, 30, 60, 90], ["90°", "60°", "30°", ""])
    ax.set_rlabel_position(112)
    ax.tick_params(axis="y", labelcolor=_drawing.QUIET, labelsize="small")
    ax.set_xticks(numpy.radians(numpy.arange(0, 360, 45)), ["N", "NE", "E", "SE", "S", "SW", "W", "NW"])
    ax.grid(True, color=_drawing.GRID)
    ax.set_axisbelow(True)
    azimuth, altitude = _galactic_plane(observer, time, numpy)
    wide = {"color": _drawing.BAND, "linewidth": 7, "alpha": 0.45, "solid_capstyle": "round"}
    ax.plot(azimuth, 90 - numpy.degrees(altitude), label="Galactic plane", **wide)
    if horizon is not None:
        around = numpy.arange(0, 361)
        hidden = 90 - numpy.array(_horizon_degrees(horizon, around))
        grey = {"color": "#7f7f7f", "alpha": 0.55, "linewidth": 0, "zorder": 2}
        ax.fill_between(numpy.radians(around), hidden, 90, label="behind the horizon", **grey)
    for limit in (lowest, highest):
        if limit is not None:
            turn = numpy.linspace(0, 2 * numpy.pi, 181)
            dashed = {"color": _drawing.ACCENT, "linestyle": "--", "linewidth": 1}
            ax.plot(turn, 0 * turn + 90 - limit.degrees, label="limit of the mount", **dashed)
    below = _draw_bodies(ax, observer, time, targets)
    ax.set_title(title or f"{time.isoformat(0).replace('T', ' ').rstrip('Z')} UTC", loc="left", fontweight="bold")
    if below:
        under = {"xycoords": "axes fraction", "ha": "center", "color": _drawing.QUIET}
        ax.annotate("below the horizon: " + ", ".join(below), (0.5, -0.09), **under)
    _legend_once(ax, loc="upper right", bbox_to_anchor=(1.12, 1.1))
    return ax


def _draw_bodies(ax, observer, time, targets):
    import math

    below = []
    bodies = [("Sun", "sun", _GOLD, 190), ("Moon", "moon", "#8a8a8a", 150)]
    bodies += [(name, target, _drawing.LINE, 45) for name, target in _named(targets)]
    for name, target, colour, size in bodies:
        place = observer.altaz(target, time)
        if place.altitude.degrees < 0:
            below.append(name)
            continue
        away = 90 - place.altitude.degrees
        ax.scatter(place.azimuth.radians, away, s=size, color=colour, edgecolor="white", zorder=4, gid=name)
        left = math.sin(place.azimuth.radians) * away > 55  # too near to the right edge for text beyond it
        shift = (-8 if left else 8) - (0 if left else -math.sqrt(size) / 4)
        ax.annotate(
            name, (place.azimuth.radians, away), (shift, 6), textcoords="offset points", zorder=5,
            ha="right" if left else "left", color=colour, fontweight="bold",
        )
    return below


def _legend_once(ax, **where):
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles))
    if once:
        ax.legend(once.values(), once.keys(), frameon=False, fontsize="small", **where)


# Altitudes of the Sun between which a part of the day lies, and how it is drawn.
_PARTS_OF_DAY = (
    (-0.833, 90.0, "#fdf6e0"), (-6.0, -0.833, "#dfe8f2"), (-12.0, -6.0, "#c3d3e6"), (-18.0, -12.0, "#a5bbd6"),
    (-90.0, -18.0, "#8aa3c4"),
)  # fmt: skip


def visibility(site, targets, from_=None, to=None, ax=None, title=None, horizon=None, lowest=None, highest=None):
    """Draws the altitudes of targets over a night (24 hours, without `to`), and returns the axes.

    Behind them day, the three twilights and night; Sun and Moon beside them. A line is faint where the target cannot be
    seen: below the horizon (a sky.Horizon) or outside the altitudes that the mount reaches, lowest and highest (Angle).
    """
    import numpy

    begin = _now(site, from_)
    end = _astro.Time(to) if to is not None else begin + 86400.0
    observer = _astro.sky.Observer(_location(site))
    count = 289
    steps = numpy.linspace(begin.nanoseconds, end.nanoseconds, count).astype("int64")
    times = steps.astype("datetime64[ns]")
    ax = _drawing.axes(ax, (10, 5))
    sun = numpy.degrees(observer.altaz("sun", times)[1])
    for low, high, colour in _PARTS_OF_DAY:
        inside = (sun >= low) & (sun < high)
        ax.fill_between(times, 0, 90, where=_reaching(inside, numpy), color=colour, linewidth=0, zorder=0)
    ax.plot(times, sun, color=_GOLD, linestyle="--", linewidth=1.4, label="Sun")
    moon = numpy.degrees(observer.altaz("moon", times)[1])
    ax.plot(times, moon, color=_drawing.QUIET, linestyle=":", linewidth=1.6, label="Moon")
    floor = lowest.degrees if lowest is not None else 0.0
    ceiling = highest.degrees if highest is not None else 90.0
    named = _named(targets)
    for colour, (name, target) in zip(_drawing.WHEEL * (1 + len(named)), named):
        azimuth, altitude = (numpy.degrees(each) for each in observer.altaz(target, times))
        least = numpy.maximum(floor, _horizon_degrees(horizon, azimuth) if horizon is not None else 0.0)
        seen = (altitude > least) & (altitude < ceiling)
        ax.plot(times, altitude, color=colour, linewidth=1, alpha=0.45)
        ax.plot(times, numpy.where(seen, altitude, numpy.nan), color=colour, linewidth=2.6, label=name)
    for limit in (lowest, highest):
        if limit is not None:
            ax.axhline(limit.degrees, color=_drawing.ACCENT, linestyle="--", linewidth=1, label="limits of the mount")
    ax.set_ylim(0, 90)
    ax.set_xlim(times[0], times[-1])
    ax.set_yticks(range(0, 91, 15))
    ax.set_ylabel("altitude  [deg]")
    _drawing.time_axis(ax.xaxis, times[0], times[-1])
    _drawing.title(ax, title)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(True, color="white", linewidth=0.6, alpha=0.7)
    _legend_once(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _reaching(inside, numpy):
    """Up to the next point on either side, so that parts of the day touch."""
    wide = inside.copy()
    wide[1:] |= inside[:-1]
    return wide
