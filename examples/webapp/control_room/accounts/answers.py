# SPDX-License-Identifier: BSD-3-Clause
"""How a route says what else it may answer, for the OpenAPI."""

from typing import Any

from pydantic import BaseModel

SAYS = {
    400: "What was asked cannot be",
    401: "Nobody is signed in, or the token does not hold",
    403: "The role, or where it comes from, does not allow it",
    404: "There is no such thing, or it is somebody else's",
    408: "The body came too slowly",
    409: "It does not fit the state that things are in",
    413: "The body is too large",
    429: "Too often; `Retry-After` says in how many seconds again",
    502: "Another server did not do its part",
    503: "Not now; try again",
}


class Refusal(BaseModel):
    detail: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route. 429 is every route's."""
    return {
        status: {
            "model": Refusal,
            "description": SAYS[status],
            "content": {"application/json": {"example": {"detail": SAYS[status].lower()}}},
        }
        for status in (*statuses, 429)
    }
