# SPDX-License-Identifier: BSD-3-Clause
"""OpenID Connect against a provider that is small and real: discovery, keys, PKCE, tokens that are signed."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from served import PASSWORD, ControlRoom

CLIENT, SECRET = "control-room", "the provider's secret for us"
REFRESH = "control_room_refresh"


class Provider(ThreadingHTTPServer):
    """`claims` and `sign` are what a test changes to see it refused."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.codes = {}
        self.person = {"sub": "42", "preferred_username": "kira", "email": "kira@example.org", "email_verified": True}
        self.changed = {}
        self.new_key("first")
        self.sign = self.sign_rightly
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def new_key(self, id):
        self.key_id, self.key = id, rsa.generate_private_key(65537, 2048)

    def sign_rightly(self, claims):
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.key_id})

    def authorize(self, asked):
        """What its own page does when the person agrees: the address to go back to."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert {"openid", "email"} <= set(asked["scope"].split())
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form):
        asked = self.codes.pop(form.get("code"), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(
            b"="
        )
        right = (
            asked is not None
            and form["client_secret"] == SECRET
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge.decode() == asked["code_challenge"]
        )
        if not right:
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 60}
        claims |= {"nonce": asked["nonce"], **self.person, **self.changed}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        provider = self.server
        path = urlsplit(self.path).path
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            self.say(
                200, {"issuer": provider.issuer, **{name: f"{provider.issuer}/{end}" for name, end in ends.items()}}
            )
        elif path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(provider.key.public_key()))
            self.say(200, {"keys": [{**key, "kid": provider.key_id, "use": "sig"}]})

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.say(*self.server.token({name: values[0] for name, values in form.items()}))

    def say(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def known():
    """The provider, and a control room that knows it."""
    provider = Provider()
    room = ControlRoom(
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Kira's",
        registration="open",
    )
    yield provider, room
    room.close()
    provider.shutdown()


@pytest.fixture
def provider(known):
    yield known[0]
    known[0].changed, known[0].sign = {}, known[0].sign_rightly


@pytest.fixture
def room(known):
    return known[1]


def begin(client):
    answer = client.get("/api/auth/oidc")
    assert answer.status_code == 307
    url = urlsplit(answer.headers["location"])
    return {name: values[0] for name, values in parse_qs(url.query).items()}


def sign_in(provider, client):
    return client.get(provider.authorize(begin(client)))


def test_who_the_provider_knows_is_signed_in(provider, room):
    ways = room.anonymous().get("/api/auth/ways").json()
    assert (ways["oidc"], ways["oidc_name"]) == (True, "Kira's")
    client = room.anonymous()
    answer = sign_in(provider, client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    user = client.post("/api/auth/refresh").json()["user"]
    assert (user["username"], user["email"], user["role"]) == ("kira", "kira@example.org", "observer")
    again = room.anonymous()
    provider.changed = {"preferred_username": "renamed", "email": "elsewhere@example.org"}
    assert sign_in(provider, again).status_code == 303
    assert again.post("/api/auth/refresh").json()["user"]["id"] == user["id"], "by who it is, not by the name"
    asked = {"username": "kira", "password": PASSWORD}
    assert room.anonymous().post("/api/auth/login", json=asked).status_code == 401, "there is no password"


def test_no_verifier_no_token_and_no_second_use(provider, room):
    client = room.anonymous()
    back = provider.authorize(begin(client))
    assert client.get(back).status_code == 303
    client.post("/api/auth/logout")
    assert client.get(back).status_code == 400, "the cookie of this sign-in is gone"
    stranger = room.anonymous()
    assert stranger.get(provider.authorize(begin(client))).status_code == 400, "begun in another browser"
    theirs = begin(stranger)
    mixed = provider.authorize({**begin(client), "state": theirs["state"]})
    answer = stranger.get(mixed)
    assert answer.status_code == 401, "another's code: the verifier is not for it"
    assert REFRESH not in answer.headers.get("set-cookie", "")


def test_an_answer_to_another_state_is_refused(provider, room):
    client = room.anonymous()
    asked = begin(client)
    assert client.get(provider.authorize({**asked, "state": "x" * 43})).status_code == 400
    refused = client.get("/api/auth/oidc/callback", params={"error": "access_denied", "state": asked["state"]})
    assert refused.status_code == 401
    assert "access_denied" in refused.json()["detail"]


def unsigned(claims):
    return jwt.encode(claims, None, algorithm="none")


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("another issuer", {"iss": "http://127.0.0.1:1"}),
        ("for another client", {"aud": "another"}),
        ("expired", {"exp": int(time.time()) - 3600}),
        ("another sign-in", {"nonce": "x"}),
        ("no nonce", {"nonce": None}),
    ],
)
def test_a_token_that_does_not_hold_is_refused(provider, room, what, changed):
    provider.changed = changed
    client = room.anonymous()
    assert sign_in(provider, client).status_code == 401, what
    assert client.post("/api/auth/refresh").status_code == 401


def test_a_forged_token_is_refused(provider, room):
    another = rsa.generate_private_key(65537, 2048)
    modulus = provider.key.public_key().public_numbers().n.to_bytes(256, "big")
    for sign in (
        unsigned,
        lambda claims: jwt.encode(claims, another, algorithm="RS256", headers={"kid": provider.key_id}),
        lambda claims: jwt.encode(claims, modulus, algorithm="HS256", headers={"kid": provider.key_id}),
        lambda claims: jwt.encode(claims, another, algorithm="RS256", headers={"kid": "unknown"}),
        lambda claims: "rubbish",
    ):
        provider.sign = sign
        assert sign_in(provider, room.anonymous()).status_code == 401


def test_an_email_gives_nobody_anothers_account(provider, room):
    name = room.add_user("admin", "lena")
    provider.changed = {"sub": "other", "preferred_username": "lena", "email": "lena@example.org"}
    assert sign_in(provider, room.anonymous()).status_code == 409
    provider.changed |= {"email_verified": False}
    client = room.anonymous()
    assert sign_in(provider, client).status_code == 303
    user = client.post("/api/auth/refresh").json()["user"]
    assert user["username"] != name
    assert user["email"] is None, "the provider has not looked whether it is hers"
    assert user["role"] == "observer"


def test_who_is_disabled_stays_out(provider, room):
    provider.changed = {"sub": "bad", "preferred_username": "bad", "email": "bad@example.org"}
    client = room.anonymous()
    assert sign_in(provider, client).status_code == 303
    user = client.post("/api/auth/refresh").json()["user"]
    assert room.admin().patch(f"/api/users/{user['id']}", json={"state": "disabled"}).status_code == 200
    assert sign_in(provider, room.anonymous()).status_code == 403


def test_without_a_provider_there_is_no_such_way(control_room):
    assert control_room.anonymous().get("/api/auth/oidc").status_code == 404
    assert control_room.anonymous().get("/api/auth/oidc/callback").status_code == 404


def test_a_provider_that_does_not_answer_is_told(start_control_room):
    room = start_control_room(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    assert room.anonymous().get("/api/auth/oidc").status_code == 502
