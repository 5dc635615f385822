# SPDX-License-Identifier: BSD-3-Clause
"""Contract 3, by `requests` alone."""

import threading
import time

import pytest
import requests
from wire import check, check_refusal, wait_until, watch

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
JPEG = b"\xff\xd8\xff\xe0" + b"picture"


class Plain:
    """A module with nothing of ours."""

    def __init__(self, url, name, **headers):
        self.url, self.name, self.headers = url, name, headers

    def ask(self, method, path, **more):
        return requests.request(method, self.url + path, headers=self.headers, timeout=30, **more)

    def post(self, type, value, unit="celsius", **more):
        body = check("sensor-measured", {"module_id": self.name, "value": value, "unit": unit, **more})
        return self.ask("POST", f"/api/sensors/{type}", json=body)

    def control(self, command, **parameters):
        body = {"command": command, "parameters": parameters}
        answer = self.ask("POST", f"/api/modules/{self.name}/control", json=body)
        assert answer.status_code == 200, answer.text
        return check("module-controlled", answer.json())["command_id"]

    def commands(self):
        answer = self.ask("GET", f"/api/modules/{self.name}/commands")
        assert answer.status_code == 200, answer.text
        return check("module-commands", answer.json())["commands"]

    def status(self, command_id, status, message=None, details=None):
        said = {"command_id": command_id, "status": status, "message": message, "details": details}
        return self.ask("POST", f"/api/modules/{self.name}/status", json=check("module-status", said))


def module(client, name):
    return next((each for each in client.get("/api/modules").json()["modules"] if each["id"] == name), None)


def admit(room, name):
    with room.client("operator") as client:
        answer = client.post(f"/api/modules/{name}/admit")
        assert answer.status_code == 200, answer.text
        assert answer.json()["admitted"]


def test_what_a_module_posts_is_kept_at_once_and_seen_by_all(control_room):
    plain = Plain(control_room.url, "temp-sensor-01")
    with watch(control_room.url) as client:
        answer = plain.post("temperature", 21.3, timestamp=1_790_000_000.25)
        assert answer.status_code == 200, answer.text
        assert check("sensor-stored", answer.json())["id"] == "temp-sensor-01.temperature"
        seen = client.point("temp-sensor-01.temperature")
        assert seen["value"] == 21.3 and seen["unit"] == "celsius"
        assert seen["timestamp"] == "2026-09-21T14:13:20.250000+00:00"
    records = check("sensor-records", plain.ask("GET", "/api/sensors/temperature").json())
    assert {"module_id": "temp-sensor-01", "type": "temperature", "value": 21.3, "unit": "celsius",
            "timestamp": 1_790_000_000.25} in [
        {key: each[key] for key in ("module_id", "type", "value", "unit", "timestamp")} for each in records
    ]  # fmt: skip
    with control_room.client("observer") as client:
        listed = module(client, "temp-sensor-01")
        assert (listed["state"], listed["admitted"], listed["kind"], listed["stored"]) == ("pending", False, "http", 1)


def test_the_same_again_is_kept_once(control_room):
    plain = Plain(control_room.url, "twice")
    assert plain.post("level", 1.0, timestamp=1_790_000_000.0).json()["status"] == "stored"
    assert plain.post("level", 1.0, timestamp=1_790_000_000.0).json()["status"] == "repeated"
    assert len(plain.ask("GET", "/api/sensors/level").json()) == 1


def test_records_by_module_time_and_as_averages(control_room):
    begin = 1_790_002_800.0  # on the hour
    for name in ("north", "south"):
        for minute in range(4):
            Plain(control_room.url, name).post("wind", float(minute), unit="m/s", timestamp=begin + 600 * minute)
    ask = Plain(control_room.url, "").ask
    assert len(ask("GET", "/api/sensors/wind").json()) == 8
    one = ask("GET", "/api/sensors/wind", params={"module_id": "north", "from": begin, "limit": 2}).json()
    assert [each["value"] for each in one] == [2.0, 3.0], "the newest, oldest first"
    until = ask("GET", "/api/sensors/wind", params={"module_id": "north", "to": begin + 600}).json()
    assert [each["value"] for each in until] == [0.0], "both ends are exclusive"
    for period in ("hour", "day"):
        asked = {"module_id": "south", "aggregate": period}
        [average] = check("sensor-records", ask("GET", "/api/sensors/wind", params=asked).json())
        assert (average["value"], average["min"], average["max"], average["count"]) == (1.5, 0.0, 3.0, 4)
    assert ask("GET", "/api/sensors/nothing").json() == []
    nothing = {"module_id": "", "from": "", "to": "", "aggregate": ""}
    assert len(ask("GET", "/api/sensors/wind", params=nothing).json()) == 8


