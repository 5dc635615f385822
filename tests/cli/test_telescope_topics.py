# SPDX-License-Identifier: BSD-3-Clause
"""A control room that shares nothing with us (fastavro, aiokafka, the field lists of the contract) runs a node."""

import copy
import json
import os
import signal
import subprocess

import peers
import pytest
from telescope_client import TOPICS, ControlRoom, observation

from astro import new_id

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
nodes: {{unsynchronised_clock: true}}
transports:
  control: {{driver: kafka, brokers: "127.0.0.1:{kafka}", timeout: 60 s, session: 6 s}}
mounts:
  dish: {{driver: simulator, max_speed: 90 deg, acceleration: 90 deg, runs: {{node: {node}}}}}
receivers:
  hydrogen: {{driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 250 kHz, frontend: frontend, runs: {{node: {node}}}}}
controllers:
  frontend: {{driver: simulator.frontend, runs: {{node: {node}}}}}
stores:
  archive: {{driver: sqlite, path: hill.db, runs: {{node: {node}}}}}
calibration:
  hydrogen:
    hot: {{temperature: 295 K, controller: frontend, command: select_load, parameters: {{load: hot}}}}
    cold: {{temperature: 10 K, controller: frontend, command: select_load, parameters: {{load: sky}}, target: altaz 0 80}}
    sky: {{controller: frontend, command: select_load, parameters: {{load: sky}}}}
