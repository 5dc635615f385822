# SPDX-License-Identifier: BSD-3-Clause
"""`astro replay` and `astro export` as a user runs them."""

import csv
import json

import numpy
import pytest
from astropy.io import fits
from astropy.wcs import WCS

EVENING = "2026-01-15T20:00:00Z"
RATE = 64000.0
LINE = 8000.0  # Hz above the centre


@pytest.fixture
def site(astro, root):
    text = (root / "examples/sites/simulated.yaml").read_text()
    (astro.folder / "site.yaml").write_text(text)
    return "site.yaml"


@pytest.fixture
def recording(astro):
    """Three seconds of a tone in noise, as SigMF."""
    noise = numpy.random.default_rng(11)
    count = int(3 * RATE)
    samples = noise.normal(0, 0.05, count) + 1j * noise.normal(0, 0.05, count)
    samples += 0.2 * numpy.exp(2j * numpy.pi * LINE / RATE * numpy.arange(count))
    (astro.folder / "tone.sigmf-data").write_bytes(samples.astype(numpy.complex64).tobytes())
    meta = {
        "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE, "core:version": "1.0.0"},
        "captures": [{"core:sample_start": 0, "core:frequency": 1.42e9, "core:datetime": "2026-01-15T20:00:00Z"}],
        "annotations": [],
    }
    (astro.folder / "tone.sigmf-meta").write_text(json.dumps(meta))
    return "tone.sigmf-meta"


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def test_a_recording_is_replayed_as_spectra(astro, recording):
    told = astro.json("replay", recording, "--channels", "64", "--integration", "0.5", "--out", "tone.fits")
    assert (told["spectra"], told["channels"]) == (6, 64)
    assert told["start"].startswith("2026-01-15T20:00:00")
    assert told["exposure_s"] == pytest.approx(3, rel=0.02)
    with fits.open(astro.folder / "tone.fits") as file:
        rows = file["SINGLE DISH"].data
    assert len(rows) == 6
    for row in rows:
        loudest = row["CRVAL1"] + (numpy.argmax(row["DATA"]) + 1 - row["CRPIX1"]) * row["CDELT1"]
        assert abs(loudest - (1.42e9 + LINE)) <= RATE / 64


def test_a_replay_in_real_time_takes_its_time_and_draws(astro, recording):
    ran = astro.run("replay", recording, "--channels", "64", "--integration", "1", "--live", "--real-time")
    assert "spectra" in ran.stdout and ran.stderr.count("\n") > 10, "a picture was drawn"


def test_a_replay_says_what_is_wrong_with_its_file(astro, recording):
    assert "missing.sigmf-meta" in astro.json("replay", "missing.sigmf-meta", expect=2)["error"]
    assert ".png" in astro.json("replay", recording, "--out", "tone.png", expect=2)["error"]
    for seconds in ("0", "-1", "nan"):
        assert "0 s" in astro.json("replay", recording, "--integration", seconds, expect=2)["error"]
    assert "shorter than one transform" in astro.json("replay", recording, "--channels", "1048576", expect=1)["error"]


def observed(astro, site, request):
    (astro.folder / "request.yaml").write_text(request)
    return astro.json("observe", site, "request.yaml", "--fast", "--at", EVENING)["observation"]


def test_a_stored_spectrum_is_exported_in_each_form(astro, site):
    identity = observed(
        astro, site, "target: galactic 120 0\ntarget_name: perseus\nintegration_time: 4 s\ncalibration_time: 2 s\nchannels: 256\n"
    )
    told = astro.json("export", site, identity, "one.fits", "each.sdfits", "one.csv")
    assert told["files"] == ["one.fits", "each.sdfits", "one.csv"]
    with fits.open(astro.folder / "one.fits") as file:
        assert file[0].header["OBJECT"] == "perseus" and file[0].header["BUNIT"] == "K"
        peak = numpy.nanmax(file[0].data)
    with fits.open(astro.folder / "each.sdfits") as file:
        rows = file["SINGLE DISH"].data
        assert len(rows) == 4 and rows.columns["DATA"].unit == "K"
        assert numpy.nanmax(numpy.mean(rows["DATA"], axis=0)) == pytest.approx(peak, rel=0.02)
    lines = table(astro.folder / "one.csv")
    assert len(lines) == 256
    assert "nothing was recorded" in astro.json("export", site, identity, "one.sigmf-meta", expect=2)["error"]
    assert ".png" in astro.json("export", site, identity, "one.png", expect=2)["error"]
    assert "astro observations" in astro.json("export", site, "nothing", "one.fits", expect=2)["error"]