REFUSED = [
    ("POST", "/api/sensors/te mp", {"module_id": "a", "value": 1}, 422, "pattern"),
    ("POST", "/api/sensors/t", {"module_id": "../../x", "value": 1}, 422, "module_id"),
    ("POST", "/api/sensors/t", {"module_id": "<script>", "value": 1}, 422, "module_id"),
    ("POST", "/api/sensors/t", {"module_id": "a"}, 422, "value"),
    ("POST", "/api/sensors/t", {"module_id": "a", "value": None}, 422, "value"),
    ("POST", "/api/sensors/t", {"module_id": "a", "value": "x" * 4001}, 422, "value"),
    ("POST", "/api/sensors/t", {"module_id": "a", "value": 1, "timestamp": 12.0}, 422, "seconds since 1970"),
    ("POST", "/api/sensors/t", {"module_id": "a", "value": 1, "timestamp": 1e12}, 422, "seconds since 1970"),
    ("POST", "/api/sensors/t", {"module_id": "dish", "value": 1}, 409, "a device of the site"),
    ("GET", "/api/sensors/t?aggregate=week", None, 422, "aggregate"),
    ("POST", "/api/modules/nobody/control", {"command": "x"}, 404, "has ever posted"),
    ("POST", "/api/modules/a/status", {"status": "dancing"}, 422, "status"),
    ("POST", "/api/modules/a/status", {"status": "completed"}, 422, "of which command"),
    ("POST", "/api/modules/a/status", {"status": "completed", "command_id": "x"}, 404, "given no command"),
]


@pytest.mark.parametrize("method, path, body, status, words", REFUSED)
def test_what_is_wrong_is_refused_with_the_reason(control_room, method, path, body, status, words):
    check_refusal(requests.request(method, control_room.url + path, json=body, timeout=30), status, words)


def test_no_number_is_a_value_that_is_none(control_room):
    value = b'{"module_id": "a", "value": %b}'
    for text in (*(value % each for each in (b"NaN", b"1e999", b"1" + 30 * b"0", rb'"\u0000"', rb'"\ud800"')), b"{"):
        headers = {"Content-Type": "application/json"}
        answer = requests.post(f"{control_room.url}/api/sensors/t", data=text, headers=headers, timeout=30)
        check_refusal(answer, 422)


def test_a_command_waits_for_admission_and_is_handed_out_once(control_room):
    plain = Plain(control_room.url, "led-07")
    assert plain.status(None, "online", details={"program": "led 2"}).status_code == 200
    with watch(control_room.url) as client:
        command = plain.control("set_led", on=True)
        assert plain.commands() == [], "not before an operator has admitted it"
        admit(control_room, "led-07")
        [handed] = plain.commands()
        assert (handed["command_id"], handed["command"], handed["parameters"]) == (command, "set_led", {"on": True})
        assert plain.commands() == []
        assert client.result("led-07.set_led", "pending")["state"] == "received"
        check("module-heard", plain.status(command, "started").json())
        assert client.result("led-07.set_led", "pending")["state"] == "started"
        assert plain.status(command, "completed", details={"on": True}).status_code == 200
        assert client.result("led-07.set_led", "success")["details"] == {"on": True}
    assert plain.status(command, "completed").status_code == 200, "told again, because the answer was lost"
    check_refusal(plain.status(command, "failed"), 409, "has ended already")
    with control_room.client("observer") as client:
        assert module(client, "led-07")["versions"] == {"program": "led 2"}
        assert client.get(f"/api/commands/{command}").json()["status"] == "success"
        log = client.get("/api/modules/led-07/log").json()["entries"]
        assert [entry["value"].get("state") for entry in log] == [
            "completed", "started", "admitted", "received", "online", "pending"
        ]  # fmt: skip


def test_commands_come_oldest_first_and_only_to_whom_they_belong(control_room):
    one, other = Plain(control_room.url, "relay-1"), Plain(control_room.url, "relay-2")
    for each in (one, other):
        each.status(None, "online")
        admit(control_room, each.name)
    asked = [one.control("switch", number=number) for number in range(5)]
    assert other.commands() == []
    check_refusal(other.status(asked[0], "completed"), 404)
    check_refusal(one.status(asked[0], "completed"), 409, "was not handed out")
    assert [each["command_id"] for each in one.commands()] == asked


def test_many_who_ask_at_once_get_each_command_once(control_room):
    plain = Plain(control_room.url, "crowd")
    plain.status(None, "online")
    admit(control_room, "crowd")
    asked = [plain.control("step", number=number) for number in range(20)]
    got, lock = [], threading.Lock()

    def ask():
        for _ in range(5):
            found = [each["command_id"] for each in plain.commands()]
            with lock:
                got.extend(found)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(asked)


def test_without_a_status_it_ends_in_timeout_also_after_a_kill(start_control_room):
    room = start_control_room(command_expiry_s=6)
    plain = Plain(room.url, "slow-01")
    plain.status(None, "online")
    admit(room, "slow-01")
    taken = plain.control("measure")
    assert [each["command_id"] for each in plain.commands()] == [taken]
    never_asked = plain.control("measure")
    room.kill()
    room.start()
    with room.client("observer") as client:
        for command in (taken, never_asked):
            ended = wait_until(lambda c=command: (k := client.get(f"/api/commands/{c}").json())["status"] == "error" and k)
            assert ended["state"] == "timeout"
    assert plain.commands() == [], "neither a second time nor too late"
    check_refusal(plain.status(taken, "completed"), 409, "timeout")


