# SPDX-License-Identifier: BSD-3-Clause
"""Many spectra in one picture: over time, over Galactic longitude."""

from . import _astro, _drawing

_MOST_ROWS = 1500
_MOST_COLUMNS = 1024


def _values(spectrum):
    import numpy

    calibrated = isinstance(spectrum, _astro.CalibratedSpectrum)
    values = numpy.array(spectrum.temperature_k if calibrated else spectrum.power, float)
    values[numpy.asarray(spectrum.weight) == 0] = numpy.nan
    return values


def _fewer(values, most):
    """Means of neighbours along the last axis, so that no more than `most` remain, and how many make one."""
    import numpy

    many = -(-values.shape[-1] // most)
    if many == 1:
        return values, 1
    whole = values.shape[-1] // many * many
    with numpy.errstate(invalid="ignore"):
        parts = values[..., :whole].reshape(*values.shape[:-1], -1, many)
        held = numpy.isfinite(parts)
        sums = numpy.where(held, parts, 0).sum(axis=-1)
        count = held.sum(axis=-1)
        return numpy.where(count > 0, sums / numpy.maximum(count, 1), numpy.nan), many


def _decibels(rows):
    """Of each channel against its median over time: what is steady is 0."""
    import warnings

    import numpy

    with numpy.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a channel that never had weight has no median
        steady = numpy.nanmedian(rows, axis=0) if len(rows) > 2 else numpy.nanmedian(rows)
        return 10 * numpy.log10(rows / steady)


def _time_edges(start, end):
    """When each row of the picture begins and ends, and its number; None for a time without data."""
    import numpy

    end = numpy.append(numpy.minimum(end[:-1], start[1:]), end[-1:])
    tolerated = numpy.median(end - start) / 2
    edges, rows = [start[0]], []
    for i in range(len(start)):
        if i and start[i] - end[i - 1] > tolerated:
            edges.append(start[i])
            rows.append(None)
        elif i:
            edges[-1] = start[i]
        edges.append(end[i])
        rows.append(i)
    return numpy.array(edges), rows


def waterfall(spectra, ax=None, title=None):
    """Draws spectra of one axis over frequency and time, and returns the axes.

    Calibrated ones in kelvin; power in decibels against each channel's median over time, so that the receiver's band
    does not show and what changes does. Channels without weight and times without data stay empty.
    """
    import numpy

    spectra = sorted(spectra, key=lambda each: each.start.nanoseconds)
    if not spectra:
        raise ValueError("a waterfall needs spectra, and none were given")
    if any(each.axis != spectra[0].axis for each in spectra):
        raise ValueError("a waterfall needs spectra of one frequency axis, and these have several")
    calibrated = isinstance(spectra[0], _astro.CalibratedSpectrum)
    values = numpy.stack([_values(each) for each in spectra])
    values, many = _fewer(values if calibrated else _decibels(values), _MOST_COLUMNS)
    start = _drawing.moments([each.start for each in spectra])
    end = start + numpy.array([max(round(each.duration_s * 1e9), 1) for each in spectra], "timedelta64[ns]")
    by_time, together = _fewer(values.T, _MOST_ROWS)
    values = by_time.T
    edges, rows = _time_edges(start[::together][: len(values)], end[together - 1 :: together][: len(values)])
    empty = numpy.full(values.shape[1], numpy.nan)
    image = numpy.stack([empty if row is None else values[row] for row in rows])
    step = spectra[0].axis.step.megahertz * many
    first = spectra[0].axis.first.megahertz - spectra[0].axis.step.megahertz / 2
    ax = _drawing.axes(ax)
    low, high = _drawing.limits(image)
    frequency = first + step * numpy.arange(image.shape[1] + 1)
    drawn = ax.pcolormesh(frequency, edges, image, cmap="viridis", vmin=low, vmax=high, rasterized=True)
    ax.set_xlabel("frequency  [MHz]")
    ax.ticklabel_format(axis="x", useOffset=False)
    _drawing.time_axis(ax.yaxis, edges[0], edges[-1])
    ax.invert_yaxis()  # as water falls: the first is on top
    _drawing.title(ax, title)
    _drawing.colours(ax, drawn, "antenna temperature  [K]" if calibrated else "power against the median  [dB]")
    return ax


def longitude_velocity(
    spectra, ax=None, title=None, rest=None, velocity_km_s=(-250, 250), beam_deg=5.0
):
    """Draws calibrated spectra over Galactic longitude and VLSR, and returns the axes.

    Each is as wide as the beam, or reaches half the way to its neighbour where that is nearer; the rest stays empty.
    """
    import numpy

    spectra = list(spectra)
    if not spectra:
        raise ValueError("longitude and velocity need spectra, and none were given")
    longitude = numpy.array([_astro.sky.galactic(each.pointing.direction).l.wrapped().degrees for each in spectra])
    signed = (longitude + 180) % 360 - 180
    if numpy.ptp(signed) < numpy.ptp(longitude):  # through the centre
        longitude = signed
    order = numpy.argsort(longitude)
    ax = _drawing.axes(ax)
    columns = []
    for i in order:
        near = numpy.abs(longitude - longitude[i])
        near = near[near > 0]
        half = min([beam_deg / 2, *(near / 2)])
        velocity = spectra[i].velocities_lsrk_km_s(rest)
        upwards = numpy.argsort(velocity)
        inside = upwards[(velocity[upwards] > velocity_km_s[0]) & (velocity[upwards] < velocity_km_s[1])]
        columns.append((longitude[i] - half, longitude[i] + half, velocity[inside], _values(spectra[i])[inside]))
    ax.set_facecolor(_drawing.NOTHING)
    low, high = _drawing.limits(numpy.concatenate([each[3] for each in columns]), low=5.0)
    for left, right, velocity, kelvin in columns:
        step = abs(velocity[1] - velocity[0])
        edges = numpy.append(velocity - step / 2, velocity[-1] + step / 2)
        scale = {"cmap": "inferno", "vmin": low, "vmax": high, "rasterized": True}
        drawn = ax.pcolormesh([left, right], edges, kelvin[:, None], **scale)
    # Grows to the left, as on the sky.
    ax.set_xlim(max(each[1] for each in columns), min(each[0] for each in columns))
    ax.set_ylim(*velocity_km_s)
    ax.axhline(0, color="white", linewidth=0.8, alpha=0.5)
    ax.set_xlabel("Galactic longitude  [deg]")
    ax.set_ylabel("VLSR  [km/s]")
    _drawing.title(ax, title)
    _drawing.colours(ax, drawn, "antenna temperature  [K]")
    return ax


def tsys_history(spectra, ax=None, title=None):
    """Draws system and receiver temperature of calibrated spectra over time, and returns the axes.

    One colour for each receiver: the filled line is the system's temperature, the dashed one the receiver's.
    """
    import numpy

    spectra = sorted(spectra, key=lambda each: each.mid.nanoseconds)
    if not spectra:
        raise ValueError("a history needs spectra, and none were given")
    ax = _drawing.axes(ax, (9, 4.5))
    receivers = list(dict.fromkeys(each.receiver for each in spectra))
    for colour, name in zip(_drawing.WHEEL * len(receivers), receivers):
        own = [each for each in spectra if each.receiver == name]
        when = _drawing.moments([each.mid for each in own])
        style = {"color": colour, "linewidth": _drawing.width()}
        ax.plot(when, [each.tsys_k for each in own], "o-", markersize=4, label=f"{name or 'receiver'}: system", **style)
        if any(each.receiver_k > 0 for each in own):
            ax.plot(when, [each.receiver_k for each in own], "--", label=f"{name or 'receiver'}: receiver", **style)
    every = numpy.array([k for each in spectra for k in (each.tsys_k, each.receiver_k) if k > 0])
    span = max(numpy.ptp(every), 0.05 * every.max())
    ax.set_ylim(every.min() - 0.3 * span, every.max() + 0.3 * span)
    ax.set_ylabel("temperature  [K]")
    _drawing.time_axis(ax.xaxis, _drawing.moments([spectra[0].mid])[0], _drawing.moments([spectra[-1].mid])[0])
    _drawing.title(ax, title)
    _drawing.tidy(ax)
    ax.legend(frameon=False, ncols=2, loc="upper left")
    return ax
