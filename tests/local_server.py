# SPDX-License-Identifier: BSD-3-Clause
"""A real server for tests, on this machine's loopback interface."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time


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
            while any(map(runs, children)):
                time.sleep(0.001)

    def remove(self):
        self.kill()
        self.temporary.cleanup()


def runs(process):
    """Not one that has ended and that its new parent has not asked for yet."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
