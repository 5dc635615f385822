# SPDX-License-Identifier: BSD-3-Clause
import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
from astropy.io import fits
from matplotlib import pyplot
from scipy import signal

import astro
from astro import degrees, hertz, megahertz


def line_spectrum(peak_k=40.0, channels=512):
    """A calibrated spectrum with a Gaussian line at the rest frequency, seen from Teide."""
    axis = astro.FrequencyAxis(first=astro.hydrogen_line - megahertz(1.2), step=hertz(2.4e6 / channels), channels=channels)
    offset_km_s = 299792.458 * (1 - axis.hertz() / astro.hydrogen_line.hertz)
    noise = np.random.default_rng(1).normal(0, 0.4, channels)
    temperature = peak_k * np.exp(-0.5 * (offset_km_s / 15) ** 2) + noise
    site = astro.Location(degrees(28.3), degrees(-16.5), 2390)
    direction = astro.sky.icrs("galactic 120 0", site, "2026-01-15T20:00:00")
    place = astro.sky.altaz(direction, site, "2026-01-15T20:00:00")
    return astro.CalibratedSpectrum(
        axis, temperature, np.full(channels, 0.4), tsys_k=80, mid="2026-01-15T20:00:00", start="2026-01-15T19:59:50",
        exposure_s=20, pointing=astro.Pointing(direction, place, site),
    )


def test_a_block_is_a_view_of_the_samples():
    samples = np.arange(32, dtype=np.uint8).reshape(16, 2)
    block = astro.Block(samples, sample_rate=megahertz(2), frequency=megahertz(1090))
    assert block.settings.dtype == "cu8" and block.items == 16 and block.duration_s == 8e-6
    array = block.array()
    assert array.dtype == np.uint8 and array.shape == (16, 2)
    assert np.shares_memory(array, samples) and not array.flags.writeable


@pytest.mark.parametrize(
    ("samples", "dtype"),
    [
        (np.zeros((8, 2), np.uint8), "cu8"),
        (np.zeros((8, 2), np.int8), "ci8"),
        (np.zeros((8, 2), np.int16), "ci16"),
        (np.zeros(8, np.complex64), "cf32"),
        (np.zeros((8, 64), np.float32), "f32"),
    ],
)
def test_numpy_types_have_their_counterparts(samples, dtype):
    block = astro.Block(samples, sample_rate=megahertz(1), item_period_s=1e-3)
    assert block.settings.dtype == dtype and block.items == 8
    assert block.array().dtype == samples.dtype and block.array().shape == samples.shape


def test_a_view_keeps_its_owner_alive():
    block = astro.Block(np.full(1000, 1 + 2j, np.complex64), sample_rate=megahertz(1))
    gone = weakref.ref(block)
    array = block.array()
    del block
    gc.collect()
    assert gone() is not None and (array == 1 + 2j).all()
    del array
    gc.collect()
    assert gone() is None


def test_a_spectrum_of_real_samples_equals_welch(recordings):
    info = astro.files.inspect_iq(recordings / "radio" / "rtlsdr_1090mhz" / "modes1.bin", "cu8")
    reader = astro.files.IqReader(info)
    samples = reader.read(info.samples)
    assert samples.shape == (356868, 2) and len(reader.read(1)) == 0
    spectrometer = astro.Spectrometer(channels=1024, window="hann", remove_dc=False)
    spectrometer.add(astro.Block(samples, sample_rate=megahertz(2), frequency=megahertz(1090)))
    spectrum = spectrometer.spectrum()

    iq = ((samples.astype(np.float64) - 127.5) / 127.5) @ [1, 1j]
    _, expected = signal.welch(
        iq, fs=2e6, window=signal.get_window("hann", 1024, fftbins=True), nperseg=1024, noverlap=0, detrend=False,
        return_onesided=False, scaling="density",
    )
    np.testing.assert_allclose(spectrum.power, np.fft.fftshift(expected), rtol=1e-5)
    np.testing.assert_allclose(spectrum.frequency_hz, 1090e6 + np.fft.fftshift(np.fft.fftfreq(1024, 0.5e-6)), atol=1e-3)
    assert spectrum.samples == 348 * 1024 and spectrum.samples_lost == 0


