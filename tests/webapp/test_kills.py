# SPDX-License-Identifier: BSD-3-Clause
"""The server is killed at random moments while everything goes on: what it accepted is there afterwards, and once."""

import collections
import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
from wire import wait_until

KILLS = 100 if os.environ.get("ASTRO_LONG") == "1" else 5
BEGIN = 1_790_000_000.0
FINAL = ("success", "error")
ROUND_S = (0.2, 2.5)


class Load:
    """Threads that ask, and write down what was accepted. What was not answered may be there or not, but not twice."""

    def __init__(self, room):
        self.room = room
        self.over = False
        self.lock = threading.Lock()
        self.points: list[float] = []  # answered by 200, after as many attempts as it took
        self.commands: list[str] = []  # to the device
        self.controls: list[str] = []  # to the module
        self.handed_out: list[str] = []
        self.requests: list[str] = []
        self.asked_requests = 0
        self.token = ""
        self.trouble: list[str] = []
        self.threads = [
            threading.Thread(target=self.run, args=(ask,))
            for ask in (self.measure, self.measure, self.command, self.control, self.be_module, self.request)
        ]
        self.numbers = iter(range(10**9))

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()

    def run(self, ask):
        with httpx.Client(base_url=self.room.url, timeout=10) as client:
            while not self.over:
                try:
                    ask(client)
                except (httpx.TransportError, httpx.RemoteProtocolError):
                    time.sleep(0.05)
                time.sleep(0.01)

    def check(self, answer, status):
        if answer.status_code != status:
            self.trouble.append(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
        return answer.status_code == status

    def measure(self, client):
        with self.lock:
            number = float(next(self.numbers))
        body = {"module_id": "probe", "value": number, "timestamp": BEGIN + number}
        while not self.over:
            try:
                answer = client.post("/api/sensors/count", json=body)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if self.check(answer, 200):
                self.points.append(number)
            return

    def signed_in(self):
        return {"Authorization": f"Bearer {self.token}"}

    def command(self, client):
        asked = {"device": "weather", "command": "get_status", "parameters": {}}
        answer = client.post("/api/commands", json=asked, headers=self.signed_in())
        if self.check(answer, 202):
            self.commands.append(answer.json()["command_id"])

    def control(self, client):
        answer = client.post("/api/modules/probe/control", json={"command": "step", "parameters": {}})
        if self.check(answer, 200):
            self.controls.append(answer.json()["command_id"])

    def be_module(self, client):
        for command in client.get("/api/modules/probe/commands").json()["commands"]:
            self.handed_out.append(command["command_id"])
            said = {"command_id": command["command_id"], "status": "completed"}
            while not self.over:
                try:
                    self.check(client.post("/api/modules/probe/status", json=said), 200)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)

    def request(self, client):
        self.asked_requests += 1
        name = f"kill {self.asked_requests}"
        observation = {
            "target_name": name, "ra": 10.0, "dec": 40.0, "integration_time": 1.0,
            "planned_start": (datetime.now(UTC) + timedelta(days=300)).isoformat(),
        }  # fmt: skip
        answer = client.post("/v1/observations/", json={"observation": observation}, headers=self.signed_in())
        if self.check(answer, 202):
            self.requests.append(name)
        time.sleep(0.2)


def token(room):
    return room.client("operator").headers["Authorization"].removeprefix("Bearer ")


def test_what_was_accepted_is_neither_lost_nor_doubled(start_control_room):
    room = start_control_room(command_expiry_s=3600)
    with room.anonymous() as client:
        client.post("/api/modules/probe/status", json={"status": "online"}).raise_for_status()
        room.client("operator").post("/api/modules/probe/admit").raise_for_status()
    chance = random.Random(6)
    load = Load(room)
    load.token = token(room)
    load.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(*ROUND_S))
        room.kill()
        room.start()
        load.token = token(room)
    time.sleep(1.0)
    load.stop()
    assert not load.trouble, load.trouble[:5]
    for accepted in (load.points, load.commands, load.controls, load.handed_out, load.requests):
        assert len(accepted) >= KILLS, "it was under load"
    with room.client("operator") as client:
        check_points(client, load)
        check_commands(client, load)
        check_controls(client, load)
        check_requests(client, load)


def check_points(client, load):
    records = client.get("/api/sensors/count", params={"limit": 100_000}).json()
    kept = collections.Counter(record["value"] for record in records)
    assert not set(load.points) - set(kept), "lost"
    assert max(kept.values()) == 1, "doubled"
    days = client.get("/api/sensors/count", params={"aggregate": "day"}).json()
    wait_until(lambda: sum(day["count"] for day in days) == len(kept))


def finals(client):
    told = client.get("/historical-data", params={"id": "command_result", "limit": 100_000}).json()["data"]
    return collections.Counter(
        message["value"]["command_id"] for message in told if message["value"]["status"] in FINAL
    )


def check_commands(client, load):
    ended = wait_until(lambda: (found := finals(client)) and not set(load.commands) - set(found) and found, 90)
    assert {ended[each] for each in load.commands} == {1}, "one end each"
    for each in load.commands:
        assert client.get(f"/api/commands/{each}").json()["status"] in FINAL


def check_controls(client, load):
    handed = collections.Counter(load.handed_out)
    assert max(handed.values()) == 1, "handed out twice"
    ended = finals(client)
    waiting = {each["command_id"] for each in client.get("/api/modules/probe/commands").json()["commands"]}
    for each in load.controls:
        kept = client.get(f"/api/commands/{each}").json()
        if each in waiting:
            assert each not in handed and not ended[each]
        elif kept["status"] == "success":
            assert handed[each] == 1 and ended[each] == 1
        else:
            assert kept["status"] == "pending" and not ended[each], "handed out into a connection that died"


def check_requests(client, load):
    kept = collections.Counter(each["target_name"] for each in client.get("/v1/observations/").json())
    assert not set(load.requests) - set(kept), "lost"
    assert max(kept.values()) == 1, "doubled"
