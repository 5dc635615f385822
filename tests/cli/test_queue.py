# SPDX-License-Identifier: BSD-3-Clause
"""`astro queue` as a user runs it: add, list, simulate, run, cancel, and what a kill leaves."""

import datetime
import sqlite3
import subprocess
import time

import pytest

SITE = "examples/sites/simulated.yaml"
EVENING = "2026-01-15T20:00:00Z"

REQUEST = """\
target: {target}
target_name: {name}
integration_time: {sky} s
calibration_time: 2 s
integration: 1 s
channels: 256
observer: anna
"""


@pytest.fixture
def site(astro, root):
    (astro.folder / "site.yaml").write_text((root / SITE).read_text())
    return "site.yaml"


def request(astro, name, target="galactic 120 0", sky=10):
    (astro.folder / f"{name}.yaml").write_text(REQUEST.format(name=name, target=target, sky=sky))
    return f"{name}.yaml"


def rows(astro, query):
    with sqlite3.connect(astro.folder / "simulated.db") as store:
        return store.execute(query).fetchall()


def requests(astro, site):
    return {each["target"]: each for each in astro.json("queue", "list", site, "--all")["requests"]}


def test_three_requests_are_listed_simulated_and_carried_out(astro, site):
    files = [request(astro, "perseus"), request(astro, "cygnus", "galactic 110 0"), request(astro, "south", "icrs 0 -85")]
    added = astro.json("queue", "add", site, *files, "--at", EVENING, "--user", "ben")["added"]
    assert [each["target"] for each in added] == ["perseus", "cygnus", "south"]
    assert added[0]["outlook"].startswith("planned for 2026-01-15T20:")
    assert "never high enough" in added[2]["outlook"]

    because = {each["target"]: each["reason"] for each in astro.json("queue", "list", site, "--at", EVENING)["requests"]}
    assert because["perseus"].startswith("planned for 2026-01-15T20:") and "never high enough" in because["south"]
    for hours in ("-3", "nan", "100"):
        astro.json("queue", "simulate", site, "--at", EVENING, "--hours", hours, expect=2)

    listed = requests(astro, site)
    assert {each["state"] for each in listed.values()} == {"waiting"}
    assert {each["user"] for each in listed.values()} == {"ben"}
    assert "perseus" in astro.run("queue", "list", site).stdout

    began = time.monotonic()
    told = astro.json("queue", "simulate", site, "--at", EVENING, "--hours", "12")
    assert time.monotonic() - began < 10, "a night is simulated in seconds"
    assert {each["target"] for each in told["entries"]} == {"perseus", "cygnus"}
    assert [each["because"] for each in told["waiting"]] == ["impossible"]
    assert told["science_s"] == 20
    drawn = astro.run("queue", "simulate", site, "--at", EVENING, "--hours", "1").stdout
    bars = [line for line in drawn.splitlines() if line.startswith(("perseus ", "cygnus ")) and "#" in line]
    assert len(bars) == 2 and "south waits: " in drawn
    assert not rows(astro, "select name from sqlite_master where name = 'integration'"), "nothing has run yet"

    told = astro.json("queue", "run", site, "--fast", "--at", EVENING, "--until-empty", expect=1)
    assert (told["done"], told["failed"]) == (2, 1)
    ended = requests(astro, site)
    assert {name: each["state"] for name, each in ended.items()} == {"perseus": "done", "cygnus": "done", "south": "impossible"}
    for name in ("perseus", "cygnus"):
        reduced = astro.json("reduce", "--site", site, "--observation", ended[name]["observation"])
        assert reduced["peak_k"] > 3


def test_a_request_is_cancelled_once(astro, site):
    added = astro.json("queue", "add", site, request(astro, "perseus"), "--at", EVENING)["added"]
    identity = added[0]["id"]
    told = astro.json("queue", "cancel", site, identity, "--reason", "clouds")["cancelled"]
    assert (told[0]["state"], told[0]["reason"]) == ("cancelled", "clouds")
    assert astro.json("queue", "list", site)["requests"] == []
    assert astro.json("queue", "cancel", site, identity, expect=2)["code"] == "invalid_argument"
    assert astro.json("queue", "cancel", site, "nobody", expect=2)["code"] == "not_found"


