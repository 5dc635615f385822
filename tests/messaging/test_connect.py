# SPDX-License-Identifier: BSD-3-Clause
"""One topic, two ways into PostgreSQL: our store, and Kafka Connect with the connector file of deploy/connect."""

import os
import subprocess
import time

import peers
import pytest

import astro
from astro import messaging

SITE = """\
site: {{name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
transports:
  events: {{driver: kafka, brokers: "127.0.0.1:{kafka}", timeout: 60 s}}
stores:
  archive: {{driver: postgres, host: {folder}, port: {postgres}, user: astro, schema: ours}}
  sunk: {{driver: postgres, host: {folder}, port: {postgres}, user: astro, schema: theirs}}
"""
COLUMNS = "data_id, observation_id, sequence_number, timestamp, data, processed, processing_pipeline_version"
WORKER = ("config.providers=env", "config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider")


@pytest.fixture
def ask(postgres):
    def ask(sql):
        command = ["psql", "-h", postgres.folder, "-p", str(postgres.port), "-U", "astro", "-d", "astro", "-Atc", sql]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    return ask


@pytest.mark.long
def test_both_tables_agree_row_by_row(root, tmp_path, kafka, registry, postgres, ask, start_server, monkeypatch):
    (tmp_path / "site.yaml").write_text(SITE.format(kafka=kafka.port, postgres=postgres.port, folder=postgres.folder))
    codec = messaging.RegistryCodec(
        messaging.SchemaRegistry(f"http://127.0.0.1:{registry.port}"), "telescope.data-value", messaging.TelescopeData
    )
    observation, rows = astro.new_id(), 500
    peers.make_topics(kafka.port, "telescope.data", "telescope.data.dlq")
    with astro.Observatory.open(tmp_path / "site.yaml", state_folder=tmp_path / "state") as site:
        events, archive = site.transport("events"), site.store("archive")
        broken = []

        def record(messages):
            kept = []
            for message in messages:
                try:
                    data = codec.decode(message.body)
                except astro.Error:
                    broken.append(message.body)
                    continue
                if data.observation_id == observation:
                    kept.append(messaging.raw_of(data))
            archive.insert(kept)

        archive.count(messaging.TelescopeDataRaw)
        site.store("sunk").count(messaging.TelescopeDataRaw)  # makes the table; Connect only fills it
        with events.subscribe("telescope/data", record, "recorders"):
            for number in range(rows):
                payload = None if number % 50 == 0 else bytes([number % 256]) * (number % 50 * 40)
                data = {"data_id": f"{observation}/{number}", "observation_id": observation, "sequence_number": number}
                body = codec.encode(codec.decode(peers.write(
                    peers.Registry(registry.port), "telescope.data", {**data, "timestamp": 1768507200000 + number, "data_payload": payload}
                )))  # fmt: skip
                events.publish("telescope/data", body, key=observation)
                if number % 100 == 7:
                    events.publish("telescope/data", body, key=observation)  # a redelivery
                    ticket = events.publish("telescope/data", b"\0\0\0\0\x01broken", key=observation)
            assert events.confirmed(ticket, at_most_s=60) >= ticket

            database = f"jdbc:postgresql://127.0.0.1:{postgres.port}/astro?currentSchema=theirs"
            for name, value in {
                "DATABASE": database, "USER": "astro", "PASSWORD": "secret", "REGISTRY": f"http://127.0.0.1:{registry.port}/apis/registry/v2",
            }.items():  # fmt: skip
                monkeypatch.setitem(os.environ, f"ASTRO_CONNECT_{name}", value)
            file = root / "deploy/connect/telescope-data-sink.json"
            connect = start_server("connect", str(file), f"bootstrap.servers=127.0.0.1:{kafka.port}", *WORKER)
            end = time.monotonic() + 600
            for table in ("ours", "theirs"):
                count = f"SELECT count(*) FROM {table}.telescope_data_raw WHERE observation_id = '{observation}'"
                while int(ask(count)) < rows:
                    assert time.monotonic() < end, f"{table}: {ask(count)} of {rows} rows\n" + (connect.folder / "connect.log").read_text()[-3000:]
                    time.sleep(0.2)
            # Again what is there, as after each deployment.
            subprocess.run([root / "deploy/connect/deploy", f"http://127.0.0.1:{connect.port}"], check=True)
    ours, theirs = (f"SELECT {COLUMNS} FROM {schema}.telescope_data_raw WHERE observation_id = '{observation}'" for schema in ("ours", "theirs"))
    assert ask(f"SELECT count(*) FROM ({ours}) AS ours") == str(rows)
    assert ask(f"SELECT count(*) FROM ({theirs}) AS theirs") == str(rows)
    assert ask(f"SELECT count(*) FROM (({ours} EXCEPT {theirs}) UNION ALL ({theirs} EXCEPT {ours})) AS differ") == "0"
    assert len(broken) >= 5
    # Connect puts what it cannot read into the topic of dead letters, and goes on.
    assert peers.receive(kafka.port, "telescope.data.dlq", [observation])
