# SPDX-License-Identifier: BSD-3-Clause
"""Nodes over a real broker: listed with the modules, their points live, commanded through the room."""

import pytest
from astro import messaging
from wire import check_refusal, wait_until, watch

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
controllers:
  weather: {{driver: simulator.environment, interval: 500 ms, runs: {{node: shed}}}}
stores:
  archive: {{driver: sqlite, path: {folder}/archive.db}}
telemetry: {{store: archive}}
"""
CELLAR = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
controllers:
  heater: {{driver: simulator.environment, runs: {{node: cellar}}}}
"""


@pytest.fixture
def hill(tmp_path, start_server):
    port = start_server("mosquitto").port
    for name, text in (("hill", SITE), ("cellar", CELLAR)):
        (tmp_path / f"{name}.yaml").write_text(text.format(port=port, folder=tmp_path))
    return tmp_path


def module(client, name):
    return next((each for each in client.get("/api/modules").json()["modules"] if each["id"] == name), None)


def test_nodes_are_listed_commanded_and_admitted(hill, start_control_room):
    with messaging.Node.open(hill / "hill.yaml", "shed", hill / "shed", beat_s=0.5):
        room = start_control_room(site=hill / "hill.yaml")
        with room.client("operator") as client, watch(room.url) as socket:
            shed = wait_until(lambda: (m := module(client, "shed")) and m["state"] == "online" and m, 60)
            assert shed["kind"] == "node" and shed["admitted"] and shed["devices"] == ["weather"] and shed["boot"] > 0
            assert socket.point("weather.temperature", 60)["unit"] == "degC"
            socket.command("weather.set_sensor_value", sensor_id="humidity", value=41.0)
            assert socket.result("weather.set_sensor_value", "success", timeout=60)
            assert socket.until(lambda m: m.get("id") == "weather.humidity" and m["value"] == 41.0, 60)
            check_refusal(client.post("/api/modules/shed/control", json={"command": "x"}), 404, "it is a node")
            with messaging.Node.open(hill / "cellar.yaml", "cellar", hill / "cellar", beat_s=0.5):
                pending = wait_until(lambda: module(client, "cellar"), 60)
                assert pending["state"] == "pending" and not pending["admitted"]
                admitted = client.post("/api/modules/cellar/admit")
                assert admitted.status_code == 200 and admitted.json()["admitted"], admitted.text
                assert admitted.json()["admitted_by"] == client.user["username"]
            wait_until(lambda: module(client, "cellar")["state"] == "offline", 60)
            assert client.delete("/api/modules/cellar").status_code == 204
            forgotten = module(client, "cellar")  # the broker keeps its birth: it may be heard again, as somebody new
            assert forgotten is None or not forgotten["admitted"]
