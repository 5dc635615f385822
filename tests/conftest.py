# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib
import socket
import subprocess
import time

import pytest


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


@pytest.fixture(scope="session")
def postgres(root, tmp_path_factory):
    """A real PostgreSQL: the folder of its unix socket, and its port. See tests/servers/postgres."""
    folder = tmp_path_factory.mktemp("servers") / "postgres"
    for above in folder.parents:  # pytest's are its user's alone, and the server runs as another
        if above.stat().st_uid == os.getuid() and above.name:
            above.chmod(above.stat().st_mode | 0o011)
    script = root / "tests/servers/postgres"
    try:
        started = subprocess.run([script, "start", folder], check=True, stdout=subprocess.PIPE, text=True)
        yield folder, int(started.stdout)
    finally:
        subprocess.run([script, "stop", folder], check=True)


class Server:
    """What tests/servers/NAME/start becomes: a real server on free ports of the loopback interface."""

    def __init__(self, root, folder, name, lines, ports):
        self.command = [str(root / "tests" / "servers" / name / "start"), str(folder)]
        self.lines = list(lines)
        self.ports = [free_port() for _ in range(ports)]
        self.start()

    @property
    def port(self):
        return self.ports[0]

    def start(self):
        self.process = subprocess.Popen([*self.command, *map(str, self.ports), *self.lines])
        end = time.monotonic() + 180
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, f"{self.command[0]} did not come up"
                assert time.monotonic() < end, f"{self.command[0]} takes no connections"
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def start_server(root, tmp_path):
    """start_server("mosquitto", "line of its configuration", ..., ports=1) returns a Server; it ends with the test."""
    servers = []

    def start(name, *lines, ports=1):
        servers.append(Server(root, tmp_path / f"{name}{len(servers)}", name, lines, ports))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
