#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A thermometer (DS18B20 on the 1-Wire bus) as a module of the control room. Needs Python and `requests`.

As a service it measures again and again, and keeps what it cannot send; with --once it is a cron job."""

import argparse
import collections
import math
import os
import pathlib
import sys
import time

import requests

MOST_WAITING = 10_000  # a week at one a minute; then the oldest go
HOPELESS = {400, 409, 413, 422}  # the same again would be refused again; a key, a limit or a proxy can be mended


def read_sensor(bus):
    """Degrees Celsius of the one thermometer on the bus."""
    found = sorted(bus.glob("28-*/w1_slave"))
    if len(found) != 1:
        raise OSError(f"{bus} has {len(found)} thermometers: check the wiring, and dtoverlay=w1-gpio in config.txt")
    check, reading = found[0].read_text().splitlines()
    if not check.endswith("YES"):
        raise OSError(f"{found[0]}: the checksum is wrong; is the resistor of 4.7 kOhm in place?")
    return int(reading.rpartition("t=")[2]) / 1000.0


def simulated():
    """A day between 12 and 20 degrees."""
    return round(16.0 + 4.0 * math.sin(2.0 * math.pi * (time.time() / 86400.0 - 0.375)), 3)


def send(session, server, waiting):
    """The oldest first. What was sent before stays sent: the server keeps a timestamp once."""
    while waiting:
        answer = session.post(f"{server}/api/sensors/temperature", json=waiting[0], timeout=10)
        if answer.status_code not in HOPELESS:
            answer.raise_for_status()  # it may be better later
        else:
            print(f"refused: {answer.status_code} {answer.text}", file=sys.stderr)
        waiting.popleft()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--server", default=os.environ.get("CONTROL_ROOM", "http://127.0.0.1:8000"))
    options.add_argument("--module", default="thermometer-01", help="its name; another one for each thermometer")
    options.add_argument("--every", type=float, default=60.0, metavar="SECONDS")
    options.add_argument("--once", action="store_true", help="measure once, and end: for cron")
    options.add_argument("--simulate", action="store_true", help="without a thermometer")
    options.add_argument("--bus", type=pathlib.Path, default="/sys/bus/w1/devices", help=argparse.SUPPRESS)
    given = options.parse_args()
    session = requests.Session()
    if key := os.environ.get("CONTROL_ROOM_KEY"):
        session.headers["X-API-Key"] = key
    waiting = collections.deque(maxlen=MOST_WAITING)
    while True:
        begin = time.monotonic()
        try:
            value = simulated() if given.simulate else read_sensor(given.bus)
            waiting.append({"module_id": given.module, "value": value, "unit": "celsius", "timestamp": time.time()})
            send(session, given.server, waiting)
        except (OSError, ValueError) as error:  # what `requests` raises is an OSError, too
            print(f"{given.module}: {error}; {len(waiting)} wait", file=sys.stderr)
            if given.once:
                return 1
        if given.once:
            return 0
        time.sleep(max(0.0, given.every - (time.monotonic() - begin)))


if __name__ == "__main__":
    sys.exit(main())
