# SPDX-License-Identifier: BSD-3-Clause
"""Observations from end to end, each with the real other side of a driver, and with several of them mixed: rotctld, INDI's
and ASCOM's simulators, a radio of SoapySDR, rtl_tcp."""

import pathlib
import subprocess
import threading
import time

import alpaca.telescope
import numpy as np
import pytest
from hardware import opened
from local_server import Server, free_port

import astro
from astro import degrees

SITE = "site: {name: Mixed, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}\n"
RATE = 1_000_000
TONE_HZ = 150_000
CHANNELS = 200
TARGET = "altaz 20 30"


@pytest.fixture(scope="module")
def servers(root):
    made = {name: Server(root, name, lines) for name, lines in (("rotctld", ()), ("indi", ("telescope", "ccd")), ("alpaca", ()))}
    yield made
    for server in made.values():
        server.remove()


@pytest.fixture(autouse=True)
def module_of_the_radio(monkeypatch):
    monkeypatch.setenv("SOAPY_SDR_PLUGIN_PATH", str(pathlib.Path(astro.__file__).parents[2] / "soapy"))


@pytest.fixture
def dongle(tmp_path):
    """The port of an rtl_tcp that plays a tone."""
    n = np.arange(2 * RATE)
    samples = 100 * np.exp(2j * np.pi * TONE_HZ / RATE * n)
    pairs = np.stack([samples.real, samples.imag], axis=1) + 127.5
    np.rint(pairs).astype(np.uint8).tofile(tmp_path / "tone.cu8")
    port = free_port()
    played = tmp_path / "played"
    played.mkdir()
    with opened(played, SITE + f"controllers: {{dongle: {{driver: rtl_tcp.server, file: '{tmp_path}/tone.cu8', port: {port}, sample_rate: {RATE} Hz}}}}\n"):
        yield port


def site_of(tmp_path, mount="", receivers=(), more=""):
    made = SITE + (f"mounts: {{mount: {{{mount}}}}}\n" if mount else "") + "receivers:\n"
    for name, receiver in receivers:
        made += f"  {name}: {{{receiver}{', mount: mount' if mount else ''}}}\n"
    return made + more + f"stores: {{archive: {{driver: sqlite, path: '{tmp_path}/archive.db'}}}}\n"


def rotator(servers):
    return f"driver: rotctl, port: {servers['rotctld'].port}, accuracy: 0.5 deg, limits: {{azimuth: [0 deg, 450 deg], altitude: [5 deg, 88 deg]}}"


def indi_telescope(servers):
    return f"driver: indi, host: 127.0.0.1, port: {servers['indi'].port}, device: Telescope Simulator"


def alpaca_telescope(servers):
    return f"driver: alpaca, address: 127.0.0.1, port: {servers['alpaca'].port}, accuracy: 0.2 deg, timeout: 10 s"


def soapy(tmp_path):
    (tmp_path / "radio").mkdir(exist_ok=True)
    return f"driver: soapy, device: 'driver=astrotest,folder={tmp_path}/radio', sample_rate: {RATE} Hz"


def rtl_tcp(port):
    return f"driver: rtl_tcp, host: 127.0.0.1, port: {port}, sample_rate: {RATE} Hz, settle: 0 s"


SIMULATED = f"driver: simulator, frequency: 1420.405751768 MHz, sample_rate: {RATE} Hz, gain: 40 dB"


def observe(site, target=TARGET, **more):
    request = astro.ObservationRequest(target=target, integration_time_s=2, integration_s=0.5, calibration="none", channels=CHANNELS, **more)
    return astro.observe(site, request)


def kept(site, result):
    """What the store has of it: whole, and in order."""
    assert result.observation.state == "completed"
    found = site.store("archive").find("integration", where={"observation_id": result.observation.id}, order_by="sequence")
    assert [each.sequence for each in found] == list(range(found[0].sequence, found[0].sequence + len(found)))
    assert sum(each.duration_s for each in found) == pytest.approx(2, abs=0.6)
    return found


def assert_pointed(found, azimuth=20, altitude=30, within=1.0):
    for each in found:
        assert (each.azimuth.degrees, each.altitude.degrees) == pytest.approx((azimuth, altitude), abs=within)


def spectrum_of(found):
    return np.mean([each.power for each in found], axis=0)


def assert_is_the_tone(found):
    power = spectrum_of(found)
    assert np.argmax(power) == CHANNELS // 2 + TONE_HZ * CHANNELS // RATE
    assert np.sort(power)[-4] < 1e-2 * power.max()


