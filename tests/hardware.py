# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of drivers of network devices share: a site that is open, patience, and peers of our own that lie."""

import contextlib
import socket
import threading
import time

import astro


@contextlib.contextmanager
def opened(tmp_path, site):
    """The observatory of a site file with this text."""
    file = tmp_path / "site.yaml"
    file.write_text(site)
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as observatory:
        yield observatory


def eventually(condition, at_most_s=20.0):
    end = time.monotonic() + at_most_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def seconds_to(call):
    """How long it takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def state(mount):
    return str(mount.status().state).split(".")[-1]


def place(mount):
    """Of its axes, in degrees."""
    here = mount.status().axes
    return here.first.degrees, here.second.degrees


def reading(controller, point):
    """The latest value of a point, or None while there is none."""
    with contextlib.suppress(astro.Error):
        return controller.point(point).value


class Peer:
    """A TCP server of our own: `talk(connection)` for each that connects, in a thread; an end of it ends the connection."""

    def __init__(self, talk):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.hear, args=(connection,), daemon=True).start()

    def hear(self, connection):
        with contextlib.suppress(OSError), connection:
            self.talk(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
