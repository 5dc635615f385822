# SPDX-License-Identifier: BSD-3-Clause
"""Messages of the stream as values, in the form of contract 2."""

from datetime import UTC, datetime
from typing import Any

import astro

STATUS = {
    "received": "pending",
    "started": "pending",
    "completed": "success",
    "failed": "error",
    "rejected": "error",
    "timeout": "error",
}
FINAL = frozenset({"completed", "failed", "rejected", "timeout"})


def to_time(moment: datetime) -> astro.Time:
    return astro.Time(moment.astimezone(UTC))


def after(moment: datetime) -> astro.Time:
    """The last instant that clients cannot tell from this: what they are told has microseconds, a point nanoseconds."""
    return astro.Time.from_nanoseconds(to_time(moment).nanoseconds + 999)


def event_message(name: str, value: Any, time: datetime) -> dict[str, Any]:
    return {"type": "message", "id": name, "value": value, "timestamp": time.astimezone(UTC).isoformat()}


def confirmation(
    shown_as: str,
    state: str,
    *,
    command_id: str,
    device: str,
    message: str = "",
    details: Any = None,
    error_code: str = "",
    issuer: str = "",
) -> dict[str, Any]:
    """The value of a `command_result`: the keys of the contract, and ours."""
    value = {
        "command": shown_as,
        "status": STATUS[state],
        "message": message or state,
        "details": details if details is None or isinstance(details, dict) else {"value": details},
        "command_id": command_id,
        "device": device,
        "state": state,
    }
    if error_code:
        value["error_code"] = error_code
    if issuer:
        value["issuer"] = issuer
    return value
