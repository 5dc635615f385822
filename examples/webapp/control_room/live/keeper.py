# SPDX-License-Identifier: BSD-3-Clause
"""Points of modules on their way into the history: accepted in the database, then kept by the hub, each once."""

import threading
from datetime import timedelta
from itertools import groupby

import astro
from sqlalchemy import delete, select, update

from ..database import Database, now
from .tables import WaitingPoint
from .worker import Worker

AT_ONCE = 2000
FOR_OTHERS = timedelta(seconds=30)  # so long the other processes find a point here


class Keeper:
    """Of the process that has the hub. In the others points wait for it, and nobody waits for them."""

    def __init__(self, database: Database, hub: astro.telemetry.Hub | None) -> None:
        self._database, self._hub = database, hub
        self._lock = threading.Lock()
        self._waiters: dict[int, threading.Event] = {}
        self._worker = Worker("the history of modules", self._step, 0.25)

    def start(self) -> None:
        if self._hub is not None:
            self._worker.start()

    def close(self) -> None:
        self._worker.close()

    def wait(self, row: int, at_most_s: float) -> None:
        """Until the point is in the store; it is safe already, so that a store that is away is no error."""
        if self._hub is None:
            return
        event = threading.Event()
        with self._lock:
            self._waiters[row] = event
        self._worker.wake()
        event.wait(at_most_s)
        with self._lock:
            self._waiters.pop(row, None)

    def _step(self) -> None:
        assert self._hub is not None
        while True:
            with self._database.reading() as session:
                asked = (
                    select(WaitingPoint).where(WaitingPoint.kept.is_(False)).order_by(WaitingPoint.id).limit(AT_ONCE)
                )
                rows = list(session.scalars(asked))
            if not rows:
                break
            # The hub knows a point by source, boot and sequence: what a crash left unmarked is not counted twice.
            for (source, boot), of_source in groupby(rows, key=lambda row: (row.source, row.boot)):
                self._hub.take([live_point(row) for row in of_source], source=source, boot=boot)
            if not self._hub.flush(10.0):
                return
            with self._database.session() as session:
                ids = [row.id for row in rows]
                session.execute(update(WaitingPoint).where(WaitingPoint.id.in_(ids)).values(kept=True))
            with self._lock:
                for each in ids:
                    if each in self._waiters:
                        self._waiters[each].set()
        self._forget()

    def _forget(self) -> None:
        old = (WaitingPoint.kept.is_(True), WaitingPoint.accepted < now() - FOR_OTHERS)
        with self._database.reading() as session:
            if session.scalar(select(WaitingPoint.id).where(*old).limit(1)) is None:
                return
        with self._database.session() as session:
            session.execute(delete(WaitingPoint).where(*old))


def live_point(row: WaitingPoint) -> astro.Point:
    return astro.Point(
        id=row.point,
        device=row.source,
        value=row.value,
        unit=row.unit,
        time=astro.Time.from_nanoseconds(row.nanoseconds),
        quality="good",
        sequence=row.sequence,
    )
