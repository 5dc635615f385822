# SPDX-License-Identifier: BSD-3-Clause
"""Three machines on a hill and a control room in the town."""

import base64
import json
import subprocess
import threading
import time

import peers
import pytest
from hill import NODES, Hill
from telescope_client import FINAL, TOPICS, ControlRoom, observation

from astro import new_id

SITE = """\
site: {{name: {name}, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
nodes: {{unsynchronised_clock: true}}
transports:
  broker: {broker}
mounts:
  dish: {{driver: simulator, max_speed: 90 deg, acceleration: 90 deg, runs: {{node: movement}}}}
receivers:
  hydrogen: {{driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 250 kHz, runs: {{node: receiver}}}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: handset}}}}
stores:
  archive: {{driver: sqlite, path: hill.db, runs: {{node: receiver}}}}
  database: {{driver: postgres, host: {folder}, port: {postgres}, user: astro, schema: "{schema}"}}
telescope: {{node: receiver, transport: broker, store: archive, status_every: 2 s, {encoding}}}
recorder:
  transport: broker
  store: database
  topics: [{{pattern: telescope/data, holds: data, encoding: {recorded}}}]
  registry: {{url: "{registry}"}}
"""


class OverMqtt:
    """A control room that has nothing but mosquitto's own clients, and speaks JSON."""

    encoding, recorded = "encoding: json", "json"

    def __init__(self, hill, start_server):
        self.port, self.broker = hill.mosquitto(start_server)
        self.registry = "http://127.0.0.1:9"
        self.heard, self.changed = [], threading.Condition()
        words = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-V", "5", "-q", "1", "-t", "telescope/#", "-F", "%t %p"]
        self.listener = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.listener.stdout:
            topic, body = line.split(" ", 1)
            with self.changed:
                self.heard.append((topic, json.loads(body)))
                self.changed.notify_all()

    def wait(self, topic, key, is_enough):
        def said():
            return [body for at, body in self.heard if at == topic and key in body.values()]

        with self.changed:
            assert self.changed.wait_for(lambda: is_enough(said()), 120), said()
            return said()

    def send(self, **command):
        command = {"command_id": new_id(), "timestamp": 1768507200123, **command}
        words = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", "telescope/commands", "-s"]
        subprocess.run(words, input=json.dumps(command, default=lambda time: time.isoformat()), text=True, check=True)
        return command["command_id"]

    def wait_until_served(self):
        self.wait("telescope/status", "waits for commands", bool)

    def end_of(self, command_id):
        return self.wait("telescope/acknowledgments", command_id, lambda found: any(one["status"] in FINAL for one in found))

    def spectra(self, observation_id, count):
        rows = self.wait("telescope/data", observation_id, lambda found: len(found) >= count)
        return [(row["data_id"], row["sequence_number"], base64.b64decode(row["data_payload"])) for row in rows]

    def close(self):
        self.listener.kill()
        self.listener.communicate()


class OverKafka(ControlRoom):
    """A control room that writes by the contract's field lists, and our own fields behind them."""

    recorded = "avro"

    def __init__(self, hill, start_server):
        port, self.broker = hill.kafka(start_server)
        registry = start_server("registry", "0.0.0.0")
        super().__init__(port, peers.Registry(registry.port))
        peers.make_topics(self.port, *TOPICS)
        self.registry_url = f"http://{hill.address}:{registry.port}"
        self.encoding = f'registry: {{url: "{self.registry_url}"}}'
        self.schema = {**peers.COMMAND, "fields": [*peers.COMMAND["fields"]]}
        for name in ("device", "name", "parameters", "issuer", "issuer_rank"):
            self.schema["fields"].append({"name": name, "type": "string", "default": ""})

    def send(self, **command):
        return super().send(command, self.schema)

    def wait_until_served(self):
        is_ready = lambda found: any(one["message"] == "waits for commands" for one in self.read("telescope.status", found))  # noqa: E731
        peers.collect(self.port, "telescope.status", "telescope-receiver", is_ready)

    def spectra(self, observation_id, count):
        rows = self.read("telescope.data", peers.collect(self.port, "telescope.data", observation_id, lambda found: len(found) >= count))
        return [(row["data_id"], row["sequence_number"], row["data_payload"]) for row in rows]

    def close(self):
        pass


@pytest.fixture
def rows_of(postgres):
    def rows_of(schema, observation_id):
        sql = f"SELECT data_id, sequence_number, encode(data, 'hex') FROM {schema}.telescope_data_raw WHERE observation_id = '{observation_id}' ORDER BY 2"
        command = ["psql", "-h", postgres.folder, "-p", str(postgres.port), "-U", "astro", "-d", "astro", "-Atc", sql]
        # The table is not there before the recorder has something for it.
        rows = (line.split("|") for line in subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines())
        return [(data_id, int(number), bytes.fromhex(data)) for data_id, number, data in rows]

    return rows_of


def until(happens):
    end = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < end, "it never happens"


@pytest.mark.parametrize(("over", "seconds"), [(OverMqtt, 4), (OverKafka, 2)])
def test_three_machines_observe_for_a_control_room(over, seconds, astro, postgres, start_server, rows_of):
    processes = []
    with Hill() as hill:
        room = over(hill, start_server)
        schema = f"hill_{hill.tag}"
        registry = room.registry if isinstance(room.registry, str) else room.registry_url
        (astro.folder / "hill.yaml").write_text(
            SITE.format(
                name=f"hill-{hill.tag}", broker=room.broker, folder=postgres.folder, postgres=postgres.port, schema=schema,
                encoding=room.encoding, recorded=room.recorded, registry=registry,
            )
        )  # fmt: skip
        try:
            processes.append(astro.start("recorder", "hill.yaml", stdout=subprocess.PIPE))
            for node in NODES:
                words = ("node", "hill.yaml", "--name", node, "--state", astro.folder / f"state-{node}")
                processes.append(astro.start(*words, within=hill.within(node), stdout=subprocess.PIPE))
                assert "serves" in processes[-1].stdout.readline()
            room.wait_until_served()

            def device(name, command, **parameters):
                sent = room.send(
                    command_type="device_command", device=name, name=command, parameters=json.dumps(parameters), issuer="anna", issuer_rank="operator"
                )
                return room.end_of(sent)

            def observed(asked):
                return room.end_of(room.send(command_type="start_observation", observation_request=asked))

            def is_recorded():
                asked = observation(1)
                return observed(asked)[-1]["status"] == "completed" and rows_of(schema, asked["observation_id"])

            # The one that observes may still be looking for the other two, the recorder for its broker.
            until(lambda: device("dish", "move_to", first=10, second=60)[-1]["status"] == "completed")
            until(lambda: device("weather", "reset_sensors")[-1]["status"] == "completed")
            until(is_recorded)

            asked = observation(seconds)
            told = observed(asked)
            assert [one["status"] for one in told[:2]] == ["received", "started"]
            assert told[-1]["status"] == "completed", told[-1]
            assert {one["source_application"] for one in told} == {"telescope-receiver"}
            spectra = room.spectra(asked["observation_id"], seconds)
            assert [number for _, number, _ in spectra] == list(range(seconds))
            until(lambda: len(rows_of(schema, asked["observation_id"])) >= seconds)
            assert rows_of(schema, asked["observation_id"]) == spectra
        finally:
            for process in processes:
                process.kill()
                process.communicate()
            room.close()
