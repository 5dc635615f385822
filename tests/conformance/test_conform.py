# SPDX-License-Identifier: BSD-3-Clause
"""`astro conform`: of each driver that breaks one promise only the check that is meant for it fails, and none of ours fails
any; here, apart, on a node, and in Python."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ASTRO_BUILD", ROOT / "build/release"))
PROGRAM = BUILD / "bin/astro"
KINDS = ["mount", "receiver", "controller", "transport", "store"]

# What the drivers of tests/conformance/wrong break, and the check that is meant for it.
OF_EACH_KIND = {
    "constructor starts a thread": "D-01",
    "constructor opens a file": "D-01",
    "open throws": "D-02",
    "thread outlives close": "D-04",
    "opens only once": "D-05",
    "leaks memory": "D-06",
    "leaks files": "D-06",
    "throws from its thread": "D-08",
    "crashes in its thread": "D-08",
}
OF_KIND = {
    "mount": {
        "open takes too long": "D-03",
        "throws an int": "D-07",
        "status takes too long": "D-21",
        "stop waits": "D-23",
        "stop does not bear open": "D-24",
        "opens moving": "M-01",
        "ignores a new target": "M-03",
        "does not say that it moves": "M-04",
        "lives in another time zone": "M-05",
        "stop does nothing": "M-06",
        "close goes on": "M-07",
        "passes its reach": "M-08",
        "turns the wrong way": "M-11",
        "a rate does not die": "M-12",
        "a rate is not kept alive": "M-13",
        "parks elsewhere": "M-21",
        "is silent about what it cannot do": "M-33",
    },
    "receiver": {
        "stop waits": "D-23",
        "takes any gain": "R-01",
        "has another rate than it says": "R-02",
        "takes any frequency": "R-03",
        "tuning ends the stream": "R-04",
        "writes behind its buffer": "R-05",
        "fills for too long": "R-06",
        "fills on after a stop": "R-07",
        "does not count what it loses": "R-08",
        "starts only once": "R-09",
        "streams after a stop": "R-10",
        "lives in another time zone": "R-11",
        "ends what does not end": "R-12",
    },
    "controller": {
        "stop waits": "D-23",
        "emits nothing": "C-01",
        "emits what it has not described": "C-02",
        "emits another type than it described": "C-02",
        "does not know its command": "C-03",
        "does not tell the end": "C-04",
        "tells the end twice": "C-04",
        "progress beyond the end": "C-05",
        "does not bear what it hears": "C-07",
    },
    "transport": {
        "takes any topic": "T-02",
        "forgets the headers": "T-04",
        "confirms what it never had": "T-09",
        "confirms what it lost": "T-10",
        "delivers what is too old": "T-12",
        "knows no groups": "T-18",
        "reorders by key": "T-20",
    },
    "store": {
        "inserts what is there": "S-11",
        "replaces any revision": "S-13",
        "erases beyond its limit": "S-14",
        "bears a changed type": "S-32",
        "commits what it was to roll back": "S-41",
        "changes what it keeps": "S-51",
    },
}
# What holds for any kind is shown with one, and the rest of that kind's checks are all run.
WRONG = [("mount", fault, check) for fault, check in OF_EACH_KIND.items()]
WRONG += [(kind, fault, check) for kind in KINDS for fault, check in OF_KIND[kind].items()]


def conform(*arguments, folder, **more):
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(BUILD / "wrong"), XDG_STATE_HOME=str(folder), **more)
    ran = subprocess.run(
        [PROGRAM, "conform", *map(str, arguments), "--json"], cwd=folder, env=environment, capture_output=True, text=True, timeout=500
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["kept"] == (ran.returncode == 0)
    return told["reports"]


def only(reports):
    assert len(reports) == 1
    return reports[0]


def with_verdict(report, *verdicts):
    return {result["id"]: result["message"] for result in report["results"] if result["verdict"] in verdicts}


def assert_kept(report):
    assert with_verdict(report, "failed", "blocked") == {}
    assert len(with_verdict(report, "passed")) >= 10, "hardly anything was tried"


@pytest.fixture(scope="module")
def wrong(request, tmp_path_factory):
    """The report on a wrong driver; all that this run asks for are tried several at a time, since they mostly wait."""
    assert (BUILD / "wrong/astro_wrong.so").is_file(), "build the target astro_plugin_wrong"

    def report(kind, fault):
        folder = tmp_path_factory.mktemp("wrong")
        settings = [f"fault={fault}"] if fault else []
        settings += ["path=wrong.db"] if kind == "store" else []
        return only(conform("wrong", "--kind", kind, *(["--settings", *settings] if settings else []), folder=folder))

    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        parameters = (item.callspec.params for item in request.session.items if "wrong" in getattr(item, "fixturenames", ()))
        asked = [(each["kind"], each.get("fault", "")) for each in parameters]
        tried = {each: pool.submit(report, *each) for each in asked}
        yield lambda kind, fault: tried[kind, fault].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_driver_without_a_fault_keeps_all(wrong, kind):
    assert_kept(wrong(kind, ""))


@pytest.mark.parametrize(("kind", "fault", "check"), WRONG, ids=lambda value: value.replace(" ", "_"))
def test_only_the_check_that_is_meant_for_a_fault_fails(wrong, kind, fault, check):
    report = wrong(kind, fault)
    assert list(with_verdict(report, "failed")) == [check], with_verdict(report, "failed")
    blocked = with_verdict(report, "blocked")
    assert all(message.startswith(f"see {check}: ") for message in blocked.values()), blocked


def test_each_fault_has_a_line_in_the_wrong_drivers():
    sources = "".join(file.read_text() for file in (ROOT / "tests/conformance/wrong").glob("*.cpp"))
    assert set(re.findall(r'is\("([^"]+)"\)', sources)) == {fault for _, fault, _ in WRONG} | {"hangs"}


def test_a_hook_that_hangs_is_reported(tmp_path):
    asked = ["wrong", "--kind", "mount", "--settings", "fault=hangs", "--only", "D-21,M-02"]
    report = only(conform(*asked, folder=tmp_path))
    assert with_verdict(report, "failed") == {"D-21": "status does not return"}
    assert list(with_verdict(report, "blocked")) == ["M-02"]


# The checks themselves.


def checks():
    return json.loads(subprocess.run([PROGRAM, "conform", "--list", "--json"], capture_output=True, text=True, check=True).stdout)


def words(text):
    return " ".join(text.split())


def test_each_promise_is_a_sentence_of_its_header():
    headers = {}
    for each in (check for kind in checks().values() for check in kind):
        if each["header"] not in headers:
            lines = (ROOT / "include" / each["header"]).read_text().splitlines()
            headers[each["header"]] = words(" ".join(line.partition("///")[2].removeprefix("<") for line in lines if "///" in line))
        assert words(each["promise"]) in headers[each["header"]], f"{each['id']}: {each['header']} does not say this"


def test_each_check_has_an_id_of_its_own_and_says_what_it_does():
    for kind in checks().values():
        ids = [check["id"] for check in kind]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch("[DMRCTS]-[0-9]{2}", check["id"]) and check["tries"] for check in kind)


def test_wrong_use_is_told(tmp_path):
    def said(*arguments):
        ran = subprocess.run([PROGRAM, "conform", *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 2, ran.stdout + ran.stderr
        return ran.stderr

    assert "no driver" in said("simulatr")
    assert "several drivers" in said("simulator", "--settings", "max_speed=3 deg")
    assert "no check" in said("local", "--only", "T-99")
    assert "NAME=VALUE" in said("local", "--settings", "queue")
    assert "expected mount" in said("simulator", "--kind", "telescope")
    assert "max_sped" in said("simulator", "--kind", "mount", "--settings", "max_sped=3 deg")


def test_people_are_told_what_failed_and_why(tmp_path):
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(BUILD / "wrong"))
    asked = [PROGRAM, "conform", "wrong", "--kind", "controller", "--settings", "fault=emits nothing", "--only", "C-01,C-03", "--except", "C-03"]
    ran = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    assert re.search(r"C-01  FAILED +Reads the hardware and emits its points\.\n +-> its description has points", ran.stdout)
    assert re.search(r"C-03  left out", ran.stdout)
    assert "0 passed, 1 failed, 1 left out" in ran.stdout


# Ours.

FAST_MOUNT = ["max_speed=40 deg", "acceleration=160 deg"]


@pytest.mark.parametrize("runs", ["here", "apart"])
def test_the_simulated_mount_conforms(tmp_path, runs):
    report = only(conform("simulator", "--kind", "mount", "--runs", runs, "--settings", *FAST_MOUNT, folder=tmp_path))
    assert report["runs"] == runs
    assert_kept(report)


@pytest.mark.parametrize("geometry", ["hour_angle_dec", "ra_dec"])
def test_an_equatorial_mount_conforms(tmp_path, geometry):
    assert_kept(only(conform("simulator", "--kind", "mount", "--settings", f"geometry={geometry}", *FAST_MOUNT, folder=tmp_path)))


@pytest.mark.parametrize("runs", ["here", "apart"])
def test_the_simulated_receiver_conforms(tmp_path, runs):
    settings = ["sample_rate=250 kHz"]
    assert_kept(only(conform("simulator", "--kind", "receiver", "--runs", runs, "--settings", *settings, folder=tmp_path)))


@pytest.mark.parametrize("runs", ["here", "apart"])
@pytest.mark.parametrize("driver", ["simulator.environment", "simulator.frontend"])
def test_simulated_controllers_conform(tmp_path, driver, runs):
    site = f"""
