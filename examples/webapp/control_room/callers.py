# SPDX-License-Identifier: BSD-3-Clause
"""Who asks, and what a role may do. Every route names the right that it needs: `Depends(needs(Right.operate))`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection


class Role(StrEnum):
    guest = "guest"
    observer = "observer"
    operator = "operator"
    curator = "curator"
    admin = "admin"


class Right(StrEnum):
    watch = "watch"  # see what is going on
    observe = "observe"  # ask for observations, and have one's own
    operate = "operate"  # drive devices, admit modules, acknowledge alarms
    curate = "curate"  # see and label everybody's results
    administer = "administer"  # users, roles, keys, audit, what removes


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.guest: frozenset({Right.watch}),
    Role.observer: frozenset({Right.watch, Right.observe}),
    Role.operator: frozenset({Right.watch, Right.observe, Right.operate}),
    Role.curator: frozenset({Right.watch, Right.observe, Right.curate}),
    Role.admin: frozenset(Right),
}


class Way(StrEnum):
    """By what a caller is known."""

    nothing = "nothing"
    trusted = "trusted"  # by the address; contracts 2 and 3 alone
    session = "session"  # an access token, or the page's cookie
    key = "key"  # an API key


@dataclass(frozen=True)
class Caller:
    name: str
    role: Role | None
    way: Way
    user_id: int | None = None
    email: str = ""
    session_id: str = ""  # of a session: who holds control is told by it
    module: str = ""  # of a key that belongs to one module: it posts as no other
    rights: frozenset[Right] = field(default_factory=frozenset)

    def may(self, right: Right) -> bool:
        return right in self.rights


NOBODY = Caller(name="", role=None, way=Way.nothing)


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks. What has a token that does not hold is refused (401), also where none is needed."""
    known = getattr(connection.state, "caller", None)
    if known is None:
        known = connection.app.state.accounts.identify(connection)
        connection.state.caller = known
    return known


AnyCaller = Annotated[Caller, Depends(caller_of)]


def needs(right: Right, *, trusted: bool = False) -> Callable[[HTTPConnection], Caller]:
    """A dependency: the caller, if he has the right. `trusted`: an address of `trusted` has it without a token
    (contracts 2 and 3), as far as the configured role goes."""

    def check(connection: HTTPConnection) -> Caller:
        caller = caller_of(connection)
        if caller.way == Way.nothing and trusted:
            caller = connection.app.state.accounts.identify_trusted(connection) or caller
            connection.state.caller = caller
        if caller.may(right):
            return caller
        if caller.way == Way.nothing:
            raise HTTPException(401, "sign in, or send an API key", headers={"WWW-Authenticate": "Bearer"})
        if not caller.rights:
            raise HTTPException(403, "choose a password of your own first")
        raise HTTPException(403, f"this needs the right to {right}; {caller.name} is {caller.role}")

    check.right = right  # type: ignore[attr-defined]  # the table of routes and roles is made of it
    check.trusted = trusted  # type: ignore[attr-defined]
    return check
