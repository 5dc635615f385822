# SPDX-License-Identifier: BSD-3-Clause
"""A plain client of contracts 2 and 3, and the schemas of what it hears."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
from websockets.sync.client import ClientConnection, connect

SCHEMAS = Path(__file__).parent / "schemas"
BATCHES = "astro.batch.v1"


def check(name: str, value: Any) -> Any:
    """The value, which is as the schema of this name says."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)
    return value


def check_refusal(answer: Any, status: int, *words: str) -> None:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    check("refusal", answer.json())
    for word in words:
        assert word in answer.text, answer.text


class Socket:
    """Of /ws. What comes is checked against the schemas."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.waiting: list[dict[str, Any]] = []

    def say(self, message: Any) -> None:
        self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def command(self, name: str, **parameters: Any) -> None:
        self.say(check("socket-command", {"type": "command", "command": name, "parameters": parameters}))

    def next(self, timeout: float = 60.0) -> dict[str, Any]:
        if not self.waiting:
            frame = json.loads(self.connection.recv(timeout))
            self.waiting = frame if isinstance(frame, list) else [frame]
        message = self.waiting.pop(0)
        if "error" in message:
            return check("socket-error", message)
        return check("socket-point" if message["type"] == "data" else "socket-message", message)

    def until(self, fits: Callable[[dict[str, Any]], bool], timeout: float = 60.0) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while True:
            message = self.next(max(0.01, end - time.monotonic()))
            if fits(message):
                return message

    def point(self, id: str, timeout: float = 60.0) -> dict[str, Any]:
        return self.until(lambda message: message.get("type") == "data" and message["id"] == id, timeout)

    def error(self) -> str:
        return self.until(lambda message: "error" in message)["error"]

    def result(self, name: str, *statuses: str, timeout: float = 60.0) -> dict[str, Any]:
        """The value of the next confirmation of this command with one of these statuses."""

        def fits(message: dict[str, Any]) -> bool:
            if message.get("id") != "command_result" or message["value"]["command"] != name:
                return False
            return not statuses or message["value"]["status"] in statuses

        return self.until(fits, timeout)["value"]


@contextmanager
def watch(url: str, token: str = "", batches: bool = False, **more: Any) -> Iterator[Socket]:
    offered = ([BATCHES] if batches else []) + ([f"bearer.{token}"] if token else [])
    address = url.replace("http", "ws", 1) + "/ws"
    more = {"max_size": None, "open_timeout": 60, "ping_interval": None, **more}  # a test reads when it comes to it
    with connect(address, subprotocols=offered or None, **more) as connection:  # type: ignore[arg-type]
        yield Socket(connection)


def wait_until(holds: Callable[[], Any], timeout: float = 60.0) -> Any:
    """What it returns, as soon as that is true."""
    end = time.monotonic() + timeout
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, "it does not become true"
        time.sleep(0.05)
