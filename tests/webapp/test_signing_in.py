# SPDX-License-Identifier: BSD-3-Clause
"""Every way of coming in and going out, and tokens that do not hold."""

import base64
import json
import re
import sqlite3
import time

import httpx
import jwt
import pytest
from served import ONE_TIME, PASSWORD
from wire import wait_until

COOKIE = "control_room_refresh"


def cookie_of(client):
    return client.cookies.get(COOKIE)


def with_token(room, token):
    return room.anonymous(headers={"Authorization": f"Bearer {token}"})


def register(room, name, **changed):
    asked = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **changed}
    return room.anonymous().post("/api/auth/register", json=asked)


def test_the_first_admin_must_change_the_one_time_password(start_control_room):
    room = start_control_room()
    password = ONE_TIME.search(room.output()).group(1)
    first = room.sign_in("admin", password)
    assert first.user["must_change_password"] is True
    assert first.get("/api/users").status_code == 403
    assert first.get("/api/auth/me").status_code == 200
    assert first.post("/api/auth/password", json={"old": password, "new": password + "x" * 5}).status_code == 204
    assert first.get("/api/users").status_code == 200
    assert first.get("/api/auth/me").json()["must_change_password"] is False
    assert room.anonymous().post("/api/auth/login", json={"username": "admin", "password": password}).status_code == 401
    room.stop()
    room.start()
    assert len(ONE_TIME.findall(room.output())) == 1, "it is said once, at the first start"
    assert first.get("/api/users").status_code == 200, "a session outlives a restart"


def test_who_registers_is_a_guest_until_an_admin_admits(control_room):
    answer = register(control_room, "berta")
    assert answer.status_code == 201
    assert (answer.json()["role"], answer.json()["state"]) == ("guest", "pending")
    berta = control_room.sign_in("berta", PASSWORD)
    assert berta.get("/api/keys").status_code == 403
    admin = control_room.admin()
    assert "berta" in [user["username"] for user in admin.get("/api/users", params={"state": "pending"}).json()]
    admitted = admin.patch(f"/api/users/{answer.json()['id']}", json={"state": "active"}).json()
    assert (admitted["role"], admitted["state"]) == ("observer", "active")
    assert berta.get("/api/keys").status_code == 200, "it holds at once, with the token that she has"


def test_a_name_and_an_email_are_given_once(control_room):
    assert register(control_room, "carla").status_code == 201
    assert register(control_room, "carla", email="other@example.org").status_code == 409
    assert register(control_room, "Carla", email="other@example.org").status_code == 409, "it would pass for her"
    assert register(control_room, "carla2", email="Carla@example.org").status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "<b>x</b>"},
        {"username": "a"},
        {"username": "anna (guest 123456)"},
        {"username": "x" * 41},
        {"username": "nul\0"},
        {"email": "nobody"},
        {"email": "j\u00fcrgen@example.org"},
        {"email": "a@b\r\nBcc: all@example.org"},
        {"password": "short"},
        {"password": "x" * 257},
        {"password": None},
    ],
)
def test_a_bad_registration_is_refused_without_saying_what_was_sent(control_room, wrong):
    answer = register(control_room, "dora", **wrong)
    assert answer.status_code == 422
    assert [error["loc"][-1] for error in answer.json()["detail"]] == list(wrong)
    assert all("input" not in error for error in answer.json()["detail"])


