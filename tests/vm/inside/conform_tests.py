# SPDX-License-Identifier: BSD-3-Clause
"""`astro conform` on the drivers of what only a kernel simulates, in the virtual machine: all of them at once, since they
mostly wait."""

import concurrent.futures
import glob
import json
import os
import pathlib
import subprocess

import pytest
from bno055_tests import made_bus, made_chip
from lines import Chip
from uinput import Gamepad

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "build/release/bin/astro"
SITE = "site: {name: Kernel, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}\n"
AXIS = "microsteps: 1, gear: 36, speed: 50 deg, acceleration: 400 deg"
MOTORS = f"""
mounts:
  MOUNT:
    driver: stepper
    start: {{first: 100 deg, second: 45 deg}}
    park: {{first: 100 deg, second: 45 deg}}
    first: {{step: "CHIP:0", direction: "CHIP:1", from: 0 deg, to: 450 deg, {AXIS}}}
    second: {{step: "CHIP:2", direction: "CHIP:3", from: 0 deg, to: 90 deg, {AXIS}}}
"""
WATCHED = """
controllers:
  device: {driver: stepper.watch, of: dish}
"""
LINES = """
controllers:
  device:
    driver: gpio
    frequency: 50 Hz
    outputs: [{name: lamp, line: "board:0"}, {name: relay, line: "board:1", longest: 1 s}]
    buttons: [{name: door, line: "board:2", bias: up, active_low: true}]
"""
PEDESTAL = """
mounts:
  dish: {driver: simulator}
controllers:
  device: {driver: handset, steers: dish, gamepad: Test Pad}
"""
CAMERA = """
receivers:
  device: {driver: camera, device: DEVICE, columns: 320, rows: 180}
"""
CHIP = """
controllers:
  device: {driver: sensors.bno055, bus: DEVICE, every: 50 ms}
"""
SITES = {
    "stepper": MOTORS.replace("MOUNT", "device").replace("CHIP", "turns"),
    "stepper.watch": MOTORS.replace("MOUNT", "dish").replace("CHIP", "watched") + WATCHED,
    "gpio": LINES,
    "handset": PEDESTAL,
    "camera": CAMERA,
    "sensors.bno055": CHIP,
}


def camera():
    for name in sorted(glob.glob("/sys/class/video4linux/video*/name")):
        if "vid-cap" in pathlib.Path(name).read_text():
            return "/dev/" + pathlib.Path(name).parent.name
    raise AssertionError("vivid made no camera")


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    chips = [Chip("turns", 4), Chip("watched", 4), Chip("board", 4)]
    pad = Gamepad()
    devices = {"camera": camera(), "sensors.bno055": str(made_bus())}
    chip = made_chip(devices["sensors.bno055"])
    before = dict(os.environ)  # pytest changes it between tests, while the threads below would copy it

    def report(driver, folder):
        (folder / "site.yaml").write_text(SITE + SITES[driver].replace("DEVICE", devices.get(driver, "")))
        asked = [PROGRAM, "conform", "--site", "site.yaml", "--device", "device", "--json"]
        environment = before | {"XDG_STATE_HOME": str(folder)}
        ran = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False)
        assert ran.returncode in (0, 1), ran.stdout + ran.stderr
        return json.loads(ran.stdout)["reports"][0]["results"]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        reports = {driver: pool.submit(report, driver, tmp_path_factory.mktemp(driver)) for driver in SITES}
        yield reports
    pad.vanish()
    os.close(chip.file)
    for lines in chips:
        lines.remove()


@pytest.mark.parametrize("driver", SITES)
def test_ours_keep_all_promises(tried, driver):
    results = tried[driver].result()
    assert {each["id"]: each["message"] for each in results if each["verdict"] in ("failed", "blocked")} == {}
    assert sum(each["verdict"] == "passed" for each in results) >= 10, "hardly anything was tried"
