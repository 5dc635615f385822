# SPDX-License-Identifier: BSD-3-Clause
"""`astro telemetry` and `astro recorder`, as a user runs them."""

import http.server
import io
import json
import signal
import sqlite3
import subprocess
import threading
import time

import fastavro
import pytest

SITE = """\
site: {name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}
controllers:
  weather: {driver: simulator.environment, interval: 100 ms}
stores:
  archive: {driver: sqlite, path: test.db}
telemetry:
  write_every: 100 ms
  points:
    weather.pressure: {every: 1 h}
  alarms:
    warm: {point: weather.temperature, high_warning: 0, says: it is warm}
"""


def eventually(look, seconds=60):
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
    return found


def rows(astro, table):
    try:
        with sqlite3.connect(f"file:{astro.folder / 'test.db'}?mode=ro", uri=True) as file:
            return file.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def ended(process, expect=0):
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == expect
    return json.loads(output)


def test_history_averages_and_alarms_of_a_site(astro):
    (astro.folder / "site.yaml").write_text(SITE)
    running = astro.start("telemetry", "run", "site.yaml", "--json", stdout=subprocess.PIPE)
    eventually(lambda: rows(astro, "telemetry_point") > 20 and rows(astro, "alarm") == 1)
    status = ended(running)
    assert status["received"] == status["stored"] + status["thinned"] + status["waiting"]
    assert status["shed"] == 0

    history = astro.json("telemetry", "history", "site.yaml", "--id", "weather.temperature", "--limit", "5")
    assert len(history["points"]) == 5 < history["total"]
    times = [point["time"] for point in history["points"]]
    assert times == sorted(times)
    between = astro.json("telemetry", "history", "site.yaml", "--id", "weather.temperature", "--from", times[1], "--to", times[4])
    assert [point["time"] for point in between["points"]] == times[2:4]
    assert astro.json("telemetry", "history", "site.yaml", "--id", "weather.pressure")["total"] == 1

    of_days = ["telemetry", "aggregate", "site.yaml", "--id", "weather.temperature", "--period", "day"]
    days = astro.json(*of_days)["aggregates"]  # two, should midnight come just now
    assert sum(each["count"] for each in days) == history["total"]
    assert all(each["min"] <= each["average"] <= each["max"] for each in days)
    anew = astro.json(*of_days, "--rebuild")["aggregates"]
    assert [each["average"] for each in anew] == pytest.approx([each["average"] for each in days])

    (alarm,) = astro.json("telemetry", "alarms", "site.yaml")["alarms"]
    assert alarm["level"] == "warning" and alarm["message"].startswith("it is warm: weather.temperature is")
    astro.run("telemetry", "acknowledge", "site.yaml", alarm["id"], "--by", "anna", "--note", "so what")
    assert "seen by anna" in astro.run("telemetry", "alarms", "site.yaml").stdout
    assert "anna did so" in astro.run("telemetry", "acknowledge", "site.yaml", alarm["id"], "--by", "bert", expect=2).stderr

    cleared = astro.json("telemetry", "clear", "site.yaml", "--id", "weather.temperature", "--by", "anna")["cleared"]
    assert cleared == history["total"]
    assert astro.json("telemetry", "history", "site.yaml", "--id", "weather.temperature")["total"] == 0
    assert rows(astro, "telemetry_loss") == 1


class Registry(http.server.BaseHTTPRequestHandler):
    """The one route of a schema registry that a reader needs."""

    schemas = {}

    def do_GET(self):
        schema = self.schemas.get(self.path.removeprefix("/schemas/ids/"))
        body = json.dumps({"schema": schema} if schema else {"error_code": 40403, "message": "Schema not found"}).encode()
        self.send_response(200 if schema else 404)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def registry(root):
    schema = (root / "avro-schemas/telescope-data.avsc").read_text()
    Registry.schemas = {"7": schema}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", fastavro.parse_schema(json.loads(schema))
        server.shutdown()


