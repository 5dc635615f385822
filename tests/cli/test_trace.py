# SPDX-License-Identifier: BSD-3-Clause
"""One trace through a command line and two nodes, as a collector of OpenTelemetry gets it."""

import http.server
import json
import subprocess
import threading
import time

import pytest

SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
nodes: {{unsynchronised_clock: true}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
mounts:
  dish: {{driver: simulator, runs: {{node: movement}}}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: shed}}}}
"""
TRACE, SCRIPT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector():
    """What takes OTLP over HTTP: `spans` has (service, span)."""
    spans = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/json")
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in body["resourceSpans"]:
                names = {each["key"]: each["value"]["stringValue"] for each in resource["resource"]["attributes"]}
                spans.extend((names["service.name"], span) for scope in resource["scopeSpans"] for span in scope["spans"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.spans = spans
    yield server
    server.shutdown()
    server.server_close()


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_one_trace_leads_through_two_nodes(astro, start_server, collector):
    (astro.folder / "hill.yaml").write_text(SITE.format(port=start_server("mosquitto").port))
    astro.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.server_port}"
    started = []
    for name in ("movement", "shed"):
        astro.environment["OTEL_SERVICE_NAME"] = name
        started.append(astro.start("node", "hill.yaml", "--name", name, stdout=subprocess.PIPE))
        assert "serves" in started[-1].stdout.readline()
    del astro.environment["OTEL_SERVICE_NAME"]
    watch = astro.start("watch", "hill.yaml", "--seconds", "120", "--json", stdout=subprocess.PIPE)
    started.append(watch)
    lines = map(json.loads, iter(watch.stdout.readline, ""))
    next(line for line in lines if "/data/weather/" in line["topic"])  # it hears
    astro.environment["TRACEPARENT"] = f"00-{TRACE}-{SCRIPT}-01"
    refused = astro.json("send", "hill.yaml", "dish", "move_to", "first=20", "second=200", expect=3)
    done = astro.json("send", "hill.yaml", "weather", "reset_sensors")
    ends = {}
    while len(ends) < 2:
        body = next(line["body"] for line in lines if "/acknowledgment/" in line["topic"])
        if body["status"] in ("completed", "rejected"):
            ends[body["command_id"]] = body
    until(lambda: len(collector.spans) >= 4)
    for process in started:
        process.kill()
        process.communicate()

    spans = {(service, span["name"], dict_of(span)["astro.command_id"]): span for service, span in collector.spans}
    for told, service, name in ((refused, "movement", "move_to"), (done, "shed", "reset_sensors")):
        sent = spans["astro-send", "send", told["command_id"]]
        obeyed = spans[service, name, told["command_id"]]
        assert sent["traceId"] == obeyed["traceId"] == TRACE
        assert (sent["parentSpanId"], obeyed["parentSpanId"]) == (SCRIPT, sent["spanId"])
        assert ends[told["command_id"]]["trace"] == f"00-{TRACE}-{obeyed['spanId']}-01", "the acknowledgment carries it"
        assert int(obeyed["startTimeUnixNano"]) <= int(obeyed["endTimeUnixNano"])
        assert ("status" in obeyed) == (told is refused) and ("status" in sent) == (told is refused)


def dict_of(span):
    return {each["key"]: each["value"]["stringValue"] for each in span["attributes"]}


def test_a_collector_that_is_away_keeps_nobody(astro, start_server):
    (astro.folder / "hill.yaml").write_text(SITE.format(port=start_server("mosquitto").port))
    astro.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
    node = astro.start("node", "hill.yaml", "--name", "shed", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert "serves" in node.stdout.readline()
    ran = astro.run("send", "hill.yaml", "weather", "reset_sensors")
    assert "sending spans to http://127.0.0.1:1/v1/traces" in ran.stderr and "completed" in ran.stdout
    node.terminate()
    assert "they are dropped until it answers" in node.communicate(timeout=60)[1]
    assert node.returncode == 0
