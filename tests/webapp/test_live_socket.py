# SPDX-License-Identifier: BSD-3-Clause
"""/ws, as contract 2 has it, by a plain client; and what it does with clients that are none."""

import json
import socket
import time
from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from wire import BATCHES, check, wait_until, watch


def test_points_come_one_a_message_and_a_new_client_gets_recent_ones_first(control_room):
    with watch(control_room.url) as first:
        found = {first.point(id)["value"].__class__ for id in ("temperature", "pressure", "humidity")}
        assert found == {float}
        assert first.point("system_status")["value"] == "operational"
    came = datetime.now(UTC)
    with watch(control_room.url) as later:
        assert datetime.fromisoformat(later.next()["timestamp"]) < came, "what was there before it came"


def test_a_command_is_confirmed_when_it_begins_and_when_it_ends(control_room):
    with watch(control_room.url) as here, watch(control_room.url) as there:
        here.command("calibrate_sensors", duration=1.0)
        for each in (here, there):
            assert each.result("calibrate_sensors", "pending")["details"] is None
            assert each.result("calibrate_sensors", "success")["message"] == "all sensors are calibrated"
        here.command("set_sensor_value", sensor_id="temperature", value=22.5)
        assert here.result("set_sensor_value", "success")
        assert here.point("temperature")["value"] == 22.5
        here.command("reset_sensors")
        assert here.result("reset_sensors", "success")
    with control_room.anonymous() as client:
        kept = client.get("/historical-data", params={"id": "command_result", "type": "message"}).json()["data"]
        told = [each["value"]["status"] for each in kept if each["value"]["command"] == "calibrate_sensors"]
        assert told == ["pending", "success"]


WRONG = [
    ("{", "not JSON"),
    (b"\x00\x01", "not JSON"),
    ("[1, 2]", "not an object"),
    ('{"type": "shout"}', "unknown type 'shout'"),
    ('{"type": "command"}', "command: the name"),
    ('{"type": "command", "command": "set_update_intervall", "parameters": {}}', "did you mean 'set_update_interval'"),
    ('{"type": "command", "command": "set_update_interval"}', "needs the parameter 'interval' (float)"),
    ('{"type": "command", "command": "set_update_interval", "parameters": []}', "parameters: an object"),
    ('{"type": "command", "command": "set_update_interval", "parameters": {"interval": "1"}}', "of the type float"),
    ('{"type": "command", "command": "set_update_interval", "parameters": {"interval": true}}', "of the type float"),
    ('{"type": "command", "command": "set_update_interval", "parameters": {"interval": NaN}}', "not finite"),
    ('{"type": "command", "command": "set_update_interval", "parameters": {"interval": 1%s}}' % ("0" * 30), "64 bits"),
    ('{"type": "command", "command": "get_status\\u0000"}', "a zero"),
    ('{"type": "command", "command": "\\ud800"}', "half of a character"),
    ('{"type": "command", "command": "set_update_interval", "parameters": {"interval": 61}}', "0.1 to 60 s, is 61"),
    ('{"type": "command", "command": "calibrate_sensors", "parameters": {"duration": 0.5}}', "1 to 30 s, is 0.5"),
    ('{"type": "command", "command": "calibrate_sensors", "parameters": {"time": 5}}', "has no parameter 'time'"),
    ('{"type": "command", "command": "set_sensor_value", "parameters": {"sensor_id": "wind", "value": 1}}', "one of"),
    ('{"type": "command", "command": "set_sensor_value", "parameters": {"sensor_id": "temperature", "value": "abc"}}', "value must be of the type float"),
    ('{"type": "command", "command": "set_sensor_value", "parameters": {"sensor_id": "temperature", "value": 99}}', "18 to 35 degC, is 99"),
    ('{"type": "command", "command": "set_sensor_value", "parameters": {"sensor_id": "temperature", "value": [20]}}', "of the type float"),
    ('{"type": "command", "command": "set_sensor_value", "parameters": {"sensor_id": "system_status", "value": "well"}}', "one of operational"),
    ('{"type": "subscribe", "ids": null}', "needs the WebSocket subprotocol"),
    ("[" * 100_000, "not JSON"),
]


def test_what_is_wrong_is_answered_with_an_error_and_the_socket_stays_open(control_room):
    with watch(control_room.url) as client:
        for said, expected in WRONG:
            client.say(said)
            assert expected in client.error(), said
        client.command("get_status")
        assert client.result("get_status", "success")


