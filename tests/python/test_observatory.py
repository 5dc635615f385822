# SPDX-License-Identifier: BSD-3-Clause
"""The simulated site of the examples, from Python."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import astro
from astro import degrees

FAST = astro.Time("2026-01-15T20:00:00")  # l = 120 deg is up at Teide in the evening


@pytest.fixture
def site(sites, tmp_path):
    loaded = astro.load_site(_copy(sites / "simulated.yaml", tmp_path))
    with astro.Observatory.open(loaded, clock=astro.Clock.simulated(FAST, 60), state_folder=tmp_path / "state") as opened:
        yield opened


def _copy(file, folder):
    """The store's path counts from the site file's folder: this test's own."""
    target = folder / file.name
    target.write_text(file.read_text())
    return target


def test_a_site_is_read_and_its_problems_are_all_told(sites, tmp_path):
    loaded = astro.load_site(sites / "simulated.yaml")
    assert loaded.name == "Simulated dish" and loaded.location.latitude.degrees == pytest.approx(28.3009)
    assert "hydrogen" in [device.name for device in loaded.devices]
    text = (sites / "simulated.yaml").read_text()
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace("28.3009 deg", "91 deg").replace("gain: 40 dB", "gian: 40 dB"))
    with pytest.raises(astro.SiteError) as caught:
        astro.load_site(broken)
    assert caught.value.code == "invalid_site" and len(caught.value.problems) == 2
    assert "gain" in [problem.suggestion for problem in caught.value.problems]
    assert all(problem.line > 0 and str(broken) in problem.file for problem in caught.value.problems)


