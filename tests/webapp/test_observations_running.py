# SPDX-License-Identifier: BSD-3-Clause
"""The queue while it is carried out: watched live, killed, taken over by another instance."""

import os
import random
import struct
import subprocess
import threading
import time

import numpy
import pytest
from observing import PERSEUS, ask, ended, fast_site
from served import ROOT, ControlRoom
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import wait_until

HEADER = struct.Struct("<IIdddII")
LATER = "2026-03-01T00:00:00Z"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    made = ControlRoom(site=fast_site(tmp_path_factory.mktemp("site"), speed=4), lease_s=2)
    yield made
    made.close()


def token_of(client):
    return client.headers["Authorization"].split()[1]


def watch(room, client, id, frames, **more):
    """All frames until the server closes; returns its code."""
    url = f"{room.url.replace('http', 'ws')}/ws/spectra?id={id}"
    with connect(url, subprotocols=[f"bearer.{token_of(client)}"], **more) as socket:
        try:
            while True:
                frames.append(socket.recv())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def test_a_run_is_watched_live(room):
    client, watcher = room.client("observer"), room.client("guest")
    id = ask(client, integration_time=12.0, fft_size=512)["id"]
    frames, progress = [], []
    codes = []
    thread = threading.Thread(target=lambda: codes.append(watch(room, watcher, id, frames)))
    thread.start()
    while client.get(f"/v1/observations/{id}").json()["status"] in ("PENDING", "IN_PROGRESS"):
        told = watcher.get(f"/api/observations/{id}/progress").json()
        if told["stage"]:
            progress.append(told)
        running = watcher.get("/api/queue").json()["running"]
        assert running is None or running["id"] == id
        time.sleep(0.1)
    thread.join(30)
    assert codes == [4000], "it says that it has ended"
    fractions = [each["fraction"] for each in progress]
    assert fractions == sorted(fractions) and fractions[-1] > 0.5, fractions
    assert min(each["left_s"] for each in progress) < max(each["left_s"] for each in progress)
    assert {"hot", "sky"} <= {each["phase"] for each in progress}
    kelvin = 0
    for frame in frames:
        magic, channels, seconds, _, step, kind, flags = HEADER.unpack_from(frame)
        assert magic == 0x43505341 and channels == 512 and seconds > 1.7e9
        arrays = numpy.frombuffer(frame, "<f4", offset=HEADER.size)
        assert arrays.size == channels * (3 if flags & 2 else 2)
        if flags & 1:
            kelvin += 1
            assert kind == 0 and -3 < step < 0, "km/s fall with the frequency"
            assert 10 < numpy.median(arrays[:channels]) < 200 and (arrays[channels : 2 * channels] > 0).all()
    assert len(frames) > 10 and kelvin > 3


def test_what_was_asked_for_elsewhere_is_shown_too(start_control_room, tmp_path):
    """By `astro queue add`, twice the same: they have no number here."""
    there = start_control_room(site=fast_site(tmp_path, speed=4))
    client = there.client("guest")
    wish = tmp_path / "wish.yaml"
    wish.write_text("target: icrs 6.3 62.7\ntarget_name: Perseus arm\nintegration_time: 8 s\ncalibration_time: 1 s\nchannels: 256\n")
    program = ROOT / "build/release/bin/astro"
    add = [program, "queue", "add", there.site, wish, wish, "--user", "night shift"]
    subprocess.run(list(map(str, add)), check=True, cwd=there.folder, capture_output=True)
    wait_until(lambda: (client.get("/api/queue").json()["running"] or {}).get("fraction"))
    queue = client.get("/api/queue").json()
    told = queue["running"]
    assert (told["id"], told["target"], told["user"]) == (None, "Perseus arm", "night shift")
    [other] = queue["waiting"]
    assert other["id"] is None and other["key"]


def test_spectra_need_a_token_and_a_run(room):
    url = f"{room.url.replace('http', 'ws')}/ws/spectra?id="
    with pytest.raises(Exception, match="40[13]"):
        connect(f"{url}1", subprotocols=["bearer.nothing"])
    frames = []
    assert watch(room, room.client("guest"), 987654, frames) == 4000 and not frames


def test_one_that_runs_is_cancelled(room):
    client = room.client("observer")
    id = ask(client, integration_time=600.0)["id"]
    wait_until(lambda: client.get(f"/v1/observations/{id}").json()["status"] == "IN_PROGRESS")
    assert client.delete(f"/v1/observations/{id}").status_code == 204
    wait_until(lambda: client.get("/api/queue").json()["running"] is None)
    assert client.get(f"/v1/observations/{id}").json()["status"] == "CANCELLED"
    assert client.delete(f"/v1/observations/{id}").status_code == 409


