# SPDX-License-Identifier: BSD-3-Clause
"""Our values as those of astropy, and parts of astropy's; what is astropy's is taken wherever ours is."""

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


def ccddata(image):
    """An Image as a CCDData that shares its memory."""
    from astropy.io.fits import Header
    from astropy.nddata import CCDData, VarianceUncertainty
    from astropy.wcs import WCS

    numbers = {"GAIN": image.gain, "RDNOISE": image.read_noise, "EXPTIME": image.exposure_s, "SATURATE": image.saturation}
    meta = Header({name: number for name, number in numbers.items() if number})
    for name, text in (("FILTER", image.filter), ("OBJECT", image.object)):
        if text:
            meta[name] = text
    if image.mid is not None:
        meta["TIMESYS"] = "UTC"
        meta["DATE-AVG"] = str(image.mid).rstrip("Z")
    return CCDData(
        image.pixels,
        unit=image.unit,
        uncertainty=None if image.variance is None else VarianceUncertainty(image.variance, copy=False),
        mask=None if image.mask is None else image.mask != 0,
        flags=image.mask,
        wcs=None if image.wcs is None else WCS(Header.fromstring(image.wcs.header())),
        meta=meta,
        copy=False,
    )


def ccddata_parts(ccd):
    """Of a CCDData what an Image is made of; see imaging_image.cpp."""
    import numpy
    from astropy.io.fits import Header

    variance = None
    if ccd.uncertainty is not None:
        given = numpy.asarray(ccd.uncertainty.array)
        kinds = {"std": lambda: numpy.where(given >= 0, given**2, -1), "var": lambda: given, "ivar": lambda: 1 / given}
        kind = ccd.uncertainty.uncertainty_type
        if kind not in kinds:
            raise ValueError(f"an uncertainty of the kind {kind!r} says no variance; expected one of {', '.join(kinds)}")
        with numpy.errstate(divide="ignore", invalid="ignore"):
            variance = kinds[kind]()
    # Only flags of 16 bits are those of an Image (what `ccddata` makes); others mean what their owner says. What the mask
    # has and they have not is masked all the same.
    flags = ccd.mask
    own = ccd.flags
    if getattr(own, "shape", None) == ccd.data.shape and own.dtype == numpy.uint16:
        masked = numpy.zeros(own.shape, bool) if ccd.mask is None else numpy.asarray(ccd.mask, bool)
        flags = numpy.where(masked & (own == 0), numpy.uint16(_astro.imaging.Flag.user), own)
    header = ccd.meta
    if not isinstance(header, Header):
        header = Header({name: value for name, value in header.items() if isinstance(value, (str, int, float)) and len(name) <= 8})
    wcs = Header() if ccd.wcs is None else ccd.wcs.to_header(relax=True)
    cards = [each.tostring(sep="", endcard=False, padding=False) for each in (header, wcs)]
    return ccd.data, variance, flags, *cards, str(ccd.unit)


def table(rows, says):
    """A structured array as a Table, with what is said of each column."""
    from astropy.table import Table

    made = Table(rows)
    for name in made.colnames:
        description, unit = says.get(name, ("", ""))
        made[name].description = description
        made[name].unit = unit or None
    return made
