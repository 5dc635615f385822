# SPDX-License-Identifier: BSD-3-Clause
"""`astro node`, `send` and `watch`, as users of several machines run them, through a real broker."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("ASTRO_PROGRAM", ROOT / "build/release/bin/astro"))
SITE = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
mounts:
  dish: {{driver: simulator, runs: {{node: movement}}}}
controllers:
  weather: {{driver: simulator.environment, runs: {{node: shed}}}}
nodes: {{unsynchronised_clock: true}}
"""
# Of a module that the observatory's own site file does not name.
STRANGER = """\
site: {{name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m, state: state}}
transports:
  broker: {{driver: mqtt, url: "mqtt://127.0.0.1:{port}"}}
controllers:
  cellar: {{driver: simulator.environment, runs: {{node: newcomer}}}}
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
    astro.broker = start_server("mosquitto")
    astro.port = str(astro.broker.port)
    (astro.folder / "hill.yaml").write_text(SITE.format(port=astro.broker.port))
    (astro.folder / "stranger.yaml").write_text(STRANGER.format(port=astro.broker.port))
    nodes = []

    def serve(name, file="hill.yaml", **more):
        environment = dict(astro.environment, **more)
        program = [PROGRAM, "node", file, "--name", name]
        node = subprocess.Popen(program, cwd=astro.folder, env=environment, text=True, stdout=subprocess.PIPE)
        nodes.append(node)
        assert "serves" in node.stdout.readline()
        return node

    def known(name):
        """The node as `astro nodes` has it, once it has answered."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for node in astro.json("nodes", "hill.yaml", "--wait", "10")["nodes"]:
                if node["name"] == name and node["state"] == "online":
                    return node
        raise AssertionError(f"{name} does not answer")

    astro.serve, astro.known = serve, known
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
    told = hill.json("send", "hill.yaml", "weather", "reset_sensors", "--issuer", "ada@shed")
    assert told["state"] == "completed" and told["issuer"] == {"name": "ada@shed", "rank": "operator"}
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


def test_who_waits_in_vain_for_an_end_is_told_so(hill):
    node = hill.serve("movement")
    assert hill.json("send", "hill.yaml", "dish", "stop", "--wait", "60")["state"] == "completed"  # the broker knows it
    node.send_signal(signal.SIGSTOP)
    sent = hill.run("send", "hill.yaml", "dish", "move_to", "first=20", "second=50", "--wait", "1", expect=1)
    assert "no answer to command" in sent.stderr and "within 1 s" in sent.stderr
    told = hill.json("send", "hill.yaml", "dish", "move_to", "first=20", "second=50", "--expires", "60", "--wait", "1", expect=1)
    assert told["state"] == "unanswered" and "waits at the broker" in told["message"] and "until it expires at" in told["message"]
    told = hill.json("send", "hill.yaml", "dish", "move_to", "first=30", "second=50", "--issuer", "ada", "--wait", "0")
    assert told["state"] == "unanswered" and told["issuer"] == {"name": "ada", "rank": "operator"}


@pytest.mark.parametrize("seconds", ["-5", "0", "nan"])
def test_a_command_that_has_expired_before_it_is_sent_is_refused(hill, seconds):
    refused = hill.run("send", "hill.yaml", "weather", "reset_sensors", f"--expires={seconds}", expect=2)
    assert f"--expires {float(seconds):.3f}" in refused.stderr and "never expires" in refused.stderr


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

    def told_of(name, broken, words):
        while True:  # until the subscription is in force, nobody warns of what comes to it
            subprocess.run(["mosquitto_pub", "-p", hill.port, "-q", "1", "-t", broken, "-m", "broken"], check=True)
            message = next(lines)
            if message["topic"] == f"astro/v1/hill/{name}/status" and words in message["body"]["message"]:
                return message["body"]

    node = told_of("movement", "astro/v1/hill/movement/command/dish", "a command is put aside")
    assert (node["level"], node["source_application"], node["component"]) == ("warning", "telescope-movement", "movement")
    recorded = told_of("recorder", "measured/points", "among the dead letters")
    assert (recorded["level"], recorded["source_application"]) == ("warning", "telescope-recorder")
    for process in (watch, recorder):
        process.kill()
        process.communicate()


def test_a_node_that_nobody_named_is_pending_until_an_operator_admits_it(hill):
    hill.serve("movement")
    hill.serve("newcomer", "stranger.yaml")
    assert hill.known("movement")["admitted_by"] == "site file"
    first = hill.known("newcomer")
    assert not first["admitted"] and first["devices"] == ["cellar"]
    refused = hill.run("send", "hill.yaml", "cellar", "reset_sensors", expect=3)
    assert "pending" in refused.stderr and "admit newcomer" in refused.stderr
    said = hill.run("watch", "hill.yaml", "--seconds", "3").stdout
    assert "pending newcomer/state" in said and "pending movement" not in said
    hill.run("nodes", "hill.yaml", "admit", "newcomer", "--by", "ada")
    again = hill.known("newcomer")
    assert again["admitted_by"] == "ada" and again["since"] == first["since"]
    assert hill.json("send", "hill.yaml", "cellar", "reset_sensors")["state"] == "completed"
    hill.run("nodes", "hill.yaml", "forget", "newcomer")
    assert not hill.known("newcomer")["admitted"], "it was heard again, and nobody admitted it"
    assert "the site file admits it" in hill.run("nodes", "hill.yaml", "forget", "movement", expect=2).stderr


