# SPDX-License-Identifier: BSD-3-Clause
"""`astro node`, `send` and `watch`, as users of several machines run them, through a real broker."""

import json
import signal
import subprocess
import time

import pytest

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
mounts:
  dish: {{driver: simulator, runs: {{node: movement}}}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: shed}}}}
"""
RECORDED = """
stores:
  archive: {driver: sqlite, path: archive.db}
recorder:
  transport: broker
  store: archive
  topics: [{pattern: measured/#, holds: points}]
"""


@pytest.fixture
def hill(astro, start_server):
    astro.port = str(start_server("mosquitto").port)
    (astro.folder / "hill.yaml").write_text(SITE.format(port=astro.port))
    nodes = []

    def serve(name):
        node = astro.start("node", "hill.yaml", "--name", name, stdout=subprocess.PIPE)
        nodes.append(node)
        assert "serves" in node.stdout.readline()
        return node

    astro.serve = serve
    yield astro
    for node in nodes:
        node.kill()
        node.communicate()


def test_two_nodes_obey_and_tell(hill):
    hill.serve("movement")
    hill.serve("shed")
    watch = hill.start("watch", "hill.yaml", "--seconds", "4", "--json", stdout=subprocess.PIPE)
    time.sleep(1)
    done = hill.json("send", "hill.yaml", "dish", "move_to", "first=20", "second=50", "--wait", "60")
    assert done["state"] == "completed"
    assert hill.json("send", "hill.yaml", "weather", "reset_sensors")["state"] == "completed"
    refused = hill.json("send", "hill.yaml", "dish", "move_to", "first=20", "second=200", expect=3)
    assert refused["error_code"] == "out_of_limits"
    topics = {json.loads(line)["topic"] for line in watch.communicate(timeout=30)[0].splitlines()}
    assert {"astro/v1/hill/movement/birth", "astro/v1/hill/shed/state", "astro/v1/hill/movement/data/dish/altitude"} <= topics


def test_a_name_that_is_wrong_is_told_before_anything_is_sent(hill):
    ran = hill.run("send", "hill.yaml", "dsh", "stop", expect=2)
    assert "did you mean dish?" in ran.stderr
    ran = hill.run("node", "hill.yaml", "--name", "handset", expect=2)
    assert "gives it no device" in ran.stderr
    ran = hill.run("send", "hill.yaml", "dish", "move_to", "first", expect=2)
    assert "expected name=value" in ran.stderr


def test_a_killed_node_is_missed_and_does_nothing_twice(hill):
    node = hill.serve("movement")
    watch = hill.start("watch", "hill.yaml", "--seconds", "120", "--json", stdout=subprocess.PIPE)
    lines = iter(watch.stdout.readline, "")
    next(m for m in map(json.loads, lines) if "/data/dish/" in m["topic"])  # it hears what is not kept by the broker
    moving = hill.start("send", "hill.yaml", "dish", "move_to", "first=300", "second=80", "--json", stdout=subprocess.PIPE)
    started = next(m for m in map(json.loads, lines) if "/acknowledgment/dish" in m["topic"] and m["body"]["status"] == "started")
    node.send_signal(signal.SIGKILL)
    gone = next(m for m in map(json.loads, lines) if m["topic"].endswith("/movement/state") and not m["body"]["online"])
    assert gone["body"]["cause"] == "lwt"
    again = hill.serve("movement")
    back = next(m for m in map(json.loads, lines) if m["topic"].endswith("/movement/state") and m["body"]["online"])
    assert back["body"]["boot"] > gone["body"]["boot"]
    told = json.loads(moving.communicate(timeout=90)[0])
    assert told["command_id"] == started["body"]["command_id"]
    assert (told["state"], told["error_code"]) == ("failed", "interrupted"), "it was not carried on"
    assert again.poll() is None
    watch.kill()
    watch.communicate()


def test_warnings_of_every_process_reach_the_control_room(hill):
    (hill.folder / "recorder.yaml").write_text((hill.folder / "hill.yaml").read_text() + RECORDED)
    hill.serve("movement")
    recorder = hill.start("--verbose", "recorder", "recorder.yaml", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert any("recording from" in line for line in recorder.stderr)
    watch = hill.start("watch", "hill.yaml", "--seconds", "120", "--json", stdout=subprocess.PIPE)
    lines = map(json.loads, iter(watch.stdout.readline, ""))
    next(m for m in lines if "/data/dish/" in m["topic"])  # it hears
    told = {}
    while len(told) < 2:  # until the recorder's subscription is in force, nobody warns of what comes to it
        for topic in {"astro/v1/hill/movement/command/dish", "measured/points"} - {said["about"] for said in told.values()}:
            subprocess.run(["mosquitto_pub", "-p", hill.port, "-q", "1", "-t", topic, "-m", "broken"], check=True)
        message = next(lines)
        if message["topic"].endswith("/status"):
            about = "measured/points" if "/recorder/" in message["topic"] else "astro/v1/hill/movement/command/dish"
            told[message["topic"]] = {**message["body"], "about": about}
    node, recorded = told["astro/v1/hill/movement/status"], told["astro/v1/hill/recorder/status"]
    assert (node["level"], node["source_application"], node["component"]) == ("warning", "telescope-movement", "movement")
    assert "a command is put aside" in node["message"] and node["is_operational"]
    assert (recorded["level"], recorded["source_application"]) == ("warning", "telescope-recorder")
    assert "among the dead letters" in recorded["message"]
    for process in (watch, recorder):
        process.kill()
        process.communicate()
