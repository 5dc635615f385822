# SPDX-License-Identifier: BSD-3-Clause
"""The example modules against the real server, as a service and as a cron job, without hardware."""

import http.server
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from wire import wait_until

MODULES = Path(__file__).resolve().parents[2] / "examples" / "modules"


@pytest.fixture
def run(control_room):
    """run("led.py", ...): started as a service; ends with the test."""
    started = []

    def start(script, *options, **more):
        words = [sys.executable, MODULES / script, "--server", control_room.url, *options]
        started.append(subprocess.Popen(list(map(str, words)), text=True, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def once(control_room, script, *options):
    words = [sys.executable, MODULES / script, "--server", control_room.url, "--once", *options]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)


def records(control_room, module):
    asked = {"module_id": module}
    return requests.get(f"{control_room.url}/api/sensors/temperature", params=asked, timeout=30).json()


def admit(control_room, module):
    with control_room.client("operator") as client:
        wait_until(lambda: client.post(f"/api/modules/{module}/admit").status_code == 200)


def test_the_thermometer_as_a_cron_job_and_as_a_service(control_room, run):
    done = once(control_room, "temperature.py", "--simulate", "--module", "cron-01")
    assert done.returncode == 0, done.stderr
    [record] = records(control_room, "cron-01")
    assert 12.0 <= record["value"] <= 20.0 and record["unit"] == "celsius"
    run("temperature.py", "--simulate", "--module", "service-01", "--every", 0.2)
    wait_until(lambda: len(records(control_room, "service-01")) >= 3)


def test_the_thermometer_reads_the_bus_of_the_kernel(control_room, tmp_path):
    sensor = tmp_path / "28-0316a2795bff"
    sensor.mkdir()
    file = sensor / "w1_slave"
    good = "5b 01 4b 46 7f ff 0c 10 e1 : crc=e1 YES\n5b 01 4b 46 7f ff 0c 10 e1 t=21687\n"
    file.write_text(good)
    options = ("--module", "bus-01", "--bus", tmp_path)
    assert once(control_room, "temperature.py", *options).returncode == 0
    assert records(control_room, "bus-01")[0]["value"] == 21.687
    file.write_text(good.replace("YES", "NO"))
    broken = once(control_room, "temperature.py", *options)
    assert broken.returncode == 1 and "resistor" in broken.stderr
    file.unlink()
    missing = once(control_room, "temperature.py", *options)
    assert missing.returncode == 1 and "0 thermometers" in missing.stderr


def test_the_thermometer_keeps_what_it_cannot_send(start_control_room):
    room = start_control_room()
    words = [sys.executable, MODULES / "temperature.py", "--server", room.url, "--simulate", "--every", "0.2"]
    with subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: records(room, "thermometer-01"))
            room.kill()
            for line in process.stderr:
                if "3 wait" in line:
                    break
            before = len(wait_until(lambda: room.start() or records(room, "thermometer-01")))
            wait_until(lambda: len(records(room, "thermometer-01")) >= before + 3)
            times = [record["timestamp"] for record in records(room, "thermometer-01")]
            gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
            assert max(gaps) < 8.0, "what was measured meanwhile is there"
            assert len(set(times)) == len(times)
        finally:
            process.kill()


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers each POST with the next of `statuses`, then 200; GET with the commands of `commands`, once."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body))
        self.answer(self.server.statuses.pop(0) if self.server.statuses else 200, {"detail": "as the test says"})

    def do_GET(self):
        commands, self.server.commands = self.server.commands, []
        self.answer(200, {"commands": commands})

    def answer(self, status, body):
        self.send_response(status)
        said = json.dumps(body).encode()
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture
def answering():
    """answering(statuses, commands): a server of which the test says what it answers."""
    servers = []

    def make(statuses=(), commands=()):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        server.statuses, server.commands, server.heard = list(statuses), list(commands), []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "is_kept"), [(429, True), (401, True), (403, True), (503, True), (422, False)])
