# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib
import signal

import pytest
from local_server import Server


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


@pytest.fixture(scope="session")
def tools():
    """The folder of programs that make test data and are not part of the project."""
    folder = os.environ.get("ASTRO_TEST_TOOLS", "")
    if not folder:
        pytest.skip("ASTRO_TEST_TOOLS names no folder of tools")
    return pathlib.Path(folder)


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
