# SPDX-License-Identifier: BSD-3-Clause
"""What every route may answer when it refuses, and what all of them refuse."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, JsonValue

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # of what is looked up: PostgreSQL takes no zero
NUMBER = r"^[0-9A-Za-z-]{1,64}$"  # of a command, an alarm
DEEPEST = 16


class Refusal(BaseModel):
    detail: str = Field(examples=["this needs the right to operate; ada is observer"])


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "nobody is signed in, or the token does not hold"},
    403: {"model": Refusal, "description": "the role may not"},
    429: {"model": Refusal, "description": "too many requests"},
}


def keepable(value: Any, depth: int = 0) -> Any:
    """JSON can write what neither a device nor a database takes."""
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for name, each in value.items():
            keepable(name, depth)
            keepable(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            keepable(each, depth + 1)
    elif isinstance(value, str):
        if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value):
            raise ValueError("a text holds a zero, or half of a character")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number is not finite")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("an integer has more than 64 bits")
    return value


EmptyIsNone = BeforeValidator(lambda given: None if given == "" else given)  # `from=&to=`, as forms send it
Keepable = AfterValidator(keepable)
JsonObject = Annotated[dict[str, JsonValue], Keepable]
