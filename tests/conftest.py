# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; run by scripts/soak, with ASTRO_LONG=1")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("ASTRO_LONG") != "1":
        items[:] = [item for item in items if item.get_closest_marker("long") is None]


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recordings():
    """The folder of real recordings."""
    folder = os.environ.get("ASTRO_TEST_DATA", "")
    if not folder:
        pytest.skip("ASTRO_TEST_DATA names no folder of recordings")
    return pathlib.Path(folder)


class Server:
    """What tests/servers/NAME/start becomes: a real server on free ports of the loopback interface. It dies with us."""

    def __init__(self, root, name, lines=(), ports=1):
        self.home = root / "tests/servers" / name
        self.temporary = tempfile.TemporaryDirectory(prefix="astro-test-")  # not pytest's: no other user may go in there
        self.folder = pathlib.Path(self.temporary.name)
        self.lines = list(lines)
        self.ports = [free_port() for _ in range(ports)]
        self.start()

    @property
    def port(self):
        return self.ports[0]

    def start(self):
        lines = (line.replace("{PORT}", str(self.port)).replace("{LAST_PORT}", str(self.ports[-1])) for line in self.lines)
        words = [self.home / "start", self.folder, *self.ports, *lines]
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, words)])
        end = time.monotonic() + 180
        while not self.answers():
            assert self.process.poll() is None, f"{self.home.name} did not come up"
            assert time.monotonic() < end, f"{self.home.name} does not answer"
            time.sleep(0.05)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        ready = self.home / "ready"  # one that takes connections earlier
        return not ready.exists() or subprocess.run([ready, str(self.port)]).returncode == 0

    def kill(self):
        """As a power cut does: at once, and with it the processes that it has started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)  # so that it starts no more of them
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for each in (self.process.pid, *map(int, children)):
                os.kill(each, signal.SIGKILL)
            self.process.wait()
            while any(pathlib.Path(f"/proc/{child}").exists() for child in children):
                time.sleep(0.001)

    def remove(self):
        self.kill()
        self.temporary.cleanup()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def start_server(root):
    """start_server("mosquitto", "line of its configuration", ..., ports=1) returns a Server; it ends with the test."""
    servers = []

    def start(name, *lines, ports=1):
        servers.append(Server(root, name, lines, ports))
        return servers[-1]

    yield start
    for server in servers:
        server.remove()


def shared(name, ports=1):
    """A fixture: one server for all tests that do it no harm."""

    @pytest.fixture(scope="session", name=name)
    def server(root):
        made = Server(root, name, ports=ports)
        yield made
        made.remove()

    return server


postgres, kafka, registry = shared("postgres"), shared("kafka", ports=2), shared("registry")


@pytest.fixture
def ctrl_c():
    """SIGINT raises KeyboardInterrupt, also where tests run in processes that ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
