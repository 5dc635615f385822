# SPDX-License-Identifier: BSD-3-Clause
"""Keys for machines: shown once, kept as a hash, never more than their owner may."""

import datetime
import sqlite3

from served import PASSWORD


def make(client, **asked):
    answer = client.post("/api/keys", json={"name": "sensor", "role": "observer", **asked})
    assert answer.status_code == 201, answer.text
    return answer.json()


def with_key(room, key):
    return room.anonymous(headers={"X-API-Key": key})


def test_a_key_is_shown_once_and_kept_as_a_hash(control_room):
    client = control_room.client("operator")
    made = make(client, module="temp-sensor-01")
    assert made["key"].startswith("cr_")
    assert made["module"] == "temp-sensor-01"
    listed = [key for key in client.get("/api/keys").json() if key["id"] == made["id"]]
    assert listed == [{name: value for name, value in made.items() if name != "key"}]
    with sqlite3.connect(control_room.folder / "control-room.db") as kept:
        row = kept.execute("SELECT * FROM api_keys WHERE id = ?", (made["id"],)).fetchone()
    assert not any(made["key"] in str(value) for value in row)
    assert made["key"] not in control_room.output()


def test_a_key_works_in_either_header_and_makes_no_keys(control_room):
    key = make(control_room.client("observer"))["key"]
    as_bearer = control_room.anonymous(headers={"Authorization": f"Bearer {key}"})
    assert with_key(control_room, key).get("/api/keys").status_code == 200
    assert as_bearer.get("/api/keys").status_code == 200
    assert as_bearer.post("/api/keys", json={"name": "more", "role": "guest"}).status_code == 403
    assert as_bearer.get("/api/auth/me").status_code == 401, "it is no person"
    assert as_bearer.post("/api/auth/password", json={"old": PASSWORD, "new": PASSWORD * 2}).status_code == 401


def test_only_who_may_operate_gives_a_module_a_voice(control_room):
    asked = {"name": "mine", "role": "observer", "module": "somebodys-sensor"}
    refused = control_room.client("observer").post("/api/keys", json=asked)
    assert refused.status_code == 403 and "operate" in refused.json()["detail"]
    owner = control_room.client("operator", "nora")
    key = with_key(control_room, make(owner, role="guest", module="nora-sensor")["key"])
    measured = {"module_id": "nora-sensor", "value": 1.0}
    assert key.post("/api/sensors/temperature", json=measured).status_code == 200
    assert key.post("/api/sensors/temperature", json={**measured, "module_id": "other"}).status_code == 403
    change = control_room.admin().patch(f"/api/users/{owner.user['id']}", json={"role": "observer"})
    assert change.status_code == 200
    assert key.post("/api/sensors/temperature", json=measured).status_code == 403, "its owner may it no more"


def test_a_key_may_no_more_than_its_owner(control_room):
    observer = control_room.client("observer")
    for role in ("operator", "curator", "admin"):
        assert observer.post("/api/keys", json={"name": "x", "role": role}).status_code == 403
    assert control_room.client("operator").post("/api/keys", json={"name": "x", "role": "curator"}).status_code == 403
    admin = control_room.admin()
    boss = control_room.client("admin", "boss")
    key = with_key(control_room, make(boss, role="admin")["key"])
    weak = with_key(control_room, make(boss, role="guest")["key"])
    assert key.get("/api/users").status_code == 200
    assert weak.get("/api/users").status_code == 403
    url = f"/api/users/{boss.user['id']}"
    assert admin.patch(url, json={"role": "observer"}).status_code == 200
    assert key.get("/api/users").status_code == 403, "its owner is no admin any more"
    assert key.get("/api/keys").status_code == 200
    assert admin.patch(url, json={"state": "disabled"}).status_code == 200
    assert key.get("/api/keys").status_code == 401


def test_a_key_expires_and_can_be_taken_back(control_room):
    client = control_room.client("observer")
    ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)
    refused = client.post("/api/keys", json={"name": "x", "role": "observer", "expires_at": ago.isoformat()})
    assert refused.status_code == 409
    naive = client.post("/api/keys", json={"name": "x", "role": "observer", "expires_at": "2099-01-01T00:00:00"})
    assert naive.status_code == 422, "a time without a zone"
    made = make(client, expires_at=(ago + datetime.timedelta(hours=1)).isoformat())
    assert with_key(control_room, made["key"]).get("/api/keys").status_code == 200
    with sqlite3.connect(control_room.folder / "control-room.db") as kept:
        kept.execute("UPDATE api_keys SET expires_at = '2020-01-01 00:00:00' WHERE id = ?", (made["id"],))
    assert with_key(control_room, made["key"]).get("/api/keys").status_code == 401
    other = make(client)
    assert client.delete(f"/api/keys/{other['id']}").status_code == 204
    assert with_key(control_room, other["key"]).get("/api/keys").status_code == 401
    assert client.delete(f"/api/keys/{other['id']}").status_code == 404


def test_keys_of_others_are_an_admins_business(control_room):
    made = make(control_room.client("observer"))
    other = control_room.client("operator")
    assert made["id"] not in [key["id"] for key in other.get("/api/keys").json()]
    assert other.delete(f"/api/keys/{made['id']}").status_code == 404
    admin = control_room.admin()
    assert made["id"] in [key["id"] for key in admin.get("/api/keys").json()]
    assert admin.delete(f"/api/keys/{made['id']}").status_code == 204