site: {{name: Fast, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
clock: {{start: 2026-01-01T00:00:00Z, speed: 10}}
controllers:
  device: {{driver: {driver}, runs: {runs}}}
"""
    (tmp_path / "site.yaml").write_text(site)
    report = only(conform("--site", "site.yaml", "--device", "device", folder=tmp_path))
    assert report["runs"] == runs
    assert_kept(report)


def test_a_recording_conforms(tmp_path):
    np.full(2 * 2_000_000, 128, np.uint8).tofile(tmp_path / "night.cu8")
    settings = [f"files=[{tmp_path}/night.cu8]", "sample_rate=1 MHz", "frequency=1420 MHz"]
    assert_kept(only(conform("replay", "--kind", "receiver", "--settings", *settings, folder=tmp_path)))


def test_the_rotator_conforms(tmp_path, start_server):
    server = start_server("rotctld")
    site = f"""
site: {{name: Rotator, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
mounts:
  dish: {{driver: rotctl, port: {server.port}, limits: {{azimuth: [-3 deg, 450 deg], altitude: [0 deg, 88 deg]}}}}
"""
    (tmp_path / "site.yaml").write_text(site)
    assert_kept(only(conform("--site", "site.yaml", "--device", "dish", folder=tmp_path)))


def test_the_radio_conforms(tmp_path):
    (tmp_path / "radio").mkdir()
    settings = [f'device="driver=astrotest,folder={tmp_path}/radio"', "sample_rate=1 MHz"]
    more = {"SOAPY_SDR_PLUGIN_PATH": str(BUILD / "soapy")}
    assert_kept(only(conform("soapy", "--settings", *settings, folder=tmp_path, **more)))


def test_the_local_transport_conforms(tmp_path):
    assert_kept(only(conform("local", folder=tmp_path)))


def test_the_store_conforms(tmp_path):
    assert_kept(only(conform("sqlite", "--settings", "path=a.db", folder=tmp_path)))


PYTHON_DRIVER = '''
import dataclasses

import astro


@dataclasses.dataclass
class Settings:
    step: float = astro.field(1.0, says="how much it counts up")


@dataclasses.dataclass
class Set:
    to: float = astro.field(0.0, min=0, max=100, says="where to go on from")


class Counter(astro.Controller):
    Settings = Settings
    points = [astro.point("count", says="how often it was asked")]
    commands = [astro.command("set", Set, says="counts on from there")]

    def open(self, host):
        self.host, self.count = host, 0.0

    def poll(self):
        self.count += self.settings.step
        self.host.point("count", self.count)

    def perform(self, call):
        self.count = call.parameters["to"]


astro.register("counter", Counter, says="counts")
'''


def test_a_driver_in_python_conforms(tmp_path):
    (tmp_path / "counting.py").write_text(PYTHON_DRIVER)
    path = os.pathsep.join([str(tmp_path), str(BUILD / "python")])
    asked = ["python", "--kind", "controller", "--settings", "module=counting", "step=2"]
    report = only(conform(*asked, folder=tmp_path, PYTHONPATH=path, ASTRO_PYTHON=str(ROOT / "build/venv/bin/python")))
    assert report["runs"] == "apart"
    assert_kept(report)


@contextlib.contextmanager
def node(folder, file, name):
    program = [PROGRAM, "node", file, "--name", name]
    serving = subprocess.Popen(program, cwd=folder, text=True, stdout=subprocess.PIPE)
    try:
        assert "serves" in serving.stdout.readline()
        yield
    finally:
        serving.terminate()
        serving.wait(30)


def test_a_device_on_a_node_conforms(tmp_path, start_server):
    broker = start_server("mosquitto")
    site = f"""
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{broker.port}"}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: shed}}}}
nodes: {{unsynchronised_clock: true}}
"""
    (tmp_path / "hill.yaml").write_text(site)
    with node(tmp_path, "hill.yaml", "shed"):
        report = only(conform("--site", "hill.yaml", "--device", "weather", folder=tmp_path))
    assert report["runs"] == "node shed"
    assert_kept(report)
