# SPDX-License-Identifier: BSD-3-Clause
"""Commands over HTTP: refused for what is wrong with them, kept with their fate, stopped by anybody who is signed in."""

from contextlib import contextmanager

from wire import check_refusal, wait_until, watch


def give(client, device, command, **parameters):
    return client.post("/api/commands", json={"device": device, "command": command, "parameters": parameters})


@contextmanager
def driving(client, mount="dish"):
    assert client.post(f"/api/control/{mount}/request").json()["is_mine"]
    try:
        yield
    finally:
        client.post(f"/api/control/{mount}/release")


def fate(client, number):
    return wait_until(lambda: (kept := client.get(f"/api/commands/{number}").json())["status"] != "pending" and kept)


def test_a_command_is_accepted_and_its_fate_is_kept(control_room):
    with control_room.client("operator") as client, watch(control_room.url) as socket:
        answer = give(client, "weather", "set_sensor_value", sensor_id="pressure", value=1000.5)
        assert answer.status_code == 202, answer.text
        kept = answer.json()
        assert kept["status"] == "pending" and kept["issuer"] == client.user["username"]
        told = socket.result("set_sensor_value", "success")
        assert told["command_id"] == kept["command_id"] and told["issuer"] == client.user["username"]
        ended = fate(client, kept["command_id"])
        assert ended["state"] == "completed" and ended["parameters"] == {"sensor_id": "pressure", "value": 1000.5}
        newest = client.get("/api/commands", params={"device": "weather", "limit": 1}).json()["commands"]
        assert newest == [ended]
        entries = control_room.admin().get("/api/audit").json()["entries"]
        assert any(entry["details"] == {"command_id": kept["command_id"]} for entry in entries)


def test_what_the_device_refuses_ends_as_an_error(control_room):
    with control_room.client("operator") as client, driving(client):
        ended = fate(client, give(client, "dish", "move_to", first=10.0, second=1.0).json()["command_id"])
        assert ended["status"] == "error" and ended["state"] == "rejected"
        assert "altitude" in ended["message"] or "second" in ended["message"], ended["message"]


def test_what_is_wrong_is_refused_at_once(control_room):
    with control_room.client("operator") as client:
        check_refusal(give(client, "disk", "stop"), 404, "did you mean 'dish'")
        check_refusal(give(client, "dish", "fly"), 404, "no command 'fly'")
        check_refusal(give(client, "dish", "move_to", first=10.0), 422, "needs the parameter 'second'")
        check_refusal(client.get("/api/commands/none"), 404)
    with control_room.client("observer") as client:
        check_refusal(give(client, "weather", "reset_sensors"), 403)
    with control_room.anonymous() as client:
        check_refusal(give(client, "weather", "reset_sensors"), 401)


def test_whoever_is_signed_in_may_stop_everything(control_room):
    with control_room.client("operator") as client, control_room.client("observer") as observer, driving(client):
        moving = give(client, "dish", "move_to", first=400.0, second=80.0).json()["command_id"]
        stopped = observer.post("/api/stop")
        assert stopped.status_code == 200 and "dish" in stopped.json()["stopped"]
        assert fate(client, moving)["status"] == "error"
        guest = control_room.anonymous().post("/api/auth/guest", json={"username": "passer-by"}).json()
        refused = control_room.anonymous().post(
            "/api/stop", headers={"Authorization": f"Bearer {guest['access_token']}"}
        )
        check_refusal(refused, 403)
