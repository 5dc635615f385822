# SPDX-License-Identifier: BSD-3-Clause
"""The driver `rotctl` against Hamlib's rotctld, with Hamlib's rotctl as the other eye; and against servers that lie."""

import contextlib
import random
import socket
import subprocess
import threading
import time

import pytest
from hardware import place, seconds_to

import astro
from astro import degrees

SITE = """
site: {{name: Rotator, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
mounts:
  dish: {{driver: rotctl, host: 127.0.0.1, port: {port}, limits: {{azimuth: [0 deg, 450 deg], altitude: [5 deg, 88 deg]}}}}
"""


def axes(first, second):
    return astro.Axes(degrees(first), degrees(second))


def eventually(condition, at_most_s=10.0):
    end = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def opened(tmp_path, port, site=SITE):
    file = tmp_path / "site.yaml"
    file.write_text(site.format(port=port))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as observatory:
        yield observatory


def seen_by_hamlib(port):
    asked = ["rotctl", "-m", "2", "-r", f"127.0.0.1:{port}", "p"]
    answer = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
    return tuple(float(line) for line in answer.split()[:2])


def test_it_goes_where_it_is_sent_and_hamlib_sees_the_same(tmp_path, start_server):
    server = start_server("rotctld")
    with opened(tmp_path, server.port) as site:
        dish = site.mount("dish")
        dish.move_to(axes(24, 12))
        dish.wait_until_on_target(timeout_s=30)
        assert eventually(lambda: place(dish) == pytest.approx((24, 12), abs=0.01))
        assert eventually(lambda: seen_by_hamlib(server.port) == pytest.approx((24, 12), abs=0.01))


def test_stop_ends_a_move_and_is_seen_by_hamlib(tmp_path, start_server):
    server = start_server("rotctld")
    with opened(tmp_path, server.port) as site:
        dish = site.mount("dish")
        dish.move_to(axes(200, 50))
        assert eventually(lambda: place(dish)[0] > 2)
        dish.stop()
        time.sleep(0.3)
        there = seen_by_hamlib(server.port)
        assert 2 < there[0] < 60
        time.sleep(0.5)
        assert seen_by_hamlib(server.port) == there
        assert eventually(lambda: str(dish.status().state).endswith("stopped"))


def test_it_parks(tmp_path, start_server):
    server = start_server("rotctld")
    with opened(tmp_path, server.port) as site:
        dish = site.mount("dish")
        dish.move_to(axes(12, 8))
        dish.wait_until_on_target(timeout_s=30)
        dish.park()
        assert eventually(lambda: str(dish.status().state).endswith("parked"), 20)
        assert eventually(lambda: seen_by_hamlib(server.port) == pytest.approx((0, 0), abs=0.01))


def test_it_tracks_the_sky_by_repeated_moves(tmp_path, start_server):
    server = start_server("rotctld")
    with opened(tmp_path, server.port) as site:
        dish = site.mount("dish")
        dish.track(astro.AltAz(altitude=degrees(20), azimuth=degrees(30)))
        dish.wait_until_on_target(timeout_s=30)
        assert seen_by_hamlib(server.port) == pytest.approx((30, 20), abs=1.1)


def test_a_server_that_goes_and_comes_back_is_survived(tmp_path, start_server):
    server = start_server("rotctld")
    with opened(tmp_path, server.port) as site:
        dish = site.mount("dish")
        dish.move_to(axes(10, 10))
        dish.wait_until_on_target(timeout_s=30)
        server.kill()
        assert eventually(lambda: str(dish.status().state).endswith("fault"))
        dish.stop()  # nobody hears it, so that it is owed
        server.start()
        assert eventually(lambda: str(dish.status().state).endswith("stopped"))
        dish.move_to(axes(6, 7))
        dish.wait_until_on_target(timeout_s=30)
        assert eventually(lambda: seen_by_hamlib(server.port) == pytest.approx((6, 7), abs=0.01))


