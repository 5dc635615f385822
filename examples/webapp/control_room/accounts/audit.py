# SPDX-License-Identifier: BSD-3-Clause
"""Who did what: one row for each act that changes something, and for each that was refused."""

from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..callers import Caller, Right, needs
from ..database import Database
from ..texts import PlainText
from .answers import refusals
from .tables import AuditEntry

address_of_request: ContextVar[str] = ContextVar("address_of_request", default="")

router = APIRouter(tags=["audit"])


class AuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        caller: Caller,
        action: str,
        subject: str,
        details: dict[str, Any] | None = None,
        outcome: Literal["done", "refused"] = "done",
        session: Session | None = None,
    ) -> None:
        """With `session`: kept if and only if the caller's transaction is."""
        entry = AuditEntry(
            who=_kept(caller.name, 80),
            way=caller.way.value,
            address=_kept(address_of_request.get(), 64),
            action=_kept(action, 64),
            subject=_kept(subject, 512),
            details=details,
            outcome=outcome,
        )
        if session is not None:
            session.add(entry)
            return
        with self._database.session() as own:
            own.add(entry)


def _kept(text: str, length: int) -> str:
    """What somebody sent may hold anything; a database does not take all of it."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:length]


class Entry(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": 17,
                "time": "2026-01-15T20:00:00Z",
                "who": "anna",
                "way": "session",
                "address": "10.0.0.7",
                "action": "sign in",
                "subject": "anna",
                "details": None,
                "outcome": "done",
            }
        },
    )
    id: int
    time: datetime
    who: str
    way: str
    address: str
    action: str
    subject: str
    details: dict[str, Any] | None
    outcome: str


class Entries(BaseModel):
    entries: list[Entry]


@router.get("/api/audit", response_model=Entries, responses=refusals(401, 403))
def read_audit(
    request: Request,
    _: Annotated[Caller, Depends(needs(Right.administer))],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="only ids below this one")] = None,
    who: Annotated[PlainText | None, Query(max_length=80)] = None,
    action: Annotated[PlainText | None, Query(max_length=64)] = None,
) -> Entries:
    """The newest first. There is no route that changes one."""
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    if who:
        wanted = wanted.where(AuditEntry.who == who)
    if action:
        wanted = wanted.where(AuditEntry.action == action)
    with request.app.state.database.reading() as session:
        return Entries(entries=[Entry.model_validate(each) for each in session.scalars(wanted)])