def test_the_thermometer_throws_away_only_what_is_refused_for_good(answering, run, status, is_kept):
    server = answering([status])
    run("temperature.py", "--server", server.url, "--simulate", "--every", 0.1)
    wait_until(lambda: len(server.heard) >= 3)
    first, second = (body["timestamp"] for _, body in server.heard[:2])
    assert (first == second) is is_kept


def test_the_led_does_all_that_it_was_handed_also_when_one_has_expired(answering):
    given = [{"command_id": f"c{n}", "command": "set_led", "parameters": {"on": True}} for n in (1, 2)]
    server = answering([200, 409], given)  # online is heard; the first has expired meanwhile
    words = [sys.executable, MODULES / "led.py", "--server", server.url, "--simulate", "--once"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "409" in done.stderr, done.stderr
    said = [(body["command_id"], body["status"]) for _, body in server.heard]
    assert said == [(None, "online"), ("c1", "started"), ("c2", "started"), ("c2", "completed")]


def test_the_camera_posts_pictures(control_room, run, tmp_path):
    run("camera.py", "--simulate", "--module", "camera-01", "--every", 0.2)
    camera = {"module_id": "camera-01"}
    frame = f"{control_room.url}/api/camera/frame"
    wait_until(lambda: requests.get(frame, params=camera, timeout=30).status_code == 200)
    assert requests.get(frame, params=camera, timeout=30).headers["Content-Type"] == "image/png"
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    assert once(control_room, "camera.py", "--module", "camera-02", "--program", f"cat {picture}").returncode == 0
    kept = requests.get(frame, params={"module_id": "camera-02"}, timeout=30)
    assert kept.content == picture.read_bytes() and kept.headers["Content-Type"] == "image/jpeg"
    broken = once(control_room, "camera.py", "--program", "false")
    assert broken.returncode == 1 and "no picture" in broken.stderr


def test_the_led_does_what_it_is_commanded(ctrl_c, control_room, run):
    led = run("led.py", "--simulate", "--module", "led-01", "--every", 0.1, stdout=subprocess.PIPE)
    admit(control_room, "led-01")
    control = f"{control_room.url}/api/modules/led-01/control"

    def fate(command, **parameters):
        asked = {"command": command, "parameters": parameters}
        number = requests.post(control, json=asked, timeout=30).json()["command_id"]
        with control_room.client("observer") as client:
            return wait_until(lambda: (k := client.get(f"/api/commands/{number}").json())["status"] != "pending" and k)

    assert fate("set_led", on=True)["details"] == {"on": True}
    assert led.stdout.readline() == "on\n"
    assert fate("blink", times=2)["status"] == "success"
    assert [led.stdout.readline() for _ in range(4)] == ["off\n", "on\n"] * 2
    refused = fate("set_led", on="yes")
    assert refused["status"] == "error" and "true or false" in refused["message"]
    assert "there is no dance" in fate("dance")["message"]
    assert fate("set_led", colour="red")["status"] == "error"
    led.send_signal(signal.SIGINT)
    assert led.wait(20) == 0
    with control_room.client("observer") as client:
        modules = client.get("/api/modules").json()["modules"]
    [shown] = [each for each in modules if each["id"] == "led-01"]
    assert shown["state"] == "offline" and shown["versions"] == {"program": "led.py 1"}


def test_the_led_as_a_cron_job_and_without_hardware(control_room):
    name = ("--simulate", "--module", "led-02")
    assert once(control_room, "led.py", *name).returncode == 0
    admit(control_room, "led-02")
    asked = {"command": "set_led", "parameters": {"on": True}}
    requests.post(f"{control_room.url}/api/modules/led-02/control", json=asked, timeout=30).raise_for_status()
    assert once(control_room, "led.py", *name).stdout == "on\n"
    missing = once(control_room, "led.py", "--led", "none")
    assert missing.returncode == 2 and "gpio-led" in missing.stderr