def test_one_that_was_away_finds_what_waits_through_a_kill(start_control_room):
    room = start_control_room()
    plain = Plain(room.url, "away")
    plain.status(None, "online")
    admit(room, "away")
    first = plain.control("one")
    assert [each["command_id"] for each in plain.commands()] == [first]
    second = plain.control("two")
    room.kill()
    room.start()
    assert [each["command_id"] for each in plain.commands()] == [second]


def test_one_that_is_silent_is_stale_and_one_that_went_is_offline(start_control_room):
    room = start_control_room(module_interval_s=0.5)
    plain = Plain(room.url, "napper")
    plain.post("heart", 1)
    admit(room, "napper")
    with room.client("observer") as client:
        wait_until(lambda: module(client, "napper")["state"] == "stale")
        plain.post("heart", 2)
        assert module(client, "napper")["state"] == "online"
        plain.status(None, "offline")
        assert module(client, "napper")["state"] == "offline"


def test_pictures_are_kept_and_streamed(control_room):
    url, camera = control_room.url, {"module_id": "roof"}
    check_refusal(requests.get(f"{url}/api/camera/stream", params=camera, timeout=30), 404, "no picture")
    answer = requests.post(f"{url}/api/camera/frame", params=camera, data=JPEG, timeout=30)
    assert answer.status_code == 200, answer.text
    assert check("camera-stored", answer.json())["bytes"] == len(JPEG)
    with requests.get(f"{url}/api/camera/stream", params=camera, stream=True, timeout=30) as stream:
        assert stream.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        expected = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(JPEG), JPEG)
        assert stream.raw.read(len(expected)) == expected
        form = {"frame": ("roof.png", PNG, "image/png")}
        assert requests.post(f"{url}/api/camera/frame", params=camera, files=form, timeout=30).status_code == 200
        expected = b"--frame\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(PNG), PNG)
        assert stream.raw.read(len(expected)) == expected
    newest = requests.get(f"{url}/api/camera/frame", params=camera, timeout=30)
    assert newest.content == PNG and newest.headers["Content-Type"] == "image/png"
    for wrong in (b"<svg onload=alert(1)>", b"", b"GIF89a"):
        refused = requests.post(f"{url}/api/camera/frame", params=camera, data=wrong, timeout=30)
        check_refusal(refused, 415, "neither a JPEG nor a PNG")


def test_only_so_many_pictures_are_kept_and_the_newest_after_a_restart(start_control_room):
    room = start_control_room(kept_frames=3)
    for number in range(5):
        url, camera = f"{room.url}/api/camera/frame", {"module_id": "roof"}
        requests.post(url, params=camera, data=JPEG + bytes([number]), timeout=30).raise_for_status()
    room.kill()
    room.start()
    assert requests.get(f"{room.url}/api/camera/frame", params={"module_id": "roof"}, timeout=30).content == JPEG + b"\x04"
    import sqlite3

    with sqlite3.connect(room.folder / "control-room.db") as database:
        assert database.execute("SELECT count(*) FROM live_frame").fetchone() == (3,)


def test_from_elsewhere_a_key_is_needed_and_speaks_for_its_module_alone(start_control_room):
    room = start_control_room(trusted="10.0.0.0/8")
    check_refusal(Plain(room.url, "far").post("wind", 1.0), 401)
    asked = {"name": "far", "role": "guest", "module": "far"}
    made = room.admin().post("/api/keys", json=asked)
    assert made.status_code == 201, made.text
    key = {"X-API-Key": made.json()["key"]}
    far = Plain(room.url, "far", **key)
    assert far.post("wind", 1.0).status_code == 200
    assert far.commands() == []
    check_refusal(Plain(room.url, "near", **key).post("wind", 1.0), 403, "belongs to the module far")
    check_refusal(far.ask("POST", "/api/modules/far/control", json={"command": "x"}), 403)
    check_refusal(far.ask("GET", "/api/modules/near/commands"), 403)


def test_who_admits_and_who_forgets(control_room):
    plain = Plain(control_room.url, "visitor")
    plain.post("steps", 1)
    with control_room.client("observer") as client:
        check_refusal(client.post("/api/modules/visitor/admit"), 403)
        check_refusal(client.delete("/api/modules/visitor"), 403)
    with control_room.client("operator") as client:
        check_refusal(client.post("/api/modules/nobody/admit"), 404)
        admit(control_room, "visitor")
        waiting = plain.control("jump")
        assert module(client, "visitor")["waiting"] == 1
        assert client.delete("/api/modules/visitor").status_code == 204
        assert module(client, "visitor") is None
        assert client.get(f"/api/commands/{waiting}").json()["error_code"] == "cancelled"
        time.sleep(0.01)
        assert plain.post("steps", 2).status_code == 200, "it comes again as somebody new"
        assert module(client, "visitor")["state"] == "pending"
        wait_until(lambda: [r["value"] for r in plain.ask("GET", "/api/sensors/steps").json()] == [1, 2])
