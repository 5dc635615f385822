# SPDX-License-Identifier: BSD-3-Clause
"""What every route may answer when it refuses."""

from typing import Any

from pydantic import BaseModel, Field


class Refusal(BaseModel):
    detail: str = Field(examples=["this needs the right to operate; ada is observer"])


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "nobody is signed in, or the token does not hold"},
    403: {"model": Refusal, "description": "the role may not"},
    429: {"model": Refusal, "description": "too many requests"},
}

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # of what is looked up: PostgreSQL takes no zero
NUMBER = r"^[0-9A-Za-z-]{1,64}$"  # of a command, an alarm
