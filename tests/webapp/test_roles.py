# SPDX-License-Identifier: BSD-3-Clause
"""Every route times every role, and one's own data times other people's: what is expected is written out here, and
each is really asked. A route without a row fails."""

import re

import pytest
from control_room.app import make_app
from control_room.settings import Settings
from fastapi.routing import iter_route_contexts
from served import PASSWORD, ROLES

CALLERS = ("nobody", *ROLES)  # guest, observer, operator, curator, admin

#                      nobody guest observer operator curator admin
OPEN = dict(zip(CALLERS, (1, 1, 1, 1, 1, 1), strict=True))
SIGNED_IN = WATCH = dict(zip(CALLERS, (0, 1, 1, 1, 1, 1), strict=True))
OBSERVE = dict(zip(CALLERS, (0, 0, 1, 1, 1, 1), strict=True))
OPERATE = dict(zip(CALLERS, (0, 0, 0, 1, 0, 1), strict=True))
ADMINISTER = dict(zip(CALLERS, (0, 0, 0, 0, 0, 1), strict=True))
NOT_SO = dict.fromkeys(CALLERS, 0)  # only by something else than a role, such as a signed link

TABLE = {
    # accounts
    "GET /api/auth/ways": OPEN,
    "POST /api/auth/register": OPEN,
    "POST /api/auth/login": OPEN,
    "POST /api/auth/guest": OPEN,
    "POST /api/auth/refresh": NOT_SO,  # by the cookie
    "POST /api/auth/logout": OPEN,
    "GET /api/auth/me": SIGNED_IN,
    "POST /api/auth/password": SIGNED_IN,
    "POST /api/auth/reset": OPEN,
    "POST /api/auth/reset/confirm": OPEN,
    "GET /api/auth/oidc": OPEN,
    "GET /api/auth/oidc/callback": OPEN,
    "GET /api/users": ADMINISTER,
    "PATCH /api/users/{id}": ADMINISTER,
    "DELETE /api/users/{id}": ADMINISTER,
    "GET /api/keys": OBSERVE,
    "POST /api/keys": OBSERVE,
    "DELETE /api/keys/{id}": OBSERVE,
    "GET /api/audit": ADMINISTER,
    "GET /health": OPEN,
    "GET /metrics": OPERATE,
    "GET /api/settings": OPEN,
    # live: contracts 2 and 3
    "WEBSOCKET /ws": WATCH,
    "GET /telemetry-types": WATCH,
    "GET /command-templates": WATCH,
    "GET /historical-data": WATCH,
    "DELETE /historical-data": ADMINISTER,
    "POST /api/sensors/{type}": OPERATE,
    "GET /api/sensors/{type}": WATCH,
    "POST /api/camera/frame": OPERATE,
    "GET /api/camera/frame": WATCH,
    "GET /api/camera/stream": WATCH,
    "POST /api/modules/{module_id}/control": OPERATE,
    "GET /api/modules/{module_id}/commands": OPERATE,
    "POST /api/modules/{module_id}/status": OPERATE,
    # live: our own
    "GET /api/latest": WATCH,
    "GET /api/chart": WATCH,
    "GET /api/commands": WATCH,
    "POST /api/commands": OPERATE,
    "GET /api/commands/{command_id}": WATCH,
    "POST /api/stop": OBSERVE,
    "GET /api/modules": WATCH,
    "POST /api/modules/{module_id}/admit": OPERATE,
    "DELETE /api/modules/{module_id}": OPERATE,
    "GET /api/modules/{module_id}/log": WATCH,
    "GET /api/alarms": WATCH,
    "POST /api/alarms/{id}/acknowledge": OPERATE,
    "POST /api/alarms/{id}/silence": OPERATE,
    "GET /api/log": OPERATE,
    # observations: contract 4
    "POST /v1/observations/": OBSERVE,  # a guest's: with a requestor
    "POST /v1/observations": OBSERVE,
    "GET /v1/observations/": WATCH,
    "GET /v1/observations": WATCH,
    "GET /v1/observations/{id}": WATCH,
    "DELETE /v1/observations/{id}": WATCH,
    "GET /v1/web/health": OPEN,
    "GET /v1/web/status": OPEN,
    "GET /v1/files/{id}/{name}": NOT_SO,  # by a signed link
    # observations: our own
    "WEBSOCKET /ws/spectra": WATCH,
    "GET /api/observations/schema": WATCH,
    "POST /api/observations/plan": WATCH,
    "GET /api/observations/{id}/progress": WATCH,
    "GET /api/observations/{id}/products": WATCH,
    "GET /api/observations/{id}/spectrum": WATCH,
    "GET /api/queue": WATCH,
    "GET /api/site": WATCH,
    "GET /api/sky": WATCH,
    "GET /api/sky/search": WATCH,
    "GET /api/sky/visibility": WATCH,
    "GET /api/control": WATCH,
    "POST /api/control/{mount}/request": OPERATE,
    "POST /api/control/{mount}/grant": OPERATE,
    "POST /api/control/{mount}/release": OPERATE,
    "POST /api/control/{mount}/take": ADMINISTER,
    "POST /api/control/{mount}/move": OPERATE,
    # all together
    "GET /api/openapi.json": OPEN,
    "GET /{path:path}": OPEN,
}

