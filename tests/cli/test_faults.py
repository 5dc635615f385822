# SPDX-License-Identifier: BSD-3-Clause
"""What the machine does to an observation: a disk that fills, a clock that is set. No device is to blame."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

import pytest

EVENING = "2026-01-15T20:00:00Z"
REQUEST = "target: galactic 120 0\nintegration_time: {sky} s\ncalibration_time: 1 s\nintegration: 200 ms\nchannels: {channels}\n"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def site(astro, root, archive):
    text = (root / "examples/sites/simulated.yaml").read_text().replace("dish: {driver: simulator,", "dish: {driver: simulator, max_speed: 90 deg, acceleration: 500 deg,")
    (astro.folder / "site.yaml").write_text(text.replace("path: simulated.db", f"path: {archive}"))
    return "site.yaml"


def request(astro, sky, channels):
    (astro.folder / "request.yaml").write_text(REQUEST.format(sky=sky, channels=channels))
    return "request.yaml"


def integrations(archive):
    with sqlite3.connect(archive) as store:
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)
        return store.execute("select phase, sequence from integration order by sequence").fetchall()


def test_a_disk_that_fills_ends_the_observation_which_goes_on_when_there_is_room(astro, root, small_disk):
    archive = small_disk / "full.db"
    file = site(astro, root, archive)
    ran = astro.run("observe", file, request(astro, sky=12, channels=4096), "--fast", "--at", EVENING, expect=1)
    assert "full" in ran.stderr
    told = [int(line.split()[1].rstrip(":")) for line in ran.stderr.splitlines() if line.startswith("stored ")]
    assert told, "nothing was stored before the disk was full"
    assert [sequence for _, sequence in integrations(archive)][: len(told)] == told
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    with sqlite3.connect(archive) as store:
        (identity,), = store.execute("select id from observation").fetchall()
    astro.json("resume", file, identity, "--fast", "--at", "2026-01-15T20:10:00Z")
    stored = integrations(archive)
    assert [sequence for _, sequence in stored] == list(range(len(stored)))
    assert sum(phase == "sky" for phase, _ in stored) == 60


@pytest.mark.parametrize("step_s", [-3600, -5, 5, 3600])
def test_a_clock_that_is_set_ends_nothing_and_loses_nothing(astro, root, step_s):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    steps = astro.folder / "faketime"
    steps.write_text("+0")
    environment = dict(
        astro.environment, LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(steps), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1",
    )
    file = site(astro, root, "stepped.db")
    # Without a target that moves: by an hour another sky would be up.
    (astro.folder / "request.yaml").write_text("target: altaz 180 60\nintegration_time: 6 s\ncalibration_time: 1 s\nintegration: 500 ms\nchannels: 256\n")
    program = os.environ.get("ASTRO_PROGRAM", root / "build/release/bin/astro")
    process = subprocess.Popen(
        [program, "observe", file, "request.yaml", "--json"], cwd=astro.folder, env=environment, text=True,
        stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    for line in process.stderr:
        if line.startswith("stored 6"):
            steps.write_text(f"{step_s:+d}")
            break
    try:
        said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, said
    stored = integrations(astro.folder / "stepped.db")
    assert [sequence for _, sequence in stored] == list(range(len(stored)))
    assert sum(phase == "sky" for phase, _ in stored) in range(11, 15)


def test_a_process_that_stood_still_goes_on(astro, root):
    """A stopped process, a debugger or a machine that was paused: no device is to blame for that either."""
    archive = astro.folder / "still.db"
    file = site(astro, root, archive)
    process = astro.start("observe", file, request(astro, sky=10, channels=256), "--at", EVENING, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = []
    for line in process.stderr:
        told.append(line)
        if line.startswith("stored 8"):
            process.send_signal(signal.SIGSTOP)
            time.sleep(4)
            process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 0, "".join(told)
    assert [phase for phase, _ in integrations(archive)].count("sky") > 20


def recording_site(astro, root):
    file = site(astro, root, "killed.db")
    text = (astro.folder / file).read_text().replace("sample_rate: 2.4 MHz", "sample_rate: 100 kHz")
    (astro.folder / file).write_text(text)
    return file


def test_a_kill_while_samples_are_recorded_leaves_all_of_them_but_the_last_moment(astro, root):
    file = recording_site(astro, root)
    (astro.folder / "request.yaml").write_text(
        "target: altaz 180 60\nintegration_time: 300 s\nintegration: 500 ms\nchannels: 64\ncalibration: none\nproduct: all\n"
    )
    process = astro.start("observe", file, "request.yaml", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for line in process.stderr:
        if line.startswith("stored 7"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    (meta,) = astro.folder.rglob("*.sigmf-meta")
    assert json.loads(meta.read_text())["global"]["astro:unfinished"] is True
    told = astro.json("replay", meta, "--channels", "64", "--integration", "0.5", "--out", "again.sdfits")
    assert told["exposure_s"] + told["samples_lost"] / 1e5 >= 8 * 0.5 - 0.05, "what was stored as spectra was recorded as well"
    # Whoever works next with the archive finds it there.
    with sqlite3.connect(astro.folder / "killed.db") as store:
        (identity,), = store.execute("select id from observation").fetchall()
    (astro.folder / "short.yaml").write_text("target: altaz 180 60\nintegration_time: 1 s\nchannels: 64\ncalibration: none\nanalysis: false\n")
    astro.json("observe", file, "short.yaml")
    with sqlite3.connect(astro.folder / "killed.db") as store:
        rows = store.execute("select observation_id, step, path, samples from recording").fetchall()
    data = meta.with_suffix(".sigmf-data")
    item_bytes = {"cf32_le": 8, "ci16_le": 4, "ci8": 2, "cu8": 2}[json.loads(meta.read_text())["global"]["core:datatype"]]
    assert rows == [(identity, 0, str(data), data.stat().st_size // item_bytes)]
    astro.json("export", file, identity, "copy.sigmf-meta")
    assert (astro.folder / "copy.sigmf-data").stat().st_size == data.stat().st_size


def test_a_kill_of_astro_record_leaves_a_file_that_is_played(astro, root):
    process = astro.start("record", recording_site(astro, root), "night.sigmf-meta", "--seconds", "300")
    data = astro.folder / "night.sigmf-data"
    try:
        while process.poll() is None and not (data.exists() and data.stat().st_size > 800_000):
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    told = astro.json("replay", "night.sigmf-meta", "--channels", "64", "--integration", "0.2", "--out", "night.sdfits")
    assert told["spectra"] >= 4