def test_journal_and_lock_lie_where_the_site_says_and_not_where_one_happens_to_be(sites, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    file = tmp_path / "simulated.yaml"
    text = (sites / "simulated.yaml").read_text()
    file.write_text(text.replace("site: {", f"site: {{state: {tmp_path / 'kept'}, ", 1))
    with astro.Observatory.open(file):
        pass
    assert list(here.iterdir()) == []
    assert any((tmp_path / "kept").iterdir())


def test_names_that_are_not_there_come_with_the_nearest(site):
    with pytest.raises(astro.Error, match="dish") as caught:
        site.mount("dihs")
    assert caught.value.code == "not_found"
    assert site.names("mount") == ["dish"]


def test_a_target_below_the_horizon_is_refused_before_anything_moves(site):
    dish = site.mount("dish")
    before = dish.status().commanded
    with pytest.raises(astro.Error) as caught:
        dish.track(astro.AltAz(degrees(180), degrees(-20)))
    assert caught.value.code in ("not_visible", "out_of_limits")
    assert dish.status().commanded == before


def test_the_notebook_cell_of_the_documentation(site):
    dish, spectrometer = site.mount("dish"), astro.Spectrometer(channels=1024)
    calibration = astro.calibrate(site, "hydrogen", spectrometer, 10.0)
    assert 20 < calibration.tsys_k < 500
    dish.track(astro.Galactic(l=degrees(120), b=degrees(0)))
    dish.wait_until_on_target(timeout_s=300)
    spectrum = calibration.apply(astro.integrate(site, "hydrogen", spectrometer, duration_s=10))
    assert spectrum.pointing.known
    assert astro.sky.galactic(spectrum.pointing.direction).l.degrees == pytest.approx(120, abs=0.5)
    peak = spectrum.peak()
    assert peak.peak_k > 10 * peak.sigma_k and abs(peak.peak_velocity_km_s) < 100
    assert spectrum.temperature_k.shape == (1024,)
    assert spectrum._repr_html_().startswith("<")


def test_an_observation_is_stored_and_found(site, sites):
    stages = []
    request = astro.load_request(sites / "galactic-plane.yaml", site.site)
    request.integration_time_s = 5
    request.calibration_time_s = 5
    result = astro.observe(site, request, progress=lambda p: stages.append((p.stage, p.fraction)))
    assert result.observation.state == "completed" and result.peak.peak_k > 5
    fractions = [fraction for _, fraction in stages]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0

    archive = site.store("archive")
    found = archive.find("integration", where={"observation_id": result.observation.id}, order_by="sequence")
    assert len(found) == archive.count(astro.Integration) >= 15
    assert {each.phase for each in found} == {"hot", "cold", "sky"}
    table = astro.as_array(found)
    assert table["power"].shape == (len(found), request.channels) and table["power"].dtype == np.float32
    later = archive.find(astro.Integration, where=[("sequence", "from", 3), ("sequence", "below", 5)])
    assert [each.sequence for each in later] == [3, 4]
    again = astro.reduce(archive, result.observation.id, site.location)
    assert again.peak.peak_k == pytest.approx(result.peak.peak_k)


def test_records_of_ones_own_are_stored(site):
    archive = site.store("archive")
    point = astro.Point(id="a.b", device="a", value=3.5, unit="K", time="2026-01-01", quality="doubtful")
    assert archive.insert([point]) == 1 and archive.insert(point) == 0
    assert archive.find("point", where={"device": "a"}) == [point]
    identity = archive.put_object(b"flat field")
    assert archive.get_object(identity) == b"flat field"


def test_a_function_that_raises_cancels_the_observation(site, sites):
    def progress(p):
        if p.stage == "hot load":
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        astro.observe(site, sites / "galactic-plane.yaml", progress=progress)
    (observation,) = site.store("archive").find("observation")
    assert observation.state in ("cancelled", "failed")


def test_ctrl_c_cancels_an_integration(sites, tmp_path, ctrl_c):
    loaded = astro.load_site(_copy(sites / "simulated.yaml", tmp_path))
    with astro.Observatory.open(loaded, state_folder=tmp_path / "state") as opened:  # in real time
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            astro.integrate(opened, "hydrogen", astro.Spectrometer(), duration_s=60)
        assert time.monotonic() - started < 5


def test_handles_outlive_their_observatory_but_do_nothing(sites, tmp_path):
    opened = astro.Observatory.open(astro.load_site(_copy(sites / "simulated.yaml", tmp_path)), state_folder=tmp_path / "state")
    dish = opened.mount("dish")
    opened.close()
    with pytest.raises(astro.Error) as caught:
        dish.slew_to("altaz 180 45")
    assert caught.value.code == "device_lost"


def test_closing_cuts_short_what_is_under_way(sites, tmp_path):
    """What was under way was interrupted, a motion as a stream; what begins afterwards finds no device."""
    opened = astro.Observatory.open(astro.load_site(_copy(sites / "simulated.yaml", tmp_path)), state_folder=tmp_path / "state")
    dish = opened.mount("dish")
    dish.slew_to("altaz 10 20")
    codes = []

    def wait():
        try:
            dish.wait_until_on_target(120)
        except astro.Error as error:
            codes.append(error.code)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    opened.close()
    waiting.join()
    assert codes == ["interrupted"]


def test_commands_from_outside_are_executed_once(site):
    command = astro.Command(id=astro.new_id(), device="dish", name="stop", issuer=astro.Issuer(name="test"))
    assert site.execute(command).wait(timeout_s=5).state == "completed"
    assert site.execute(command).wait(timeout_s=5).state == "completed"
    assert [a.command_id for a in site.recent_commands()].count(command.id) == 1
    assert site.find_command(command.id).state == "completed"


def test_what_is_merely_informative_is_not_written_unasked():
    program = 'import astro; astro.log("info", "dish", "parked"); astro.log("warning", "dish", "the wind rises")'
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "the wind rises" in said and "parked" not in said


def test_the_log_reaches_pythons_logging(caplog):
    with caplog.at_level(logging.INFO, logger="astro"):
        astro.log_to_python()
        astro.log("warning", "dish", "the wind rises")
        deadline = time.monotonic() + 5
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.01)
        astro.log_to_python(False)
    (record,) = [each for each in caplog.records if each.name == "astro.dish"]
    assert record.levelno == logging.WARNING and record.getMessage() == "the wind rises"
