# SPDX-License-Identifier: BSD-3-Clause
"""Two processes of one control room: what one is told, those who watch the other see, and both have one history."""

import requests
from served import HERE, PASSWORD, ControlRoom
from wire import wait_until, watch


def both(tmp_path, start_control_room, **settings):
    """The devices of a site that several processes open are on nodes; the store and the database are one."""
    lines = (HERE / "site.yaml").read_text().replace("path: archive.db", f"path: {tmp_path}/archive.db")
    (tmp_path / "site.yaml").write_text(lines)
    shared = {"site": tmp_path / "site.yaml", "secret": "a secret that both processes know, and nobody else", **settings}
    return [
        start_control_room(**shared, folder=made(tmp_path / name), **more)
        for name, more in (("first", {}), ("second", {"hub": False, "queue": False}))
    ]


def made(folder):
    folder.mkdir()
    return folder


def go_through(first: ControlRoom, second: ControlRoom):
    with watch(second.url) as there:
        for room, value in ((first, 7.25), (second, 8.5)):
            body = {"module_id": "shared", "value": value, "unit": "m"}
            requests.post(f"{room.url}/api/sensors/depth", json=body, timeout=30).raise_for_status()
            assert there.point("shared.depth")["value"] == value
        for room in (first, second):
            wait_until(lambda r=room: _values(r) == [7.25, 8.5])
        first.add_user("operator", "both")
        signed_in = second.sign_in("both", PASSWORD)
        assert signed_in.post("/api/modules/shared/admit").status_code == 200
        answer = requests.post(f"{first.url}/api/modules/shared/control", json={"command": "ping"}, timeout=30)
        assert there.result("shared.ping", "pending")["command_id"] == answer.json()["command_id"]
        [handed] = requests.get(f"{second.url}/api/modules/shared/commands", timeout=30).json()["commands"]
        assert handed["command_id"] == answer.json()["command_id"]
        assert requests.get(f"{first.url}/api/modules/shared/commands", timeout=30).json()["commands"] == []
    with watch(first.url) as here:
        said = {"command_id": handed["command_id"], "status": "completed"}
        requests.post(f"{second.url}/api/modules/shared/status", json=said, timeout=30).raise_for_status()
        assert here.result("shared.ping", "success")
        picture = b"\xff\xd8\xff\xe0 seen by both"
        camera = {"module_id": "shared"}
        requests.post(f"{first.url}/api/camera/frame", params=camera, data=picture, timeout=30).raise_for_status()
        wait_until(lambda: requests.get(f"{second.url}/api/camera/frame", params=camera, timeout=30).content == picture)
    told = [
        [message["value"]["status"] for message in _history(room, "command_result")] for room in (first, second)
    ]
    assert told == [["pending", "success"]] * 2


def _values(room):
    return [each["value"] for each in requests.get(f"{room.url}/api/sensors/depth", timeout=30).json()]


def _history(room, id):
    return requests.get(f"{room.url}/historical-data", params={"id": id}, timeout=30).json()["data"]


def test_over_one_sqlite(tmp_path, start_control_room):
    go_through(*both(tmp_path, start_control_room, database=f"sqlite:///{tmp_path}/room.db"))


def test_over_postgresql(tmp_path, start_control_room, new_database):
    go_through(*both(tmp_path, start_control_room, database=new_database()))
