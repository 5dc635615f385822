# SPDX-License-Identifier: BSD-3-Clause
"""Our values as those of astropy. The way back needs nothing: astropy's are taken wherever ours are."""

from . import _astro


def _angle(value):
    from astropy import units
    from astropy.coordinates import Angle

    return Angle(value.radians, units.radian)


def _frequency(value):
    from astropy import units

    return value.hertz * units.Hz


def _time(value):
    from astropy.time import Time

    # Two doubles, so that the nanoseconds survive.
    days, rest = divmod(value.nanoseconds, 86400 * 10**9)
    return Time(2440587.5 + days, rest / 86400e9, format="jd", scale="utc", precision=9)


def _icrs(value):
    from astropy.coordinates import SkyCoord

    return SkyCoord(ra=_angle(value.ra), dec=_angle(value.dec), frame="icrs")


def _galactic(value):
    from astropy.coordinates import SkyCoord

    return SkyCoord(l=_angle(value.l), b=_angle(value.b), frame="galactic")


def _altaz(value):
    from astropy.coordinates import SkyCoord

    return SkyCoord(az=_angle(value.azimuth), alt=_angle(value.altitude), frame="altaz")


def _fk5(value):
    from astropy.coordinates import FK5, SkyCoord
    from astropy.time import Time

    return SkyCoord(ra=_angle(value.ra), dec=_angle(value.dec), frame=FK5(equinox=Time(value.equinox, format="jyear")))


def _hour_angle_dec(value):
    from astropy.coordinates import SkyCoord

    return SkyCoord(ha=_angle(value.hour_angle), dec=_angle(value.dec), frame="hadec")


def _location(value):
    from astropy import units
    from astropy.coordinates import EarthLocation

    return EarthLocation.from_geodetic(_angle(value.longitude), _angle(value.latitude), value.height_m * units.m)


_CONVERSIONS = {
    _astro.Angle: _angle,
    _astro.Frequency: _frequency,
    _astro.Time: _time,
    _astro.Icrs: _icrs,
    _astro.Galactic: _galactic,
    _astro.AltAz: _altaz,
    _astro.Fk5: _fk5,
    _astro.HourAngleDec: _hour_angle_dec,
    _astro.Location: _location,
}


def to_astropy(value):
    """The same as a Quantity, Angle, Time, SkyCoord or EarthLocation."""
    return _CONVERSIONS[type(value)](value)
