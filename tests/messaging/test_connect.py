# SPDX-License-Identifier: BSD-3-Clause
"""One topic, two ways into PostgreSQL: our store, and Kafka Connect with the connector file of deploy/connect."""

import os
import signal
import subprocess
import time

import peers
import pytest

import astro
from astro import messaging

ROWS = 20_000 if os.environ.get("ASTRO_LONG") == "1" else 500
SITE = """\
site: {{name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
transports:
  events: {{driver: kafka, brokers: "127.0.0.1:{kafka}", timeout: 60 s}}
stores:
  archive: {{driver: postgres, host: {folder}, port: {postgres}, user: astro, schema: ours}}
  sunk: {{driver: postgres, host: {folder}, port: {postgres}, user: astro, schema: theirs}}
"""
COLUMNS = "data_id, observation_id, sequence_number, timestamp, data, processed, processing_pipeline_version"
WORKER = (
    "config.providers=env",
    "config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider",
    "offset.flush.interval.ms=1000",
)
# What no row can be made of, by what the dead letters say of it.
BROKEN = {
    "of a schema that is not there": b"\0\0\0\0\0broken",
    "another record": {"ack_id": "a", "command_id": "c", "timestamp": 0, "status": "received"},
    "a number beyond the column": {"data_id": "large", "observation_id": "o", "sequence_number": 1 << 31, "timestamp": 0},
}
REASONS = ("Schema 0 not found", "Field does not exist: data_id", "2147483648")


class Sink:
    """A worker that runs the connector, and the PostgreSQL that it fills."""

    def __init__(self, root, kafka, registry, postgres, start_server, monkeypatch):
        self.kafka, self.postgres, self.registry = kafka, postgres, peers.Registry(registry.port)
        self.observation = astro.new_id()
        for name, value in {
            "DATABASE": f"jdbc:postgresql://127.0.0.1:{postgres.port}/astro", "SCHEMA": "theirs", "USER": "astro", "PASSWORD": "secret",
            "REGISTRY": f"http://127.0.0.1:{registry.port}/apis/registry/v2",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"ASTRO_CONNECT_{name}", value)
        self.folder, self.start_server = root / "deploy/connect", start_server

    def start_worker(self):
        connector = self.folder / "telescope-data-sink.json"
        return self.start_server("connect", str(connector), f"bootstrap.servers=127.0.0.1:{self.kafka.port}", *WORKER)

    def data(self, number):
        payload = None if number % 50 == 0 else bytes([number % 256]) * (number % 50 * 40)
        return {
            "data_id": f"{self.observation}/{number}", "observation_id": self.observation, "sequence_number": number,
            "timestamp": 1768507200000 + number, "data_payload": payload,
        }  # fmt: skip

    def send(self, *messages):
        """As a stranger to our code writes them."""
        topics = {"ack_id": "telescope.acknowledgments", "data_id": "telescope.data"}
        bodies = [each if isinstance(each, bytes) else peers.write(self.registry, topics[next(iter(each))], each) for each in messages]
        peers.send(self.kafka.port, "telescope.data", [(self.observation, body) for body in bodies])

    def ask(self, sql):
        command = ["psql", "-h", self.postgres.folder, "-p", str(self.postgres.port), "-U", "astro", "-d", "astro", "-Atc", sql]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def wait(self, rows, table="theirs", log=lambda: "", seconds=600 if ROWS > 500 else 240):
        end = time.monotonic() + seconds
        while (count := int(self.ask(f"SELECT count(*) FROM {self.of(table)}"))) < rows:
            assert time.monotonic() < end, f"{table}: {count} of {rows} rows\n{log()}"
            time.sleep(0.2)
        assert count == rows

    def end_postgres(self):
        self.postgres.process.send_signal(signal.SIGINT)  # fast: it does not wait for its clients
        self.postgres.process.wait()

    def of(self, table):
        return f"{table}.telescope_data_raw WHERE observation_id = '{self.observation}'"


@pytest.fixture
def sink(root, kafka, registry, start_server, monkeypatch):
    peers.make_topics(kafka.port, "telescope.data", "telescope.data.dlq")
    return Sink(root, kafka, registry, start_server("postgres"), start_server, monkeypatch)


