# SPDX-License-Identifier: BSD-3-Clause
"""The other end of GPIO lines, in the virtual machine: chips that the kernel simulates, and the kernel's own record of
each value that a line was set to."""

import contextlib
import os
import pathlib
import re
import select
import threading
import time
from typing import NamedTuple

import astro

CONFIG = pathlib.Path("/sys/kernel/config/gpio-sim")
TRACE = pathlib.Path("/sys/kernel/tracing")


class Chip:
    """A simulated chip; `names` of its first lines, as a board has them."""

    def __init__(self, label, count, names=()):
        self.folder = CONFIG / label
        bank = self.folder / "bank"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(count))
        (bank / "label").write_text(label)
        for number, name in enumerate(names):
            (bank / f"line{number}").mkdir()
            (bank / f"line{number}/name").write_text(name)
        (self.folder / "live").write_text("1")
        self.label = label
        self.lines = pathlib.Path("/sys/devices/platform", (self.folder / "dev_name").read_text().strip(), (bank / "chip_name").read_text().strip())
        bases = [path / "base" for path in pathlib.Path("/sys/class/gpio").glob("gpiochip*") if (path / "label").read_text().strip() == label]
        self.base = int(bases[0].read_text())

    def pull(self, number, up):
        (self.lines / f"sim_gpio{number}/pull").write_text("pull-up" if up else "pull-down")

    def value(self, number):
        return int((self.lines / f"sim_gpio{number}/value").read_text())

    def remove(self):
        (self.folder / "live").write_text("0")
        bank = self.folder / "bank"
        for line in [*bank.glob("line*")]:
            line.rmdir()
        bank.rmdir()
        self.folder.rmdir()


class Change(NamedTuple):
    time: float  # of CLOCK_MONOTONIC, s
    line: int  # of the chip
    value: int


class Record:
    """What lines of a chip were set to, by the kernel's tracepoint gpio_value: whoever sets them."""

    def __init__(self, chip, kilobytes=4096):
        self.chip = chip
        (TRACE / "trace_clock").write_text("mono")
        (TRACE / "buffer_size_kb").write_text(str(kilobytes))
        (TRACE / "events/gpio/gpio_value/filter").write_text("get == 0")
        (TRACE / "trace").write_text("")
        (TRACE / "events/gpio/gpio_value/enable").write_text("1")
        (TRACE / "tracing_on").write_text("1")

    LINE = re.compile(r" (\d+\.\d+): gpio_value: (\d+) set (\d)")

    def changes(self, *lines):
        """Since the record began or was cleared; of these lines, or of all."""
        text = (TRACE / "trace").read_text()
        made = []
        for stamp, number, value in self.LINE.findall(text):
            line = int(number) - self.chip.base
            if not lines or line in lines:
                made.append(Change(float(stamp), line, int(value)))
        assert not lost(), "the kernel's record overflowed"
        return made

    def clear(self):
        (TRACE / "trace").write_text("")


def lost():
    """Changes that the kernel had no room for."""
    counts = [line for path in TRACE.glob("per_cpu/*/stats") for line in path.read_text().splitlines()]
    return sum(int(line.split(":")[1]) for line in counts if line.startswith(("overrun:", "dropped events:")))


def eventually(condition, at_most_s=60.0):
    """A point that has not been read yet is not what is waited for, either."""
    end = time.monotonic() + at_most_s
    while time.monotonic() < end:
        with contextlib.suppress(astro.Error):
            if condition():
                return True
        time.sleep(0.01)
    return False


class Follower:
    """What hangs on lines: it is called with each change that the kernel records, as it comes."""

    def __init__(self, chip, called):
        self.chip, self.called = chip, called
        self.folder = TRACE / "instances/follower"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "events/gpio/gpio_value/filter").write_text("get == 0")
        (self.folder / "events/gpio/gpio_value/enable").write_text("1")
        self.pipe = open(self.folder / "trace_pipe", "rb", buffering=0)
        os.set_blocking(self.pipe.fileno(), False)
        self.ending = False
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        rest = ""
        while not self.ending:
            select.select([self.pipe], [], [], 0.05)
            lines = (rest + (self.pipe.read(65536) or b"").decode()).split("\n")
            rest = lines.pop()
            for stamp, number, value in Record.LINE.findall("\n".join(lines)):
                self.called(Change(float(stamp), int(number) - self.chip.base, int(value)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        self.pipe.close()
        (self.folder / "events/gpio/gpio_value/enable").write_text("0")
        self.folder.rmdir()
