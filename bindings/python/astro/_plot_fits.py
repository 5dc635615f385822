# SPDX-License-Identifier: BSD-3-Clause
"""Measurements and what was fitted to them."""

from . import _astro, _drawing


def _points(ax, x, y, sigma, **style):
    common = {"fmt": "o", "color": _drawing.LINE, "markersize": 4.5, "elinewidth": 1, "zorder": 3, "label": "measured"}
    return ax.errorbar(x, y, yerr=sigma, **{**common, **style})


def _note(ax, *lines):
    text = "\n".join(lines).replace("-", "\N{MINUS SIGN}")
    ax.text(0.03, 0.96, text, transform=ax.transAxes, va="top", color=_drawing.ACCENT, fontweight="bold")


def beam(fit, offset_deg, power, sigma=None, ax=None, title=None):
    """Draws a scan over a source with the beam that fits it, and returns the axes.

    fit: of fit_beam, with the offsets and powers that it was made from; or of fit_beam_grid, with a pair of offsets.
    """
    import numpy

    if isinstance(fit, _astro.BeamGridFit):
        return _beam_grid(fit, offset_deg, power, ax, title)
    offset, power = numpy.asarray(offset_deg, float), numpy.asarray(power, float)
    ax = _drawing.axes(ax)
    _points(ax, offset, power, sigma)
    fine = numpy.linspace(offset.min(), offset.max(), 400)
    label = "beam, with the source's disc" if fit.disc_deg else "beam"
    ax.plot(fine, fit.power_at(fine), color=_drawing.ACCENT, linewidth=1.5 * _drawing.width(), label=label)
    base = fit.base.value + fit.slope_per_deg.value * fine
    ax.plot(fine, base, "--", color=_drawing.QUIET, linewidth=1, label="base")
    ax.axvline(fit.centre_deg.value, color=_drawing.ACCENT, linewidth=1, alpha=0.35)
    ax.set_xlabel("offset on the sky  [deg]")
    ax.set_ylabel("power  [units of the receiver]")
    _drawing.title(ax, title)
    _drawing.tidy(ax)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))
    _note(ax, f"width {_drawing.measured(fit.fwhm_deg)}°", f"centre {_drawing.measured(fit.centre_deg)}°")
    ax.legend(frameon=False, loc="upper right")
    return ax


def _beam_grid(fit, offsets, power, ax, title):
    import numpy

    x, y = (numpy.asarray(each, float) for each in offsets)
    power = numpy.asarray(power, float)
    ax = _drawing.axes(ax, (6.6, 5.6))
    sides = [numpy.linspace(e.min() - 0.15 * numpy.ptp(e), e.max() + 0.15 * numpy.ptp(e), 120) for e in (x, y)]
    fine_x, fine_y = numpy.meshgrid(*sides)
    model = fit.power_at(fine_x, fine_y)
    scale = {"cmap": "inferno", "vmin": min(power.min(), model.min()), "vmax": max(power.max(), model.max())}
    drawn = ax.pcolormesh(fine_x, fine_y, model, shading="gouraud", rasterized=True, **scale)
    ax.scatter(x, y, c=power, s=90, edgecolor="white", linewidth=1.2, zorder=3, label="measured", **scale)
    turn = numpy.linspace(0, 2 * numpy.pi, 200)
    across = fit.x_deg.value + fit.fwhm_x_deg.value / 2 * numpy.cos(turn)
    along = fit.y_deg.value + fit.fwhm_y_deg.value / 2 * numpy.sin(turn)
    ax.plot(across, along, color="white", linewidth=1.5, label="beam at half maximum")
    ax.plot(fit.x_deg.value, fit.y_deg.value, "+", color="white", markersize=12)
    ax.set_xlim(fine_x.min(), fine_x.max())
    ax.set_ylim(fine_y.min(), fine_y.max())
    ax.set_aspect("equal")
    ax.set_xlabel("offset in x on the sky  [deg]")
    ax.set_ylabel("offset in y  [deg]")
    size = f"{fit.fwhm_x_deg.value:.2f}° x {fit.fwhm_y_deg.value:.2f}°"
    _drawing.title(ax, title or f"{size} at ({fit.x_deg.value:+.2f}°, {fit.y_deg.value:+.2f}°)")
    _drawing.colours(ax, drawn, "power  [units of the receiver]")
    ax.legend(loc="upper right", fontsize="small", facecolor="#888888", labelcolor="white", framealpha=0.6)
    return ax


