# SPDX-License-Identifier: BSD-3-Clause
"""`astro conform`: of each driver that breaks one promise only the check that is meant for it fails, and none of ours fails
any; here, apart, on a node, and in Python."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import re
import string
import subprocess
import threading

import numpy as np
import pytest
from astropy.io import fits
from gps_receiver import Receiver
from local_server import Server, free_port

import astro

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ASTRO_BUILD", ROOT / "build/release"))
# As it was in the beginning: pytest changes it between tests, while the threads below copy it.
ENVIRONMENT = dict(os.environ, ASTRO_PLUGIN_PATH=str(BUILD / "wrong"))
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
    environment = ENVIRONMENT | {"XDG_STATE_HOME": str(folder)} | more
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


def report_of_wrong(folder, kind, fault):
    settings = [f"fault={fault}"] if fault else []
    settings += ["path=wrong.db"] if kind == "store" else []
    return only(conform("wrong", "--kind", kind, *(["--settings", *settings] if settings else []), folder=folder))


@pytest.fixture(scope="module")
def tried(request, root, tmp_path_factory):
    """The report on a driver; all that this run asks for are tried several at a time, since they mostly wait."""
    assert (BUILD / "wrong/astro_wrong.so").is_file(), "build the target astro_plugin_wrong"
    asked = []
    for item in request.session.items:
        values = item.callspec.params if "tried" in getattr(item, "fixturenames", ()) else {}
        if "kind" in values:
            asked.append(("wrong", values["kind"], values.get("fault", "")))
        if "what" in values:
            asked.insert(0, ("ours", values["what"], values["place"]))  # they take longest
    with contextlib.ExitStack() as ends, concurrent.futures.ThreadPoolExecutor(max_workers=20) as pool:
        peers = {place: Peers(root, tmp_path_factory.mktemp("peers"), ends) for place in PLACES}  # no two at the same device

        def report(of, *which):
            folder = tmp_path_factory.mktemp(of)
            return report_of_wrong(folder, *which) if of == "wrong" else report_of_ours(peers[which[1]], folder, *which)

        reports = {each: pool.submit(report, *each) for each in asked}
        yield lambda *each: reports[each].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_driver_without_a_fault_keeps_all(tried, kind):
    assert_kept(tried("wrong", kind, ""))


@pytest.mark.parametrize(("kind", "fault", "check"), WRONG, ids=lambda value: value.replace(" ", "_"))
def test_only_the_check_that_is_meant_for_a_fault_fails(tried, kind, fault, check):
    report = tried("wrong", kind, fault)
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
    mount = ("simulator", "--kind", "mount", "--settings")
    assert said(*mount, "max_sped=3 deg").startswith('astro: --settings max_sped=3 deg: "max_sped" is not known here')
    two = said(*mount, "max_speed=banana", "seed=1", "acceleration=often").splitlines()
    assert [line.removeprefix("astro: ").partition(": ")[0] for line in two] == ["--settings max_speed=banana", "--settings acceleration=often"]
    assert said(*mount, "seed=1", "--runs", "somewhere").startswith("astro: --runs somewhere: ")


def test_people_are_told_what_failed_and_why(tmp_path):
    asked = [PROGRAM, "conform", "wrong", "--kind", "controller", "--settings", "fault=emits nothing", "--only", "C-01,C-03", "--except", "C-03"]
    ran = subprocess.run(asked, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert ran.returncode == 1
    assert re.search(r"C-01  FAILED +Reads the hardware and emits its points\.\n +-> its description has points", ran.stdout)
    assert re.search(r"C-03  left out", ran.stdout)
    assert "0 passed, 1 failed, 1 left out" in ran.stdout


# Ours, with what they drive. The transports and stores that need brokers and databases are tried by the same checks in
# tests/conformance/transports and stores; what only a kernel simulates in tests/vm/inside/conform_tests.py.

RADIO = "sample_rate: 1 MHz"
FAST_MOUNT = "driver: simulator, max_speed: 40 deg, acceleration: 160 deg"
INDI = "driver: indi, host: 127.0.0.1, port: $indi, poll_every: 100 ms"
ALPACA = "driver: alpaca, address: 127.0.0.1, port: $alpaca, timeout: 10 s"
FAST_CLOCK = "clock: {start: 2026-01-01T00:00:00Z, speed: 10}"
PLACES = ("here", "apart", "node")

# Of each: its kind, its line in a site, other lines of the site, and the places where it is tried.
OURS = {
    "simulator": ("mount", FAST_MOUNT, "", PLACES),
    "simulator hour_angle_dec": ("mount", FAST_MOUNT + ", geometry: hour_angle_dec", "", ("here",)),
    "simulator ra_dec": ("mount", FAST_MOUNT + ", geometry: ra_dec", "", ("here",)),
    "rotctl": ("mount", "driver: rotctl, port: $rotctld", "", ("here", "apart")),
    "indi telescope": ("mount", INDI + ", device: Telescope Simulator, limits: {hour_angle: [-90 deg, 90 deg], declination: [-30 deg, 80 deg]}", "", ("here",)),
    "alpaca telescope": ("mount", ALPACA + ", accuracy: 0.2 deg, limits: {hour_angle: [-90 deg, 90 deg], declination: [-30 deg, 80 deg]}", "", ("here",)),
    "alpaca.altaz": (
        "mount",
        "driver: alpaca.altaz, address: 127.0.0.1, port: $alpaca_altaz, timeout: 10 s, accuracy: 0.2 deg, limits: {azimuth: [20 deg, 340 deg], altitude: [10 deg, 80 deg]}",
        "",
        ("here",),
    ),
    "replay of a mount": ("mount", "driver: replay, files: [$night]", "", ("here",)),
    "simulator receiver": ("receiver", "driver: simulator, sample_rate: 250 kHz", "", PLACES),
    "simulator receiver with loads": (
        "receiver",
        "driver: simulator, sample_rate: 250 kHz, frontend: loads",
        "controllers: {loads: {driver: simulator.frontend}}",  # is open beside it
        ("here",),
    ),
    "replay": ("receiver", "driver: replay, files: [$recording], frequency: 1420 MHz, " + RADIO, "", ("here",)),
    "soapy": ("receiver", "driver: soapy, device: 'driver=astrotest,folder=$folder', " + RADIO, "", ("here", "apart")),
    "rtl_tcp": ("receiver", "driver: rtl_tcp, host: 127.0.0.1, port: $rtl_tcp, settle: 0 s, " + RADIO, "", ("here", "apart")),
    "indi camera": ("receiver", INDI.replace(", poll_every: 100 ms", "") + ", device: CCD Simulator, exposure: 0.1 s", "", ("here",)),
    "alpaca camera": ("receiver", ALPACA + ", exposure: 0.1 s, frame: dark", "", ("here",)),
    "camera.folder": ("receiver", "driver: camera.folder, folder: '$images', columns: 70, rows: 50, look_every: 20 ms, every: 0.1 s", "", ("here",)),
    "simulator.environment": ("controller", "driver: simulator.environment", FAST_CLOCK, ("here", "apart")),
    "simulator.environment in real time": ("controller", "driver: simulator.environment", "", ("node",)),
    "simulator.frontend": ("controller", "driver: simulator.frontend", FAST_CLOCK, ("here", "apart")),
    "simulator.controller": ("controller", "driver: simulator.controller", FAST_CLOCK, ("here", "apart")),
    "rotctl.server": ("controller", "driver: rotctl.server, steers: dish, port: 0", "mounts: {dish: {driver: simulator}}", ("here",)),
    "rtl_tcp.server": ("controller", "driver: rtl_tcp.server, file: $recording, port: 0, " + RADIO, "", ("here",)),
    "sensors.host": ("controller", "driver: sensors.host, every: 50 ms", "", ("here", "apart")),
    "sensors.hwmon": ("controller", "driver: sensors.hwmon, every: 50 ms, root: $sysfs", "", ("here",)),
    "sensors.onewire": ("controller", "driver: sensors.onewire, every: 50 ms, root: $sysfs", "", ("here",)),
    "sensors.iio": ("controller", "driver: sensors.iio, every: 50 ms, root: $sysfs", "", ("here",)),
    "sensors.gpsd": ("controller", "driver: sensors.gpsd, host: 127.0.0.1, port: $gpsd", "", ("here",)),
    "indi focuser": ("controller", INDI + ", device: Focuser Simulator", "", ("here",)),
    "indi wheel": ("controller", INDI + ", device: Filter Simulator", "", ("here",)),
    "indi dome": ("controller", INDI + ", device: Dome Simulator", "", ("here",)),
    "indi weather": ("controller", INDI + ", device: Weather Simulator", "", ("here",)),
    **{
        f"alpaca {kind}": ("controller", ALPACA + f", type: {kind}", "", ("here",))
        for kind in ("dome", "focuser", "filterwheel", "rotator", "switch", "observingconditions", "safetymonitor", "covercalibrator")
    },
    "local": ("transport", "driver: local", "", ("here",)),
    "sqlite": ("store", "driver: sqlite, path: '$folder/a.db'", "", ("here",)),
}  # fmt: skip

EXCEPT = {
    "indi focuser": "C-03,C-04,C-05",  # its command for a preset hangs INDI's simulator 1.9.9 itself
    "alpaca covercalibrator": "C-03",  # tried by `halt`, which the simulator refuses: its cover moves at once
}

SYSFS = {
    "class/hwmon/hwmon0/name": "coretemp",
    "class/hwmon/hwmon0/temp1_input": "41500",
    "bus/w1/devices/28-0316a2794bff/temperature": "21312",
    "bus/iio/devices/iio:device0/name": "bme280",
    "bus/iio/devices/iio:device0/in_temp_input": "21430",
}


class Peers(dict):
    """What our drivers drive, started when it is asked for: the port, or the path."""

    def __init__(self, root, folder, ends):
        super().__init__()
        self.root, self.folder, self.ends, self.lock = root, folder, ends, threading.RLock()

    def __missing__(self, what):
        with self.lock:
            if what not in self:
                self[what] = getattr(self, what)()
            return self[what]

    def server(self, name, *lines):
        server = Server(self.root, name, lines)
        self.ends.callback(server.remove)
        return server.port

    def rotctld(self):
        return self.server("rotctld")

    def indi(self):
        return self.server("indi", "telescope", "ccd", "focus", "wheel", "dome", "weather")

    def alpaca(self):
        return self.server("alpaca")

    def alpaca_altaz(self):
        return self.server("alpaca")

    def mosquitto(self):
        return self.server("mosquitto")

    def gpsd(self):
        return self.server("gpsd", f"tcp://127.0.0.1:{Receiver().port}")

    def recording(self):
        path = self.folder / "night.cu8"
        np.full(2 * 2_000_000, 128, np.uint8).tofile(path)
        return path

    def night(self):
        """Recorded spectra, each with its pointing."""
        return pathlib.Path(os.environ["ASTRO_TEST_DATA"]) / "radio/horn"

    def rtl_tcp(self):
        port = free_port()
        dongle = f"{{driver: rtl_tcp.server, file: '{self['recording']}', port: {port}, {RADIO}}}"
        file = self.folder / "radio.yaml"
        file.write_text(SITE + f"controllers: {{dongle: {dongle}}}\n")
        self.ends.enter_context(astro.Observatory.open(file, state_folder=self.folder / "radio"))
        return port

    def sysfs(self):
        for name, text in SYSFS.items():
            path = self.folder / "sys" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return self.folder / "sys"

    def images(self):
        """A camera's program, which writes ten a second."""
        folder = self.folder / "images"
        folder.mkdir()
        ended = threading.Event()

        def expose():
            for number in itertools.count():
                fits.PrimaryHDU(np.full((50, 70), number % 1000, np.int16)).writeto(folder / ".next")
                (folder / ".next").rename(folder / f"{number}.fits")
                (folder / f"{number - 20}.fits").unlink(missing_ok=True)
                if ended.wait(0.1):
                    return

        thread = threading.Thread(target=expose)
        thread.start()
        self.ends.callback(thread.join)
        self.ends.callback(ended.set)
        return folder