def test_half_a_character_is_no_password(control_room):
    body = b'{"username": "dora", "email": "dora@example.org", "password": "\\ud800 long enough"}'
    answer = control_room.anonymous().post(
        "/api/auth/register", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


def test_registration_open_and_closed(start_control_room):
    room = start_control_room(registration="open")
    assert (register(room, "eva").json()["role"], register(room, "eve").json()["state"]) == ("observer", "active")
    room.stop()
    room.settings.update(registration="closed", guests="false")
    room.start()
    assert register(room, "fred").status_code == 403
    assert room.anonymous().post("/api/auth/guest", json={"username": "fred"}).status_code == 403
    ways = room.anonymous().get("/api/auth/ways").json()
    assert ways == {"registration": "closed", "guests": False, "oidc": False, "oidc_name": "OpenID", "mail": False}
    assert room.sign_in("eva", PASSWORD).user["role"] == "observer"


def test_sign_in_by_email_and_never_by_a_wrong_password(control_room):
    name = control_room.add_user("observer")
    assert control_room.sign_in(f"{name}@example.org".upper(), PASSWORD).user["username"] == name
    for username, password in ((name, PASSWORD + "x"), (name, ""), ("nobody-here", PASSWORD)):
        answer = control_room.anonymous().post("/api/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 401
        assert answer.json()["detail"] == "the name or the password is wrong"


def test_the_cookie_is_for_the_browser_alone(control_room):
    name = control_room.add_user("observer")
    answer = control_room.anonymous().post("/api/auth/login", json={"username": name, "password": PASSWORD})
    said = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/api/auth"):
        assert part in said
    assert "secure" not in said, "over http; behind a proxy with TLS it is: test_guard"
    assert cookie_of(httpx.Client(cookies=answer.cookies)) not in answer.text


def test_a_guest_watches_and_is_shown_as_one(control_room):
    guest = control_room.anonymous()
    answer = guest.post("/api/auth/guest", json={"username": "admin"})
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert user["role"] == "guest"
    assert re.fullmatch(r"admin \(guest [0-9a-f]{6}\)", user["username"])
    guest.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert guest.get("/api/auth/me").json()["id"] == user["id"]
    assert guest.get("/api/keys").status_code == 403
    assert guest.post("/api/auth/refresh").status_code == 200


def test_refresh_goes_on_and_replaces_the_cookie(control_room):
    client = control_room.sign_in(control_room.add_user("observer"), PASSWORD)
    old = cookie_of(client)
    answer = client.post("/api/auth/refresh")
    assert answer.status_code == 200
    assert cookie_of(client) != old
    assert with_token(control_room, answer.json()["access_token"]).get("/api/auth/me").json() == {
        **client.user,
        "last_seen_at": answer.json()["user"]["last_seen_at"],
    }
    again = control_room.anonymous(cookies={COOKIE: old}).post("/api/auth/refresh")
    assert again.status_code == 409, "two tabs at once: no more than refused"
    assert client.post("/api/auth/refresh").status_code == 200
    for cookies in ({}, {COOKIE: "x" * 43}, {COOKIE: ""}):
        assert control_room.anonymous(cookies=cookies).post("/api/auth/refresh").status_code == 401


def test_a_copied_refresh_token_ends_the_session(start_control_room):
    room = start_control_room(refresh_leeway_s=0, access_minutes=0.05)
    admin = room.sign_in("admin", ONE_TIME.search(room.output()).group(1))
    copied = cookie_of(admin)
    fresh = admin.post("/api/auth/refresh").json()["access_token"]
    assert room.anonymous(cookies={COOKIE: copied}).post("/api/auth/refresh").status_code == 401
    assert with_token(room, fresh).get("/api/auth/me").status_code == 401
    assert admin.post("/api/auth/refresh").status_code == 401, "also who has the good one signs in anew"
    # An access token alone, which nobody used wrongly, expires.
    other = room.sign_in("admin", ONE_TIME.search(room.output()).group(1))
    assert other.get("/api/auth/me").status_code == 200
    time.sleep(4.2)
    answer = other.get("/api/auth/me")
    assert (answer.status_code, answer.json()["detail"]) == (401, "the token does not hold: it has expired")
    assert other.post("/api/auth/refresh").status_code == 200
    with sqlite3.connect(room.folder / "control-room.db") as kept:
        said = kept.execute("SELECT details FROM audit WHERE action = 'refresh' AND outcome = 'refused'").fetchall()
    assert len(said) == 1
    assert "came again" in said[0][0]


def test_after_sign_out_nothing_of_the_session_holds(control_room):
    client = control_room.sign_in(control_room.add_user("observer"), PASSWORD)
    cookie = cookie_of(client)
    answer = client.post("/api/auth/logout")
    assert answer.status_code == 204
    assert 'control_room_refresh=""' in answer.headers["set-cookie"]
    assert client.get("/api/auth/me").status_code == 401
    assert control_room.anonymous(cookies={COOKIE: cookie}).post("/api/auth/refresh").status_code == 401
    assert control_room.anonymous().post("/api/auth/logout").status_code == 204, "who is out is out"


def test_sign_out_by_the_cookie_alone(control_room):
    client = control_room.sign_in(control_room.add_user("observer"), PASSWORD)
    token = client.headers.pop("Authorization")
    assert client.post("/api/auth/logout").status_code == 204
    assert control_room.anonymous(headers={"Authorization": token}).get("/api/auth/me").status_code == 401


def unsigned(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


def test_forged_tokens_are_refused_and_told(start_control_room):
    control_room = start_control_room()  # one address may fill the audit with only so many refusals a minute
    admin = control_room.admin()
    good = admin.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(good, options={"verify_signature": False})
    later = {**claims, "exp": claims["exp"] + 3600}
    head, body, signature = good.split(".")
    secret = (control_room.folder / "secret").read_text()
    forged = {
        "alg none": unsigned(claims),
        "alg none with the signature": unsigned(claims) + signature,
        "wrong key": jwt.encode(claims, "k" * 32, algorithm="HS256"),
        "the secret itself": jwt.encode(claims, secret, algorithm="HS256"),
        "another algorithm": jwt.encode(claims, "k" * 64, algorithm="HS512"),
        "longer": ".".join((head, jwt.encode(later, "k" * 32, algorithm="HS256").split(".")[1], signature)),
        "no signature": f"{head}.{body}.",
        "nothing": "",
        "rubbish": "\xfcber",
        "not a key": "cr_" + "x" * 43,
    }
    for what, token in forged.items():
        sent = token.encode("latin-1")
        answer = control_room.anonymous().get(
            "/api/users", headers={"Authorization": b"Bearer" + (sent and b" " + sent)}
        )
        assert answer.status_code == 401, what
        assert answer.headers["www-authenticate"] == "Bearer"
        as_key = control_room.anonymous().get("/api/auth/me", headers={"X-API-Key": sent or b"x"})
        assert as_key.status_code == 401, what

    def told():  # it is written after the answer
        entries = admin.get("/api/audit", params={"limit": 100, "action": "request"}).json()["entries"]
        return [each for each in entries if each["subject"] == "GET /api/users" and each["outcome"] == "refused"]

    wait_until(lambda: len(told()) >= len(forged))
    assert len(told()) == len(forged)
    assert secret not in control_room.output()


def test_a_token_for_something_else_is_no_access_token(control_room):
    from control_room.accounts.tokens import Signer

    client = control_room.client("observer")
    session = jwt.decode(client.headers["Authorization"][7:], options={"verify_signature": False})["sid"]
    signer = Signer((control_room.folder / "secret").read_bytes())
    assert with_token(control_room, signer.token("access", 60, sid=session)).get("/api/auth/me").status_code == 200
    assert with_token(control_room, signer.token("oidc", 60, sid=session)).get("/api/auth/me").status_code == 401
    assert with_token(control_room, signer.token("access", -1, sid=session)).get("/api/auth/me").status_code == 401


def test_who_is_disabled_is_out_at_once(control_room):
    name = control_room.add_user("operator")
    client = control_room.sign_in(name, PASSWORD)
    admin = control_room.admin()
    url = f"/api/users/{client.user['id']}"
    assert admin.patch(url, json={"state": "disabled"}).status_code == 200
    assert client.get("/api/auth/me").status_code == 401
    assert client.post("/api/auth/refresh").status_code == 401
    asked = {"username": name, "password": PASSWORD}
    assert control_room.anonymous().post("/api/auth/login", json=asked).status_code == 403
    assert admin.patch(url, json={"state": "active"}).status_code == 200
    assert client.get("/api/auth/me").status_code == 401, "the old session stays ended"
    back = control_room.sign_in(name, PASSWORD)
    assert admin.delete(url).status_code == 204
    assert back.get("/api/auth/me").status_code == 401
    assert admin.patch(url, json={"state": "active"}).status_code == 404
    assert register(control_room, name).status_code == 201, "the name is free again"


def test_the_last_admin_stays(control_room):
    admin = control_room.admin()
    url = f"/api/users/{admin.user['id']}"
    for change in ({"role": "observer"}, {"state": "disabled"}):
        assert admin.patch(url, json=change).status_code == 409
    assert admin.delete(url).status_code == 409
    assert admin.get("/api/auth/me").json()["username"] == "admin"


def test_a_changed_password_ends_the_other_sessions(control_room):
    name = control_room.add_user("observer")
    here, there = control_room.sign_in(name, PASSWORD), control_room.sign_in(name, PASSWORD)
    change = {"old": PASSWORD, "new": "another good passphrase"}
    assert here.post("/api/auth/password", json={**change, "old": "wrong"}).status_code == 403
    assert here.post("/api/auth/password", json={"old": PASSWORD, "new": PASSWORD}).status_code == 403
    assert here.post("/api/auth/password", json=change).status_code == 204
    assert here.get("/api/auth/me").status_code == 200
    assert there.get("/api/auth/me").status_code == 401
    assert there.post("/api/auth/refresh").status_code == 401


def test_a_forgotten_password_is_reset_by_mail_once(start_control_room, mail_server):
    room = start_control_room(**mail_server.settings)
    name = room.add_user("observer", "gina")
    admitted = mail_server.wait_for("gina@example.org", "admitted")
    assert "observer" in admitted.get_body(("plain",)).get_content()
    client = room.sign_in(name, PASSWORD)
    assert room.anonymous().post("/api/auth/reset", json={"email": "nobody@example.org"}).status_code == 202
    assert room.anonymous().post("/api/auth/reset", json={"email": "GINA@example.org"}).status_code == 202
    mail = mail_server.wait_for("gina@example.org", "password")
    link = re.search(r"http\S+/reset#token=(\S+)", mail.get_body(("plain",)).get_content())
    assert link.group(0) in mail.get_body(("html",)).get_content()
    confirm = {"token": link.group(1), "password": "a new good passphrase"}
    anonymous = room.anonymous()
    assert anonymous.post("/api/auth/reset/confirm", json={**confirm, "token": "x" * 43}).status_code == 400
    assert anonymous.post("/api/auth/reset/confirm", json={**confirm, "password": "short"}).status_code == 422
    assert anonymous.post("/api/auth/reset/confirm", json=confirm).status_code == 204
    assert anonymous.post("/api/auth/reset/confirm", json=confirm).status_code == 400
    assert client.get("/api/auth/me").status_code == 401
    assert room.sign_in(name, "a new good passphrase").user["username"] == name
    assert not any("nobody@example.org" in str(mail["To"]) for mail in mail_server.mails)
    kept = (room.folder / "control-room.db").read_bytes() + (room.folder / "control-room.db-wal").read_bytes()
    assert confirm["password"].encode() not in kept
    assert link.group(1) not in room.output()


def test_too_many_wrong_passwords_are_slowed_down(start_control_room):
    room = start_control_room(attempts=3)
    wrong = {"username": "admin", "password": "x"}
    client = room.anonymous()
    assert [client.post("/api/auth/login", json=wrong).status_code for _ in range(3)] == [401] * 3
    answer = client.post("/api/auth/login", json=wrong)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 100
    right = {"username": "admin", "password": ONE_TIME.search(room.output()).group(1)}
    assert client.post("/api/auth/login", json=right).status_code == 429, "nor may who guesses right"
    assert client.post("/api/auth/login", json={**wrong, "username": "other"}).status_code == 401


def test_who_asks_for_everything_is_slowed_down(start_control_room):
    room = start_control_room(requests_per_minute=60)
    client = room.anonymous()
    statuses = []
    while 429 not in statuses and len(statuses) < 1000:
        statuses.append(client.get("/api/auth/ways").status_code)
    assert set(statuses[:-1]) == {200} and len(statuses) > 50
    assert statuses[-1] == 429
