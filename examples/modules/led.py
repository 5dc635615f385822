#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An LED as a module of the control room: it asks for its commands, does them, and says what became of them. Needs
Python and `requests`. The LED is one that the kernel drives (/sys/class/leds); with --once it is a cron job."""

import argparse
import os
import pathlib
import sys
import time

import requests


class Led:
    """`brightness` is a file of the kernel; none: it is simulated."""

    def __init__(self, brightness=None):
        self.brightness = brightness
        self.on = False

    def set_led(self, on):
        if not isinstance(on, bool):
            raise ValueError(f"on: true or false, not {on!r}")
        if self.brightness is not None:
            self.brightness.write_text("1" if on else "0")
        self.on = on
        print("on" if on else "off", flush=True)

    def blink(self, times=3):
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= 20:
            raise ValueError(f"times: 1 to 20, not {times!r}")
        was = self.on
        for _ in range(times):
            for on in (not was, was):
                self.set_led(on)
                time.sleep(0.1)

    COMMANDS = {"set_led": set_led, "blink": blink}


def carry_out(led, command):
    """What is to be said of it."""
    try:
        do = Led.COMMANDS.get(command["command"])
        if do is None:
            raise ValueError(f"there is no {command['command']}: {', '.join(Led.COMMANDS)}")
        do(led, **command["parameters"])
    except (OSError, TypeError, ValueError) as error:
        return {"status": "failed", "message": str(error), "details": None}
    return {"status": "completed", "message": None, "details": {"on": led.on}}


class Module:
    def __init__(self, server, name):
        self.url = f"{server}/api/modules/{name}"
        self.session = requests.Session()
        if key := os.environ.get("CONTROL_ROOM_KEY"):
            self.session.headers["X-API-Key"] = key

    def say(self, command_id, status, message=None, details=None):
        body = {"command_id": command_id, "status": status, "message": message, "details": details}
        self.session.post(f"{self.url}/status", json=body, timeout=10).raise_for_status()

    def commands(self):
        answer = self.session.get(f"{self.url}/commands", timeout=10)
        answer.raise_for_status()
        return answer.json()["commands"]

    def say_until_heard(self, command_id, **what):
        """A command is handed out once: its end is told again while the server is away, as long as it has not expired."""
        for pause in (0.5, 1, 2, 4, 8, 16, 32):
            try:
                return self.say(command_id, **what)
            except requests.HTTPError as error:
                if error.response.status_code < 500:
                    raise
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(pause)
        return self.say(command_id, **what)


def obey(module, led, command):
    """It was handed out, and is not again: what goes wrong with one keeps nobody from the next."""
    try:
        module.say_until_heard(command["command_id"], status="started")
        module.say_until_heard(command["command_id"], **carry_out(led, command))
    except requests.RequestException as error:
        print(f"{command['command']}: {error}", file=sys.stderr)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--server", default=os.environ.get("CONTROL_ROOM", "http://127.0.0.1:8000"))
    options.add_argument("--module", default="led-01", help="its name; another one for each LED")
    options.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="between two questions")
    options.add_argument("--once", action="store_true", help="do what waits, and end: for cron")
    options.add_argument("--led", default="control-room", help="a name under /sys/class/leds")
    options.add_argument("--simulate", action="store_true", help="without an LED")
    given = options.parse_args()
    led = Led(None if given.simulate else pathlib.Path("/sys/class/leds") / given.led / "brightness")
    if led.brightness is not None and not led.brightness.exists():
        print(f"{led.brightness} is not there: dtoverlay=gpio-led,gpio=17,label={given.led} in config.txt", file=sys.stderr)
        return 2
    module = Module(given.server, given.module)
    has_said_online = False
    try:
        while True:
            try:
                if not has_said_online:
                    module.say(None, "online", details={"program": "led.py 1"})
                    has_said_online = True
                for command in module.commands():
                    obey(module, led, command)
            except requests.RequestException as error:
                print(f"{given.module}: {error}", file=sys.stderr)
                if given.once:
                    return 1
            if given.once:
                return 0
            time.sleep(given.every)
    except KeyboardInterrupt:
        try:
            module.say(None, "offline")
        except requests.RequestException as error:
            print(f"{given.module}: {error}", file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(main())