def test_the_site_file_admits_by_name(hill):
    file = hill.folder / "hill.yaml"
    file.write_text(file.read_text().replace("nodes: {", "nodes: {admitted: [newcomer], "))
    hill.serve("newcomer", "stranger.yaml")
    assert hill.json("send", "hill.yaml", "cellar", "reset_sensors")["state"] == "completed"


def configured(hill, name, text, expect=0):
    (hill.folder / "new.yaml").write_text(text)
    return hill.json("configure", "hill.yaml", "--node", name, "--file", "new.yaml", "--by", "ada", expect=expect)


def test_a_node_takes_a_configuration_whole_or_not_at_all(hill):
    hill.serve("shed")
    site = (hill.folder / "hill.yaml").read_text()
    taken = configured(hill, "shed", site.replace("controllers:\n", "controllers:\n  cellar: {driver: simulator.environment, runs: {node: shed}}\n"))
    assert (taken["state"], taken["details"]) == ("completed", {"version": 1})
    assert taken["issuer"] == {"name": "ada", "rank": "operator"}
    node = hill.known("shed")
    assert node["configuration"] == 1 and sorted(node["devices"]) == ["cellar", "weather"]
    refused = configured(hill, "shed", site.replace("simulator.environment", "simulator.enviroment"), expect=3)
    assert refused["error_code"] == "invalid_site" and "did you mean" in refused["message"]
    refused = configured(hill, "shed", site.replace("node: shed", "node: barn"), expect=3)
    assert "gives it no device" in refused["message"]
    refused = configured(hill, "shed", site.replace("state: state", "state: elsewhere"), expect=3)
    assert "`state:` is another one" in refused["message"]
    refused = configured(hill, "shed", site + 'metrics: {listen: "127.0.0.1:9100"}\n', expect=3)
    assert "`metrics:` is another one" in refused["message"]
    assert hill.known("shed")["configuration"] == 1


def test_a_node_goes_back_when_it_does_not_come_up(hill):
    node = hill.serve("shed")
    site = (hill.folder / "hill.yaml").read_text()
    # Nothing is wrong with the file, and no such disk is there.
    broken = site + "stores:\n  archive: {driver: sqlite, path: /proc/none.db, runs: {node: shed}}\n"
    told = configured(hill, "shed", broken, expect=1)
    assert told["state"] == "failed" and "rolled back to version 0" in told["message"]
    assert hill.known("shed")["configuration"] == 0
    assert hill.json("send", "hill.yaml", "weather", "reset_sensors")["state"] == "completed"
    assert node.poll() is None
    seen = hill.json("commands", "hill.yaml", "--node", "shed", "--command", "configure")["commands"]
    assert [one["state"] for one in seen] == ["failed"] and seen[0]["issuer"]["name"] == "ada"


def test_a_configuration_that_a_crash_interrupted_is_rolled_back(hill):
    node = hill.serve("shed")
    kept = hill.folder / "state-shed" / "configuration" / "state.json"
    site = (hill.folder / "hill.yaml").read_text()
    # A broker that does not answer: the trial is under way until the node gives it up.
    (hill.folder / "new.yaml").write_text(site.replace(f"127.0.0.1:{hill.broker.port}", "127.0.0.1:1"))
    sending = hill.start("configure", "hill.yaml", "--node", "shed", "--file", "new.yaml", "--by", "ada", "--json", stdout=subprocess.PIPE)
    end = time.monotonic() + 60
    while not json.loads(kept.read_text())["begun"]:
        assert time.monotonic() < end, "it was never begun"
        time.sleep(0.01)
    node.kill()
    node.wait()
    hill.serve("shed")
    told = json.loads(sending.communicate(timeout=120)[0])
    assert told["state"] == "failed" and "ended before it served" in told["message"]
    assert hill.known("shed")["configuration"] == 0
    seen = hill.json("commands", "hill.yaml", "--node", "shed", "--command", "configure")["commands"]
    assert [(one["id"], one["state"]) for one in seen] == [(told["command_id"], "failed")]


