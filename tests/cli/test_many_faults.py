# SPDX-License-Identifier: BSD-3-Clause
"""Three nodes that measure and take commands while everything around them breaks: nothing that was measured is lost or
stored twice, no command runs twice, and each has one end."""

import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid

import pytest

NODES = ("movement", "receiver", "shed")
SENSORS = 8  # of each node: four points in 100 ms each
FAULTS = 200 if os.environ.get("ASTRO_LONG") == "1" else 20
FINAL = {"completed", "failed", "rejected", "timeout"}
TOPICS = "astro/v1/hill"

DRIVER = '''
import dataclasses, os, threading
import astro

@dataclasses.dataclass
class Settings:
    told: str = astro.field(says="file of what it did")

@dataclasses.dataclass
class Nothing:
    pass

class Counter(astro.Controller):
    """Writes down each command that it carries out, by its id, as the first thing that it does."""

    Settings = Settings
    points = []
    commands = [astro.command("count", Nothing, says="at once"), astro.command("work", Nothing, says="for a while")]

    def open(self, host):
        self.host = host
        self.file = os.open(self.settings.told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def perform(self, call):
        os.write(self.file, (call.id + "\\n").encode())
        if call.name == "count":
            return None
        threading.Timer(1.0, self.host.finished, [call.id]).start()
        return astro.Performed(running=True)

    def poll(self):
        pass

astro.register("counter", Counter, poll_every_s=10.0, says="a counter")
'''

SITE = """\
site: {name: Hill, latitude: 28 deg, longitude: -16 deg, height: 2390 m}
transports:
  broker: {driver: mqtt, url: "mqtt://127.0.0.1:${BROKER_PORT}", timeout: 20 s}
"""
# Without a group: mosquitto before 2.0.12 forgets shared subscriptions when it ends.
RECORDER = """\
stores:
  archive: {{driver: postgres, host: {folder}, port: {port}, user: astro, schema: hill}}
recorder:
  transport: broker
  store: archive
  group: ""
  topics:
    - {{pattern: "astro/v1/hill/+/data/#", holds: points}}
"""


