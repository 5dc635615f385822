# SPDX-License-Identifier: BSD-3-Clause
"""The machine at the pedestal: a virtual one, whose kernel has a gamepad, in the namespace of a hill's handset."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

VM = Path(__file__).parent / "vm"


class Pedestal:
    """It boots at once; `serve` is to come later, when there is something to serve to."""

    def __init__(self, hill, output):
        subprocess.run([VM / "prepare"], check=True)  # here: it may ask for packages, which that namespace cannot
        self.listener = socket.create_server((hill.address, 0))
        self.listener.settimeout(180)
        self.output = output.open("w+")
        words = [VM / "run", "--load", "uinput,evdev", "--network", "--within", "900", "--"]
        words += [sys.executable, VM / "inside/hand.py", *map(str, self.listener.getsockname())]
        self.machine = subprocess.Popen(
            [*hill.within("handset"), *map(str, words)], stdout=self.output, stderr=self.output, start_new_session=True
        )

    def serve(self, *words):
        """Runs `astro node` there, and waits until it serves."""
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(120)
        self.lines = self.connection.makefile("rw", buffering=1)
        self.lines.readline()  # it asks for the time
        self.say(time=time.time(), command=[str(word) for word in words])
        heard = []
        while not any("serves" in line for line in heard):
            heard.append(self.lines.readline())
            assert heard[-1], f"the machine at the pedestal is gone: {heard}"

    def say(self, **what):
        print(json.dumps(what), file=self.lines, flush=True)

    def steer(self, first):
        """The dead man's button is held, and the stick pushed: 1 is right."""
        self.say(press=[SOUTH, True])
        self.say(stick=[first, 0.0])

    def let_go(self):
        self.say(stick=[0.0, 0.0])
        self.say(press=[SOUTH, False])

    def give_back(self):
        self.say(tap=[START])

    def close(self):
        self.listener.close()
        if self.machine.poll() is None:
            os.killpg(self.machine.pid, signal.SIGKILL)
        self.machine.wait()
        self.output.close()


SOUTH, START = 0x130, 0x13B  # of linux/input-event-codes.h
