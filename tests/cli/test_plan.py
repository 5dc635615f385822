# SPDX-License-Identifier: BSD-3-Clause
"""`astro plan`, `resume`, `record` and `completion` as a user runs them."""

import json
import signal
import sqlite3
import subprocess

import numpy
import pytest

EVENING = "2026-01-15T20:00:00Z"


@pytest.fixture
def site(astro, root):
    (astro.folder / "site.yaml").write_text((root / "examples/sites/simulated.yaml").read_text().replace("dish: {driver: simulator,", "dish: {driver: simulator, max_speed: 90 deg, acceleration: 500 deg,"))
    return "site.yaml"


def request(astro, text):
    (astro.folder / "request.yaml").write_text(text)
    return "request.yaml"


def test_a_plan_tells_steps_times_and_noise(astro, site):
    told = astro.json("plan", site, request(astro, "target: galactic 120 0\nintegration_time: 60 s\n"), "--at", EVENING)
    assert told["possible"] is True and told["refusals"] == []
    assert [step["label"] for step in told["steps"]] == ["hot load", "cold load", "on target"]
    assert told["integrating_s"] == 60
    assert 100 < told["duration_s"] < 200


def test_a_plan_that_is_refused_says_when_it_would_work(astro, site):
    told = astro.json("plan", site, request(astro, "target: icrs 180 20\n"), "--at", EVENING, expect=3)
    assert told["possible"] is False
    again = astro.json("plan", site, "request.yaml", "--at", told["possible_from"])
    assert again["possible"] is True


def test_what_a_kill_cut_short_is_resumed(astro, site):
    file = request(astro, "target: galactic 120 0\nintegration_time: 12 s\ncalibration_time: 1 s\nchannels: 256\n")
    process = astro.start("observe", site, file, "--at", EVENING, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for line in process.stderr:
        if line.startswith("stored 5"):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with sqlite3.connect(astro.folder / "simulated.db") as store:
        (identity,), = store.execute("select id from observation").fetchall()
    told = astro.json("resume", site, identity, "--fast", "--at", "2026-01-15T20:05:00Z")
    assert told["observation"] == identity and told["peak_k"] > 5
    with sqlite3.connect(astro.folder / "simulated.db") as store:
        phases = store.execute("select phase, count(*), count(distinct sequence) from integration group by phase").fetchall()
    assert sorted(phases) == [("cold", 1, 1), ("hot", 1, 1), ("sky", 12, 12)]
    assert "is complete" in astro.json("resume", site, identity, "--fast", "--at", "2026-01-15T20:06:00Z", expect=2)["error"]


def test_a_recording_is_whole_and_keeps_its_times(astro, site):
    told = astro.json("record", site, "sky.sigmf-meta", "--seconds", "1")
    meta = json.loads((astro.folder / "sky.sigmf-meta").read_text())
    samples = numpy.fromfile(astro.folder / "sky.sigmf-data", "complex64")
    assert len(samples) == told["samples"] and told["duration_s"] >= 1
    assert meta["global"]["core:sample_rate"] == 2.4e6
    assert numpy.std(samples) > 0


def test_a_recording_of_no_length_leaves_the_one_before_as_it_is(astro, site):
    astro.json("record", site, "sky.sigmf-meta", "--seconds", "0.2")
    before = (astro.folder / "sky.sigmf-data").stat().st_size
    for seconds in ("-1", "0", "nan"):
        assert "--seconds" in astro.json("record", site, "sky.sigmf-meta", "--seconds", seconds, expect=2)["error"]
    assert (astro.folder / "sky.sigmf-data").stat().st_size == before > 0


def test_a_plan_is_of_the_sites_own_time(astro, site):
    with open(astro.folder / site, "a") as file:
        file.write("\nclock: {start: 2026-01-15T20:00:00, speed: 60}\n")
    file = request(astro, "target: galactic 120 0\n")
    assert astro.json("plan", site, file)["start"] == EVENING
    file = request(astro, "target: galactic 120 0\nplanned_start: 2020-01-01T00:00:00Z\n")
    assert astro.json("plan", site, file)["start"] == EVENING, "what is past is now"
    file = request(astro, "target: galactic 120 0\nplanned_start: 2026-01-15T21:00:00Z\n")
    assert astro.json("plan", site, file)["start"] == "2026-01-15T21:00:00Z"


def test_a_plan_of_a_receiver_without_a_mount_tells_of_no_slew_and_no_sun(astro):
    (astro.folder / "fixed.yaml").write_text(
        "site: {name: Fixed, latitude: 28 deg, longitude: -16 deg}\nreceivers: {hydrogen: {driver: simulator, frequency: 1420.4 MHz, sample_rate: 2 MHz}}\n"
        "stores: {archive: {driver: sqlite, path: fixed.db}}\n"
    )
    file = request(astro, "target: galactic 132 1\ncalibration: none\n")
    said = astro.run("plan", "fixed.yaml", file, "--at", EVENING).stdout
    assert "slewing" not in said and "Sun" not in said and "integrating 60 s" in said
    assert astro.json("plan", "fixed.yaml", file, "--at", EVENING)["sun_distance_deg"] is None


def test_a_plan_tells_how_many_passes_a_noise_is_expected_to_need(astro, site):
    text = (astro.folder / site).read_text().replace("beam_width: 4.8 deg", "beam_width: 4.8 deg\n    tsys: 90 K")
    (astro.folder / site).write_text(text)
    file = request(astro, "target: galactic 120 0\nmode: frequency_switch\nintegration_time: 60 s\nchannels: 256\nrepeat: 10000\nuntil_rms: 50 mK\n")
    told = astro.json("plan", site, file, "--at", EVENING)
    assert told["possible"] is True and 1 < told["passes"] < 100
    assert told["expected_rms_k"] < 0.05
    assert f"{told['passes']} of 10000, by then below `until_rms`" in astro.run("plan", site, file, "--at", EVENING).stdout


def test_what_works_at_no_time_is_said_to(astro, site):
    told = astro.run("plan", site, request(astro, "target: icrs 0 -85\n"), "--at", EVENING, expect=3).stdout
    assert "It would work at no time within two days." in told


def test_a_shell_completes_commands_and_options(astro):
    script = astro.run("completion", "bash").stdout

    def answer(words):
        ask = f'{script}\nCOMP_WORDS=(astro {" ".join(words)}); COMP_CWORD={len(words)}; _astro; printf "%s\\n" "${{COMPREPLY[@]}}"'
        ran = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, cwd=astro.folder)
        return ran.stdout.splitlines()

    assert answer(["obs"]) == ["observe", "observations"]
    assert "--simulate" in answer(["observe", "--sim"])
    assert "--site" in answer(["sky", "--si"])
    assert answer(["telemetry", "hist"]) == ["history"]
    assert answer(["queue", "add", "--us"]) == ["--user"]
    assert answer(["completion", ""]) == ["bash", "zsh"]
    assert answer(["completion", "z"]) == ["zsh"]
    (astro.folder / "my site.yaml").touch()
    assert answer(["queue", "add", "my"]) == ["my site.yaml"]