class Peer:
    """A server of our own: `answer(line)` gives the bytes to a line, at once or in pieces, or None to end the connection."""

    def __init__(self, answer):
        self.answer = answer
        self.heard = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with contextlib.suppress(OSError), connection:
            for line in connection.makefile("rb"):
                text = line.decode().strip()
                self.heard.append(text)
                given = self.answer(text)
                if given is None:
                    return
                for piece in [given] if isinstance(given, bytes) else given:
                    connection.sendall(piece)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Plain:
    """A controller that knows p, P and S alone, and one turn of 0 to 360 degrees, 40 degrees a look."""

    def __init__(self, start=(0.0, 0.0)):
        self.at = list(start)
        self.goal = list(start)

    def __call__(self, line):
        words = line.split()
        if words == ["p"]:
            for axis in (0, 1):
                step = self.goal[axis] - self.at[axis]
                self.at[axis] += max(-40.0, min(40.0, step))
            return f"{self.at[0] % 360:.2f}\n{self.at[1]:.2f}\n".encode()
        if words and words[0] == "P":
            self.goal = [float(words[1]), float(words[2])]
            return b"RPRT 0\n"
        if words == ["S"]:
            self.goal = list(self.at)
            return b"RPRT 0\n"
        return b"RPRT -1\n"


def test_a_controller_of_the_plain_protocol(tmp_path):
    controller = Plain()
    site = SITE.replace("[0 deg, 450 deg]", "[0 deg, 360 deg]")
    with Peer(controller) as peer, opened(tmp_path, peer.port, site) as observatory:
        dish = observatory.mount("dish")
        dish.move_to(axes(350, 40))
        dish.wait_until_on_target(timeout_s=30)
        assert controller.at == [350, 40]
        dish.move_to(axes(20, 30))
        dish.stop()
        dish.move_to(axes(120, 30))
        dish.wait_until_on_target(timeout_s=30)
        assert controller.at == [120, 30]
        with pytest.raises(astro.Error, match="park"):
            dish.park()


def test_zero_told_as_360_is_where_it_was_sent(tmp_path):
    """North is crossed: the rotator stands at -0.2 degrees of its encoder, and says 359.8."""
    controller = Plain(start=(30.0, 20.0))
    site = SITE.replace("[0 deg, 450 deg]", "[0 deg, 360 deg]")
    with Peer(controller) as peer, opened(tmp_path, peer.port, site) as observatory:
        dish = observatory.mount("dish")
        dish.move_to(axes(0, 20))
        dish.wait_until_on_target(timeout_s=30)
        controller.goal[0] = -0.2
        assert eventually(lambda: place(dish)[0] == pytest.approx(-0.2, abs=0.01))


EXTENDED = {
    "+p": b"get_pos:\nAzimuth: 10.00\nElevation: 20.00\nRPRT 0\n",
    "+\\get_pos": b"get_pos:\nAzimuth: 10.00\nElevation: 20.00\nRPRT 0\n",
    "+\\dump_state": b"dump_state:\nMinimum Azimuth: 0.0\nMaximum Azimuth: 450.0\nMinimum Elevation: 0.0\n"
    b"Maximum Elevation: 90.0\ndone\nRPRT 0\n",
    "+\\dump_caps": b"dump_caps:\nCan Park:\tN\nRPRT 0\n",
    "+\\get_status": b"get_status:\nRPRT -11\n",
    "+\\stop": b"stop:\nRPRT 0\n",
}



def now_and_then():
    for _ in range(50):
        yield b"spam\n"
        time.sleep(0.2)


