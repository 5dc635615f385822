# SPDX-License-Identifier: BSD-3-Clause
"""Files from Python: what we write is read by others, and what others wrote by us."""

import numpy
import pytest
import sigmf
from astropy import wcs
from astropy.io import fits

import astro
from astro import files


def small_spectrum():
    axis = astro.FrequencyAxis(first=astro.hertz(1.42e9), step=astro.hertz(1000.0), channels=4)
    return astro.Spectrum(axis, [1.0, 2.0, 3.0, 4.0], [1.0, 0.5, 0.0, 1.0], exposure_s=2.0)


def test_sdfits_gives_the_columns_that_astropy_reads(tmp_path):
    row = files.SdfitsRow(small_spectrum(), unit="Jy", object="S7", scan=5)
    row.stokes, row.diode_on, row.tsys_k = "YY", True, 90.0
    row.more = {"BACKEND": "fft", "PRESSURE": 900.5}
    files.write_sdfits(tmp_path / "a.fits", [row, row])
    with fits.open(tmp_path / "a.fits") as read:
        read.verify("exception")
        table = read["SINGLE DISH"].data
        numpy.testing.assert_array_equal(table["DATA"][1].ravel(), [1.0, 2.0, 3.0, 4.0])
        numpy.testing.assert_array_equal(table["FLAGS"][1], [0, 0, 1, 0])
        numpy.testing.assert_array_equal(table["WEIGHT"][1], [1.0, 0.5, 0.0, 1.0])
        assert read["SINGLE DISH"].columns["DATA"].unit == "Jy"
        assert table["CAL"][0] == "T"
        assert table["CRVAL4"][0] == -6
        assert table["BACKEND"][0] == "fft"
        reference = table["CRVAL1"][0] + (1 - table["CRPIX1"][0]) * table["CDELT1"][0]
        assert reference == pytest.approx(1.42e9, abs=1e-6)
    again = files.read_sdfits(tmp_path / "a.fits")
    assert [r.stokes for r in again] == ["YY", "YY"]
    assert again[0].more["PRESSURE"] == 900.5
    assert again[0].spectrum.weight[2] == 0.0


def test_green_banks_table_gives_gbtidls_temperatures(recordings):
    rows = files.read_sdfits(recordings / "radio/sdfits_gbt/TGBT21A_501_11_ifnum_0_int_0-2.fits")
    of = {(r.scan, r.integration, r.diode_on): r for r in rows if r.polarisation == 0}
    found = []
    for i in range(3):
        off, on = of[153, i, False], of[153, i, True]
        middle = slice(3276, 32768 - 3276)
        cold, hot = (numpy.asarray(r.spectrum.power, float)[middle] for r in (off, on))
        found.append(off.diode_k * (cold.mean() / (hot - cold).mean() + 0.5))
    numpy.testing.assert_allclose(found, [17.242, 17.170, 17.156], rtol=1e-3)


def test_a_filterbank_is_an_array(tmp_path, recordings):
    reader = files.FilterbankReader(files.inspect_filterbank(recordings / "radio/sigproc/parkes_8bit_1.fil"))
    first = reader.read(100)
    assert first.shape == (100, 832)
    assert reader.read(10000).shape == (3996, 832)
    # as the file has it: highest frequency first
    raw = numpy.fromfile(recordings / "radio/sigproc/parkes_8bit_1.fil", "u1")[-4096 * 832 :].reshape(4096, 832)
    numpy.testing.assert_array_equal(first, raw[:100, ::-1])
    axis = astro.FrequencyAxis(first=astro.megahertz(1400.0), step=astro.megahertz(1.0), channels=8)
    info = files.FilterbankInfo(axis, period_s=1e-3, bits=2, source="noise")
    numbers = numpy.arange(32).reshape(4, 8) % 4
    files.write_filterbank(tmp_path / "a.fil", info, numbers)
    numpy.testing.assert_array_equal(files.FilterbankReader(files.inspect_filterbank(tmp_path / "a.fil")).read(9), numbers)


def test_tables_of_csv_and_the_20_metre_telescope(tmp_path, recordings):
    rows = files.read_gbo20m(recordings / "radio/gbo20m/GLONG_40_145798_96149.A.spect.cal.txt")
    assert [(r.band, r.stokes) for r in rows] == [(0, "XX"), (0, "YY"), (1, "XX"), (1, "YY")]
    numbers = numpy.loadtxt(recordings / "radio/gbo20m/GLONG_40_145798_96149.A.spect.cal.txt")
    numpy.testing.assert_allclose(rows[1].spectrum.power, numbers[::-1, 2], rtol=1e-6)
    numpy.testing.assert_allclose(rows[2].spectrum.frequency_hz, numbers[::-1, 3] * 1e6, atol=10.0)
    recording = files.SpectraFile([r.spectrum for r in rows[:2]], object="GLONG_40", unit="K")
    files.write_csv(tmp_path / "a.csv", recording)
    read = files.read_spectra(tmp_path / "a.csv")
    assert (len(read), read.object, read.unit) == (2, "GLONG_40", "K")
    numpy.testing.assert_array_equal(read.spectra[1].power, rows[1].spectrum.power)