def test_batches_and_subsets_for_those_who_ask(control_room):
    with watch(control_room.url, batches=True) as client:
        assert client.connection.subprotocol == BATCHES
        check("socket-batch", json.loads(client.connection.recv(10)))
        client.say(check("socket-subscribe", {"type": "subscribe", "ids": ["temperature", "dish.*"], "batch": True}))
        wait_until(lambda: client.next()["id"] == "dish.azimuth")
        client.waiting.clear()
        ids = {message["id"] for _ in range(4) for message in json.loads(client.connection.recv(10))}
        assert "temperature" in ids and "dish.altitude" in ids
        assert not ids & {"pressure", "humidity", "hydrogen.gain"}
        client.say({"type": "subscribe", "ids": ["x"] * 1001})
        assert "at most 1000" in client.error()


def test_who_may_watch_and_who_may_command(start_control_room):
    room = start_control_room(trusted="10.0.0.0/8")
    with pytest.raises(InvalidStatus) as refused, watch(room.url):
        pass
    assert refused.value.response.status_code == 401
    guest, operator = (
        room.client(role).headers["Authorization"].removeprefix("Bearer ") for role in ("observer", "operator")
    )
    with pytest.raises(InvalidStatus) as refused, watch(room.url, guest[:-4] + "AAAA"):
        pass
    assert refused.value.response.status_code == 401
    with watch(room.url, guest) as client:
        client.point("temperature")
        client.command("reset_sensors")
        assert "right to operate" in client.error()
    with watch(room.url, operator, batches=True) as client:
        assert client.connection.subprotocol == BATCHES, "the token is not said back"
        client.command("reset_sensors")
        assert client.result("reset_sensors", "success")["issuer"].startswith("operator")


def test_a_session_that_ended_commands_no_more_over_an_open_socket(control_room):
    signed_in = control_room.client("operator")
    with watch(control_room.url, signed_in.headers["Authorization"].removeprefix("Bearer ")) as client:
        client.command("get_status")
        assert client.result("get_status", "success")
        assert signed_in.post("/api/auth/logout").status_code == 204
        client.command("reset_sensors")
        assert "token" in client.error() or "sign" in client.error()


def test_a_session_that_ended_watches_no_more(start_control_room):
    room = start_control_room(access_minutes=0.2)
    stays, goes = room.client("observer"), room.client("operator")
    token, other = (client.headers["Authorization"].removeprefix("Bearer ") for client in (stays, goes))
    with watch(room.url, token) as staying, watch(room.url, other) as going:
        going.point("temperature")
        assert goes.post("/api/auth/logout").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(10_000):
                going.next()
        assert closed.value.rcvd.code == 1008
        time.sleep(14)
        with pytest.raises(InvalidStatus), watch(room.url, token):
            pass  # it has expired by now, which ends no session
        staying.point("temperature")
        staying.command("get_status")
        assert "expired" in staying.error()


def test_a_page_of_somebody_else_may_not_watch_in_a_trusted_browser(control_room):
    with pytest.raises(InvalidStatus) as refused, watch(control_room.url, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with watch(control_room.url, origin="http://localhost:4200") as page:
        page.point("temperature")


def test_one_that_reads_nothing_is_dropped_and_costs_the_others_nothing(start_control_room):
    room = start_control_room(client_patience_s=3, client_queue=50)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect(("127.0.0.1", room.settings["port"]))
    stalled.sendall(
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with watch(room.url) as reader, room.anonymous() as client:
        end = time.monotonic() + 120
        number = 0
        while "was dropped" not in room.output():
            assert time.monotonic() < end, "it was not dropped"
            body = {"module_id": "flood", "value": f"{number:04}" + 3990 * "\N{EURO SIGN}"}  # 12 kB
            assert client.post("/api/sensors/text", json=body).status_code == 200
            assert int(reader.point("flood.text")["value"][:4]) == number, "the other one misses nothing"
            number += 1
    stalled.settimeout(10)
    with pytest.raises(ConnectionResetError):
        while stalled.recv(65536):
            pass
    stalled.close()


def test_no_more_than_the_most_connections(start_control_room):
    room = start_control_room(most_connections=2)
    with watch(room.url), watch(room.url):
        with pytest.raises(InvalidStatus) as refused, watch(room.url):
            pass
        assert refused.value.response.status_code == 503
    wait_until(lambda: _is_let_in(room.url))


def _is_let_in(url):
    try:
        with watch(url):
            return True
    except (InvalidStatus, ConnectionClosed):
        return False
