# SPDX-License-Identifier: BSD-3-Clause
"""Drivers that are written in Python, used as any other."""

import dataclasses
import gc
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time
import typing
import weakref

import numpy as np
import pytest

import astro
from astro import degrees, hertz, megahertz

STRESS_S = 60.0


class PythonDish(astro.Mount):
    """A mount that moves at a constant speed, and can be told to fail."""

    @dataclasses.dataclass
    class Settings:
        speed: astro.Angle = astro.field(degrees(60), says="of both axes, per second")
        noise: int = astro.field(0, min=0, max=10, says="garbage that each reading makes")
        kind: typing.Literal["calm", "broken"] = astro.field("calm", says="how it behaves")

    alive = weakref.WeakSet()

    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.Lock()
        self.here = self.goal = (45.0, 45.0)
        self.since = time.monotonic()
        self.calls = 0
        self.host = None
        self.cycle = [self]  # only the collector of cycles can free it
        PythonDish.alive.add(self)

    def open(self, host):
        self.host = host

    def _advance(self):
        now = time.monotonic()
        reach = self.settings.speed.degrees * (now - self.since)
        self.since = now
        self.here = tuple(a + max(-reach, min(reach, b - a)) for a, b in zip(self.here, self.goal))

    def move_to(self, axes):
        if self.settings.kind == "broken":
            raise ValueError("the gear is stuck")
        with self.lock:
            self._advance()
            self.goal = (axes.first.degrees, axes.second.degrees)

    def stop(self):
        with self.lock:
            self._advance()
            self.goal = self.here

    def status(self):
        self.calls += 1
        _ = [[] for _ in range(self.settings.noise * 100)]
        with self.lock:
            self._advance()
            state = "stopped" if self.here == self.goal else "moving"
            return astro.MountStatus(astro.Axes(degrees(self.here[0]), degrees(self.here[1])), state)


