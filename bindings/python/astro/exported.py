# SPDX-License-Identifier: BSD-3-Clause
"""Reads back what `astro.files.write_fits` wrote. For FITS of others use astropy."""

import math
import pathlib

from . import _astro

_BLOCK = 2880
_CARD = 80
_FRAMES = {
    "TOPOCENT": "topo", "GEOCENTR": "geo", "HELIOCEN": "helio", "BARYCENT": "bary",
    "LSRK": "lsrk", "LSRD": "lsrd", "GALACTOC": "galacto",
}


def _header(data, offset):
    """The keys of one header and where its data begin."""
    keys, last = {}, ""
    while True:
        card = data[offset : offset + _CARD].decode("ascii", "replace")
        if len(card) < _CARD:
            raise _error("the header has no END")
        offset += _CARD
        name = card[:8].strip()
        if name == "END":
            return keys, -(-offset // _BLOCK) * _BLOCK
        if card[8:10] == "= ":
            keys[name], last = _value(card[10:]), name
        elif name == "CONTINUE" and str(keys.get(last, "")).endswith("&"):
            keys[last] = keys[last][:-1] + str(_value(card[10:]))


def _value(text):
    text = text.strip()
    if text.startswith("'"):
        return text[1:].replace("''", "\0").split("'")[0].replace("\0", "'").rstrip()
    text = text.split("/")[0].strip()
    if text in ("T", "F"):
        return text == "T"
    return float(text) if any(c in text for c in ".EeDd") else int(text or 0)


def _images(data):
    """All images of one axis, by their extension's name."""
    import numpy

    kinds = {-32: ">f4", -64: ">f8"}
    images, offset = {}, 0
    while offset < len(data):
        keys, start = _header(data, offset)
        length = keys.get("NAXIS1", 0) if keys.get("NAXIS") else 0
        kind = numpy.dtype(kinds.get(keys.get("BITPIX"), ">f4"))
        for axis in range(2, keys.get("NAXIS", 0) + 1):
            length *= keys[f"NAXIS{axis}"]
        end = start + length * kind.itemsize
        if end > len(data):
            raise _error("it is truncated")
        images[keys.get("EXTNAME", "")] = keys, numpy.frombuffer(data, kind, length, start).astype("float32")
        offset = -(-end // _BLOCK) * _BLOCK
    return images


def cards(path):
    """The cards of a file's first header; of a table's too, when that follows a header without data."""
    data = pathlib.Path(path).read_bytes()
    if not data.startswith(b"SIMPLE  ="):
        raise _error(f"{path} is no FITS file")
    keys, start = _header(data, 0)
    return {**keys, **_header(data, start)[0]} if not keys.get("NAXIS") and start < len(data) else keys


def _error(message):
    from .errors import Error

    return Error("invalid_file", f"reading an exported spectrum: {message}")


def _geodetic(x, y, z):
    """Latitude, longitude and height on WGS 84 from geocentric metres, by iteration of the latitude."""
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    distance = math.hypot(x, y)
    latitude = math.atan2(z, distance * (1 - e2))
    for _ in range(6):
        normal = a / math.sqrt(1 - e2 * math.sin(latitude) ** 2)
        latitude = math.atan2(z + e2 * normal * math.sin(latitude), distance)
    height = distance / math.cos(latitude) - normal
    return _astro.Location(_astro.radians(latitude), _astro.radians(math.atan2(y, x)), height)


def _pointing(keys):
    if "RA" not in keys or "OBSGEO-X" not in keys:
        return _astro.Pointing(
            _astro.Icrs(_astro.Angle(), _astro.Angle()),
            _astro.AltAz(_astro.Angle(), _astro.Angle()),
            _astro.Location(_astro.Angle(), _astro.Angle()),
            known=False,
        )
    return _astro.Pointing(
        _astro.Icrs(_astro.degrees(keys["RA"]), _astro.degrees(keys["DEC"])),
        _astro.AltAz(_astro.degrees(keys["AZIMUTH"]), _astro.degrees(keys["ELEVATIO"])),
        _geodetic(keys["OBSGEO-X"], keys["OBSGEO-Y"], keys["OBSGEO-Z"]),
    )


def read_fits(path):
    """(CalibratedSpectrum, name of the object) of a file that write_fits wrote."""
    data = pathlib.Path(path).read_bytes()
    if not data.startswith(b"SIMPLE  ="):
        raise _error(f"{path} is no FITS file")
    images = _images(data)
    keys, temperature = images[""]
    if keys.get("CTYPE1") != "FREQ" or "SIGMA" not in images:
        raise _error(f"{path} is no spectrum of libastro's: it needs CTYPE1 = FREQ and an extension SIGMA")
    spectrum = _astro.CalibratedSpectrum(
        _astro.FrequencyAxis(
            first=_astro.hertz(keys["CRVAL1"]), step=_astro.hertz(keys["CDELT1"]), channels=len(temperature)
        ),
        temperature,
        images["SIGMA"][1],
        images["WEIGHT"][1] if "WEIGHT" in images else None,
        tsys_k=keys.get("TSYS", 0.0),
        receiver_k=keys.get("TRX", 0.0),
        start=keys["DATE-OBS"],
        mid=keys["DATE-AVG"],
        exposure_s=keys.get("EXPOSURE", 0.0),
        samples=keys.get("NSAMPLE", 0),
        samples_lost=keys.get("NLOST", 0),
        pointing=_pointing(keys),
        receiver=keys.get("FRONTEND", ""),
    )
    frame = keys.get("SPECSYSV", "LSRK")
    spectrum.velocity_frame = _FRAMES.get(frame, "lsrk")
    if "RESTFRQ" in keys:
        spectrum.rest = _astro.hertz(keys["RESTFRQ"])
    return spectrum, keys.get("OBJECT", "")
