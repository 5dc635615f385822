# SPDX-License-Identifier: BSD-3-Clause
"""Nights that a horn recorded, as an observatory: from the site file to a map of the real sky."""

import subprocess
import sys

import numpy
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

import astro
from astro import degrees

SITE = """
site: {{name: Bubble Wrap Horn, latitude: 38.433 deg, longitude: -79.840 deg, height: 800 m}}
mounts:
  horn: {{driver: replay, files: ["{folder}"]}}
receivers:
  hydrogen: {{driver: replay, mount: horn, files: ["{folder}"], pace: fast}}
stores:
  archive: {{driver: sqlite, path: nights.db}}
calibration:
  hydrogen:
    hot: {{temperature: 295 K, target: altaz 0 -40}}
    cold: {{temperature: 10 K, target: altaz 0 70}}
    beam_width: 12 deg
"""

ONE_S = 135.0  # one file of the horn integrates a little longer

# Of the recordings' PROVENANCE.md: galactic longitude and latitude, peak (K, mean of five channels), VLSR (km/s).
KNOWN = [(134.6, -2.5, 41.6, -6.3), (156.6, 43.1, 10.8, 0.9), (131.8, 7.2, 44.3, -4.6)]


@pytest.fixture
def site(recordings, tmp_path):
    (tmp_path / "site.yaml").write_text(SITE.format(folder=recordings / "radio/horn"))
    with astro.Observatory.open(tmp_path / "site.yaml", state_folder=tmp_path / "state") as opened:
        yield opened


def request(target="galactic 135 10", **more):
    return astro.ObservationRequest(
        target=target, integration_s=ONE_S, integration_time_s=ONE_S, calibration_time_s=5 * ONE_S,
        center_frequency=astro.megahertz(1421.25), channels=1024, **more
    )


def velocity_lsrk_km_s(spectrum):
    """Radio velocity of the hydrogen line, from the channels' frequencies and where the beam pointed."""
    at_rest = 299792.458 * (1 - spectrum.frequency_hz / 1420405751.768)
    pointing = spectrum.pointing
    return at_rest + astro.sky.velocity_correction_km_s(pointing.direction, pointing.site, spectrum.mid)


def test_the_horns_nights_are_observed_again_and_mapped(site, tmp_path):
    files = {70: 8, 40: 10, 60: 8}
    steps = [
        astro.Step(phase="hot", label="ground", duration_s=5 * ONE_S),
        astro.Step(phase="cold", label="cold sky", duration_s=8 * ONE_S),
    ]
    steps += [
        astro.Step(target=f"altaz 0 {altitude}", label=f"altitude {altitude}", duration_s=count * ONE_S, scan=number)
        for number, (altitude, count) in enumerate(files.items())
    ]
    scan = {"frame": "galactic", "width": degrees(40), "height": degrees(50), "spacing": degrees(5)}
    result = astro.observe(site, request(mode="raster", scan=scan), steps=steps)
    assert result.observation.state == "completed"

    identity = result.observation.id
    store = site.store("archive")
    assert store.count("integration", where={"observation_id": identity, "phase": "sky"}) == 26
    map_file, spectra_file = tmp_path / "map.fits", tmp_path / "spectra.sdfits"
    for path in (map_file, spectra_file):
        astro.export_observation(store, identity, site.site, path)

    rows = astro.files.read_sdfits(spectra_file)
    assert len(rows) == 26 and {str(row.spectrum.start)[:10] for row in rows} == {"2018-11-01", "2018-11-02", "2018-11-03"}
    places = SkyCoord([row.spectrum.pointing.direction.ra.degrees for row in rows], [row.spectrum.pointing.direction.dec.degrees for row in rows], unit="deg").galactic
    for longitude, latitude, peak_k, velocity_km_s in KNOWN:
        near = places.separation(SkyCoord(longitude, latitude, unit="deg", frame="galactic")).deg
        row = rows[int(numpy.argmin(near))]
        assert near.min() < 0.5
        kelvin = numpy.convolve(row.spectrum.power, numpy.ones(5) / 5, mode="same")
        velocity = velocity_lsrk_km_s(row.spectrum)
        line = numpy.abs(velocity) < 150
        kelvin = kelvin - numpy.median(kelvin[numpy.abs(velocity) > 200])
        brightest = numpy.argmax(numpy.where(line, kelvin, -numpy.inf))
        assert kelvin[brightest] == pytest.approx(peak_k, rel=0.10)
        assert velocity[brightest] == pytest.approx(velocity_km_s, abs=3)

    with fits.open(map_file) as file:
        cube, header = file[0].data, file[0].header
    assert header["CTYPE1"].startswith("GLON") and header["BUNIT"].strip() == "K"
    image = numpy.nansum(cube - numpy.nanmedian(cube, axis=0), axis=0)  # the line, without the ground's continuum
    image = numpy.where(numpy.isfinite(cube).any(axis=0), image, numpy.nan)
    row, column = numpy.unravel_index(numpy.nanargmax(image), image.shape)
    longitude, latitude = WCS(header).celestial.pixel_to_world_values(column, row)
    assert abs(latitude) < 12 and 120 < longitude < 145, "hydrogen is brightest where the Galaxy's plane was passed"
    for path in (map_file, spectra_file):
        picture = path.with_suffix(".png")
        subprocess.run([sys.executable, "-m", "astro.plot", path, picture], check=True)
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_where_nothing_was_recorded_nothing_is_observed(site):
    with pytest.raises(astro.Error, match="nothing was recorded there; recorded was at 0.00 70.00, 0.00 40.00, 0.00 60.00"):
        astro.observe(site, request(calibration="none", target="altaz 90 45"))
