# SPDX-License-Identifier: BSD-3-Clause
"""Health, metrics, what the page must know; settings that are wrong; errors reported elsewhere and without secrets."""

import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from served import APP, PASSWORD, ControlRoom

SITE = (Path(__file__).parent / "site.yaml").read_text()


class Envelopes(http.server.ThreadingHTTPServer):
    """Takes error reports as Sentry does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taking)
        self.events = []
        self.raw = b""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def dsn(self):
        return f"http://ourkey@127.0.0.1:{self.server_port}/1"


class Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        lines = body.split(b"\n")
        for header, payload in zip(lines[1::2], lines[2::2], strict=False):
            if json.loads(header)["type"] == "event":
                self.server.events.append(json.loads(payload))
        self.server.raw += body
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as a store asks for when it is opened."""

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def wait_for(ask, seconds=60):
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)
    return found


def test_everything_is_well(control_room):
    answer = control_room.anonymous().get("/health")
    assert answer.status_code == 200
    health = answer.json()
    assert (health["status"], health["message"]) == ("healthy", "everything works")
    assert set(health["checks"]) == {"database", "broker", "store", "objects", "disk"}
    assert all(check["ok"] for check in health["checks"].values())
    assert health["checks"]["disk"]["free_bytes"] > 0


def test_the_page_learns_what_it_must_know(control_room):
    known = control_room.anonymous().get("/api/settings").json()
    assert known["name"] == "Test dish"
    assert known["location"] == pytest.approx({"latitude": 28.3009, "longitude": -16.5098, "height": 2390.0})
    assert known["roles"]["guest"] == ["watch"]
    assert sorted(known["roles"]) == ["admin", "curator", "guest", "observer", "operator"]


def test_metrics_tell_times_by_route_and_not_by_path(control_room):
    client = control_room.client("observer")
    for id in range(2000, 2005):
        client.delete(f"/api/keys/{id}")
    client.get("/api/keys/of/nobody")
    text = client.get("/metrics", headers={"Authorization": ""}).text
    lines = [line for line in text.splitlines() if line.startswith("control_room_request_seconds_count")]
    counts = {line[line.index("{") + 1 : line.rindex("}")]: float(line.split()[-1]) for line in lines}
    assert counts['method="DELETE",route="/api/keys/{id}",status="4xx"'] == 5
    assert not any("200" in labels for labels in counts)
    for name in ("control_room_healthy 1.0", "control_room_mails_waiting 0.0", "control_room_disk_free_bytes "):
        assert name in text
    wait_for(lambda: points_stored(client.get("/metrics", headers={"Authorization": ""}).text) > 0)


def points_stored(text):
    return float(re.search(r'^control_room_telemetry_points_total\{what="stored"\} (.+)$', text, re.M)[1])


@pytest.fixture
def with_servers(start_server, tmp_path):
    """A control room that needs a PostgreSQL and a broker, and reports its errors."""
    postgres, mosquitto, envelopes = start_server("postgres"), start_server("mosquitto"), Envelopes()
    site = tmp_path / "site.yaml"
    site.write_text(f"{SITE}\ntransports:\n  events: {{driver: mqtt, url: 'mqtt://127.0.0.1:{mosquitto.port}'}}\n")
    url = f"postgresql://astro:secret@127.0.0.1:{postgres.port}/astro"
    room = ControlRoom(site=site, database=url, sentry_dsn=envelopes.dsn)
    yield room, postgres, mosquitto, envelopes
    room.close()
    envelopes.shutdown()