telescope: {{node: {node}, registry: {{url: "http://127.0.0.1:{registry}"}}, calibration_time: 1 s}}
"""
@pytest.fixture
def room(kafka, registry):
    peers.make_topics(kafka.port, *TOPICS)
    return ControlRoom(kafka.port, peers.Registry(registry.port))


@pytest.fixture
def hill(astro, kafka, registry, room):
    """A node that serves; of a name of its own, so that nothing is left over from another test."""
    name = f"n{new_id()[-12:]}"
    (astro.folder / "hill.yaml").write_text(SITE.format(kafka=kafka.port, registry=registry.port, node=name))
    nodes = []

    def serve():
        node = astro.start("node", "hill.yaml", "--name", name, stdout=subprocess.PIPE)
        nodes.append(node)
        topic, source = "telescope.status", f"telescope-{name}"
        peers.collect(
            room.port, topic, source,
            lambda found: sum(one["message"] == "waits for commands" for one in room.read(topic, found)) == len(nodes),
        )  # fmt: skip
        return node

    astro.name, astro.serve = name, serve
    yield astro
    for node in nodes:
        node.kill()
        node.communicate()


def test_an_observation_of_a_stranger_is_carried_out_once(hill, room):
    hill.serve()
    asked = observation(3, output_filename="overhead.fits")
    command_id = new_id()
    good = room.body({"command_id": command_id, "command_type": "start_observation", "observation_request": asked})
    dead = new_id()
    alien = {"type": "record", "name": "TelescopeCommand", "fields": [{"name": "command_id", "type": "string"}, {"name": "timestamp", "type": "string"}]}
    number = room.registry.register(f"elsewhere-{dead}-value", alien)
    bodies = [b"not Avro", good[:-7], b"\0\0\0\x7f\xff" + good[5:], peers.struct.pack(">bI", 0, number) + b"\x02a\x02b", good + b"\0"]
    peers.send(room.port, "telescope.commands", [(dead, body) for body in bodies] + [(command_id, good)])
    told = room.end_of(command_id)

    assert [one["status"] for one in told[:2]] == ["received", "started"] and told[-1]["status"] == "completed", told[-1]
    assert {one["status"] for one in told[1:-1]} == {"started"}
    assert all(one["command_id"] == command_id and one["source_application"] == f"telescope-{hill.name}" for one in told)
    assert all(one["estimated_completion_time"] >= told[0]["timestamp"] for one in told[1:-1])
    percents = [one["progress_percent"] for one in told if one["progress_percent"] is not None]
    assert percents == sorted(percents) and percents[-1] == 100.0

    data = peers.collect(room.port, "telescope.data", asked["observation_id"], lambda found: len(found) == 5)
    rows = room.read("telescope.data", data)
    assert [row["sequence_number"] for row in rows] == [0, 1, 2, 3, 4] and len({row["data_id"] for row in rows}) == 5
    ours = peers.read(room.registry, data[0].value)
    assert ours["dtype"] == "<f4" and json.loads(ours["shape"]) == [1024] and json.loads(ours["axis"])["name"] == "frequency"
    assert all(len(row["data_payload"]) == 4096 for row in rows)

    last = peers.collect(room.port, "telescope.acknowledgments", command_id, lambda found: room.read("telescope.acknowledgments", found) == told)[-1]
    link = json.loads(peers.read(room.registry, last.value)["details"])
    assert link["key"] == asked["observation_id"] and link["spectra"] == 5 and link["store"] == "archive"
    [file] = link["files"]
    path = file.removeprefix(f"file://{os.uname().nodename}")
    assert path.endswith("/overhead.fits") and open(path, "rb").read(6) == b"SIMPLE"

    buried = peers.collect(room.port, "telescope.commands.dlq", dead, lambda found: len(found) == len(bodies))
    assert [message.value for message in buried] == bodies
    reasons = [dict(message.headers)["astro-error"].decode() for message in buried]
    for reason, part in zip(reasons, ["does not begin with a zero", "do not fit the schema", "no schema", "timestamp", "behind its end"]):
        assert part in reason, reasons

    kcat = ["kcat", "-b", f"127.0.0.1:{room.port}", "-C", "-t", "telescope.acknowledgments", "-o", "beginning", "-e", "-q", "-f", "%k %S bytes\\n"]
    lines = subprocess.run(kcat, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert sum(line.startswith(command_id) and line.endswith(" bytes") for line in lines) == len(told)

    # The same again: the same answer, and nothing moves.
    peers.send(room.port, "telescope.commands", [(command_id, good)])
    again = room.end_of(command_id, times=2)
    assert again[: len(told)] == told and len(again) == len(told) + 1
    assert {**again[-1], "ack_id": ""} == {**told[-1], "ack_id": ""}
    after = room.end_of(room.start(observation(1)))
    assert after[-1]["status"] == "completed"
    assert len(peers.collect(room.port, "telescope.data", asked["observation_id"], lambda found: len(found) >= 5)) == 5


def test_commands_of_all_kinds_end_as_the_contract_says(hill, room):
    hill.serve()
    # A stranger who knows our own fields, too, and one that we do not know; the contract's version comes beside it.
    wide = copy.deepcopy(peers.COMMAND)
    for name in ("device", "name", "parameters", "issuer"):
        wide["fields"].append({"name": name, "type": "string", "default": ""})
    wide["fields"].append({"name": "issuer_rank", "type": "string", "default": ""})
    wide["fields"].append({"name": "expires", "type": ["null", "long"], "default": None})
    wide["fields"].append({"name": "priority", "type": "long", "default": 5})
    move = {"command_type": "device_command", "device": "dish", "name": "move_to", "issuer": "anna", "issuer_rank": "operator"}
    moved = room.end_of(room.send({**move, "parameters": '{"first": 100, "second": 60}', "expires": None}, wide))
    assert [one["status"] for one in moved] == ["received", "started", "completed"]
    refused = room.end_of(room.send({**move, "parameters": '{"first": 100, "second": 200}', "expires": None}, wide))[-1]
    assert (refused["status"], refused["error_code"]) == ("rejected", "out_of_limits")
    late = room.end_of(room.send({**move, "parameters": '{"first": 100, "second": 60}', "expires": 1768507200124}, wide))[-1]
    assert late["status"] == "timeout"
    for wrong in ({"command_type": "dance"}, {"command_type": "start_observation"}, {"command_type": "start_observation", "observation_request": observation(-1)}):
        end = room.end_of(room.send(wrong))
        assert [one["status"] for one in end] == ["received", "rejected"] and end[-1]["error_code"] == "invalid_argument"

    first, second = observation(600), observation(600)
    running, waiting = room.start(first), room.start(second)
    room.wait_until_it_observes(running)
    for each in (second, first):
        cancelling = room.send({"command_type": "cancel_observation", "observation_request": each})
        assert room.end_of(cancelling)[-1]["status"] == "completed"
    ends = [room.end_of(each) for each in (running, waiting)]
    assert [(end[-1]["status"], end[-1]["error_code"]) for end in ends] == [("failed", "cancelled")] * 2
    assert "started" not in {one["status"] for one in ends[1]}
    nothing = room.end_of(room.send({"command_type": "cancel_observation", "observation_request": first}))[-1]
    assert (nothing["status"], nothing["error_code"]) == ("rejected", "not_found")


def test_what_a_kill_interrupted_has_failed_and_is_not_done_again(hill, room):
    node = hill.serve()
    asked = observation(600)
    command_id = room.start(asked)
    room.wait_until_it_observes(command_id)
    node.send_signal(signal.SIGKILL)
    node.wait()
    hill.serve()
    told = room.end_of(command_id)
    assert (told[-1]["status"], told[-1]["error_code"]) == ("failed", "interrupted")
    room.send({"command_id": command_id, "command_type": "start_observation", "observation_request": asked})
    again = room.end_of(command_id, times=2)
    assert len(again) == len(told) + 1 and again[-1]["error_code"] == "interrupted"
    rows = [row["sequence_number"] for row in room.read("telescope.data", peers.collect(room.port, "telescope.data", asked["observation_id"], bool))]
    assert rows == list(range(len(rows)))