class Tone(astro.Receiver):
    """A receiver of a pure tone at a quarter of the sample rate above the centre."""

    @dataclasses.dataclass
    class Settings:
        frequency: astro.Frequency = astro.field(megahertz(100), says="centre of the band")
        sample_rate: astro.Frequency = astro.field(megahertz(1), says="samples a second")

    def tune(self, wanted):
        rate = wanted.sample_rate if wanted.sample_rate > hertz(0) else self.settings.sample_rate
        frequency = wanted.frequency if wanted.frequency > hertz(0) else self.settings.frequency
        self.tuning = astro.Tuning(frequency=frequency, sample_rate=rate, gain_db=wanted.gain_db)
        self.running = True
        return astro.StreamSettings(self.tuning, "cf32", item_period_s=1 / rate.hertz)

    def start(self):
        self.running = True

    def stop(self):
        self.running = False

    def fill(self, buffer):
        n = min(len(buffer), 8192) // 4 * 4
        buffer[:n] = np.tile(np.array([1, 1j, -1, -1j], np.complex64), n // 4)
        self.kept = buffer  # what a driver keeps is harmless
        time.sleep(n / self.tuning.sample_rate.hertz)
        return astro.Filled(n)


class Lamp(astro.Controller):
    @dataclasses.dataclass
    class Dim:
        level: float = astro.field(unit="%", min=0, max=100, says="brightness")

    points = [astro.point("level", unit="%", says="brightness")]
    commands = [astro.command("dim", Dim, says="sets the brightness")]

    def __init__(self, settings=None):
        self.level = 0.0

    def open(self, host):
        self.host = host

    def poll(self):
        self.host.point("level", self.level)

    def perform(self, call):
        if call.parameters["level"] > 90:
            raise astro.Error("out_of_limits", "the lamp glows at more than 90 %")
        self.level = call.parameters["level"]
        return {"was": 0.0}


astro.register("py_dish", PythonDish, geometry="alt_az", first=(degrees(0), degrees(450)), second=(degrees(0), degrees(90)),
               poll_every_s=0.01, says="a dish in Python")
astro.register("py_tone", Tone, says="a tone")
astro.register("py_lamp", Lamp, poll_every_s=0.05, says="a lamp")

SITE = """
site: {name: Python, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
mounts:
  dish: {driver: py_dish, speed: 90 deg}
receivers:
  tone: {driver: py_tone, frequency: 100 MHz, sample_rate: 1 MHz}
controllers:
  lamp: {driver: py_lamp}
"""


@pytest.fixture
def site(tmp_path):
    with astro.Observatory.open(astro.parse_site(SITE), state_folder=tmp_path) as opened:
        yield opened


def test_settings_of_a_dataclass_are_described():
    settings = astro.Registry.shared().find("mount", "py_dish").settings
    speed, noise, kind = settings.fields
    assert (speed.name, speed.type, speed.unit, speed.default_value) == ("speed", "angle", "deg", pytest.approx(60))
    assert (noise.type, noise.max) == ("integer", 10)
    assert (kind.type, kind.choices) == ("choice", ["calm", "broken"])


def test_a_site_file_is_checked_against_them():
    with pytest.raises(astro.SiteError) as caught:
        astro.parse_site(SITE.replace("speed: 90 deg", "sped: 90 deg"))
    (problem,) = caught.value.problems
    assert problem.line == 4 and problem.suggestion == "speed"


def test_a_mount_is_moved_through_its_host(site):
    dish = site.mount("dish")
    dish.move_to(astro.Axes(degrees(100), degrees(50)))
    dish.wait_until_on_target(timeout_s=10)
    assert dish.status().axes.first.degrees == pytest.approx(100, abs=0.1)


def test_a_mount_written_in_python_tracks_the_sky(site):
    dish = site.mount("dish")
    now = site.clock.now()
    target = astro.sky.icrs(astro.AltAz(degrees(150), degrees(60)), site.location, now, astro.sky.Weather())
    dish.track(target)
    dish.wait_until_on_target(timeout_s=10)
    assert dish.status().tracking
    seen = dish.status().place.separation(astro.sky.altaz(target, site.location, site.clock.now(), astro.sky.standard_weather(site.location)))
    assert seen.degrees < 0.2


def test_a_receiver_written_in_python_streams(site):
    spectrometer = astro.Spectrometer(channels=64)
    with site.receiver("tone").stream() as stream:
        for _ in range(4):
            block = stream.next(timeout_s=5)
            spectrometer.add(block)
    spectrum = spectrometer.spectrum()
    assert spectrum.power.argmax() == 48  # a quarter of the band above its centre
    assert spectrum.axis.at(48).megahertz == pytest.approx(100.25)


def test_a_controller_written_in_python_obeys(site):
    lamp = site.controller("lamp")
    done = lamp.perform("dim", level=30).wait_completed(timeout_s=5)
    assert done.state == "completed" and done.details == {"was": 0.0}
    deadline = time.monotonic() + 20
    while level_of(lamp) != 30 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert lamp.point("level").value == 30 and lamp.point("level").unit == "%"


def level_of(lamp):
    """The level as last polled, or None before the first poll."""
    try:
        return lamp.point("level").value
    except astro.Error as error:
        assert error.code == "timeout"
        return None


def test_what_a_driver_raises_reaches_the_caller(site, tmp_path):
    with pytest.raises(astro.Error, match="more than 90 %") as caught:
        site.controller("lamp").perform("dim", level=95).wait_completed(timeout_s=5)
    assert caught.value.code == "out_of_limits"
    with pytest.raises(astro.Error, match="level"):
        site.controller("lamp").perform("dim", level=101)
    broken = astro.parse_site(SITE.replace("speed: 90 deg", "kind: broken"))
    with astro.Observatory.open(broken, state_folder=tmp_path / "broken") as other:
        with pytest.raises(astro.Error, match=r"ValueError: the gear is stuck \(.*test_driver.py:\d+, in move_to\)") as caught:
            other.mount("dish").move_to(astro.Axes(degrees(100), degrees(50)))
    assert caught.value.code == "device_fault" and "dish" in str(caught.value)


def test_a_driver_is_freed_after_its_device_was_closed(tmp_path):
    gc.collect()
    before = len(PythonDish.alive)
    with astro.Observatory.open(astro.parse_site(SITE), state_folder=tmp_path) as opened:
        gc.collect()
        assert len(PythonDish.alive) == before + 1  # nobody in Python holds it, but its host does
        opened.mount("dish").stop()
    del opened
    deadline = time.monotonic() + 5
    while len(PythonDish.alive) > before and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.02)
    assert len(PythonDish.alive) == before


def test_a_host_is_told_nothing_after_close(tmp_path):
    kept = []

    class Keeper(Lamp):
        def open(self, host):
            super().open(host)
            kept.append(host)

    astro.register("py_keeper", Keeper, poll_every_s=0.05)
    text = SITE.replace("py_lamp", "py_keeper")
    with astro.Observatory.open(astro.parse_site(text), state_folder=tmp_path):
        assert kept[0].surroundings.device == "lamp"
    with pytest.raises(astro.Error, match="between open and close"):
        kept[0].point("level", 1.0)


def test_a_cell_that_registers_a_driver_may_be_run_again():
    class Again(Lamp):
        pass

    astro.register("py_again", Again)
    astro.register("py_again", Again)
    with pytest.raises(astro.Error) as caught:
        astro.register("py_again", Again, poll_every_s=3)
    assert caught.value.code == "duplicate"


def test_listeners_hear_points_and_acknowledgments(site):
    points, acknowledgments = [], []
    with site.subscribe(points=lambda batch, missed: points.extend(batch), acknowledgment=acknowledgments.append):
        site.controller("lamp").perform("dim", level=10).wait_completed(timeout_s=5)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not (points and any(a.state == "completed" for a in acknowledgments)):
            time.sleep(0.02)
    assert {each.id for each in points} >= {"lamp.level"}
    assert any(a.state == "completed" and a.command == "dim" for a in acknowledgments)