# Asked from an address of `trusted` without a token: as the role of `trusted_role`, an operator.
TRUSTED = {
    "GET /metrics",
    "WEBSOCKET /ws",
    "WEBSOCKET /ws/spectra",
    "GET /telemetry-types",
    "GET /command-templates",
    "GET /historical-data",
    "DELETE /historical-data",
    "POST /api/sensors/{type}",
    "GET /api/sensors/{type}",
    "POST /api/camera/frame",
    "GET /api/camera/frame",
    "GET /api/camera/stream",
    "POST /api/modules/{module_id}/control",
    "GET /api/modules/{module_id}/commands",
    "POST /api/modules/{module_id}/status",
}

ABSENT = 2_000_000_000  # an id that nothing has
OBSERVATION = {"observation": {"target_name": "pole", "ra": 10.0, "dec": 88.0, "integration_time": 1.0}}

# Where a request that says nothing would not come as far as the question who asks.
BODIES = {"POST /v1/observations/": OBSERVATION, "POST /v1/observations": OBSERVATION}
QUERIES = {"WEBSOCKET /ws/spectra": {"id": ABSENT}}


def routes_of_the_app():
    app = make_app(Settings(site="site.yaml"))
    found = set()
    for context in iter_route_contexts(app.routes):
        methods = getattr(context, "methods", None) or {"WEBSOCKET"}
        found |= {f"{method} {context.path}" for method in methods - {"HEAD"}}
    return found


def test_each_route_has_a_row_and_each_row_a_route():
    assert routes_of_the_app() == set(TABLE)
    assert set(TABLE) >= TRUSTED


@pytest.fixture(scope="module")
def clients(control_room):
    """A client of each role; nobody's is no trusted one: who says that he speaks for others never is."""
    known = {role: control_room.client(role) for role in ROLES}
    return {"nobody": control_room.anonymous(headers={"X-Forwarded-For": "203.0.113.7"}), **known}


def is_let_in(client, row):
    """Asks for what is not there, or with a body that says nothing: who may is told so, and nothing is done."""
    method, path = row.split(" ")
    path = re.sub(r"\{\w+:path\}", "", path)
    path = re.sub(r"\{(id|\w+_id)\}", str(ABSENT), path)
    path = re.sub(r"\{\w+\}", "nothing", path)
    headers = {}
    if method == "WEBSOCKET":
        method = "GET"
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
    body = BODIES.get(row, {}) if method in ("POST", "PATCH") else None
    with client.stream(method, path, json=body, params=QUERIES.get(row), headers=headers) as answer:  # some have no end
        assert answer.status_code < 500, f"{row}: {answer.status_code}"
        return answer.status_code not in (401, 403)


@pytest.mark.parametrize("row", TABLE)
def test_the_route_lets_in_whom_the_table_says(clients, control_room, row):
    told = {}
    for caller, client in clients.items():
        if row == "POST /api/auth/logout" and caller != "nobody":
            client = control_room.sign_in(client.user["username"], PASSWORD)  # a session of its own
        told[caller] = int(is_let_in(client, row))
    assert told == TABLE[row]


@pytest.mark.parametrize("row", TABLE)
def test_a_trusted_address_is_let_in_where_the_contracts_say(control_room, row):
    expected = TABLE[row]["nobody"] or (row in TRUSTED and TABLE[row]["operator"])
    assert is_let_in(control_room.anonymous(), row) == bool(expected)


def new_key(client):
    return client.post("/api/keys", json={"name": "x", "role": "observer"}).json()["id"]


def new_observation(client):
    return client.post("/v1/observations/", json=OBSERVATION).json()["id"]


# What is made by one observer, asked for by: its owner, another observer, and the others.
DATA = {
    "DELETE /api/keys/{id}": (
        new_key,
        {"owner": 204, "observer": 404, "guest": 403, "operator": 404, "curator": 404, "admin": 204},
    ),
    "GET /v1/observations/{id}": (
        new_observation,
        {"owner": 200, "observer": 404, "guest": 404, "operator": 404, "curator": 200, "admin": 200, "nobody": 401},
    ),
    "DELETE /v1/observations/{id}": (
        new_observation,
        {"owner": 204, "observer": 404, "guest": 404, "operator": 204, "curator": 403, "admin": 204, "nobody": 401},
    ),
}
LISTS = {
    "GET /api/keys": (new_key, {"owner", "admin"}),
    "GET /v1/observations/": (new_observation, {"owner"}),
}


@pytest.fixture(scope="module")
def people(control_room, clients):
    return {**clients, "owner": control_room.client("observer", "owner")}


@pytest.mark.parametrize("row", DATA)
def test_other_peoples_data_are_theirs(people, row):
    make, expected = DATA[row]
    method, path = row.split(" ")
    for who, status in expected.items():
        id = make(people["owner"])
        answer = people[who].request(method, path.replace("{id}", str(id)))
        assert answer.status_code == status, who


@pytest.mark.parametrize("row", LISTS)
def test_lists_have_ones_own(people, row):
    make, seen_by = LISTS[row]
    id = make(people["owner"])
    for who in ("owner", "observer", "operator", "curator", "admin"):
        listed = people[who].get(row.split(" ")[1]).json()
        assert (id in [each["id"] for each in listed]) == (who in seen_by), who


def test_nobody_raises_himself(people, control_room):
    observer = people["owner"]
    for change in ({"role": "admin"}, {"state": "active"}):
        assert observer.patch(f"/api/users/{observer.user['id']}", json=change).status_code == 403
    made = {"username": "sly", "email": "sly@example.org", "password": PASSWORD, "role": "admin", "state": "active"}
    answer = control_room.anonymous().post("/api/auth/register", json=made)
    assert (answer.json()["role"], answer.json()["state"]) == ("guest", "pending")