def test_spectra_of_several_threads_do_not_disturb_each_other():
    from concurrent.futures import ThreadPoolExecutor

    samples = np.random.default_rng(3).normal(size=2**18).astype(np.float32).view(np.complex64)

    def power(_):
        spectrometer = astro.Spectrometer(channels=256)
        spectrometer.add(astro.Block(samples, sample_rate=megahertz(1)))
        return np.array(spectrometer.spectrum().power)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(power, range(8)))
    assert all((each == results[0]).all() for each in results)


def test_the_horn_is_calibrated_from_python(recordings):
    horn = recordings / "radio" / "horn"
    hot = astro.average([s for file in sorted(horn.glob("*.hot")) for s in astro.files.read_horn(file).spectra])
    sky = next(
        s
        for file in sorted(horn.glob("*.ast"))
        for s in astro.files.read_horn(file).spectra
        if abs(astro.sky.galactic(s.pointing.direction).l.degrees - 134.6) < 0.5
    )
    spectrum = astro.Calibration.from_hot(hot, sky, hot_k=295, cold_k=10).apply(sky)
    peak = spectrum.peak(smooth=5)
    # PROVENANCE: 41.6 K at -6.3 km/s, within 10 % and 3 km/s.
    assert peak.peak_k == pytest.approx(41.6, rel=0.1)
    assert peak.peak_velocity_km_s == pytest.approx(-6.3, abs=3)


def test_arrays_of_spectra_are_read_only_views():
    spectrum = line_spectrum()
    assert spectrum.temperature_k.dtype == np.float32
    assert np.shares_memory(spectrum.temperature_k, spectrum.temperature_k)
    with pytest.raises(ValueError, match="read-only"):
        spectrum.temperature_k[0] = 1
    velocities = spectrum.velocities_lsrk_km_s()
    assert velocities[100] == pytest.approx(spectrum.velocity_lsrk_km_s(100))


def test_the_fits_file_is_read_by_astropy_and_by_us(tmp_path):
    from astro.exported import read_fits

    spectrum = line_spectrum()
    path = tmp_path / "line.fits"
    astro.files.write_fits(path, spectrum, astro.files.Provenance(object="Perseus arm"))
    with fits.open(path) as images:
        assert images[0].header["CTYPE1"] == "FREQ" and images[0].header["BUNIT"] == "K"
        np.testing.assert_array_equal(images[0].data, spectrum.temperature_k)
    again, name = read_fits(path)
    assert name == "Perseus arm" and again.mid == spectrum.mid
    np.testing.assert_array_equal(again.sigma_k, spectrum.sigma_k)
    assert again.peak().peak_velocity_km_s == pytest.approx(spectrum.peak().peak_velocity_km_s, abs=1e-3)
    assert again.pointing.site.height_m == pytest.approx(2390, abs=1e-3)


def test_a_picture_for_a_talk_is_drawn(tmp_path):
    astro.files.write_fits(tmp_path / "line.fits", line_spectrum())
    subprocess.run([sys.executable, "-m", "astro.plot", tmp_path / "line.fits", tmp_path / "line.png"], check=True)
    content = (tmp_path / "line.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(content[16:20], "big") == 1600 and int.from_bytes(content[20:24], "big") == 900


def test_a_spectrum_draws_itself_in_a_notebook(monkeypatch):
    spectrum = line_spectrum()
    assert spectrum._repr_png_().startswith(b"\x89PNG")
    assert "data:image/png;base64" in spectrum._repr_html_()
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    assert "<polyline" in spectrum._repr_html_() and spectrum._repr_png_() is None


def test_a_spectrum_becomes_axes():
    axes = astro.plot.spectrum(line_spectrum(), title="line")
    assert "VLSR" in axes.get_xlabel() and "[K]" in axes.get_ylabel()
    assert any("K" in text.get_text() for text in axes.texts)
    pyplot.close(axes.figure)
