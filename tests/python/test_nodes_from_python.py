# SPDX-License-Identifier: BSD-3-Clause
"""Nodes from Python, over a real broker: one that serves, and who commands it."""

import threading

import astro
from astro import messaging

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: shed}}}}
"""


def test_a_node_serves_and_a_client_commands_it(tmp_path, start_server):
    file = tmp_path / "hill.yaml"
    file.write_text(SITE.format(port=start_server("mosquitto").port))
    ada = astro.Issuer(name="ada@home", rank="operator")
    heard = threading.Event()
    with messaging.NodeClient.open(file) as client:
        client.watch(lambda topic, body: heard.set() if topic.endswith("/shed/birth") and b"weather" in body else None)
        with messaging.Node.open(file, "shed", beat_s=0.5) as node:
            assert heard.wait(60)
            assert node.boot > 0 and node.serves
            assert node.observatory.names("controller") == ["weather"]
            command = astro.Command(id=astro.new_id(), device="weather", name="reset_sensors", issuer=ada)
            assert client.send(command).state == "completed"
            [record] = client.history("shed")
            assert (record.id, record.issuer, record.from_outside) == (command.id, ada, True)
            told = client.configure("shed", file.read_text() + "nodes: {unsynchronised_clock: true}\n", ada, at_most_s=0)
            assert told.state in ("unanswered", "started")
            assert node.wait_for_configuration(60), "it is to be opened anew"
        with messaging.Node.open(file, "shed", beat_s=0.5):
            [known] = [one for one in client.nodes() if one.name == "shed"]
            assert (known.configuration, known.admitted_by) == (1, "site file")
        newest = messaging.find_commands(tmp_path / "state-shed", command="configure")
        assert [(one.command, one.state) for one in newest] == [("configure", "completed")]
