# SPDX-License-Identifier: BSD-3-Clause
"""Pictures, for talks and notebooks: each function draws into the axes given, or makes its own, and returns them.

    astro.plot.spectrum(spectrum)                          # with the error of each channel
    astro.plot.spectrum_png("line.png", spectrum, "Perseus arm")
    astro.plot.waterfall(spectra)                          # over frequency and time
    astro.plot.longitude_velocity(spectra)
    astro.plot.map(sky_map)
    astro.plot.sky(site, ["Cas A", "M31"])                 # where they are now
    astro.plot.visibility(site, ["Cas A", "M31"])          # and over a day
    astro.plot.beam(fit, offset_deg, power)
    astro.plot.pointing_residuals(fit)
    astro.plot.tipping(fit, airmass, temperature_k)
    astro.plot.rotation_curve(points)
    astro.plot.tsys_history(spectra)
    astro.plot.difference(made)                            # of two images: panes; also stamps, significance and blink
    astro.plot.alert(alert)                                # the three stamps of an alert in the form of ZTF
    python -m astro.plot hydrogen.fits hydrogen.png        # from what was exported
"""

import base64
import html as _html
import io

from . import _astro
from ._drawing import ACCENT as _ACCENT
from ._drawing import BAND as _BAND
from ._drawing import INK as _INK
from ._drawing import LINE as _LINE
from ._drawing import QUIET as _QUIET
from ._drawing import check as _check
from ._drawing import tidy as _tidy
from ._drawing import velocity_label as _velocity_label
from ._drawing import width as _width
from ._plot_differences import alert, blink, difference, significance, stamps  # noqa: F401
from ._plot_fits import beam, pointing_residuals, rotation_curve, tipping  # noqa: F401
from ._plot_maps import sky_map as map  # noqa: A004, F401
from ._plot_schedule import schedule  # noqa: F401
from ._plot_series import longitude_velocity, tsys_history, waterfall  # noqa: F401
from ._plot_sky import sky, visibility  # noqa: F401
from .errors import Error as _Error


class _Curve:
    """What is drawn: velocity in the spectrum's frame where the pointing is known, else frequency."""

    def __init__(self, spectrum):
        import numpy

        _check(spectrum, ("weight", "frequency_hz"), "a Spectrum or a CalibratedSpectrum (the result of an observation has one)")
        self.spectrum = spectrum
        calibrated = isinstance(spectrum, _astro.CalibratedSpectrum)
        weight = numpy.asarray(spectrum.weight)
        values = numpy.asarray(spectrum.temperature_k if calibrated else spectrum.power, float)
        self.y = numpy.where(weight > 0, values, numpy.nan)
        self.sigma = numpy.asarray(spectrum.sigma_k, float) if calibrated else None
        self.has_velocity = calibrated and spectrum.pointing.known
        if self.has_velocity:
            self.x = spectrum.velocities_km_s()
            self.x_label = f"{_velocity_label(spectrum.velocity_frame)}  [km/s]"
        else:
            self.x = spectrum.frequency_hz / 1e6
            self.x_label = "frequency  [MHz]"
        self.y_label = "antenna temperature  [K]" if calibrated else "power density  [arbitrary]"
        self.peak = self._peak() if calibrated else None

    def _peak(self):
        try:
            return self.spectrum.peak()
        except RuntimeError:
            return None  # too few channels to look for a line

    def peak_x(self):
        return self.peak.peak_velocity_km_s if self.has_velocity else self.peak.peak_frequency.megahertz

    def window(self, numpy):
        """The part of the band that is worth drawing: without the roll-off of the filters, and of a
        velocity axis what Galactic hydrogen can have and as much beside it."""
        channels = len(self.x)
        inside = numpy.zeros(channels, bool)
        edge = channels // 20
        inside[edge : channels - edge] = True
        if self.has_velocity:
            near = inside & (numpy.abs(self.x) <= 250)
            inside = near if near.sum() > 32 else inside
        return inside & numpy.isfinite(self.y)


def spectrum(spectrum, ax=None, title=None, annotate=True):
    """Draws a spectrum with its error band into axes of matplotlib (new ones without `ax`) and returns them."""
    import numpy
    from matplotlib import pyplot

    curve = _Curve(spectrum)
    if ax is None:
        _, ax = pyplot.subplots(figsize=(9, 5), constrained_layout=True)
    inside = curve.window(numpy)
    order = numpy.argsort(curve.x[inside])
    x, y = curve.x[inside][order], curve.y[inside][order]
    if curve.sigma is not None:
        sigma = curve.sigma[inside][order]
        ax.fill_between(x, y - sigma, y + sigma, step="mid", color=_BAND, alpha=0.7, linewidth=0, label="± 1 σ of each channel")
    ax.plot(x, y, drawstyle="steps-mid", color=_LINE, linewidth=_width())
    ax.set_xlim(x[0], x[-1])
    _room_above(ax, y, numpy)
    ax.set_xlabel(curve.x_label)
    ax.set_ylabel(curve.y_label)
    if title:
        ax.set_title(title, loc="left")
    _tidy(ax)
    if annotate and curve.peak is not None:
        _mark_peak(ax, curve, x, y, numpy)
    return ax