def test_a_map_is_exported_as_an_image_that_knows_the_sky(astro, site):
    identity = observed(
        astro,
        site,
        "target: galactic 120 0\nmode: raster\nscan: {frame: galactic, width: 8 deg, height: 8 deg, spacing: 4 deg}\n"
        "integration_time: 1 s\nintegration: 1 s\ncalibration_time: 2 s\nproduct: continuum\n",
    )
    astro.run("export", site, identity, "map.fits", "map.csv")
    with fits.open(astro.folder / "map.fits") as file:
        world = WCS(file[0].header).celestial
        image = numpy.squeeze(file[0].data)
        middle = world.pixel_to_world_values((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2)
        assert world.wcs.ctype[0].startswith("GLON") and numpy.allclose(middle, (120, 0), atol=0.5)
        assert numpy.isfinite(image).any()
    assert len(table(astro.folder / "map.csv")) == 9


def test_what_was_switched_without_calibration_is_no_temperature(astro, site):
    (astro.folder / "request.yaml").write_text(
        "target: galactic 120 0\nmode: position_switch\nswitch_every: 1 s\nintegration_time: 4 s\nchannels: 256\n"
        "calibration: none\n"
    )
    told = astro.json("observe", site, "request.yaml", "--fast", "--at", EVENING)
    assert not any(key.endswith("_k") for key in told)
    for name in ("one.fits", "one.csv"):
        assert ".sdfits" in astro.json("export", site, told["observation"], name, expect=2)["error"]
    astro.run("export", site, told["observation"], "each.sdfits")
    with fits.open(astro.folder / "each.sdfits") as file:
        assert set(file["SINGLE DISH"].data["TUNIT7"]) == {"Counts"}


def test_files_say_who_asked_without_being_told(astro, site):
    astro.environment["USER"] = "vera"
    identity = observed(astro, site, "target: galactic 120 0\nintegration_time: 1 s\ncalibration_time: 1 s\nchannels: 64\n")
    astro.run("export", site, identity, "one.fits", "one.csv")
    assert fits.getheader(astro.folder / "one.fits")["OBSERVER"] == "vera"
    assert "# observer: vera" in (astro.folder / "one.csv").read_text()


def test_a_line_is_told_in_the_frame_that_the_request_names(astro, site):
    (astro.folder / "request.yaml").write_text(
        "target: galactic 120 0\nintegration_time: 4 s\ncalibration_time: 2 s\nchannels: 256\n"
        "velocity_frame: bary\nfiles: [fits, csv]\noutput_filename: frame\n"
    )
    told = astro.json("observe", site, "request.yaml", "--fast", "--at", EVENING)
    assert told["velocity_frame"] == "bary"
    sky = astro.json("sky", "galactic 120 0", "--site", "28.3009,-16.5098,2390", "--at", told["mid"])
    topocentric = 299792.458 * (1 - told["peak_frequency_mhz"] / 1420.405751768)
    assert told["peak_velocity_km_s"] == pytest.approx(topocentric + sky["v_bary_km_s"], abs=0.1)
    assert abs(sky["v_bary_km_s"] - sky["v_lsrk_km_s"]) > 1
    image, rows = told["files"]
    header = fits.getheader(image)
    world = WCS(header, key="V")
    assert (header["SPECSYS"], world.wcs.specsys) == ("TOPOCENT", "BARYCENT")
    channels = numpy.arange(256)
    velocity = world.wcs_pix2world(channels, 0)[0] / 1000
    assert velocity == pytest.approx([float(row["velocity_bary_km_s"]) for row in table(rows)], abs=1e-6)
    assert astro.json("reduce", "--site", site, "--observation", told["observation"])["peak_velocity_km_s"] == told["peak_velocity_km_s"]