def test_the_history_says_who_when_from_where_and_what_became_of_it(hill):
    node = hill.serve("movement")
    hill.run("send", "hill.yaml", "dish", "move_to", "first=20", "second=50", "--issuer", "ada@shed")
    hill.run("send", "hill.yaml", "dish", "move_to", "first=20", "second=200", "--issuer", "bob", expect=3)
    asked = hill.json("commands", "hill.yaml", "--node", "movement", "--device", "dish")["commands"]
    assert [(one["issuer"]["name"], one["state"], one["from_outside"]) for one in asked] == [
        ("bob", "rejected", True), ("ada@shed", "completed", True)
    ]
    assert asked[1]["parameters"] == {"first": 20, "second": 50} and asked[0]["error_code"] == "out_of_limits"
    assert len(hill.json("commands", "hill.yaml", "--node", "movement", "--issuer", "ada")["commands"]) == 1
    node.send_signal(signal.SIGTERM)
    assert node.wait(60) == 0
    kept = hill.json("commands", "hill.yaml", "--state", "state-movement", "--issuer", "ada")["commands"]
    assert kept == asked[1:]
    assert "there is none" in hill.run("commands", "hill.yaml", "--state", "nowhere", expect=2).stderr


def faked(offset):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return dict(LD_PRELOAD=str(library), FAKETIME=offset, FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")


@pytest.mark.parametrize("hour", [-1, 1])
def test_a_command_expires_also_when_clocks_disagree(hill, hour):
    hill.serve("shed", **faked(f"{3600 * hour:+d}"))
    ahead = hill.known("shed")
    assert abs(ahead["clock_ahead_s"] - 3600 * hour) <= ahead["clock_within_s"] + 1
    # With a node that is late a command would live an hour too long, with one that is early it would never run.
    done = hill.json("send", "hill.yaml", "weather", "reset_sensors", "--expires", "300")
    assert done["state"] == "completed"


def test_a_late_node_does_not_run_what_expired_while_it_was_away(hill):
    late = hill.serve("shed", **faked("-3600"))
    hill.known("shed")  # how late it is, is kept
    late.send_signal(signal.SIGTERM)
    assert late.wait(60) == 0
    waits = hill.json("send", "hill.yaml", "weather", "reset_sensors", "--expires", "1", "--wait", "2", expect=1)
    assert waits["state"] == "unanswered"
    hill.serve("shed", **faked("-3600"))
    hill.json("send", "hill.yaml", "weather", "get_status")  # comes after it
    ran = hill.json("commands", "hill.yaml", "--node", "shed", "--command", "reset_sensors")["commands"]
    assert [one["state"] for one in ran] in ([], ["timeout"])


def test_the_service_manager_hears_when_a_node_begins_serves_and_ends(hill):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(hill.folder / "notify"))
        manager.settimeout(60)
        node = hill.serve("shed", NOTIFY_SOCKET=str(hill.folder / "notify"), WATCHDOG_USEC="600000")
        assert manager.recv(4096).startswith(b"READY=1")
        for _ in range(3):
            assert manager.recv(4096) == b"WATCHDOG=1"
        node.send_signal(signal.SIGTERM)
        while (said := manager.recv(4096)) == b"WATCHDOG=1":
            pass
        assert said == b"STOPPING=1"
        assert node.wait(60) == 0


def test_a_unit_is_written_that_systemd_understands(hill):
    folder = hill.folder / "units"
    folder.mkdir()
    told = hill.run("node", "hill.yaml", "--name", "movement", "--install", folder).stdout
    assert "systemctl daemon-reload" in told and "systemctl enable --now astro-node-movement.service" in told
    unit = folder / "astro-node-movement.service"
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert checked.returncode == 0 and unit.name not in checked.stderr, checked.stderr
    text = unit.read_text()
    assert "Type=notify" in text and "WatchdogSec=" in text and "DeviceAllow=char-ttyUSB rw" in text
    assert "gives it no device" in hill.run("node", "hill.yaml", "--name", "barn", "--install", folder, expect=2).stderr
    hill.run("node", "hill.yaml", "--name", "movement", "--uninstall", folder)
    assert list(folder.iterdir()) == []
    assert "there is none" in hill.run("node", "hill.yaml", "--name", "movement", "--uninstall", folder, expect=2).stderr


def test_the_handset_drives_the_mount_while_the_broker_in_town_is_away(astro, start_server):
    town, hill = start_server("mosquitto"), start_server("mosquitto")
    site = SITE.replace("  broker:", '  town: {{driver: mqtt, url: "mqtt://127.0.0.1:{town}"}}\n  hill:')
    (astro.folder / "hill.yaml").write_text(site.format(port=hill.port, town=town.port))
    node = astro.start("node", "hill.yaml", "--name", "movement", stdout=subprocess.PIPE)
    try:
        assert "serves" in node.stdout.readline()
        move = ("send", "hill.yaml", "dish", "move_rate", "first=1", "second=1", "lifetime=0.5")
        assert astro.json(*move)["state"] == "completed"
        town.kill()
        assert astro.json(*move)["state"] == "completed", "the way over the hill is enough"
        assert astro.json("send", "hill.yaml", "dish", "stop")["state"] == "completed"
    finally:
        node.kill()
        node.communicate()
