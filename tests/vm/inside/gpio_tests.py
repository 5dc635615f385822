# SPDX-License-Identifier: BSD-3-Clause
"""The driver `gpio` on lines of the kernel, in the virtual machine."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from lines import Chip, Record, eventually

import astro

SITE = """
site: {name: Panel, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
controllers:
  panel:
    driver: gpio
    frequency: 50 Hz
    outputs:
      - {name: lamp, line: LAMP}
      - {name: heater, line: "panel:1", safe: true}
      - {name: relay, line: "panel:2", active_low: true, longest: 1 s}
      - {name: diode, line: DIODE}
    buttons:
      - {name: door, line: "panel:4", bias: up, active_low: true, debounce: 50 ms}
      - {name: switch, line: "panel:5", debounce: 0 s}
"""
LAMP, HEATER, RELAY, DIODE, DOOR, SWITCH = range(6)


@pytest.fixture(scope="module")
def chip():
    return Chip("panel", 8, names=["LAMP", "", "", "DIODE"])


@contextlib.contextmanager
def opened(tmp_path, chip, site=SITE):
    chip.pull(DOOR, True)
    chip.pull(SWITCH, False)
    file = tmp_path / "site.yaml"
    file.write_text(site)
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as observatory:
        yield observatory.controller("panel"), observatory


def ask(panel, command, **parameters):
    panel.perform(command, **parameters).wait_completed(60)


def test_outputs_are_on_and_off_as_they_are_told(tmp_path, chip):
    with opened(tmp_path, chip) as (panel, _):
        assert [chip.value(line) for line in (LAMP, HEATER, RELAY)] == [0, 1, 1]  # the relay's low is on
        ask(panel, "set", output="lamp", on=True)
        ask(panel, "set", output="relay", on=True)
        ask(panel, "set", output="heater", on=False)
        assert [chip.value(line) for line in (LAMP, HEATER, RELAY)] == [1, 0, 0]
        assert eventually(lambda: panel.point("lamp").value is True)
        ask(panel, "set", output="lamp", on=False)
        assert chip.value(LAMP) == 0


def test_stop_and_close_make_all_outputs_safe(tmp_path, chip):
    with opened(tmp_path, chip) as (panel, _):
        for again in range(2):
            ask(panel, "set", output="heater", on=False)
            ask(panel, "set", output="diode", on=True)
            ask(panel, "dim", output="lamp", level=0.5)
            if not again:
                panel.stop()
                assert [chip.value(line) for line in (LAMP, HEATER, RELAY, DIODE)] == [0, 1, 1, 0]
                time.sleep(0.1)
                assert chip.value(LAMP) == 0
        record = Record(chip)
    last = {change.line: change.value for change in record.changes()}
    assert (last[HEATER], last[DIODE], last.get(LAMP, 0)) == (1, 0, 0)


def test_blinking_and_dimming_keep_their_times(tmp_path, chip):
    with opened(tmp_path, chip) as (panel, _):
        record = Record(chip)
        ask(panel, "blink", output="lamp", period=0.2, part=0.25)
        assert eventually(lambda: len(record.changes(LAMP)) > 20)
        ask(panel, "set", output="lamp", on=False)
        changes = record.changes(LAMP)
        assert [change.value for change in changes] == [1 - i % 2 for i in range(len(changes))]
        rises = [change.time for change in changes if change.value]
        assert (rises[-1] - rises[0]) / (len(rises) - 1) == pytest.approx(0.2, rel=0.1)

        record.clear()
        ask(panel, "dim", output="lamp", level=0.2)
        assert eventually(lambda: len(record.changes(LAMP)) > 100)
        ask(panel, "set", output="lamp", on=False)
        changes = record.changes(LAMP)
        whole = changes[-1].time - changes[0].time
        on_for = sum(b.time - a.time for a, b in zip(changes, changes[1:], strict=False) if a.value)
        assert on_for / whole == pytest.approx(0.2, abs=0.1)
        assert len(changes) / 2 <= 50 * whole + 2  # a busy machine may skip some, and makes none too many
        assert eventually(lambda: panel.point("lamp_level").value == 0)


def test_a_pulse_ends_by_itself_and_so_does_what_is_on_for_too_long(tmp_path, chip):
    with opened(tmp_path, chip) as (panel, _):
        record = Record(chip)
        pulse = panel.perform("pulse", output="diode", duration=0.3)
        assert eventually(lambda: chip.value(DIODE) == 1)
        assert str(pulse.wait(60).state).endswith("completed")
        first, last = record.changes(DIODE)
        assert 0.3 <= last.time - first.time < 1.0
        ask(panel, "set", output="relay", on=True)
        assert eventually(lambda: chip.value(RELAY) == 1)
        on, off = record.changes(RELAY)
        assert 1.0 <= off.time - on.time < 3.0

        record.clear()
        with pytest.raises(astro.Error, match=r"made safe after 1\.0+ s") as refused:  # of which one would be cut short
            ask(panel, "pulse", output="relay", duration=1.5)
        assert refused.value.code == "out_of_limits"
        assert record.changes(RELAY) == []
        ask(panel, "pulse", output="relay", duration=0.2)

        pulse = panel.perform("pulse", output="diode", duration=60)
        ask(panel, "set", output="diode", on=False)
        assert pulse.wait(60).error_code == "interrupted"


def test_a_line_that_fails_keeps_no_other_from_being_safe(tmp_path, chip):
    far = Chip("far", 1)
    site = SITE.replace("outputs:\n", 'outputs:\n      - {name: far, line: "far:0", longest: 1 s}\n')
    with opened(tmp_path, chip, site) as (panel, _):
        ask(panel, "set", output="lamp", on=True)
        ask(panel, "set", output="heater", on=False)
        ask(panel, "set", output="far", on=True)
        far.remove()
        assert eventually(lambda: chip.value(LAMP) == 0 and chip.value(HEATER) == 1)
        with pytest.raises(astro.Error, match="far:0"):
            ask(panel, "set", output="far", on=True)


def test_buttons_are_heard_once_a_press_however_they_bounce(tmp_path, chip):
    with opened(tmp_path, chip) as (panel, site):
        points = []
        with site.subscribe(points=lambda batch, _: points.extend(batch)):
            for _ in range(5):
                for up in (False, True, False, True):
                    chip.pull(DOOR, up)
                pressed = time.monotonic()
                chip.pull(DOOR, False)
                assert eventually(lambda: panel.point("door").value is True)
                assert time.monotonic() - pressed > 0.05
                for up in (True, False, True):
                    chip.pull(DOOR, up)
                assert eventually(lambda: panel.point("door").value is False)
            assert panel.point("door_count").value == 5
            chip.pull(SWITCH, True)
            assert eventually(lambda: panel.point("switch").value is True)
        door = [point.value for point in points if point.id == "panel.door"]
        assert sum(1 for before, now in zip([False, *door], door, strict=False) if now and not before) == 5


def test_the_noise_diode_of_a_receiver_is_an_output(tmp_path, chip):
    site = SITE + """
receivers:
  hydrogen: {driver: simulator, mount: dish}
mounts:
  dish: {driver: simulator, max_speed: 100 deg, acceleration: 100 deg}
stores:
  archive: {driver: sqlite, path: ":memory:"}
calibration:
  hydrogen:
    sky: {controller: panel, command: set, parameters: {output: diode, on: false}}
    noise_diode: {temperature: 100 K, controller: panel, command: set, parameters: {output: diode, on: true}}
"""
    with opened(tmp_path, chip, site) as (_, observatory):
        record = Record(chip)
        request = {"target": "altaz 180 60", "integration_time_s": 0.2, "calibration_time_s": 0.2, "channels": 64}
        with contextlib.suppress(astro.Error):  # no scale by chance alone: the simulated sky does not see this diode
            astro.observe(observatory, request | {"calibration": "noise_diode"})
        values = [change.value for change in record.changes(DIODE)]
        assert values[0] == 1 and values[-1] == 0


def test_a_line_that_is_not_there_or_taken_is_told_with_what_there_is(tmp_path, chip):
    with pytest.raises(astro.Error, match=r"BELL: no line has this name; this machine has /dev/gpiochip\d+ \(panel\)"):
        with opened(tmp_path, chip, SITE.replace("LAMP", "BELL")):
            pass
    with pytest.raises(astro.Error, match="the lines 0 to 7"):
        with opened(tmp_path, chip, SITE.replace("panel:1", "panel:9")):
            pass
    with pytest.raises(astro.Error, match="used twice"):
        with opened(tmp_path, chip, SITE.replace("name: heater", "name: lamp")):
            pass

    def is_used():
        told = subprocess.run(["gpioinfo", chip.lines.name], capture_output=True, check=True).stdout
        return re.search(rb"\bused\b", told) is not None

    assert not is_used(), "whoever was refused has given all back"
    with subprocess.Popen(["gpioset", "--mode=signal", chip.lines.name, "0=0"]) as other:
        try:
            assert eventually(is_used) and other.poll() is None
            with pytest.raises(astro.Error, match="LAMP: Device or resource busy; `gpioinfo` tells who has it"):
                with opened(tmp_path, chip):
                    pass
        finally:
            other.terminate()
    with opened(tmp_path, chip):  # and nothing is held from the attempts
        pass


PROCESS = """
import astro, sys, time
site = astro.Observatory.open(sys.argv[1], state_folder=sys.argv[2])
site.controller("panel").perform("set", output="lamp", on=True).wait_completed(60)
print("on", flush=True)
time.sleep(600)
"""


def test_a_process_that_is_asked_to_end_leaves_outputs_safe(tmp_path, chip):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.replace("driver: gpio", "driver: gpio\n    runs: apart"))
    record = Record(chip)
    with subprocess.Popen([sys.executable, "-c", PROCESS, file, tmp_path / "state"], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"on\n"
        assert record.changes(LAMP)[-1].value == 1
        os.kill(process.pid, signal.SIGKILL)  # its host; the driver runs apart, and sees it go
    assert eventually(lambda: record.changes(LAMP)[-1].value == 0)