RECORDER = """\
site: {{name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  events: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
stores:
  archive: {{driver: sqlite, path: test.db}}
recorder:
  transport: events
  store: archive
  topics:
    - {{pattern: telescope/data, holds: data}}
    - {{pattern: "astro/v1/test/+/data/#", holds: points}}
  registry: {{url: "{registry}"}}
"""


def publish(port, topic, body):
    subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-t", topic, "-s"], input=body, check=True, timeout=60)


def chunk(schema, number):
    body = io.BytesIO(b"\0\0\0\0\7")
    body.seek(5)
    fields = {"data_id": f"d{number}", "observation_id": "o1", "sequence_number": number, "timestamp": 1700000000000}
    fields["data_payload"] = bytes([number, 0, 255])
    fastavro.schemaless_writer(body, schema, fields)
    return body.getvalue()


def test_two_recorders_share_what_a_broker_carries(astro, start_server, registry):
    url, schema = registry
    broker = start_server("mosquitto")
    (astro.folder / "site.yaml").write_text(RECORDER.format(port=broker.port, registry=url))
    dead = subprocess.Popen(
        ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-V", "5", "-t", "telescope/data.dlq", "-F", "%P", "-C", "3"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    both = [astro.start("-v", "recorder", "site.yaml", "--json", stdout=subprocess.PIPE) for _ in range(2)]

    # A group begins when it subscribes: what it knows of then is told by what it has stored.
    def is_there():
        publish(broker.port, "telescope/data", chunk(schema, 0))
        publish(broker.port, "astro/v1/test/n/data/probe/x", b'{"value":1,"timestamp":"2026-01-15T20:00:00Z"}')
        return rows(astro, "telescope_data_raw") == 1 and rows(astro, "telemetry_point") == 1

    eventually(is_there)
    for number in range(1, 21):
        publish(broker.port, "telescope/data", chunk(schema, number))
        publish(broker.port, "telescope/data", chunk(schema, number))
        body = {"value": number / 2, "timestamp": "2026-01-15T20:00:00Z", "boot": 1, "sequence": number}
        publish(broker.port, "astro/v1/test/movement/data/dish/altitude", json.dumps(body).encode())
    publish(broker.port, "telescope/data", b"\0\0\0\0\x09unknown schema")
    publish(broker.port, "telescope/data", chunk(schema, 30)[:-3])
    publish(broker.port, "astro/v1/test/movement/data/dish/altitude", b'{"value":')
    publish(broker.port, "telescope/data", chunk(schema, 21))
    eventually(lambda: rows(astro, "telescope_data_raw") == 22 and rows(astro, "telemetry_point") == 21)
    assert dead.communicate(timeout=60)[0].count("astro-error") == 3
    statuses = [ended(each) for each in both]
    assert sum(each["dead"] for each in statuses) == 3
    assert sum(each["stored"] for each in statuses) == 22 + 21
    with sqlite3.connect(astro.folder / "test.db") as file:
        stored = file.execute("SELECT sequence_number, data FROM telescope_data_raw ORDER BY sequence_number").fetchall()
    assert stored == [(number, bytes([number, 0, 255])) for number in range(22)]


def test_a_recorder_waits_for_its_broker(astro, start_server, registry):
    broker = start_server("mosquitto")
    broker.kill()
    (astro.folder / "site.yaml").write_text(RECORDER.format(port=broker.port, registry=registry[0]))
    running = astro.start("recorder", "site.yaml", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(8)
    assert running.poll() is None
    broker.start()

    def is_there():
        publish(broker.port, "telescope/data", chunk(registry[1], 0))
        return rows(astro, "telescope_data_raw") == 1

    eventually(is_there)
    running.send_signal(signal.SIGTERM)
    output, log = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(output)["stored"] == 1
    assert log.count("subscribing to telescope/data waits") <= 1, log


def test_a_site_without_a_recorder_is_told_so(astro):
    (astro.folder / "site.yaml").write_text(SITE)
    assert "no section `recorder`" in astro.run("recorder", "site.yaml", expect=2).stderr
