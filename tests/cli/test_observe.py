# SPDX-License-Identifier: BSD-3-Clause
"""`astro observe` as a user runs it, and what survives when it is killed."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import time

import pytest
from astropy.io import fits

SITE = "examples/sites/simulated.yaml"

REQUEST = """\
target: galactic 120 0
target_name: Perseus arm
integration_time: {sky} s
calibration_time: {load} s
integration: {slice} s
channels: 512
observer: a test
"""


@pytest.fixture
def site(astro, root):
    text = (root / SITE).read_text()
    (astro.folder / "site.yaml").write_text(text)
    return "site.yaml"


def request(astro, sky, load, slice_s=1.0):
    (astro.folder / "request.yaml").write_text(REQUEST.format(sky=sky, load=load, slice=slice_s))
    return "request.yaml"


def test_an_observation_finds_the_line_and_leaves_whole_files(astro, site):
    told = astro.json(
        "observe", site, request(astro, sky=4, load=2), "--fast", "--at", "2026-01-15T20:00:00Z",
        "--fits", "line.fits", "--csv", "line.csv",
    )
    assert 5 < told["peak_k"] < 120
    assert -100 < told["peak_velocity_km_s"] < 40
    assert 50 < told["tsys_k"] < 300
    assert told["samples_lost"] == 0
    with fits.open(astro.folder / "line.fits") as file:
        header = file[0].header
        assert header["CTYPE1"].startswith("FREQ") and header["CUNIT1"] == "Hz"
        assert header["SPECSYS"] == "TOPOCENT" and header["BUNIT"] == "K"
        assert header["RESTFRQ"] == pytest.approx(1420405751.768)
        assert header["DATE-OBS"].startswith("2026-01-15T20:")
        assert file[0].data.shape[-1] == 512
        assert header["RA"] == pytest.approx(told["ra_deg"], abs=1e-6)
    rows = [line for line in (astro.folder / "line.csv").read_text().splitlines() if not line.startswith("#")]
    assert rows[0].split(",") == ["frequency_hz", "velocity_lsrk_km_s", "temperature_k", "sigma_k", "weight"]
    assert len(rows) == 513


def test_a_stored_observation_is_reduced_again_to_the_same_numbers(astro, site):
    told = astro.json("observe", site, request(astro, sky=2, load=1), "--fast", "--at", "2026-01-15T20:00:00Z")
    again = astro.json("reduce", "--site", site, "--observation", told["observation"])
    for key in ("peak_k", "peak_velocity_km_s", "tsys_k", "rms_k", "samples_lost"):
        assert again[key] == pytest.approx(told[key])


def test_a_target_below_the_horizon_is_refused_before_anything_moves(astro, site):
    request_file = request(astro, sky=2, load=1)
    text = (astro.folder / request_file).read_text().replace("galactic 120 0", "icrs 0 -80")
    (astro.folder / request_file).write_text(text)
    told = astro.json("observe", site, request_file, "--fast", expect=3)
    assert told["code"] in {"not_visible", "out_of_limits"}


def test_a_broken_request_names_line_and_column(astro, site):
    (astro.folder / "request.yaml").write_text("target: galactic 120 0\nintegration_tme: 20 s\n")
    told = astro.json("observe", site, "request.yaml", expect=2)
    problem = told["problems"][0]
    assert (problem["line"], problem["column"]) == (2, 1)
    assert problem["suggestion"] == "integration_time"


def begun(astro, site):
    """An observation that has stored something, and goes on for long."""
    process = astro.start(
        "observe", site, request(astro, sky=600, load=1), "--at", "2026-01-15T20:00:00Z",
        stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    for line in process.stderr:
        if line.startswith("stored"):
            break
    return process


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_cancels_and_tells_how_to_have_what_is_stored(astro, site, signals):
    process = begun(astro, site)
    for each in signals:
        process.send_signal(each)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    with sqlite3.connect(astro.folder / "simulated.db") as store:
        (identity, state), = store.execute("select id, state from observation").fetchall()
    assert state == "cancelled"
    assert f"astro reduce --site {site} --observation {identity}" in said


def test_an_archive_can_be_looked_at_while_the_observatory_is_at_work(astro, site):
    done = astro.json("observe", site, request(astro, sky=2, load=1), "--fast", "--at", "2026-01-15T20:00:00Z")["observation"]
    process = begun(astro, site)
    states = {each["observation"]: each["state"] for each in astro.json("observations", site)["observations"]}
    assert states.pop(done) == "completed" and list(states.values()) == ["running"]
    assert astro.json("reduce", "--site", site, "--observation", done)["peak_k"] > 5
    process.kill()
    process.communicate()


def test_what_a_kill_cut_short_is_closed_by_the_next_observation(astro, site):
    process = begun(astro, site)
    process.kill()
    process.communicate()
    astro.json("observe", site, request(astro, sky=1, load=1), "--fast", "--at", "2026-01-15T20:00:00Z")
    ended = sorted((each["state"], each["reason"]) for each in astro.json("observations", site)["observations"])
    assert [state for state, _ in ended] == ["completed", "failed"]
    assert "the process ended in the middle of it" in ended[1][1]


def test_files_that_cannot_be_written_are_noticed_before_anything_moves(astro, site):
    told = astro.json("observe", site, request(astro, sky=600, load=1), "--fits", "nowhere/line.fits", expect=1)
    assert told["code"] == "storage" and "nothing was begun" in told["error"]
    (astro.folder / "folder").mkdir()
    told = astro.json("observe", site, request(astro, sky=600, load=1), "--fits", "folder", expect=1)
    assert told["code"] == "storage" and "nothing was begun" in told["error"]
    assert not (astro.folder / "simulated.db").exists()


def test_a_file_that_fails_in_the_end_leaves_one_object_that_says_where_the_observation_is(astro, site):
    (astro.folder / "request.yaml").write_text("target: galactic 120 0\nmode: loads\ncalibration_time: 1 s\n")
    fast = ("--fast", "--at", "2026-01-15T20:00:00Z")
    told = astro.json("observe", site, "request.yaml", *fast, "--fits", "line.fits", expect=2)
    assert told["code"] == "unsupported" and "has no calibrated spectrum to write" in told["error"]
    arguments = told["error"].rpartition("astro reduce ")[2].split()
    assert astro.json("reduce", *arguments)["tsys_k"] > 50


def test_what_people_read_says_each_number_once(astro, site):
    said = astro.run("observe", site, request(astro, sky=1, load=1), "--fast", "--at", "2026-01-15T20:00:00Z").stdout
    assert len(re.findall("tsys", said, re.IGNORECASE)) == 1
    assert said.startswith("Peak ")


def stored_in(folder):
    path = folder / "simulated.db"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as store:
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)
        try:
            return {row[0] for row in store.execute("select sequence from integration")}
        except sqlite3.OperationalError:
            return set()


def killed_inside_a_transaction(folder):
    """Whether the write-ahead log ends in frames without a commit (sqlite.org/fileformat2.html, section 4)."""
    path = folder / "simulated.db-wal"
    if not path.exists() or path.stat().st_size < 32:
        return False
    log = path.read_bytes()
    page = int.from_bytes(log[8:12], "big")
    committed = True
    for at in range(32, len(log) - 23, 24 + page):
        if log[at + 8 : at + 16] != log[16:24]:  # left over from before the last checkpoint
            break
        committed = len(log) >= at + 24 + page and int.from_bytes(log[at + 4 : at + 8], "big") != 0
    return not committed


def test_a_kill_at_any_moment_loses_no_announced_integration(astro, site, capsys):
    """SIGKILL at 50 moments uniform over an observation (5 s of it, in integrations of 20 ms)."""
    arguments = (
        "observe", site, request(astro, sky=3, load=1, slice_s=0.02), "--fast", "--at", "2026-01-15T20:00:00Z",
        "--fits", "line.fits", "--csv", "line.csv",
    )
    started = time.monotonic()
    whole = astro.start(*arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    announced = re.findall(r"^stored (\d+):", whole.communicate(timeout=120)[1], re.MULTILINE)
    length = time.monotonic() - started
    assert whole.returncode == 0 and len(announced) >= 200

    chance = random.Random(20260115)
    inside = partial = 0
    for trial in range(50):
        for leftover in astro.folder.glob("simulated.db*"):
            leftover.unlink()
        for name in ("line.fits", "line.csv"):
            (astro.folder / name).unlink(missing_ok=True)
        moment = length * (trial + chance.random()) / 50
        begun = time.monotonic()
        process = astro.start(*arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        os.set_blocking(process.stderr.fileno(), True)
        time.sleep(max(0.0, moment - (time.monotonic() - begun)))
        process.kill()
        text = process.communicate()[1]
        told = {int(number) for number in re.findall(r"^stored (\d+):.*\n", text, re.MULTILINE)}
        inside += killed_inside_a_transaction(astro.folder)
        stored = stored_in(astro.folder)
        assert told <= stored, f"announced and lost after {moment:.3f} s: {sorted(told - stored)}"
        assert stored == set(range(len(stored))), "the sequence has a hole"
        partial += len(stored) > len(told)
        for name in ("line.fits", "line.csv"):
            path = astro.folder / name
            if path.exists():
                assert path.stat().st_size > 10_000, f"{name} is there and not whole"
                if name.endswith("fits"):
                    fits.open(path, checksum=True).close()
    with capsys.disabled():
        print(f"\n50 kills: {inside} inside a transaction, {partial} between a commit and its announcement")