def test_sigmf_keeps_annotations(tmp_path):
    meta = files.SigmfMeta(dtype="cf32", sample_rate=astro.hertz(1e6), author="Ann")
    meta.captures = [files.SigmfCapture(frequency=astro.hertz(1420405751.768))]
    meta.annotations = [files.SigmfAnnotation(first=1, samples=2, label="line")]
    signal = numpy.exp(1j * numpy.arange(10)).astype("complex64")
    with files.SigmfWriter(tmp_path / "a.sigmf-meta", meta) as writer:
        writer.write(signal[:4])
        writer.write(signal[4:])
    read = files.read_sigmf(tmp_path / "a.sigmf-meta")
    assert read.annotations[0].label == "line"
    assert read.annotations[0].samples == 2
    numpy.testing.assert_array_equal(files.IqReader(files.inspect_iq(tmp_path / "a.sigmf-meta")).read(100), signal)
    with pytest.raises(RuntimeError), files.SigmfWriter(tmp_path / "b.sigmf-meta", meta):
        raise RuntimeError("stopped")
    assert not list(tmp_path.glob("*b.sigmf*"))


def test_the_sigmf_package_takes_what_we_write(tmp_path):
    meta = files.SigmfMeta(dtype="cf32", sample_rate=astro.hertz(1e6))
    meta.annotations = [files.SigmfAnnotation(first=1, samples=2, label="line")]
    with files.SigmfWriter(tmp_path / "a.sigmf-meta", meta) as writer:
        writer.write(numpy.arange(10).astype("complex64"))
    read = sigmf.sigmffile.fromfile(str(tmp_path / "a.sigmf-meta"))
    read.validate()
    numpy.testing.assert_array_equal(read.read_samples(), numpy.arange(10))
    assert read.get_annotations()[0]["core:label"] == "line"


def test_cubes_are_where_astropy_says(tmp_path):
    random = numpy.random.default_rng(1)
    pixels = random.normal(size=(3, 20, 30)).astype("float32")
    pixels[1, 2, 3] = numpy.nan
    for code, latitude in [("TAN", 41.0), ("SIN", -70.0), ("CAR", 0.0), ("TAN", -89.9)]:
        axes = [
            files.WcsAxis("RA---" + code, "deg", 15.5, 10.0, -0.3),
            files.WcsAxis("DEC--" + code, "deg", 8.0, latitude, 0.25),
            files.WcsAxis("FREQ", "Hz", 2.0, 1420.4e6, 1000.0),
        ]
        matrix = [0.9, -0.1, 0, 0.2, 1.1, 0, 0, 0, 1]
        cube = files.Cube(pixels, files.Wcs(axes, matrix, frame="ICRS"), unit="K", object="M31", more={"BMAJ": 0.5})
        files.write_cube(tmp_path / "a.fits", cube)
        with fits.open(tmp_path / "a.fits") as read:
            read.verify("exception")
            numpy.testing.assert_array_equal(read[0].data, pixels)
            assert read[0].header["BUNIT"] == "K"
            theirs = wcs.WCS(read[0].header)
        ours = files.read_cube(tmp_path / "a.fits")
        numpy.testing.assert_array_equal(ours.pixels, pixels)
        assert ours.more["BMAJ"] == 0.5
        for place in random.uniform(0, 20, size=(200, 3)):
            expected = theirs.wcs_pix2world([place], 0)[0]
            numpy.testing.assert_allclose(ours.wcs.world(place), expected, rtol=1e-11, atol=1e-9)
            numpy.testing.assert_allclose(ours.wcs.pixel(expected), place, atol=1e-6)


def test_an_image_that_astropy_wrote_is_read(tmp_path):
    counts = numpy.arange(-6, 6, dtype="int16").reshape(3, 4)
    image = fits.ImageHDU(counts, name="COUNTS")
    image.header["BUNIT"] = "adu"
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(tmp_path / "a.fits")
    read = files.read_cube(tmp_path / "a.fits")
    numpy.testing.assert_array_equal(read.pixels, counts)
    assert read.unit == "adu"
    fits.CompImageHDU(counts.astype("float32")).writeto(tmp_path / "b.fits")
    with pytest.raises(astro.Error, match="funpack|no image|is an image"):
        files.read_cube(tmp_path / "b.fits")
