# SPDX-License-Identifier: BSD-3-Clause
"""`astro check` on what only a room knows of its section of the site file."""

import os
import sys

import pytest

HOT = "hot: {temperature: 295 K, controller: frontend, command: select_load, parameters: {load: hot}}"
COLD = "cold: {temperature: 10 K, controller: frontend, command: select_load, parameters: {load: sky}, target: altaz 0 80}"

BROKEN = {
    "no hot load": (HOT, "", "hydrogen", "the hot load of 'hydrogen' needs a `temperature`, as in 295 K"),
    "no temperature": (HOT, "hot: {controller: frontend, command: select_load, parameters: {load: hot}}", "hot:", "needs a `temperature`"),
    "loads swapped": (HOT, HOT.replace("295 K", "9 K"), "temperature: 9", "must be warmer"),
    "a command that is not there": (HOT, HOT.replace("select_load", "select_lod"), "command", "did you mean select_load"),
    "a parameter out of its choices": (HOT, HOT.replace("load: hot", "load: hat"), "parameters", "did you mean hot?"),
    "a parameter that is not there": (HOT, HOT.replace("load: hot", "lead: hot"), "parameters", '"lead" is not known here'),
    "a command without a device": (HOT, HOT.replace("controller: frontend, ", ""), "command", "without a `controller`"),
    "a device without a command": (HOT, HOT.replace("command: select_load, ", ""), "controller", "without a `command`"),
    "a place that the dish cannot reach": (COLD, COLD.replace("altaz 0 80", "altaz 0 5"), "target", "altitude 5 deg is outside the limits of mount 'dish', 10 to 88 deg"),
    "a mount that is not there": ("    mount: dish\n", "    mount: dich\n", "dich", "did you mean dish"),
    "a place but no mount": ("    mount: dish\n", "", "target", "has no `mount`"),
}


@pytest.mark.parametrize("old, new, at, message", BROKEN.values(), ids=BROKEN.keys())
def test_a_calibration_that_could_not_be_carried_out_is_told_where_it_stands(astro, root, tmp_path, old, new, at, message):
    text = (root / "examples/sites/simulated.yaml").read_text()
    assert old in text
    broken = text.replace(old, new)
    (tmp_path / "site.yaml").write_text(broken)
    problems = astro.json("check", "site.yaml", expect=2)["problems"]
    assert len(problems) == 1, problems
    told = problems[0]
    assert message in told["message"] + ("; did you mean " + told["suggestion"] if told["suggestion"] else "")
    line = broken.splitlines()[told["line"] - 1]
    assert line[told["column"] - 1 :].startswith(at)


def test_what_stands_under_simulate_is_checked_too(astro, tmp_path):
    (tmp_path / "site.yaml").write_text(
        "site: {name: Hill, latitude: 28 deg, longitude: -16 deg}\n"
        "mounts:\n"
        '  dish: {driver: rotctl, simulate: {max_sped: 3 deg}}\n'
    )
    [told] = astro.json("check", "site.yaml", expect=2)["problems"]
    assert (told["line"], told["suggestion"]) == (3, "max_speed")


def test_a_folder_is_no_site_file(astro, tmp_path):
    assert "it is a folder; expected a file" in astro.run("check", tmp_path, expect=2).stderr


def test_it_says_where_each_driver_runs(astro, tmp_path):
    (tmp_path / "site.yaml").write_text(
        "site: {name: Hill, latitude: 28 deg, longitude: -16 deg}\n"
        "transports: {bus: {driver: local}}\n"
        "mounts:\n"
        "  dish: {driver: simulator, runs: {node: movement}}\n"
        "  horn: {driver: simulator, runs: apart}\n"
    )
    devices = astro.json("check", "site.yaml")["devices"]
    assert {each["name"]: each["runs"] for each in devices} == {"bus": "here", "dish": "node movement", "horn": "apart"}


def test_it_says_that_a_driver_in_python_runs_apart(astro, tmp_path):
    (tmp_path / "my_lamp.py").write_text(
        "import astro\n\n\nclass Lamp(astro.Controller):\n"
        "    def open(self, host): pass\n    def close(self): pass\n    def stop(self): pass\n\n\n"
        'astro.register("lamp", Lamp)\n'
    )
    (tmp_path / "site.yaml").write_text(
        "site: {name: Hill, latitude: 28 deg, longitude: -16 deg}\ncontrollers: {lamp: {driver: python, module: my_lamp}}\n"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    astro.environment.update(ASTRO_PYTHON=sys.executable, PYTHONPATH=path)
    assert [each["runs"] for each in astro.json("check", "site.yaml")["devices"]] == ["apart"]


UNREAD = {
    "a driver that is not there": ("dish: {driver: simulator,", "dish: {driver: simulater,", "simulater", "simulator"),
    "a driver of the loads that is not there": ("driver: simulator.frontend", "driver: simulator.frontent", "simulator.frontent", "simulator.frontend"),
    "no driver": ("dish: {driver: simulator, ", "dish: {", "dish: {", ""),
    "a place that is not there": ("dish: {driver: simulator,", "dish: {driver: simulator, runs: aprt,", "aprt", "apart"),
}


@pytest.mark.parametrize("old, new, at, suggestion", UNREAD.values(), ids=UNREAD.keys())
def test_a_device_that_cannot_be_read_hides_no_other_problem(astro, root, tmp_path, old, new, at, suggestion):
    """Sections look at the drivers of devices: of one that is not known they say nothing, and the others are told."""
    text = (root / "examples/sites/simulated.yaml").read_text()
    safety = "safety: {dish: {conditions: [{point: weather.rain, above: 1, action: stop}, {point: frontend.load, equals: hot, action: stop}]}}\n"
    telemetry = "telemetry: {store: archive, points: {temperature: {dead_band: 1 hPa}}}\n"
    assert old in text
    broken = text.replace(old, new) + safety + telemetry
    (tmp_path / "site.yaml").write_text(broken)
    problems = astro.json("check", "site.yaml", expect=2)["problems"]
    lines = broken.splitlines()
    told = {lines[each["line"] - 1][each["column"] - 1 :]: each["suggestion"] for each in problems}
    assert [said for place, said in told.items() if place.startswith(at)] == [suggestion], problems
    assert any(place.startswith("conditions") for place in told), problems
    assert any(place.startswith("dead_band") for place in told), problems
    assert len(problems) == 3, problems
