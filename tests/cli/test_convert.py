# SPDX-License-Identifier: BSD-3-Clause
"""`astro convert`: what it writes is read by astropy, numpy and itself to the same numbers."""

import json

import numpy
import pytest
from astropy.io import fits
from dysh.fits.gbtfitsload import GBTFITSLoad


def test_sdfits_becomes_the_same_table_for_astropy(astro, recordings, tmp_path):
    original = recordings / "radio/sdfits_gbt/TGBT21A_501_11_ifnum_0_int_0-2.fits"
    told = astro.json("convert", original, tmp_path / "again.fits")
    assert told["spectra"] == 24
    assert told["channels"] == 32768
    with fits.open(original) as before, fits.open(tmp_path / "again.fits") as after:
        assert after[1].header["EXTNAME"] == "SINGLE DISH"
        a, b = before[1].data, after[1].data
        assert len(a) == len(b)
        numpy.testing.assert_array_equal(a["DATA"], b["DATA"].reshape(a["DATA"].shape))
        # DATE-OBS gains digits; OBSFREQ and CRVAL1 stand at the same channel
        for name in ["OBJECT", "SCAN", "INT", "PLNUM", "IFNUM", "FDNUM", "CAL", "SIG", "OBSMODE", "FRONTEND", "TDIM7", "TUNIT7", "VELDEF"]:
            assert list(a[name]) == list(b[name]), name
        for name in ["CRVAL1", "CRPIX1", "CDELT1", "CRVAL2", "CRVAL3", "CRVAL4", "TCAL", "TSYS", "VFRAME", "VELOCITY"]:
            numpy.testing.assert_allclose(a[name].astype(float), b[name].astype(float), rtol=1e-12, err_msg=name)
        # times are kept in whole nanoseconds
        for name in ["EXPOSURE", "DURATION", "AZIMUTH", "ELEVATIO", "SITELONG", "SITELAT", "SITEELEV", "RESTFREQ", "BANDWID", "FREQRES", "LST", "PRESSURE"]:
            numpy.testing.assert_allclose(a[name].astype(float), b[name].astype(float), rtol=1e-9, err_msg=name)
        assert set(a.names) <= set(b.names)


def test_dysh_reduces_what_we_wrote_to_what_it_reduces_from_the_original(astro, recordings, tmp_path):
    original = recordings / "radio/sdfits_gbt/TGBT21A_501_11_ifnum_0_int_0-2.fits"
    astro.json("convert", original, tmp_path / "again.fits")
    spectra = []
    for path in [original, tmp_path / "again.fits"]:
        scans = GBTFITSLoad(path).getps(scan=152, ifnum=0, plnum=0, fdnum=0)
        spectra.append(scans.timeaverage())
    numpy.testing.assert_allclose(spectra[0].flux.value, spectra[1].flux.value, atol=1e-6)
    assert spectra[0].meta["TSYS"] == pytest.approx(17.1893, rel=1e-3)


def test_spectra_become_csv_sdfits_and_a_filterbank(astro, recordings, tmp_path):
    horn = sorted((recordings / "radio/horn").glob("*.ast"))[0]
    assert astro.json("convert", horn, tmp_path / "a.csv")["channels"] == 1024
    assert astro.json("convert", tmp_path / "a.csv", tmp_path / "a.fits")["spectra"] == 1
    assert astro.json("convert", tmp_path / "a.fits", tmp_path / "b.csv")["channels"] == 1024
    rows = [(tmp_path / name).read_text().splitlines()[-1] for name in ["a.csv", "b.csv"]]
    assert rows[0].split(",")[2:] == rows[1].split(",")[2:]
    sky = recordings / "radio/sdrangel/25-aug-hline.csv"
    assert astro.json("convert", sky, tmp_path / "night.fil")["spectra"] == 113
    assert astro.json("convert", tmp_path / "night.fil", tmp_path / "night.fits")["channels"] == 2048


def test_iq_becomes_sigmf_and_wav(astro, recordings, tmp_path):
    samples = recordings / "radio/rtlsdr_1090mhz/modes1.bin"
    told = astro.json(
        "convert", samples, tmp_path / "plane", "--to", "sigmf", "--samples", "cu8", "--sample-rate", 2e6, "--frequency", 1090e6
    )
    assert told["samples"] == 356868
    meta = json.loads((tmp_path / "plane.sigmf-meta").read_text())
    assert meta["global"]["core:datatype"] == "cu8"
    assert meta["captures"][0]["core:frequency"] == 1090e6
    assert (tmp_path / "plane.sigmf-data").read_bytes() == samples.read_bytes()
    astro.json("convert", tmp_path / "plane.sigmf-meta", tmp_path / "plane.wav")
    assert (tmp_path / "plane.wav").read_bytes()[44:] == samples.read_bytes()
    astro.json("convert", tmp_path / "plane.wav", tmp_path / "plane.cf32")
    floats = numpy.fromfile(tmp_path / "plane.cf32", "<f4")
    numpy.testing.assert_allclose(floats, (numpy.fromfile(samples, "u1") - 127.5) / 127.5, atol=1e-6)


def test_convert_says_what_is_wrong(astro, recordings, tmp_path):
    horn = sorted((recordings / "radio/horn").glob("*.ast"))[0]
    assert "no format" in astro.json("convert", horn, tmp_path / "a.xls", expect=2)["error"]
    assert "do not become" in astro.json("convert", horn, tmp_path / "a.wav", expect=2)["error"]
    assert "no such file" in astro.json("convert", tmp_path / "no.ast", tmp_path / "a.csv", expect=2)["error"]
    (tmp_path / "cut.fits").write_bytes(b"SIMPLE  =                    T")
    assert "cut.fits" in astro.json("convert", tmp_path / "cut.fits", tmp_path / "a.csv", expect=1)["error"]
    astro.run("convert", horn, expect=2)
    assert not (tmp_path / "a.csv").exists()