def _room_above(ax, y, numpy):
    low, high = numpy.nanmin(y), numpy.nanmax(y)
    span = max(high - low, 1e-12)
    ax.set_ylim(low - 0.08 * span, high + 0.22 * span)


def _mark_peak(ax, curve, x, y, numpy):
    place = float(curve.peak_x())
    top = float(y[int(numpy.argmin(numpy.abs(x - place)))])
    unit = "km/s" if curve.has_velocity else "MHz"
    digits = 1 if curve.has_velocity else 3
    where = f"{place:+.{digits}f}" if curve.has_velocity else f"{place:.{digits}f}"
    text = f"{curve.peak.peak_k:.1f} ± {curve.peak.sigma_k:.1f} K above baseline\nat {where} {unit}".replace("-", "\N{MINUS SIGN}")
    right = place < (x[0] + x[-1]) / 2
    ax.axvline(place, color=_ACCENT, linewidth=1, alpha=0.35, zorder=1)
    ax.annotate(
        text,
        xy=(place, top),
        xytext=(36 if right else -36, 18),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=_ACCENT,
        fontweight="bold",
        arrowprops={"arrowstyle": "-", "color": _ACCENT, "linewidth": 1.2, "shrinkB": 3},
    )


def _caption(spectrum):
    """One line that says where, when and how well."""
    parts = []
    if spectrum.pointing.known:
        galactic = _astro.sky.galactic(spectrum.pointing.direction)
        parts.append(f"l {galactic.l.wrapped().degrees:.1f}°  b {round(galactic.b.degrees, 1) + 0.0:+.1f}°")
    parts.append(f"{spectrum.mid.isoformat(0).replace('T', ' ').rstrip('Z')} UTC")
    parts.append(f"{spectrum.exposure_s:.0f} s")
    if isinstance(spectrum, _astro.CalibratedSpectrum):
        parts.append(f"Tsys {spectrum.tsys_k:.0f} K")
    parts.append(f"{spectrum.samples_lost} samples lost" if spectrum.samples_lost else "no samples lost")
    return "   ·   ".join(parts)


