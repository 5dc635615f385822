# SPDX-License-Identifier: BSD-3-Clause
"""What happened and is no point: written down in order, behind those who tell it, so that no device waits for it."""

import queue
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import astro
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..database import Database, now
from .messages import FINAL, confirmation
from .tables import Event, LiveCommand
from .worker import Worker

Shown = Callable[[str, str], str]  # of device and command: the name that contract 2 gives to both


class Journal:
    """`most`: so many messages are kept, the newest."""

    def __init__(self, database: Database, process: str, shown: Shown, most: int) -> None:
        self._database, self._process, self._shown, self._most = database, process, shown, most
        self._waiting: queue.SimpleQueue[Callable[[Session], None]] = queue.SimpleQueue()
        self._undone: list[Callable[[Session], None]] = []
        self._worker = Worker("the journal of messages", self._write, 1.0)
        self._trimmed = now()

    def start(self) -> None:
        self._worker.start()

    def close(self) -> None:
        self._worker.close()

    def event(self, name: str, value: Any, time: datetime | None = None) -> None:
        self._put(lambda session: session.add(self.row(name, value, time or now())))

    def row(self, name: str, value: Any, time: datetime) -> Event:
        return Event(process=self._process, name=name, value=value, time=time)

    def acknowledgment(self, told: astro.Acknowledgment) -> None:
        """Of a device of this process; progress is for those who watch, and is not kept."""
        if told.state == "received" or str(told.state) in FINAL:
            self._put(lambda session: self.keep(session, told))

    def _put(self, write: Callable[[Session], None]) -> None:
        self._waiting.put(write)
        self._worker.wake()

    def _write(self) -> None:
        while not self._waiting.empty():
            self._undone.append(self._waiting.get())
        if self._undone:
            with self._database.session() as session:
                for write in self._undone:
                    write(session)
            self._undone = []
        if now() - self._trimmed > timedelta(minutes=5):
            self._trim()

    def _trim(self) -> None:
        with self._database.session() as session:
            newest = session.scalar(select(func.max(Event.id))) or 0
            session.execute(delete(Event).where(Event.id <= newest - self._most))
        self._trimmed = now()

    def keep(self, session: Session, told: astro.Acknowledgment) -> None:
        """The state of a command and the message of it, together and once."""
        state, time = str(told.state), told.time.datetime.astimezone(UTC)
        row = session.get(LiveCommand, told.command_id)
        if row is None:  # of the queue, of an alarm, of the handset
            row = LiveCommand(
                id=told.command_id, device=told.device, command=told.command, parameters={},
                issuer=told.issuer.name, process=self._process, issued=time, expires=time, state="", changed=time,
            )  # fmt: skip
            session.add(row)
        elif row.state in FINAL or (state == "received" and row.changed > row.issued):
            return
        self.conclude(session, row, state, str(told.message), str(told.error_code), told.details, time)

    def conclude(
        self,
        session: Session,
        row: LiveCommand,
        state: str,
        message: str,
        error_code: str,
        details: Any,
        time: datetime,
    ) -> dict[str, Any]:
        """The command is so far; returns the message's value."""
        row.state, row.changed, row.message, row.error_code = state, time, message[:2000], error_code
        row.details = details if details is None or isinstance(details, dict) else {"value": details}
        value = confirmation(
            self._shown(row.device, row.command), state, command_id=row.id, device=row.device,
            message=message, details=row.details, error_code=error_code, issuer=row.issuer,
        )  # fmt: skip
        session.add(self.row("command_result", value, time))
        return value