def test_what_does_not_answer_is_told_and_reported(with_servers):
    room, postgres, mosquitto, envelopes = with_servers
    client = room.sign_in(room.add_user("observer"), PASSWORD)
    assert client.get("/health").json()["checks"]["broker"] == {"ok": True, "message": "it answers"}
    mosquitto.kill()
    degraded = wait_for(lambda: (now := client.get("/health")).json()["status"] == "degraded" and now)
    assert degraded.status_code == 200, "it does its work still"
    assert degraded.json()["checks"]["broker"]["message"] == "the broker of the transport events does not answer"
    postgres.kill()
    broken = wait_for(lambda: (now := client.get("/health")).status_code == 503 and now)
    assert broken.json()["checks"]["database"]["ok"] is False
    assert "secret" not in broken.text
    answer = client.get("/api/keys")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the database does not answer: try again")
    assert answer.headers["retry-after"] == "5"
    login = client.post("/api/auth/login", json={"username": "admin", "password": "a password in no report"})
    assert login.status_code == 503
    event = wait_for(lambda: [each for each in envelopes.events if "exception" in each])[0]
    assert event["exception"]["values"][-1]["type"] == "OperationalError"
    token = client.headers["Authorization"].removeprefix("Bearer ")
    for secret in ("a password in no report", token, "astro:secret", client.cookies["control_room_refresh"]):
        assert secret.encode() not in envelopes.raw
        assert secret not in room.output()
    postgres.start()
    mosquitto.start()
    wait_for(lambda: client.get("/health").json()["status"] == "healthy")
    assert client.get("/api/keys").status_code == 200


def test_the_server_of_objects_is_asked_too(tmp_path, start_control_room, monkeypatch):
    monkeypatch.setenv("S3_SECRET_KEY", "secret")
    bucket = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    s3 = f"{{endpoint: 'http://127.0.0.1:{bucket.server_port}', bucket: raw, access_key: a, secret_key: '${{S3_SECRET_KEY}}'}}"
    site = tmp_path / "site.yaml"
    site.write_text(SITE.replace("path: archive.db}", f"path: archive.db, objects: s3, s3: {s3}}}"))
    client = start_control_room(site=site).anonymous()
    assert client.get("/health").json()["checks"]["objects"] == {"ok": True, "message": "it answers"}
    bucket.shutdown()
    bucket.server_close()
    degraded = wait_for(lambda: (now := client.get("/health")).json()["status"] == "degraded" and now)
    assert degraded.status_code == 200, "observations can be asked for still"
    assert degraded.json()["checks"]["objects"]["message"] == "the object store of archive does not answer"


def test_wrong_settings_end_with_a_sentence_and_without_the_secret(tmp_path):
    given = {"CONTROL_ROOM_SITE": "site.yaml", "CONTROL_ROOM_PORT": "99999", "CONTROL_ROOM_SECRET": "hidden"}
    paths = os.pathsep.join([str(APP), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-m", "control_room"],
        env={**os.environ, **given, "CONTROL_ROOM_TRUSTED": "10.0.0.0/99", "PYTHONPATH": paths},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "CONTROL_ROOM_PORT: Input should be less than or equal to 65535" in ended.stderr
    assert "CONTROL_ROOM_TRUSTED:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hidden" not in ended.stderr


@pytest.mark.parametrize(("text", "says"), [(None, "there is no such file"), ("site: {name: A}\nmount: {}\n", "site.yaml:2")])
def test_a_wrong_site_file_ends_with_a_sentence(tmp_path, text, says):
    site = tmp_path / "site.yaml"
    if text is not None:
        site.write_text(text)
    paths = os.pathsep.join([str(APP), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-m", "control_room"],
        env={**os.environ, "CONTROL_ROOM_SITE": str(site), "PYTHONPATH": paths},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 2
    assert says in ended.stderr and "Traceback" not in ended.stderr, ended.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"CONTROL_ROOM_SECRET": "hidden"}, "CONTROL_ROOM_SECRET has 6 bytes: give 32 or more"),
        ({"CONTROL_ROOM_DATABASE": "postgresql://astro:hidden@127.0.0.1:1/astro"}, "the database cannot be opened"),
    ],
)
def test_a_start_that_fails_ends_with_a_sentence(tmp_path, given, says):
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    paths = os.pathsep.join([str(APP), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-m", "control_room"],
        env={**os.environ, "CONTROL_ROOM_SITE": str(site), "PYTHONPATH": paths, **given},
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert says in ended.stderr and "Traceback" not in ended.stderr and "hidden" not in ended.stderr, ended.stderr


def test_routes_that_are_not_there(control_room):
    answer = control_room.anonymous().get("/api/nothing")
    assert (answer.status_code, answer.json()) == (404, {"detail": "there is no route /api/nothing"})