def _figure(spectrum_, title, inches, scale):
    """A whole picture; drawn without pyplot, so that it needs no display and leaks no figure."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes = {
        "font.size": 11 * scale,
        "axes.labelsize": 12 * scale,
        "axes.titlesize": 16 * scale,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "text.color": _INK,
        "axes.edgecolor": _QUIET,
        "font.family": "DejaVu Sans",
    }
    with matplotlib.rc_context(sizes):
        figure = Figure(figsize=inches, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        ax = figure.add_axes((0.085, 0.13, 0.88, 0.70))
        spectrum(spectrum_, ax=ax)
        figure.text(0.085, 0.925, title, fontsize=17 * scale, fontweight="bold", va="center")
        figure.text(0.085, 0.868, _caption(spectrum_), fontsize=10.5 * scale, color=_QUIET, va="center")
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="upper right", frameon=False, fontsize=10 * scale)
        canvas.draw()
    return figure


def _texts(title, provenance):
    """What a PNG keeps beside its pixels: who asked, with which settings and calibration, what made it."""
    if provenance is None:
        return {"Title": title, "Software": f"libastro {_astro.__version__}"}
    texts = {
        "Title": title, "Author": provenance.observer, "Source": provenance.telescope,
        "Software": provenance.software, "Observation": provenance.observation_id,
        "Settings": provenance.settings, "Calibration": provenance.calibration,
    }
    return {key: text for key, text in texts.items() if text}


def _provenance_of(cards):
    made = _astro.files.Provenance()
    for attribute, name in (
        ("object", "OBJECT"), ("observer", "OBSERVER"), ("telescope", "TELESCOP"), ("observation_id", "OBS_ID"),
        ("software", "CREATOR"), ("settings", "SETTINGS"), ("calibration", "CALIBRAT"),
    ):
        setattr(made, attribute, str(cards.get(name, "")))
    return made


def spectrum_png(path, spectrum, title="Hydrogen line", provenance=None):
    """Writes a picture of 1600 x 900 pixels for a talk.

    provenance: of `astro.provenance_of(observation)`, for the texts of the PNG: who asked, settings, calibration.
    """
    _figure(spectrum, title, (16, 9), 1.55).savefig(path, dpi=100, format="png", metadata=_texts(title, provenance))


def png(spectrum):
    """The picture that a notebook shows, as bytes; None without matplotlib."""
    try:
        figure = _figure(spectrum, _notebook_title(spectrum), (9.6, 5.4), 0.95)
    except ImportError:
        return None
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100, format="png")
    return buffer.getvalue()


def _notebook_title(spectrum):
    return "Spectrum" + (f" of {spectrum.receiver}" if spectrum.receiver else "")


def _svg(spectrum, width=720, height=320):
    """The curve alone, by hand, for a notebook without matplotlib."""
    import numpy

    curve = _Curve(spectrum)
    inside = curve.window(numpy)
    x, y = curve.x[inside], curve.y[inside]
    if len(x) < 2:
        return ""
    left, bottom, top = 60, height - 36, 12
    across = left + (x - x.min()) / (x.max() - x.min()) * (width - left - 12)
    up = bottom - (y - y.min()) / max(y.max() - y.min(), 1e-30) * (bottom - top)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, up))
    labels = (
        f'<text x="{left}" y="{height - 18}">{x.min():.4g}</text>'
        f'<text x="{width - 12}" y="{height - 18}" text-anchor="end">{x.max():.4g}</text>'
        f'<text x="{(left + width) / 2}" y="{height - 4}" text-anchor="middle">{_html.escape(curve.x_label)}</text>'
        f'<text x="{left - 6}" y="{bottom}" text-anchor="end">{y.min():.3g}</text>'
        f'<text x="{left - 6}" y="{top + 8}" text-anchor="end">{y.max():.3g}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f'<path d="M{left} {top}V{bottom}H{width - 12}" fill="none" stroke="{_QUIET}"/>'
        f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="1.3"/>{labels}</svg>'
    )


def html(spectrum):
    """What a notebook shows: the picture, or a drawing by hand without matplotlib, with a line of numbers."""
    picture = png(spectrum)
    if picture is None:
        return f"<div>{_svg(spectrum)}<br>{_html.escape(_caption(spectrum))}</div>"
    return f'<img alt="spectrum" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def _is_spectrum(path):
    with open(path, "rb") as file:
        return b"CTYPE1  = 'FREQ" in file.read(2880 * 4)


def _line_of(cube):
    """The line of a cube, integrated: what its pixels have above their median over all velocities."""
    import numpy

    if len(cube.wcs.axes) < 3:
        return cube
    known = numpy.isfinite(cube.pixels).any(axis=0)
    values = numpy.where(known, cube.pixels, 0.0)
    line = numpy.nansum(values - numpy.nanmedian(values, axis=0), axis=0) * cube.wcs.axes[2].step / 1000
    wcs = _astro.files.Wcs(cube.wcs.axes[:2], frame=cube.wcs.frame, rest_hz=cube.wcs.rest_hz)
    return _astro.files.Cube(
        numpy.where(known, line, numpy.nan).astype("float32"), wcs, "K km/s", cube.object, cube.more
    )


def _draw_file(path, png_path, title):
    """A spectrum, a map (of a cube the line, integrated) or, of SDFITS, a waterfall."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from .exported import cards, read_fits

    known = cards(path)
    is_table = known.get("EXTNAME") == "SINGLE DISH"
    if not is_table and _is_spectrum(path):
        read, name = read_fits(path)
        heading = title or (f"Hydrogen line: {name}" if name else "Hydrogen line")
        spectrum_png(png_path, read, heading, _provenance_of(known))
        return
    figure = Figure(figsize=(16, 9), facecolor="white", layout="constrained")
    ax = FigureCanvasAgg(figure).figure.add_subplot()
    if not is_table:
        cube = _astro.files.read_cube(path)
        title = title or cube.object
        map(_astro.files.map_of(_line_of(cube)), ax=ax, title=title)
    else:
        rows = _astro.files.read_sdfits(path)
        first = rows[0]
        title = title or first.object
        known |= {"OBSERVER": first.observer, "TELESCOP": first.telescope, "OBS_ID": first.more.get("OBSID", "")}
        waterfall([each.spectrum for each in rows if each.signal], ax=ax, title=title)
    figure.savefig(png_path, dpi=100, format="png", metadata=_texts(title, _provenance_of(known)))


def main(arguments=None):
    """The program `python -m astro.plot`."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m astro.plot", description="Draws what libastro exported.")
    parser.add_argument("file", help=".fits of a spectrum, a map or a cube; .sdfits becomes a waterfall")
    parser.add_argument("png", help="the picture to write")
    parser.add_argument("--title", help="its heading; the object's name without it")
    given = parser.parse_args(arguments)
    try:
        _draw_file(given.file, given.png, given.title)
    except (OSError, ValueError, _Error) as error:
        raise SystemExit(f"astro.plot: {error}") from None


if __name__ == "__main__":
    main()