WRONG = {
    "no number": b"get_pos:\nAzimuth: north\nElevation: 20.00\nRPRT 0\n",
    "not a number": b"get_pos:\nAzimuth: nan\nElevation: 20.00\nRPRT 0\n",
    "endless": b"get_pos:\nAzimuth: 1e300\nElevation: inf\nRPRT 0\n",
    "half": b"get_pos:\nAzimuth: 10.00\nRPRT 0\n",
    "refused": b"get_pos:\nRPRT -6\n",
    "no end": b"get_pos:\nAzimuth: 10.00\n",
    "one long line": b"x" * 200_000,
    "many lines": b"spam\n" * 100_000,
    "nothing": b"",
    "zeros": b"\0" * 1000 + b"\n",
    "a line now and then": now_and_then,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_server_says_wrongly_is_a_fault_with_a_reason_until_it_speaks_right(tmp_path, what):
    wrong = threading.Event()

    def answer(line):
        if wrong.is_set() and line == "+\\get_pos":
            return WRONG[what]() if callable(WRONG[what]) else WRONG[what]
        return EXTENDED.get(line, b"RPRT -1\n")

    with Peer(answer) as peer, opened(tmp_path, peer.port) as site:
        dish = site.mount("dish")
        assert place(dish) == (10, 20)
        notices = []
        with site.subscribe(notice=notices.append):
            wrong.set()
            assert eventually(lambda: str(dish.status().state).endswith("fault"))
            assert eventually(lambda: any(f"127.0.0.1:{peer.port}" in notice.message for notice in notices))
        assert min(seconds_to(dish.stop) for _ in range(3)) < 0.05  # on a busy machine any one may be scheduled late
        wrong.clear()
        assert eventually(lambda: str(dish.status().state).endswith("stopped"))


def test_garbage_of_any_kind_never_ends_the_process(tmp_path):
    chance = random.Random(test_garbage_of_any_kind_never_ends_the_process.__name__)
    calm = threading.Event()
    calm.set()

    def answer(line):
        right = EXTENDED.get(line, b"RPRT -1\n")
        if calm.is_set():
            return right
        kind = chance.randrange(4)
        if kind == 0:
            return None
        if kind == 1:
            return chance.randbytes(chance.randrange(2000))
        if kind == 2:
            return right[: chance.randrange(len(right) + 1)]
        broken = bytearray(right)
        broken[chance.randrange(len(broken))] = chance.randrange(256)
        return bytes(broken)

    site = SITE.replace("driver: rotctl,", "driver: rotctl, poll_every: 20 ms,")
    with Peer(answer) as peer, opened(tmp_path, peer.port, site) as observatory:
        dish = observatory.mount("dish")
        calm.clear()
        for _ in range(20):
            with contextlib.suppress(astro.Error):
                dish.move_to(axes(chance.uniform(0, 450), chance.uniform(5, 88)))
            dish.stop()
        time.sleep(1)
        calm.set()
        assert eventually(lambda: str(dish.status().state).endswith("stopped"), 20)


def test_nobody_there_is_told_with_what_to_do(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(astro.Error, match=r"connecting to 127.0.0.1:\d+: Connection refused; see that it is switched on"):
            with opened(tmp_path, closed.getsockname()[1]):
                pass


# The server: what Hamlib's own client sees of a mount of ours.

SERVED = """
site: {{name: Served, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
mounts:
  dish: {{driver: simulator{mount}}}
controllers:
  rotctld: {{driver: rotctl.server, steers: dish, port: {port}}}
"""


@contextlib.contextmanager
def served(tmp_path, mount=", max_speed: 20 deg, acceleration: 20 deg", text=SERVED):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "served.yaml"
    file.write_text(text.format(port=port, mount=mount))
    with astro.Observatory.open(file, state_folder=tmp_path / "served") as site:
        yield site, port


def hamlib(port, *words):
    asked = ["rotctl", "-m", "2", "-r", f"127.0.0.1:{port}", *words]
    return subprocess.run(asked, capture_output=True, text=True, timeout=15)


class Wire:
    """A client that speaks by hand."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.lines = self.socket.makefile("r")

    def __call__(self, text, lines=1):
        self.socket.sendall(text.encode() + b"\n")
        return [self.lines.readline().rstrip("\n") for _ in range(lines)]


def test_hamlib_steers_a_mount_of_ours(tmp_path):
    with served(tmp_path) as (site, port):
        assert hamlib(port, "P", "40", "30").returncode == 0
        dish = site.mount("dish")
        dish.wait_until_on_target(timeout_s=30)
        assert eventually(lambda: place(dish) == pytest.approx((40, 30), abs=0.1))
        assert eventually(lambda: seen_by_hamlib(port) == pytest.approx((40, 30), abs=0.1))
        dish.move_to(axes(200, 80))
        assert eventually(lambda: place(dish)[0] > 60)
        assert hamlib(port, "S").returncode == 0
        time.sleep(1)
        assert place(dish)[0] < 190
        commands = [(known.command, known.issuer.name) for known in site.recent_commands(10)]
        assert ("slew_to", "rotctld") in commands and ("stop", "rotctld") in commands


def test_what_the_mount_refuses_the_client_is_told(tmp_path):
    with served(tmp_path) as (site, port):
        wire = Wire(port)
        assert wire("P 40 -20") == ["RPRT -1"]  # below its limits
        assert wire("P north 20") == ["RPRT -1"]
        assert wire("P 1") == ["RPRT -1"]
        assert wire("M 8 50") == ["RPRT -4"]
        assert wire("nonsense") == ["RPRT -1"]
        site.mount("dish", astro.Issuer(name="pedestal", rank="handset")).take(60)
        assert wire("P 50 40") == ["RPRT -9"]
        assert wire("S") == ["RPRT 0"]  # always obeyed
        assert wire("+\\get_info", 3) == ["get_info:", "Info: libastro, dish", "RPRT 0"]
        assert wire("+p", 4)[3] == "RPRT 0"


class SlowDish(astro.Mount):
    """It takes its time to take a target, and may tell a fault."""

    state = "stopped"

    def move_to(self, axes):
        time.sleep(0.9)

    def stop(self):
        pass

    def status(self):
        return astro.MountStatus(axes(40, 30), self.state)


@pytest.fixture(scope="module")
def slow_dish():
    astro.register("slow_dish", SlowDish, says="takes its time", hook_bound_s=3)


def test_who_waits_for_his_command_keeps_nobody_waiting(tmp_path, slow_dish):
    with served(tmp_path, text=SERVED.replace("driver: simulator{mount}", "driver: slow_dish")) as (_, port):
        slow, other = Wire(port), Wire(port)
        assert eventually(lambda: other("p", 2) == ["40.000000", "30.000000"])
        for _ in range(3):
            slow.socket.sendall(b"P 50 40\np\n")
            time.sleep(0.1)
            began = time.monotonic()
            assert other("p", 2) == ["40.000000", "30.000000"]
            assert other("S") == ["RPRT 0"]
            assert time.monotonic() - began < 0.5
            assert slow.lines.readline().startswith("RPRT ")  # in the order in which it was asked
            assert [float(slow.lines.readline()) for _ in range(2)] == [40, 30]


def test_a_mount_in_fault_is_told_to_who_sends_it_somewhere(tmp_path, slow_dish, monkeypatch):
    with served(tmp_path, text=SERVED.replace("driver: simulator{mount}", "driver: slow_dish")) as (site, port):
        wire = Wire(port)
        assert wire("P 50 40") == ["RPRT 0"]
        monkeypatch.setattr(SlowDish, "state", "fault")
        assert eventually(lambda: str(site.mount("dish").status().state).endswith("fault"))
        assert eventually(lambda: wire("P 50 40") == ["RPRT -6"])
        assert wire("S") == ["RPRT 0"]


def test_a_mount_that_is_away_stands_nowhere(tmp_path, start_server):
    server = start_server("rotctld")
    behind = SERVED.replace("driver: simulator{mount}", f"driver: rotctl, host: 127.0.0.1, port: {server.port}")
    with served(tmp_path, text=behind) as (_, port):
        wire = Wire(port)
        assert eventually(lambda: [float(line) for line in wire("p", 2)] == pytest.approx([0, 0], abs=0.01))
        server.kill()
        assert eventually(lambda: Wire(port)("p") == ["RPRT -6"])
        server.start()
        assert eventually(lambda: Wire(port)("p")[0].startswith("0.0"))


def test_our_own_driver_drives_our_own_server(tmp_path):
    with served(tmp_path) as (_, port), opened(tmp_path, port) as site:
        dish = site.mount("dish")
        dish.move_to(axes(25, 35))
        dish.wait_until_on_target(timeout_s=30)
        assert eventually(lambda: place(dish) == pytest.approx((25, 35), abs=0.6))


def test_an_equatorial_mount_is_served_as_azimuth_and_elevation(tmp_path):
    with served(tmp_path, ", geometry: hour_angle_dec, max_speed: 20 deg, acceleration: 20 deg") as (site, port):
        assert Wire(port)("P 130 50") == ["RPRT 0"]
        site.mount("dish").wait_until_on_target(timeout_s=60)
        wire = Wire(port)
        assert eventually(lambda: [float(line) for line in wire("p", 2)] == pytest.approx([130, 50], abs=0.3))


def test_hostile_clients_cost_the_others_nothing(tmp_path):
    chance = random.Random("hostile clients of the server")
    with served(tmp_path) as (_, port):
        wire = Wire(port)
        crowd = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(30)]
        for each in crowd:
            with contextlib.suppress(OSError):
                each.sendall(chance.randbytes(chance.randrange(1, 5000)))
        silent = crowd[0]
        with contextlib.suppress(OSError):
            for _ in range(20000):  # asks and never reads
                silent.sendall(b"p\n" * 50)
        for each in crowd:
            each.close()
        assert eventually(lambda: len(wire("p", 2)) == 2)
        assert eventually(lambda: len(Wire(port)("p", 2)[0]) > 0)