def test_both_tables_agree_row_by_row_whatever_comes(sink, kafka, registry, tmp_path):
    text = SITE.format(kafka=kafka.port, postgres=sink.postgres.port, folder=sink.postgres.folder)
    (tmp_path / "site.yaml").write_text(text)
    codec = messaging.RegistryCodec(
        messaging.SchemaRegistry(f"http://127.0.0.1:{registry.port}"), "telescope.data-value", messaging.TelescopeData
    )
    with astro.Observatory.open(tmp_path / "site.yaml", state_folder=tmp_path / "state") as site:
        events, archive = site.transport("events"), site.store("archive")

        def record(messages):
            kept = []
            for message in messages:
                try:
                    kept.append(messaging.raw_of(codec.decode(message.body)))
                except astro.Error:
                    assert message.key == sink.observation
            archive.insert([data for data in kept if data.observation_id == sink.observation])

        archive.count(messaging.TelescopeDataRaw)
        site.store("sunk").count(messaging.TelescopeDataRaw)  # makes the table; Connect only fills it
        with events.subscribe("telescope/data", record, "recorders"):
            for number in range(ROWS):
                body = codec.encode(codec.decode(peers.write(sink.registry, "telescope.data", sink.data(number))))
                events.publish("telescope/data", body, key=sink.observation)
                if number % 100 == 7:
                    ticket = events.publish("telescope/data", body, key=sink.observation)  # a redelivery
            assert events.confirmed(ticket, at_most_s=60) >= ticket
            sink.send(BROKEN["of a schema that is not there"], sink.data(ROWS))
            sink.wait(ROWS + 1, "ours")
            worker = sink.start_worker()
            sink.wait(ROWS + 1, log=lambda: (worker.folder / "connect.log").read_text()[-3000:])
    ours, theirs = (f"SELECT {COLUMNS} FROM {sink.of(table)}" for table in ("ours", "theirs"))
    assert sink.ask(f"SELECT count(*) FROM (({ours} EXCEPT {theirs}) UNION ALL ({theirs} EXCEPT {ours})) AS differ") == "0"
    rows = sink.ask(f"SELECT data_id, sequence_number, timestamp, encode(data, 'hex') FROM {sink.of('theirs')} ORDER BY 2").splitlines()
    for number, row in enumerate(rows):
        sent = sink.data(number)
        assert row == f"{sent['data_id']}|{number}|{sent['timestamp']}|{(sent['data_payload'] or b'').hex()}"
    assert sink.ask(f"SELECT count(*) FROM {sink.of('theirs')} AND data IS NULL") == str(ROWS // 50 + 1)

    # What cannot be read or does not fit goes to the dead letters with the reason, and the sink goes on; what a pipeline
    # wrote into a row stays when the message comes once more.
    sink.ask("UPDATE theirs.telescope_data_raw SET processed = true, processing_pipeline_version = 'v1'")
    sink.send(*BROKEN.values(), sink.data(3), sink.data(ROWS + 1))
    sink.wait(ROWS + 2)
    assert sink.ask(f"SELECT count(*) FROM {sink.of('theirs')} AND processed AND processing_pipeline_version = 'v1'") == str(ROWS + 1)
    letters = peers.collect(kafka.port, "telescope.data.dlq", sink.observation, lambda found: len(found) == 1 + len(BROKEN))
    said = [dict(letter.headers)["__connect.errors.exception.message"].decode() for letter in letters]
    assert letters[1].value == BROKEN["of a schema that is not there"]
    assert [reason in each for reason, each in zip(REASONS, said[1:], strict=True)] == [True] * len(BROKEN), said

    # PostgreSQL goes away, in peace and by a power cut, while messages come: Connect's task fails, is started again, and
    # has all of them in the end. So it does when the worker dies.
    number = ROWS + 2
    with subprocess.Popen([sink.folder / "keep", f"http://127.0.0.1:{worker.port}", "telescope-data-sink", "1"]) as keeper:
        try:
            for go_away in (sink.end_postgres, sink.postgres.kill, worker.kill):
                sink.send(*(sink.data(number + i) for i in range(20)))
                go_away()
                sink.send(*(sink.data(number + i) for i in range(20, 40)))
                number += 40
                for server in (sink.postgres, worker):
                    if server.process.poll() is not None:
                        server.start()
                sink.wait(number, log=lambda: (worker.folder / "connect.log").read_text()[-3000:])
        finally:
            keeper.kill()
    # Again what is there, as after each deployment.
    subprocess.run([sink.folder / "deploy", f"http://127.0.0.1:{worker.port}"], check=True)
