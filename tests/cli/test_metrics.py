# SPDX-License-Identifier: BSD-3-Clause
"""What Prometheus sees of each process that runs long, and whether dashboards and alerts ask for what is there."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import peers
import pytest

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
nodes: {{unsynchronised_clock: true, outbox_size: 50000000 B}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{mqtt}"}}
mounts:
  dish: {{driver: simulator, runs: {{node: movement}}}}
receivers:
  hydrogen: {{driver: simulator, mount: dish, runs: {{node: movement}}}}
metrics: {{listen: "127.0.0.1:{shared}"}}
"""
ALONE = """\
site: {{name: Shed, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state_of_shed}}
transports:
  events: {{driver: kafka, brokers: "127.0.0.1:{kafka}", timeout: 60 s}}
controllers:
  weather: {{driver: simulator.environment, interval: 100 ms}}
stores:
  archive: {{driver: sqlite, path: archive.db}}
recorder:
  transport: events
  store: archive
  topics: [{{pattern: measured/#, holds: points}}]
"""
# What a counter or gauge may look like in Prometheus' text format, version 0.0.4.
SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (?P<value>-?[0-9.e+-]+)')


class Scraped(dict):
    """(name, {label: value}) to number; and what promtool says of the text."""

    def __init__(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = answer.read().decode()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr + text
        for line in text.splitlines():
            if line.startswith("# "):
                continue
            found = SAMPLE.fullmatch(line)
            assert found, f"no sample: {line}"
            labels = dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', found["labels"] or ""))
            self[found["name"], frozenset(labels.items())] = float(found["value"])

    def value(self, name, **labels):
        return self.get((name, frozenset(labels.items())))

    def names(self):
        return {name for name, _ in self}


@pytest.fixture
def start(astro):
    started = []

    def start(*arguments, stdout=subprocess.DEVNULL):
        """A process, and the port of its metrics."""
        process = astro.start(*arguments, stdout=stdout, stderr=subprocess.PIPE)
        started.append(process)
        for line in process.stderr:
            if found := re.match(r"metrics at http://127\.0\.0\.1:(\d+)/metrics$", line):
                return process, int(found[1])
        raise AssertionError(f"astro {' '.join(arguments)} says nothing of metrics")

    yield start
    for process in started:
        process.kill()
        process.communicate()


def scraped_until(port, holds, seconds=120):
    end = time.monotonic() + seconds
    while not holds(scraped := Scraped(port)):
        assert time.monotonic() < end, scraped
        time.sleep(0.1)
    return scraped


def ended(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def names_asked_for(root):
    """The metrics in the rules' and the dashboards' expressions."""
    asked = [rule["expr"] for rule in rules_of(root / "deploy/prometheus/alerts.yml")]
    for file in (root / "deploy/grafana/dashboards").glob("*.json"):
        asked += [target["expr"] for panel in json.loads(file.read_text())["panels"] for target in panel.get("targets", [])]
    names = {name for expression in asked for name in re.findall(r"\b(?:astro|process)_[a-z_]+\b", expression)}
    assert len(asked) > 20 and len(names) > 15
    return names


def rules_of(file):
    """Of promtool, in which only `expr: ` has to be found."""
    assert subprocess.run(["promtool", "check", "rules", file], capture_output=True).returncode == 0
    return [{"expr": line.split("expr: ", 1)[1]} for line in file.read_text().splitlines() if "expr: " in line]


def test_processes_tell_what_dashboards_and_alerts_ask_for(astro, start, start_server, kafka, root):
    broker = start_server("mosquitto")
    (astro.folder / "hill.yaml").write_text(SITE.format(mqtt=broker.port, shared=0))
    (astro.folder / "shed.yaml").write_text(ALONE.format(kafka=kafka.port))
    exported = set()

    node, port = start("node", "hill.yaml", "--name", "movement", stdout=subprocess.PIPE)
    assert "serves" in node.stdout.readline()  # a broker keeps no command for whom it has never seen
    assert astro.json("send", "hill.yaml", "dish", "stop", "--wait", "120")["state"] == "completed"
    ask_for_blocks = ("-t", "astro/v1/hill/movement/stream/hydrogen", "-m", '{"seconds": 1}')
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-q", "1", *ask_for_blocks], check=True)
    astro.json("send", "hill.yaml", "dish", "move_to", "first=20", "second=200", expect=3)
    told = scraped_until(port, lambda now: (now.value("astro_outbox_confirmed_total", source="movement") or 0) > 3)
    assert told.value("astro_commands_total", device="dish", state="completed") == 1
    assert told.value("astro_commands_total", device="dish", state="rejected") == 1
    assert told.value("astro_points_total", device="dish") > 0
    told = scraped_until(port, lambda now: now.value("astro_samples_total", device="hydrogen"))
    assert told.value("astro_blocks_lost_total", device="hydrogen") is not None  # a busy machine may lose some
    assert told.value("astro_outbox_down", source="movement") == 0
    assert told.value("astro_outbox_size_bytes", source="movement") == 50e6
    assert told.value("process_resident_memory_bytes") > 1e6
    assert abs(told.value("process_start_time_seconds") - time.time()) < 3600
    later = Scraped(port)
    assert later.value("process_cpu_seconds_total") >= told.value("process_cpu_seconds_total") > 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=30)
    exported |= told.names()
    ended(node)

    peers.make_topics(kafka.port, "measured.points")
    recorder, port = start("recorder", "shed.yaml", "--metrics", "127.0.0.1:0")
    scraped_until(port, lambda now: now.value("astro_consumer_lag_messages", pattern="measured/#") is not None)
    peers.send(kafka.port, "measured.points", [("weather", b"broken")] * 5)
    told = scraped_until(port, lambda now: now.value("astro_recorder_messages_total", outcome="dead") == 5)
    assert told.value("astro_recorder_messages_total", outcome="stored") == 0
    scraped_until(port, lambda now: now.value("astro_consumer_lag_messages", pattern="measured/#") == 0)
    exported |= told.names()
    ended(recorder)

    telemetry, port = start("telemetry", "run", "shed.yaml", "--metrics", "127.0.0.1:0")
    told = scraped_until(port, lambda now: (now.value("astro_history_points_total", outcome="stored") or 0) > 0)
    exported |= told.names()
    ended(telemetry)

    queue, port = start("queue", "run", "shed.yaml", "--metrics", "127.0.0.1:0")
    told = scraped_until(port, lambda now: now.value("astro_queue_requests", state="waiting") is not None)
    assert told.value("astro_queue_longest_wait_seconds") == 0
    exported |= told.names()
    assert names_asked_for(root) - exported == set()


def test_an_address_that_is_taken_is_an_error_and_the_sites_is_a_warning(astro, start, start_server):
    broker = start_server("mosquitto").port
    (astro.folder / "hill.yaml").write_text(SITE.format(mqtt=broker, shared=0))
    _, port = start("node", "hill.yaml", "--name", "movement")
    (astro.folder / "hill.yaml").write_text(SITE.format(mqtt=broker, shared=port))
    ran = astro.run("node", "hill.yaml", "--name", "movement", "--metrics", f"127.0.0.1:{port}", expect=1)
    assert f"telling metrics at 127.0.0.1:{port}: it cannot listen there" in ran.stderr
    ran = astro.run("node", "hill.yaml", "--name", "movement", expect=1)  # the other one has the state folder, too
    assert f"warning metrics: telling metrics at 127.0.0.1:{port}" in ran.stderr
    ran = astro.run("node", "hill.yaml", "--name", "movement", "--metrics", "nowhere", expect=2)
    assert "expected host:port" in ran.stderr
    (astro.folder / "hill.yaml").write_text(SITE.format(mqtt=broker, shared="x"))
    assert "is no address; expected host:port" in astro.run("check", "hill.yaml", expect=2).stderr