def test_ctrl_c_ends_a_wait(site, ctrl_c):
    dish = site.mount("dish")
    dish.move_to(astro.Axes(degrees(440), degrees(45)))  # takes seconds
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dish.wait_until_on_target(timeout_s=60)
    assert time.monotonic() - started < 1.5
    dish.stop()


def test_threads_calls_collections_and_signals_for_a_while(tmp_path):
    """Polled from C++ threads while Python calls, collects and is interrupted: no hang, leak or crash."""
    signals = 0

    def count(*_):
        nonlocal signals
        signals += 1

    old = signal.signal(signal.SIGALRM, count)
    site_text = SITE.replace("speed: 90 deg", "speed: 90 deg, noise: 5")
    stop = threading.Event()
    failures = []
    sizes = []

    def use(opened, work):
        try:
            while not stop.is_set():
                work(opened)
        except astro.Error as error:
            if error.code not in ("device_lost", "interrupted", "busy", "not_holder"):
                failures.append(error)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    def move(opened):
        dish = opened.mount("dish")
        dish.move_to(astro.Axes(degrees(np.random.uniform(0, 450)), degrees(np.random.uniform(10, 80))))
        dish.status()
        time.sleep(0.002)

    def listen(opened):
        with opened.receiver("tone").stream() as stream:
            block = stream.next(timeout_s=1)
            assert block is None or abs(block.array()).max() == 1

    def collect(_):
        gc.collect()
        time.sleep(0.01)

    def dim(opened):
        opened.controller("lamp").perform("dim", level=50).wait(timeout_s=1)

    def resident():
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    end = time.monotonic() + STRESS_S
    rounds = 0
    try:
        while time.monotonic() < end:
            stop.clear()
            opened = astro.Observatory.open(astro.parse_site(site_text), state_folder=tmp_path / str(rounds % 2))
            threads = [threading.Thread(target=use, args=(opened, work)) for work in (move, listen, collect, dim)]
            for thread in threads:
                thread.start()
            time.sleep(1.0)
            stop.set()
            for thread in threads:
                thread.join(20)
            assert not any(thread.is_alive() for thread in threads), "a thread hangs"
            opened.close()
            del opened, threads
            gc.collect()
            rounds += 1
            sizes.append(resident())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        stop.set()
    assert failures == []
    assert signals > rounds >= 3
    grown = sizes[-1] - sizes[len(sizes) // 2]
    assert grown < 24 * 2**20, f"grew by {grown / 2**20:.1f} MiB in the second half of {rounds} rounds"


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import astro, test_driver
site = astro.Observatory.open(astro.parse_site(test_driver.SITE), state_folder={state!r})
stream = site.receiver("tone").stream()
assert stream.next(timeout_s=5) is not None
astro.log_to_python()
site.mount("dish").move_to(astro.Axes(astro.degrees(440), astro.degrees(45)))
print("ends with everything open", flush=True)
"""


def test_python_ends_with_everything_open(tmp_path):
    program = textwrap.dedent(PROGRAM).format(folder=os.path.dirname(__file__), state=str(tmp_path))
    for _ in range(3):
        done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "ends with everything open" in done.stdout and "Traceback" not in done.stderr


CLOCK_SCRIPT = """
import pathlib, select, sys
import numpy as np
import astro

class Plain(astro.Receiver):
    def tune(self, wanted):
        return astro.StreamSettings(astro.Tuning(frequency=astro.megahertz(100), sample_rate=astro.hertz(100000)), "cf32", item_period_s=1e-5)
    def start(self): pass
    def stop(self): pass
    def fill(self, buffer):
        n = min(len(buffer), 1000)
        buffer[:n] = 0
        select.select([], [], [], 0.01)  # a time to sleep until would be of a clock that is set
        return astro.Filled(n)

astro.register("plain", Plain, says="a receiver without a clock")
site = astro.parse_site("site: {name: Clock, latitude: 28 deg, longitude: -16 deg}\\nreceivers:\\n  hydrogen: {driver: plain}\\n")
with astro.Observatory.open(site, state_folder=sys.argv[1]) as observatory:
    before = None
    for number, block in enumerate(observatory.receiver("hydrogen").stream()):
        if number == 20:
            pathlib.Path(sys.argv[2]).write_text(sys.argv[3])
        if before is not None:
            apart = (block.time - before.time) - (block.first - before.first) / 100000
            if abs(apart) > 0.05:
                print(round(apart, 1), block.settings_changed)
        before = block
        if number == 100:
            break
"""


@pytest.mark.parametrize("step_s", [-7200, 3600])
def test_a_clock_that_is_set_moves_the_times_of_a_receiver_without_one(tmp_path, step_s):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    steps = tmp_path / "faketime"
    steps.write_text("+0")
    environment = dict(
        os.environ, LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(steps), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1",
    )
    ran = subprocess.run(
        [sys.executable, "-c", CLOCK_SCRIPT, tmp_path / "state", steps, f"{step_s:+d}"],
        env=environment, capture_output=True, text=True, timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [f"{step_s:.1f} True"], ran.stdout + ran.stderr
    assert "clock was set" in ran.stderr
