# SPDX-License-Identifier: BSD-3-Clause
"""Contract 2 over HTTP: types, templates, history through a restart, charts."""

import time
from datetime import UTC, datetime, timedelta

import requests
from wire import check, check_refusal, wait_until, watch


def history(url, **asked):
    answer = requests.get(f"{url}/historical-data", params=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    found = check("historical-data", answer.json())
    assert found["filtered_records"] == len(found["data"]) <= found["total_records"]
    return found["data"]


def test_types_and_templates_name_what_contract_2_names(control_room):
    types = check("telemetry-types", requests.get(f"{control_room.url}/telemetry-types", timeout=30).json())
    known = types["telemetry_types"]
    assert known["temperature"]["unit"] == "degC" and known["temperature"]["data_type"] == "float"
    assert known["temperature"]["range"] == {"min": 18.0, "max": 35.0}
    assert known["system_status"]["enum"] == ["operational", "warning", "error", "maintenance"]
    assert known["dish.tracking"]["data_type"] == "boolean" and known["hydrogen.lost"]["data_type"] == "int"
    templates = check("command-templates", requests.get(f"{control_room.url}/command-templates", timeout=30).json())
    commands = templates["command_templates"]
    assert {"set_update_interval", "reset_sensors", "set_sensor_value", "get_status", "calibrate_sensors"} <= set(commands)
    interval = commands["set_update_interval"]["parameters"]["interval"]
    assert interval["type"] == "float" and interval["required"] and interval["range"] == {"min": 0.1, "max": 60.0}
    assert commands["calibrate_sensors"]["parameters"]["duration"]["default"] == 5.0
    assert commands["dish.move_to"]["parameters"]["first"]["unit"] == "deg"


def test_the_history_is_as_it_was_sent(control_room):
    url = control_room.url
    with watch(url) as client:
        sent = [client.point("temperature") for _ in range(3)]
    kept = wait_until(lambda: [p for p in history(url, id="temperature") if p["timestamp"] >= sent[-1]["timestamp"]])
    assert kept
    kept = history(url, id="temperature", type="data")
    assert all(message in kept for message in sent), "the same keys, values and times"
    times = [message["timestamp"] for message in kept]
    assert times == sorted(times)
    assert history(url, id="temperature", type="message") == []
    assert history(url, id="temperature", limit=2, to_timestamp=kept[-1]["timestamp"]) == kept[-3:-1], "newest, oldest first"
    between = history(url, id="temperature", from_timestamp=kept[0]["timestamp"], to_timestamp=kept[2]["timestamp"])
    assert between == kept[1:2], "both ends are exclusive"
    assert {message["id"] for message in history(url)} >= {"temperature", "dish.azimuth"}


def test_never_more_is_shown_than_is_counted(control_room):
    end = time.monotonic() + 4
    while time.monotonic() < end:  # points come meanwhile
        history(control_room.url)


def test_a_form_that_says_nothing_asks_for_everything(control_room):
    nothing = {"id": "", "type": "", "limit": 1000, "from_timestamp": "", "to_timestamp": ""}
    assert wait_until(lambda: history(control_room.url, **nothing))


def test_what_is_asked_wrongly_is_refused(control_room):
    for asked in ({"limit": 0}, {"limit": 100_001}, {"type": "noise"}, {"from_timestamp": "yesterday"}):
        check_refusal(requests.get(f"{control_room.url}/historical-data", params=asked, timeout=30), 422)
    with control_room.client("observer") as client:
        now = datetime.now(UTC)
        asked = {"id": "temperature", "from": now.isoformat(), "to": (now - timedelta(hours=1)).isoformat()}
        check_refusal(client.get("/api/chart", params=asked), 422, "after")
        check_refusal(client.get("/api/chart", params={"id": "temperature"}), 422)


def test_a_plain_client_keeps_its_history_through_a_restart(start_control_room):
    room = start_control_room()
    with watch(room.url) as client:
        client.command("set_sensor_value", sensor_id="humidity", value=44.0)
        assert client.result("set_sensor_value", "success")
        before = client.until(lambda message: message.get("id") == "humidity" and message["value"] == 44.0)
    wait_until(lambda: before in history(room.url, id="humidity"))
    room.kill()
    room.start()
    assert before in history(room.url, id="humidity")
    told = [message["value"]["status"] for message in history(room.url, id="command_result")]
    assert told == ["pending", "success"]
    with watch(room.url) as client:
        after = client.point("humidity")
        assert after["timestamp"] > before["timestamp"]
    wait_until(lambda: after in history(room.url, id="humidity"))


def test_only_an_admin_clears_the_history_and_the_audit_says_so(start_control_room):
    room = start_control_room()
    requests.post(f"{room.url}/api/sensors/depth", json={"module_id": "well", "value": 3.5}, timeout=30)
    wait_until(lambda: history(room.url, id="well.depth"))
    check_refusal(requests.delete(f"{room.url}/historical-data", timeout=30), 403, "administer")
    with room.client("operator") as client:
        check_refusal(client.delete("/historical-data"), 403)
    with room.admin() as client:
        answer = client.delete("/historical-data")
        assert answer.status_code == 200, answer.text
        assert check("history-cleared", answer.json())["removed"] > 0
        assert history(room.url, id="well.depth") == []
        entries = client.get("/api/audit").json()["entries"]
        assert any(entry["action"] == "clear the history" and entry["who"] == "admin" for entry in entries)


def test_a_chart_of_what_a_module_measured_with_its_latest_value(control_room):
    with control_room.client("observer") as client:
        begin = 1_790_000_000.0
        for minute in range(10):
            body = {"module_id": "cellar", "value": float(minute), "unit": "celsius", "timestamp": begin + 60 * minute}
            requests.post(f"{control_room.url}/api/sensors/warmth", json=body, timeout=30).raise_for_status()
        asked = {"id": "cellar.warmth", "from": begin - 1, "to": begin + 600, "width": 5}
        chart = client.get("/api/chart", params=asked).json()
        assert chart["unit"] == "celsius" and chart["limits"] is None
        assert sum(chart["count"]) == 10 and len(chart["time"]) <= 7
        assert min(chart["min"]) == 0.0 and max(chart["max"]) == 9.0
        assert all(low <= mean <= high for low, mean, high in zip(chart["min"], chart["mean"], chart["max"], strict=True))
        now = time.time()
        asked = {"id": "temperature", "from": now - 3600, "to": now}
        assert client.get("/api/chart", params=asked).json()["limits"]["high_alarm"] == 33.0
        latest = {point["id"]: point for point in client.get("/api/latest").json()["points"]}
        assert latest["cellar.warmth"]["value"] == 9.0 and latest["cellar.warmth"]["stale"]
        assert latest["temperature"]["unit"] == "degC" and not latest["temperature"]["stale"]
    types = requests.get(f"{control_room.url}/telemetry-types", timeout=30).json()["telemetry_types"]
    assert types["cellar.warmth"]["unit"] == "celsius"