def test_of_several_files_all_are_added_or_none(astro, site):
    good = request(astro, "perseus")
    bad = request(astro, "wrong", "galctic 1 2")
    astro.json("queue", "add", site, good, bad, "--at", EVENING, expect=2)
    assert astro.json("queue", "list", site, "--all")["requests"] == []


def test_who_adds_from_several_processes_loses_nothing(astro, site):
    file = request(astro, "perseus")
    astro.json("queue", "add", site, file, "--at", EVENING)
    started = [astro.start("queue", "add", site, file, "--at", EVENING, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [each.wait(timeout=120) for each in started] == [0] * 4
    assert len(astro.json("queue", "list", site)["requests"]) == 5


def test_what_a_kill_cut_short_is_completed_by_the_next_run(astro, site):
    astro.json("queue", "add", site, request(astro, "perseus", sky=300), "--at", EVENING)
    process = astro.start("queue", "run", site, "--fast", "--at", EVENING, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    stored = "select count(*) from integration where phase = 'sky'"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.02)
        if rows(astro, "select name from sqlite_master where name = 'integration'") and rows(astro, stored)[0][0] >= 5:
            break
    process.kill()
    process.wait()
    before = rows(astro, stored)[0][0]
    assert 5 <= before < 295, "it was killed in the middle"
    assert requests(astro, site)["perseus"]["state"] == "running"

    told = astro.json("queue", "run", site, "--fast", "--at", EVENING, "--until-empty")
    assert (told["done"], told["failed"]) == (1, 0)
    ended = requests(astro, site)["perseus"]
    assert (ended["state"], ended["attempts"]) == ("done", 2)
    assert rows(astro, "select id, state from observation") == [(ended["observation"], "completed")]
    sequences = [row[0] for row in rows(astro, "select sequence from integration order by sequence")]
    assert sequences == list(range(len(sequences)))
    assert rows(astro, stored)[0][0] == pytest.approx(300, abs=3)


def test_the_rules_of_the_site_say_when_and_how_much(astro, site):
    with open(astro.folder / site, "a") as file:
        file.write("\nqueue: {hours: night, sun_altitude: -12 deg, horizon: 3 h, most_waiting: 1}\n")
    noon = "2026-01-15T13:00:00Z"
    astro.json("queue", "add", site, request(astro, "perseus"), "--at", noon)
    refused = astro.json("queue", "add", site, request(astro, "cygnus"), "--at", noon, expect=1)
    assert refused["code"] == "busy" and "most_waiting: 1" in refused["error"]
    night = astro.json("queue", "simulate", site, "--at", noon)
    dusk = astro.json("sky", "sun", "--site", "28.3009,-16.5098,2390", "--at", night["from"])
    assert dusk["altitude_deg"] == pytest.approx(-12, abs=0.05)
    assert len(night["entries"]) == 1 and night["entries"][0]["start"] >= night["from"]
    begin = datetime.datetime.fromisoformat(night["from"].replace("Z", "+00:00"))
    before = (begin - datetime.timedelta(seconds=90)).isoformat()
    told = astro.json("queue", "run", site, "--until-empty", "--fast", "--at", before)
    assert told["done"] == 1
    (begun,), = rows(astro, "select created from observation")
    assert begun / 1e9 >= begin.timestamp() - 5, "not before the night"


def test_a_section_of_rules_that_is_wrong_is_told_with_its_place(astro, site):
    with open(astro.folder / site, "a") as file:
        file.write("\nqueue: {hours: nights, store: archives}\n")
    said = astro.run("check", site, expect=2)
    text = said.stdout + said.stderr
    assert "always, night or day" in text or "night" in text
    assert "archive" in text