class Link:
    """A link to a server of this machine that can be cut."""

    def __init__(self, port):
        self.to, self.is_cut, self.pairs = port, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.is_cut:
                    raise OSError("cut")
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            for ends in ((client, server), (server, client)):
                ends[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self.end(source, sink)

    def end(self, *sockets):
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.is_cut = True
        for pair in self.pairs:
            self.end(*pair)
        self.pairs.clear()

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()


class Kept:
    """A program that is started again whenever it ends, as systemd does it, until it is told to end."""

    def __init__(self, arguments, log, environment, folder, output=subprocess.DEVNULL):
        self.arguments, self.environment, self.folder, self.output = arguments, environment, folder, output
        self.log = open(log, "ab")
        self.starts, self.is_over = 0, False
        self.process = None
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def keep(self):
        while not self.is_over:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, self.arguments)], cwd=self.folder, env=self.environment, stdout=self.output,
                stderr=self.log,
            )  # fmt: skip
            self.starts += 1
            self.process.wait()
            if not self.is_over:
                time.sleep(0.2)  # a program that cannot start is not to take the whole machine

    def send(self, what):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(what)

    def children(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        with contextlib.suppress(OSError):
            return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        return []

    def end(self, what=signal.SIGTERM):
        self.is_over = True
        end = time.monotonic() + 60
        while self.thread.is_alive():
            self.send(what if time.monotonic() < end else signal.SIGKILL)
            self.thread.join(1)
        self.log.close()


class Disk:
    """A file system of its own in memory, which can be filled."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], check=True)

    def fill(self):
        with open(self.folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self):
        (self.folder / "filler").unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Ear:
    """Hears what nodes say of commands, and of what they let go, as any other client does."""

    def __init__(self, port, folder, environment):
        reading, writing = os.pipe()
        self.states = collections.defaultdict(set)  # of each command
        self.shed = set()
        self.probes = set()
        self.lock = threading.Lock()
        self.source = os.fdopen(reading, "r")
        words = ["mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-V", "311", "-c", "-i", "ear", "-q", "1", "-F", "%t %p"]
        words += ["-t", f"{TOPICS}/+/acknowledgment/+", "-t", f"{TOPICS}/+/shed"]
        self.program = Kept(words, folder / "ear.log", environment, folder, writing)
        self.writing = writing
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.source:
            topic, _, text = line.partition(" ")
            with contextlib.suppress(json.JSONDecodeError):  # it was killed while it wrote
                body = json.loads(text)
                with self.lock:
                    if topic.endswith("/shed"):
                        self.probes.add(body["source"])
                        self.shed.add((topic.split("/")[3], *(body[key] for key in ("source", "boot", "first", "last", "count"))))
                    else:
                        self.states[body["command_id"]].add(body["status"])

    def ends(self, identity):
        with self.lock:
            return self.states[identity] & FINAL

    def close(self):
        self.program.end()
        os.close(self.writing)
        self.thread.join(10)


class Hill:
    def __init__(self, astro, root, postgres, start_server, random_numbers):
        self.astro, self.random = astro, random_numbers
        self.folder = astro.folder
        self.broker = start_server("mosquitto", "autosave_interval 1")
        self.postgres = postgres
        (self.folder / "counter_driver.py").write_text(DRIVER)
        # Each has a file with its own devices alone: what it sees of the others is not what is looked at here.
        for node in NODES:
            sensors = "".join(f"  sensor{i}_{node}: {{driver: simulator.environment, interval: 100 ms, runs: {{node: {node}}}}}\n" for i in range(SENSORS))
            counter = f"  counter_{node}: {{driver: python, module: counter_driver, told: {self.folder}/told, runs: {{node: {node}}}}}\n"
            (self.folder / f"{node}.yaml").write_text(SITE + "controllers:\n" + sensors + counter)
            (self.folder / f"{node}-quiet.yaml").write_text(SITE + "controllers:\n" + counter)
        (self.folder / "recorder.yaml").write_text(SITE + RECORDER.format(folder=postgres.folder, port=postgres.port))
        self.library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        self.program = os.environ.get("ASTRO_PROGRAM", root / "build/release/bin/astro")
        self.links = {name: Link(self.broker.port) for name in (*NODES, "recorder")}
        self.disks = {node: Disk(self.folder / node) for node in NODES}
        environment = dict(astro.environment, BROKER_PORT=str(self.links["recorder"].port))
        self.recorder = Kept([self.program, "recorder", "recorder.yaml"], self.folder / "recorder.log", environment, self.folder)
        self.ear = Ear(self.broker.port, self.folder, astro.environment)
        self.commands = {}  # id: (node, line, when it was sent last)
        self.probes = 0
        self.nodes = {}

    def begin(self):
        """A broker keeps nothing for those who never subscribed: the nodes begin when recorder and ear hear."""
        self.wait("the recorder and the ear hear", self.is_heard)
        for node in NODES:
            self.clock(node, 0)
            self.nodes[node] = self.serve(node, f"{node}.yaml")
        self.wait("all nodes measure", lambda: len(self.ask("SELECT DISTINCT source FROM hill.telemetry_point")) >= len(NODES) * SENSORS)

    def serve(self, node, site):
        environment = dict(
            self.astro.environment, BROKER_PORT=str(self.links[node].port), ASTRO_PYTHON=sys.executable,
            PYTHONPATH=os.pathsep.join([str(self.folder), *filter(None, sys.path)]), LD_PRELOAD=str(self.library),
            FAKETIME_TIMESTAMP_FILE=str(self.folder / f"{node}.clock"), FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1",
        )  # fmt: skip
        words = [self.program, "node", site, "--name", node, "--state", self.folder / node]
        with open(self.folder / f"{site}.out", "wb") as output:
            return Kept(words, self.folder / f"{node}.log", environment, self.folder, os.dup(output.fileno()))

    def clock(self, node, step_s):
        (self.folder / f"{node}.clock").write_text(f"{step_s:+d}")

    def ask(self, sql):
        words = ["psql", "-h", self.postgres.folder, "-p", str(self.postgres.port), "-U", "astro", "-d", "astro", "-Atc", sql]
        ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return [line.split("|") for line in ran.stdout.splitlines()]  # nothing as long as there is no table

    def publish(self, topic, lines):
        with contextlib.suppress(subprocess.TimeoutExpired):
            words = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-q", "1", "-t", topic, "-l"]
            subprocess.run(words, input="".join(line + "\n" for line in lines), text=True, timeout=10, stderr=subprocess.DEVNULL)

    def command(self):
        node = self.random.choice(NODES)
        identity = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        now = time.time_ns() // 1_000_000
        body = {
            "command_id": identity, "command_type": "device_command", "timestamp": now, "device": f"counter_{node}",
            "name": self.random.choice(["count", "count", "count", "work"]), "issuer": "test", "issuer_rank": "operator",
        }  # fmt: skip
        if self.random.random() < 0.2:
            body["expires"] = now + 3000
        self.commands[identity] = [node, json.dumps(body), 0.0]

    def send_commands(self):
        """And again those of which nobody has heard the end: brokers and acknowledgments get lost."""
        due = collections.defaultdict(list)
        for identity, each in self.commands.items():
            if time.monotonic() - each[2] > 4 and not self.ear.ends(identity):
                due[each[0]].append(each)
        for node, some in due.items():
            self.publish(f"{TOPICS}/{node}/command/counter_{node}", [line for _, line, _ in some])
            for each in some:
                each[2] = time.monotonic()

    def wait(self, what, look, seconds=400):
        end = time.monotonic() + seconds
        while not look():
            assert time.monotonic() < end, f"{what}: it did not come to that"
            self.send_commands()
            time.sleep(0.1)

    def is_heard(self):
        """Whatever was confirmed before has come to recorder and ear when this has."""
        self.probes += 1
        name = f"probe{self.probes}"
        point = {"value": 1, "timestamp": "2026-01-15T20:00:00Z", "boot": 1, "sequence": self.probes}
        shed = {"source": name, "boot": 0, "first": 0, "last": 0, "count": 0}
        self.publish(f"{TOPICS}/probe/data/probe/x", [json.dumps(point)])
        self.publish(f"{TOPICS}/probe/shed", [json.dumps(shed)])
        query = f"SELECT 1 FROM hill.telemetry_point WHERE key = 'probe/probe/1/{self.probes}'"
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if name in self.ear.probes and self.ask(query):
                return True
            time.sleep(0.02)
        return False

    # Faults. What each breaks is whole again when it returns.
    def cut_link(self):
        link = self.links[self.random.choice([*self.links])]
        link.cut()
        self.go_on(self.random.uniform(0.2, 4))
        link.mend()

    def restart_broker(self):
        self.broker.process.send_signal(signal.SIGTERM)
        self.broker.process.wait()
        self.go_on(self.random.uniform(0.2, 4))
        self.broker.start()

    def kill_broker(self):
        # It answers publishers before it writes anything down: what it has for somebody else at that moment would be
        # gone. So nothing is on its way through it when it is killed.
        for node in NODES:
            self.links[node].cut()
        self.wait("the recorder and the ear hear", self.is_heard)
        self.broker.kill()
        for node in NODES:
            self.links[node].mend()
        self.go_on(self.random.uniform(0.2, 4))
        self.broker.start()

    def fill_disk(self):
        disk = self.disks[self.random.choice(NODES)]
        disk.fill()
        self.go_on(self.random.uniform(0.5, 4))
        disk.free()

    def step_clock(self):
        self.clock(self.random.choice(NODES), self.random.choice([-3600, -5, 0, 5, 3600]))

    def kill_node(self):
        self.nodes[self.random.choice(NODES)].send(signal.SIGKILL)

    def kill_child(self):
        for child in self.nodes[self.random.choice(NODES)].children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.random.random() < 0.5:
                self.command()
            self.send_commands()
            time.sleep(0.1)

    def break_things(self, count):
        kinds = [self.cut_link, self.restart_broker, self.kill_broker, self.fill_disk, self.step_clock, self.kill_node, self.kill_child]
        told = collections.Counter()
        for number in range(count):
            fault = kinds[number % len(kinds)] if number < len(kinds) else self.random.choice(kinds)
            told[fault.__name__] += 1
            fault()
            # Mostly one trouble falls into the time in which all recover from another.
            self.go_on(self.random.uniform(0.1, 2))
        return told

    def outbox(self, node):
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / node / 'outbox.db'}?mode=ro", uri=True)) as file:
            waiting = sum(file.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("telemetry", "kept", "shed"))
            return waiting, file.execute("SELECT seq FROM sqlite_sequence WHERE name = 'telemetry'").fetchone()[0]

    def drain(self):
        """Ends the nodes, and lets those that measure nothing send what is left."""
        for node in NODES:
            self.nodes[node].end()
        for _ in range(60):
            left = [node for node in NODES if self.outbox(node)[0] != 0]
            if not left:
                return
            quiet = {node: self.serve(node, f"{node}-quiet.yaml") for node in left}
            self.nodes.update(quiet)
            for node in left:
                self.wait(f"node {node} serves", lambda node=node: "serves" in (self.folder / f"{node}-quiet.yaml.out").read_text())
                quiet[node].end()  # it sends for two seconds yet
        raise AssertionError(f"the outbox of {left} does not become empty")

    def close(self):
        for each in (*self.nodes.values(), self.recorder):
            each.end(signal.SIGKILL)
        self.ear.close()
        for link in self.links.values():
            link.close()
        for disk in self.disks.values():
            disk.remove()


@pytest.fixture
def hill(astro, root, postgres, start_server):
    seed = int(os.environ.get("ASTRO_SEED", random.SystemRandom().getrandbits(32) if FAULTS > 20 else 5))
    print(f"ASTRO_SEED={seed}")
    made = Hill(astro, root, postgres, start_server, random.Random(seed))
    yield made
    made.close()
    made.ask("DROP SCHEMA hill CASCADE")


def test_what_was_measured_is_stored_and_what_was_commanded_has_one_end(hill, capsys):
    hill.begin()
    told = hill.break_things(FAULTS)
    hill.wait("all commands end", lambda: all(hill.ear.ends(identity) for identity in hill.commands))
    hill.drain()
    hill.wait("all is heard", hill.is_heard)

    # Each point that was counted by its device is there once, or told as shed.
    rows = hill.ask("SELECT source, boot, count(*), min(sequence), max(sequence) FROM hill.telemetry_point WHERE source <> 'probe/probe' GROUP BY 1, 2")
    kept = {(source, int(boot)): (int(count), int(first), int(last)) for source, boot, count, first, last in rows}
    shed = collections.defaultdict(lambda: (0, 0))
    for node, source, boot, _, last, count in hill.ear.shed:
        if node == "probe":
            continue
        before = shed[f"{node}/{source}", boot]
        shed[f"{node}/{source}", boot] = (before[0] + count, max(before[1], last))
    measured, wrong = 0, []
    for key in {*kept, *shed}:
        last = max(kept.get(key, (0, 0, 0))[2], shed[key][1])
        measured += last
        if kept.get(key, (0, 0, 0))[0] + shed[key][0] != last:
            wrong.append((key, kept.get(key), shed[key]))
    committed = sum(hill.outbox(node)[1] for node in NODES)
    stored, let_go = sum(count for count, _, _ in kept.values()), sum(count for count, _ in shed.values())

    executed = collections.Counter((hill.folder / "told").read_text().split())
    ends = {identity: hill.ear.ends(identity) for identity in hill.commands}
    became = collections.Counter(min(each) for each in ends.values())
    starts = {name: each.starts for name, each in [*hill.nodes.items(), ("recorder", hill.recorder)]}
    with capsys.disabled():
        print(f"\nfaults {sum(told.values())}: {dict(told)}; starts at the end: {starts}")
        print(f"measured {measured} = stored {stored} + shed {let_go}; committed to outboxes {committed}")
        print(f"commands {len(hill.commands)}: {dict(became)}; executed {len(executed)}, twice {sum(n > 1 for n in executed.values())}")

    assert not wrong, "not all of a device are there or told as shed"
    assert measured == stored + let_go >= committed
    assert hill.recorder.starts == 1
    assert max(executed.values()) == 1, "a command was executed twice"
    assert set(executed) <= set(hill.commands)
    assert not [each for each in ends.items() if len(each[1]) != 1], "a command ended in two ways"
    for identity, end in ends.items():
        if end == {"completed"}:
            assert executed[identity] == 1
        if end & {"timeout", "rejected"}:
            assert executed[identity] == 0
    for node in NODES:
        with contextlib.closing(sqlite3.connect(f"file:{hill.folder / node / 'journal.db'}", uri=True)) as journal:
            states = dict(journal.execute("SELECT id, state FROM commands"))
        for identity, (where, _, _) in hill.commands.items():
            if where == node:
                assert ["received", "started", "completed", "failed", "rejected", "timeout"][states[identity]] in ends[identity]