def observes(room):
    return room.anonymous().get("/v1/web/status").json()["data"]["observes"]


def test_a_clean_stop_leaves_it_to_the_next_start(room):
    client = room.client("observer")
    id = ask(client, integration_time=8.0)["id"]
    wait_until(lambda: client.get(f"/v1/observations/{id}").json()["status"] == "IN_PROGRESS")
    assert room.stop() in (0, -15)
    room.start()
    kept = ended(client, id)
    assert kept["status"] == "COMPLETED", kept["reason"]


def test_a_killed_server_loses_and_doubles_nothing(room):
    """What was accepted is there once, what was not answered is there once or not at all."""
    client = room.client("observer", "kurt")
    rounds = 25 if os.environ.get("ASTRO_LONG") == "1" else 3
    chance = random.Random(6)
    accepted, sent = [], 0
    for number in range(rounds):
        killer = threading.Timer(chance.uniform(0.05, 1.0), room.kill)
        killer.start()
        try:
            while True:
                sent += 1
                key = {"Idempotency-Key": f"{number}-{sent}"}
                body = {"observation": {**PERSEUS, "target_name": f"n{sent}", "planned_start": LATER}}
                answer = client.post("/v1/observations/", json=body, headers=key)
                assert answer.status_code == 202, answer.text
                accepted.append(answer.json()["id"])
        except Exception as gone:  # the connection ends in one way or another
            assert not isinstance(gone, AssertionError), gone
        killer.join()
        room.start()
        client = room.client("observer", "kurt")
    assert len(accepted) > rounds
    own = {each["id"]: each for each in client.get("/v1/observations/").json()}
    assert set(accepted) <= set(own) and len(own) <= sent
    names = [each["target_name"] for each in own.values()]
    assert len(names) == len(set(names))

    def in_queue():
        return [each["id"] for each in client.get("/api/queue").json()["waiting"] if each["user"] == "kurt"]

    wait_until(lambda: sorted(in_queue()) == sorted(own))
    assert {each["status"] for each in own.values()} == {"PENDING"}


def test_a_kill_in_the_middle_of_a_run_is_made_good(room):
    client = room.client("observer")
    id = ask(client, integration_time=10.0)["id"]
    wait_until(lambda: client.get(f"/api/observations/{id}/progress").json()["fraction"] > 0.3)
    room.kill()
    room.start()
    kept = ended(client, id)
    assert kept["status"] == "COMPLETED", kept["reason"]


def test_another_instance_takes_over(start_control_room, tmp_path, new_database, postgres, monkeypatch):
    """Two behind a balancer, with one database and one store: one observes, both show it."""
    monkeypatch.setenv("ROOM_STORE_PASSWORD", "secret")
    site = fast_site(tmp_path, speed=4)
    store = f"archive: {{driver: postgres, host: 127.0.0.1, port: {postgres.port}, user: astro, password: \"${{ROOM_STORE_PASSWORD}}\", " + (
        f"schema: room{os.getpid()}, tls: prefer}}"
    )
    site.write_text(site.read_text().replace("archive: {driver: sqlite, path: archive.db}", store))
    shared = {"site": site, "database": new_database(), "secret": "a secret that both of them know, long", "lease_s": 5}
    first = start_control_room(**shared)
    client = first.client("observer")
    second = start_control_room(**shared)
    there = second.anonymous(headers=dict(client.headers))
    assert observes(first) and not observes(second)
    first.stop()
    wait_until(lambda: observes(second))
    first.start()
    assert not observes(first)
    id = ask(client, integration_time=20.0)["id"]
    wait_until(lambda: client.get(f"/api/observations/{id}/progress").json()["fraction"] > 0.1)
    here, other = (each.get(f"/api/observations/{id}/progress").json() for each in (client, there))
    assert other["fraction"] > 0 and here["stage"] and other["stage"]
    frames = []
    url = f"{first.url.replace('http', 'ws')}/ws/spectra?id={id}"
    with connect(url, subprotocols=[f"bearer.{token_of(client)}"]) as socket:
        frames.append(socket.recv(timeout=20))
    assert HEADER.unpack_from(frames[0])[1] == 256
    second.kill()
    wait_until(lambda: observes(first))
    kept = ended(client, id)
    assert kept["status"] == "COMPLETED", kept["reason"]
    assert client.get(kept["data_download_url"]).content.startswith(b"SIMPLE  =")