def pointing_residuals(fit, ax=None, title=None):
    """Draws what a pointing model leaves over (a PointingFit), each star a point, and returns the axes.

    Across is the first axis times the cosine of the second, up the second; the circle holds the rms of both together.
    """
    import numpy

    across = numpy.array([each.first.arcminutes for each in fit.residuals])
    along = numpy.array([each.second.arcminutes for each in fit.residuals])
    rms, unit = fit.rms.arcminutes, "arcmin"
    if rms < 1:
        across, along, rms, unit = 60 * across, 60 * along, 60 * rms, "arcsec"
    ax = _drawing.axes(ax, (5.8, 5.8))
    ax.scatter(across, along, s=26, color=_drawing.LINE, zorder=3)
    turn = numpy.linspace(0, 2 * numpy.pi, 200)
    ax.plot(rms * numpy.cos(turn), rms * numpy.sin(turn), color=_drawing.ACCENT, linewidth=1.5)
    ax.axhline(0, color=_drawing.QUIET, linewidth=0.8)
    ax.axvline(0, color=_drawing.QUIET, linewidth=0.8)
    reach = 1.25 * max(rms, numpy.abs(across).max(), numpy.abs(along).max())
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")
    ax.set_xlabel(f"across  [{unit}]")
    ax.set_ylabel(f"along the second axis  [{unit}]")
    _drawing.title(ax, title)
    _drawing.tidy(ax)
    _note(ax, f"rms {rms:.2g} {unit} of {len(across)}")
    return ax


def tipping(fit, airmass, temperature_k, sigma_k=None, ax=None, title=None):
    """Draws a tipping curve with its fit, down to no air at all, and returns the axes; temperatures in kelvin."""
    import numpy

    airmass = numpy.asarray(airmass, float)
    ax = _drawing.axes(ax)
    _points(ax, airmass, numpy.asarray(temperature_k, float), sigma_k)
    fine = numpy.linspace(0, 1.05 * airmass.max(), 200)
    measured = fine >= airmass.min()
    curve = fit.temperature_k(fine)
    style = {"color": _drawing.ACCENT, "linewidth": 1.5 * _drawing.width()}
    ax.plot(fine[measured], curve[measured], label="fit", **style)
    ax.plot(fine[~measured], curve[~measured], ":", label="without air", **style)
    ax.axhline(fit.receiver_k.value, color=_drawing.QUIET, linestyle="--", linewidth=1, label="receiver and spill-over")
    ax.set_xlim(0, fine[-1])
    ax.set_xlabel("air mass")
    ax.set_ylabel("system temperature  [K]")
    _drawing.title(ax, title)
    _drawing.tidy(ax)
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.25 * (high - low), high)  # room for the legend
    opacity, receiver = _drawing.measured(fit.zenith_opacity), _drawing.measured(fit.receiver_k)
    _note(ax, f"zenith opacity {opacity}", f"receiver {receiver} K")
    ax.legend(frameon=False, loc="lower right", ncols=2)
    return ax


def rotation_curve(points, ax=None, title=None, sun_kpc=8.15, sun_km_s=236.0):
    """Draws tangent points, filled in the first quadrant and open in the fourth, and the Sun; returns the axes."""
    points = list(points)
    ax = _drawing.axes(ax, (7.5, 4.6))
    for name, own, face in (
        ("first quadrant", [each for each in points if each.longitude.degrees > 0], _drawing.LINE),
        ("fourth quadrant", [each for each in points if each.longitude.degrees < 0], "white"),
    ):
        if own:
            _points(
                ax, [each.radius_kpc for each in own], [each.speed_km_s.value for each in own],
                [each.speed_km_s.sigma for each in own], markerfacecolor=face, markersize=6, label=name,
            )
    ax.plot(sun_kpc, sun_km_s, "*", color="#d98200", markersize=15, label="the Sun")
    ax.set_xlim(0, 1.15 * sun_kpc)
    ax.set_ylim(0, 1.3 * max([sun_km_s, *(each.speed_km_s.value for each in points)]))
    ax.set_xlabel("distance from the centre  [kpc]")
    ax.set_ylabel("speed  [km/s]")
    _drawing.title(ax, title)
    _drawing.tidy(ax)
    ax.legend(frameon=False, loc="lower right")
    return ax