SITE = "site: {name: Hill, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m, state: state}\n"
NODE = """
transports: {broker: {driver: mqtt, url: "mqtt://127.0.0.1:$mosquitto"}}
nodes: {unsynchronised_clock: true}
"""


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


def report_of_ours(peers, folder, what, place):
    kind, line, more, _ = OURS[what]
    runs = {"here": "", "apart": ", runs: apart", "node": ", runs: {node: shed}"}[place]
    site = SITE.replace("Hill", what) + more + (NODE if place == "node" else "") + f"\n{kind}s: {{device: {{{line}{runs}}}}}\n"
    (folder / "site.yaml").write_text(string.Template(site).substitute(collections.ChainMap({"folder": folder}, peers)))
    with node(folder, "site.yaml", "shed") if place == "node" else contextlib.nullcontext():
        asked = ["--site", "site.yaml", "--device", "device", *(["--except", EXCEPT[what]] if what in EXCEPT else [])]
        return only(conform(*asked, folder=folder, SOAPY_SDR_PLUGIN_PATH=str(BUILD / "soapy")))


OURS_AND_PLACES = [(what, place) for what, (*_, places) in OURS.items() for place in places]


@pytest.mark.parametrize(("what", "place"), OURS_AND_PLACES, ids=lambda value: value.replace(" ", "_"))
def test_ours_keep_all_promises(tried, what, place):
    report = tried("ours", what, place)
    assert report["runs"] == {"node": "node shed"}.get(place, place)
    assert_kept(report)


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


def report_of_python(folder, source, *more):
    (folder / "counting.py").write_text(source)
    path = os.pathsep.join([str(folder), str(BUILD / "python")])
    asked = ["python", "--kind", "controller", "--settings", "module=counting", "step=2", *more]
    report = only(conform(*asked, folder=folder, PYTHONPATH=path, ASTRO_PYTHON=str(ROOT / "build/venv/bin/python")))
    assert report["runs"] == "apart"
    return report


def test_a_driver_in_python_conforms(tmp_path):
    assert_kept(report_of_python(tmp_path, PYTHON_DRIVER))


def test_one_whose_program_takes_long_to_start_may_be_stopped_meanwhile(tmp_path):
    late = "import time\ntime.sleep(1.5)  # longer than a stop may take\n" + PYTHON_DRIVER
    assert with_verdict(report_of_python(tmp_path, late, "--only", "D-24"), "passed").keys() == {"D-24"}