def test_with_a_rotator(tmp_path, servers):
    with opened(tmp_path, site_of(tmp_path, rotator(servers), [("radio", SIMULATED)])) as site:
        assert_pointed(kept(site, observe(site)))
        asked = ["rotctl", "-m", "2", "-r", f"127.0.0.1:{servers['rotctld'].port}", "p"]
        seen = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
        assert [float(line) for line in seen.split()[:2]] == pytest.approx([20, 30], abs=1)


def test_with_a_telescope_of_indi(tmp_path, servers):
    with opened(tmp_path, site_of(tmp_path, indi_telescope(servers), [("radio", SIMULATED)])) as site:
        assert_pointed(kept(site, observe(site, "altaz 150 60")), 150, 60, within=0.2)
        asked = ["indi_getprop", "-p", str(servers["indi"].port), "-t", "5", "-1", "Telescope Simulator.EQUATORIAL_EOD_COORD.DEC"]
        seen = float(subprocess.run(asked, capture_output=True, text=True, timeout=15, check=True).stdout)
        assert seen == pytest.approx(site.mount("mount").status().axes.second.degrees, abs=0.2)


def test_with_a_telescope_of_alpaca(tmp_path, servers):
    with opened(tmp_path, site_of(tmp_path, alpaca_telescope(servers), [("radio", SIMULATED)])) as site:
        assert_pointed(kept(site, observe(site, "altaz 150 60")), 150, 60, within=0.5)
        seen = alpaca.telescope.Telescope(f"127.0.0.1:{servers['alpaca'].port}", 0)
        assert seen.Declination == pytest.approx(site.mount("mount").status().axes.second.degrees, abs=0.3)


def test_with_a_radio_of_soapy(tmp_path):
    with opened(tmp_path, site_of(tmp_path, receivers=[("radio", soapy(tmp_path))])) as site:
        found = kept(site, observe(site, "altaz 0 90"))
        assert not any(each.pointing_known for each in found)
        assert sum(each.samples + each.samples_lost for each in found) == pytest.approx(2 * RATE, rel=0.3)
        assert abs(np.argmax(spectrum_of(found)) - CHANNELS // 2) <= 2  # it counts slowly


def test_with_an_rtl_tcp(tmp_path, dongle):
    with opened(tmp_path, site_of(tmp_path, receivers=[("radio", rtl_tcp(dongle))])) as site:
        assert_is_the_tone(kept(site, observe(site, "altaz 0 90")))


def test_with_a_rotator_and_an_rtl_tcp(tmp_path, servers, dongle):
    with opened(tmp_path, site_of(tmp_path, rotator(servers), [("radio", rtl_tcp(dongle))])) as site:
        found = kept(site, observe(site))
        assert_pointed(found)
        assert_is_the_tone(found)


def test_with_a_telescope_that_carries_a_camera_a_radio_of_soapy_and_an_rtl_tcp_in_a_process_of_its_own(tmp_path, servers, dongle):
    """All at once: two observations and a series of exposures of the same sky."""
    camera = f"driver: indi, host: 127.0.0.1, port: {servers['indi'].port}, device: CCD Simulator, exposure: 0.2 s"
    receivers = [("camera", camera), ("soapy", soapy(tmp_path)), ("dongle", rtl_tcp(dongle) + ", runs: apart")]
    with opened(tmp_path, site_of(tmp_path, indi_telescope(servers), receivers)) as site:
        scope = site.mount("mount")
        scope.track(astro.AltAz(azimuth=degrees(150), altitude=degrees(60)))
        scope.wait_until_on_target(timeout_s=120)
        found = {}

        def listen():
            for name in ("soapy", "dongle"):
                found[name] = kept(site, observe(site, "altaz 150 60", receiver=name))

        radio = threading.Thread(target=listen)
        radio.start()
        addresses = []
        with site.receiver("camera").stream() as frames:
            end = time.monotonic() + 120
            while radio.is_alive() or (len(addresses) < 3 and time.monotonic() < end):
                if (block := frames.next(timeout_s=1)) is not None:
                    assert block.settings.mount == "mount"
                    addresses.append(site.store("archive").put_object(np.asarray(block.array()).tobytes()))
        radio.join()
        assert set(found) == {"soapy", "dongle"}
        for name in found:
            assert_pointed(found[name], 150, 60, within=0.2)
        assert_is_the_tone(found["dongle"])
        assert len(addresses) >= 3
        assert all(len(site.store("archive").get_object(address)) == 2 * 1280 * 1024 for address in addresses)


def test_with_a_telescope_of_alpaca_and_a_radio_of_soapy(tmp_path, servers):
    with opened(tmp_path, site_of(tmp_path, alpaca_telescope(servers), [("radio", soapy(tmp_path))])) as site:
        assert_pointed(kept(site, observe(site, "altaz 150 60")), 150, 60, within=0.5)
