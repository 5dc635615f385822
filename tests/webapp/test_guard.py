# SPDX-License-Identifier: BSD-3-Clause
"""What stands before every route: who comes from where, how much and how slowly; and that the audit log says so."""

import os
import socket
import time

import httpx
import pytest
from served import PASSWORD, ControlRoom


@pytest.fixture(scope="module")
def strict_room():
    room = ControlRoom(
        most_body_mb=1, client_body_s=2, client_headers_s=1, proxies="127.0.0.2", address="https://dish.example.org"
    )
    yield room
    room.close()


def refused(room, subject):
    """What the audit log says of a request that somebody should not have made; it is written after the answer."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        entries = room.admin().get("/api/audit", params={"action": "request", "limit": 1000}).json()["entries"]
        found = [each for each in entries if each["subject"] == subject and each["outcome"] == "refused"]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"the audit log does not tell of {subject}: {[each['subject'] for each in entries]}")


class Raw:
    """A client that may be as slow or as rude as it likes."""

    def __init__(self, room, source="127.0.0.1"):
        port = int(room.url.rpartition(":")[2])
        self.socket = socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0))

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """All until the server closes, or until an answer is whole."""
        got = b""
        while True:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                return got
            got += part
            if not part or self._is_whole(got):
                return got

    @staticmethod
    def _is_whole(got):
        head, end, body = got.partition(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        return bool(end) and bool(length) and len(body) >= int(length[0])


def test_each_answer_tells_the_browser_to_be_careful(strict_room):
    for path in ("/", "/api/auth/ways", "/api/nothing", "/api/users"):
        headers = strict_room.anonymous().get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].replace("style-src-attr 'unsafe-inline'", "")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
        assert "server" not in headers
    assert strict_room.anonymous().get("/api/auth/ways").headers["cache-control"] == "no-store"


def test_a_gigabyte_is_refused_before_it_is_sent(strict_room, tmp_path):
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        os.truncate(file.fileno(), 2**30)
    raw = Raw(strict_room)
    raw.send(f"POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Length: {sparse.stat().st_size}\r\n\r\n".encode())
    answer = raw.read()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"1000000 bytes" in answer
    assert refused(strict_room, "POST /api/auth/register")["details"] == {"status": 413}
    # And who does not say how much it will be is cut off where it is too much.
    sent = 0

    def endless():
        nonlocal sent
        with sparse.open("rb") as file:
            while part := file.read(65536):
                sent += len(part)
                yield part

    try:
        chunked = strict_room.anonymous().post(
            "/api/auth/login", content=endless(), headers={"Content-Type": "application/json"}
        )
        assert chunked.status_code == 413
    except httpx.WriteError:
        pass  # the server had answered and closed while we were still sending
    assert sent < 100e6
    assert refused(strict_room, "POST /api/auth/login")["details"] == {"status": 413}


def test_slow_clients_are_not_waited_for(strict_room):
    started = time.monotonic()
    headers, body, silent = Raw(strict_room), Raw(strict_room), Raw(strict_room)
    headers.send(b"GET /api/auth/ways HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    body.send(
        b"POST /api/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    )
    assert silent.read() == b""
    assert headers.read() == b""
    answer = body.read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 15
    assert refused(strict_room, "POST /api/auth/guest")["details"] == {"status": 408}
    assert strict_room.anonymous().get("/api/auth/ways").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/assets/../../settings.py",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%00",
        "/..%5c..%5cwindows",
        "/v1/files/1/..%2f..%2fsecret",
    ],
)
def test_a_path_that_leads_out_is_refused(strict_room, path):
    raw = Raw(strict_room)
    raw.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert raw.read().startswith(b"HTTP/1.1 400")


def test_path_tricks_are_told(strict_room):
    raw = Raw(strict_room)
    raw.send(b"GET /..%2fsecret HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"400" in raw.read()
    assert refused(strict_room, "GET /../secret")["details"]["reason"] == "a path that leads out"


def test_a_page_of_another_site_changes_nothing(strict_room):
    client = strict_room.sign_in(strict_room.add_user("observer"), PASSWORD)
    before = client.cookies.get("control_room_refresh")
    evil = {"Origin": "https://evil.example"}
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        assert client.post(path, headers=evil).status_code == 403
        assert client.post(path, headers={"Origin": "null"}).status_code == 403
        assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.cookies.get("control_room_refresh") == before
    assert client.get("/api/auth/me", headers=evil).status_code == 200, "to read, a page needs more than to ask"
    assert "access-control-allow-origin" not in client.get("/api/auth/me", headers=evil).headers
    assert client.post("/api/auth/logout", headers={"Origin": "http://[half"}).status_code == 403
    assert refused(strict_room, "POST /api/auth/logout")["details"]["status"] == 403
    for ours in (strict_room.url, "https://dish.example.org"):
        assert client.post("/api/auth/refresh", headers={"Origin": ours}).status_code == 200


def test_a_page_that_the_settings_name_may_ask(strict_room):
    page = {"Origin": "http://localhost:4200"}
    asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = strict_room.anonymous().options("/api/auth/guest", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == page["Origin"]
    assert "access-control-allow-credentials" not in answer.headers, "the cookie stays with our own page"


def test_sockets_of_another_site_are_refused(strict_room):
    raw = Raw(strict_room)
    raw.send(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://evil.example\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert raw.read().startswith(b"HTTP/1.1 403")
    assert "evil.example" in refused(strict_room, "WEBSOCKET /ws")["details"]["reason"]


def test_markup_is_refused_and_told(strict_room):
    client = strict_room.client("observer")
    for text in ("<script>alert(1)</script>", "x<img src=x onerror=y>", "JavaScript :alert(1)", "< svg/onload=x>"):
        assert client.post("/api/keys", json={"name": text, "role": "observer"}).status_code == 422
    assert refused(strict_room, "POST /api/keys")["details"] == {"status": 422, "reason": "markup in a text"}
    bold = {"username": "<b>bold</b>", "email": "bold@example.org", "password": PASSWORD}
    assert client.post("/api/auth/register", json=bold).status_code == 422
    assert refused(strict_room, "POST /api/auth/register")["details"]["reason"] == "markup in a text", "letters alone fit"
    answer = client.post("/api/keys", json={"name": "colder than 3 < 4 K", "role": "observer"})
    assert answer.status_code == 201, "a number is no markup"


def metrics(room, source="127.0.0.1", **headers):
    """A route that trusted addresses ask without a token."""
    raw = Raw(room, source)
    lines = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw.send(b"GET /metrics HTTP/1.1\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items()) + b"\r\n")
    return int(raw.read().split(b" ")[1])


def test_who_is_trusted_by_the_address(strict_room):
    assert metrics(strict_room) == 200
    assert metrics(strict_room, X_Forwarded_For="127.0.0.1") == 401, "who is no proxy of ours speaks for somebody else"
    assert metrics(strict_room, Forwarded="for=127.0.0.1") == 401
    assert metrics(strict_room, Host="evil.example") == 401, "a name that was made to mean this address"
    assert metrics(strict_room, Host="[half") == 401
    assert metrics(strict_room, Host="dish.example.org") == 200
    assert metrics(strict_room, "127.0.0.2", X_Forwarded_For="127.0.0.1") == 200, "our proxy is believed"
    assert metrics(strict_room, "127.0.0.2", X_Forwarded_For="127.0.0.1, 10.1.2.3") == 401
    assert metrics(strict_room, "127.0.0.2", X_Forwarded_For="rubbish") == 401


def test_behind_a_proxy_with_tls(strict_room):
    raw = Raw(strict_room, "127.0.0.2")
    raw.send(
        b"POST /api/auth/guest HTTP/1.1\r\nHost: dish.example.org\r\nX-Forwarded-For: 10.1.2.3\r\n"
        b"X-Forwarded-Proto: https\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
        b'{"username":"anna"}'
    )
    answer = raw.read().lower()
    assert answer.startswith(b"http/1.1 200")
    assert b"; secure" in answer
    assert b"strict-transport-security" in answer
    entries = strict_room.admin().get("/api/audit", params={"action": "sign in"}).json()["entries"]
    assert "10.1.2.3" in [entry["address"] for entry in entries if entry["who"].startswith("anna (guest")]
