# SPDX-License-Identifier: BSD-3-Clause
"""What the machine does to observations at moments that nobody chose: SIGKILL, a disk that fills, a clock that is set. No
integration that was told of is lost, each observation has one final state with a reason, and resuming it completes it."""

import contextlib
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import time

import pytest

LONG = os.environ.get("ASTRO_LONG") == "1"
TRIALS = 100 if LONG else 6
SEED = int(os.environ.get("ASTRO_SEED", time.time_ns() % 2**32 if LONG else 20261123))
KINDS = ("kill", "disk", "clock")
EVENING, LATER = "2026-01-15T20:00:00Z", "2026-01-15T20:10:00Z"
SLICES = 60  # of the sky
REQUEST = "target: galactic 120 0\nintegration_time: 3 s\ncalibration_time: 500 ms\nintegration: 50 ms\nchannels: 1024\n"


@pytest.fixture
def disk(tmp_path):
    """A small file system in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def stored(archive):
    """The one observation, as (id, state, reason), and the phases of its integrations in their order."""
    if not archive.exists():
        return None, []
    with contextlib.closing(sqlite3.connect(archive)) as store:
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)
        with contextlib.suppress(sqlite3.OperationalError):  # it was not made any more
            observations = store.execute("select id, state, reason from observation").fetchall()
            integrations = store.execute("select sequence, phase from integration order by sequence").fetchall()
            assert [sequence for sequence, _ in integrations] == list(range(len(integrations))), "the sequence has a hole"
            assert len(observations) <= 1
            return (observations or [None])[0], [phase for _, phase in integrations]
    return None, []


def start(astro, clock):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    steps = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
    with_clock = type(astro)(astro.folder)
    with_clock.environment |= steps if clock else {}
    arguments = ("observe", "site.yaml", "request.yaml", "--fast", "--at", EVENING)
    return with_clock.start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_faults_of_the_machine_at_random_moments_lose_nothing(astro, root, disk, capsys):
    archive = disk / "night.db"
    text = (root / "examples/sites/simulated.yaml").read_text().replace("dish: {driver: simulator,", "dish: {driver: simulator, max_speed: 90 deg, acceleration: 500 deg,")
    (astro.folder / "site.yaml").write_text(text.replace("path: simulated.db", f"path: {archive}"))
    (astro.folder / "request.yaml").write_text(REQUEST)
    chance = random.Random(SEED)
    count = dict.fromkeys(KINDS, 0)
    resumed = 0

    begun = time.monotonic()
    whole = start(astro, None)
    said = whole.communicate(timeout=120)[1]
    length = time.monotonic() - begun
    assert whole.returncode == 0 and stored(archive)[1].count("sky") == SLICES, said

    for trial in range(TRIALS):
        for left in disk.iterdir():
            left.unlink()
        kind = chance.choice(KINDS)
        moment = length * chance.random()
        step_s = chance.choice((-1, 1)) * chance.choice((1, 60, 3600, 86400))
        about = f"seed {SEED}, trial {trial}: {kind} after {moment:.3f} s of {length:.3f}" + (f", by {step_s:+d} s" if kind == "clock" else "")
        count[kind] += 1
        clock = astro.folder / "faketime" if kind == "clock" else None
        if clock:
            clock.write_text("+0")
        process = start(astro, clock)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            if kind == "kill":
                process.send_signal(signal.SIGKILL)
            elif kind == "disk":
                fill(disk)
            else:
                clock.write_text(f"{step_s:+d}")
            said = process.communicate(timeout=120)[1]
        finally:
            process.kill()
        (disk / "filler").unlink(missing_ok=True)
        assert process.returncode in {"kill": (0, -signal.SIGKILL), "disk": (0, 1), "clock": (0,)}[kind], f"{about}\n{said}"

        observation, phases = stored(archive)
        told = {int(number) for number in re.findall(r"^stored (\d+):.*\n", said, re.MULTILINE)}
        assert told <= set(range(len(phases))), f"{about}: told and lost"
        if observation is None:
            continue  # before anything was begun
        identity, state, reason = observation
        # Whoever is killed, or has no room to write it, says nothing in the end: the next that opens the store does.
        assert state in ("completed", "failed", "running"), about
        assert state != "running" or process.returncode != 0, f"{about}\n{said}"
        assert state != "failed" or reason, about
        if state == "completed":
            assert phases.count("sky") == SLICES, about
            continue
        resumed += 1
        astro.json("resume", "site.yaml", identity, "--fast", "--at", LATER)
        (again, state, _), phases = stored(archive)
        assert (again, state) == (identity, "completed"), about
        # A step that was cut short within a slice begins that slice anew.
        assert SLICES <= phases.count("sky") <= SLICES + 1, f"{about}: {phases.count('sky')} slices of the sky"
    with capsys.disabled():
        print(f"\nseed {SEED}: {count}, {resumed} resumed")
