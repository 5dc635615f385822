#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A vendor's own program that speaks the protocol of docs/reference/apart.md, without a line of libastro."""

import json
import mmap
import os
import socket
import sys
import threading

LARGEST = 128 << 10
calls = socket.socket(fileno=int(os.environ["ASTRO_APART_CALLS"]))
stops = socket.socket(fileno=int(os.environ["ASTRO_APART_STOPS"]))
state = {"position": [10.0, 20.0], "state": "stopped"}

DRIVERS = {
    "mount": {
        "name": "rotor", "kind": "mount", "says": "A vendor's rotor",
        "settings": [{"name": "port", "type": "text", "required": True, "says": "where it hangs"},
                     {"name": "speed", "type": "angle", "unit": "deg", "min": 0.1, "max": 10, "default": 5}],
        "mount": {"first": {"from": 0, "to": 450}, "second": {"from": 0, "to": 180}},
    },
    "receiver": {"name": "liar", "kind": "receiver", "settings": [], "receiver": {"lowest": 1e6, "highest": 2e9}},
}


def tell(value):
    calls.send(json.dumps(value).encode())


def attend_stops():
    while packet := stops.recv(LARGEST):
        said = json.loads(packet)
        if "stop" in said:
            state["state"] = "stopped"
            stops.send(json.dumps({"stopped": said["stop"]}).encode())
    os._exit(0)


def answer(hook, said, parameters, memory):
    if hook == "hello":
        if "settings" in said and said["kind"] == "mount":
            tell({"event": "log", "level": "info", "message": f"on {said['settings']['port']}"})
        return {"protocol": 1, "program": "vendor.py", "driver": DRIVERS[said["kind"]]}
    if hook == "status":
        return state
    if hook == "move_to":
        if parameters["second"] > 90:
            raise ValueError("the vendor's rotor does not go over the top")
        state["position"] = [parameters["first"], parameters["second"]]
    if hook == "tune":
        return {"tuning": {**parameters, "frequency": 1.42e9, "sample_rate": 1e6}, "dtype": "cf32", "item_shape": [],
                "item_period": 1e-6, "recorded": False}
    if hook == "fill":
        return {"items": parameters["bytes"] // 8 + 1}  # more than there is room for
    return None


threading.Thread(target=attend_stops, daemon=True).start()
memory = None
while True:
    packet, files, _, _ = socket.recv_fds(calls, LARGEST, 1)
    if not packet:
        sys.exit(0)
    said = json.loads(packet)
    if files:
        memory = mmap.mmap(files[0], said["parameters"]["memory"]) if said["hook"] == "fill" else memory
        os.close(files[0])
    try:
        tell({"id": said["id"], "return": answer(said["hook"], said, said.get("parameters"), memory)})
    except ValueError as error:
        tell({"id": said["id"], "throw": {"code": "out_of_limits", "message": str(error)}})
