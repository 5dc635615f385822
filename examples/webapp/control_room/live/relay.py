# SPDX-License-Identifier: BSD-3-Clause
"""What the other processes of this control room accepted or told, for those who watch here.

Points of devices need none of it: they come to each process over the site's transport. What arrives by HTTP, and what
devices answered to another process, is read from the database."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta

import astro
from sqlalchemy import func, select

from ..database import Database, now
from .keeper import live_point
from .messages import to_time
from .tables import Event, Frame, WaitingPoint
from .worker import Worker

LOOK_BACK = timedelta(seconds=10)  # who commits late has a number before one that was read already


class Relay:
    def __init__(
        self, database: Database, process: str, feed: astro.telemetry.LiveFeed, frame: Callable[[Frame], None]
    ) -> None:
        self._database, self._process, self._feed, self._frame = database, process, feed, frame
        self._seen: deque[tuple[str, int]] = deque(maxlen=20_000)
        self._known: set[tuple[str, int]] = set()
        self._started = now()
        self._newest_frame = 0
        self._worker = Worker("what other processes tell", self._step, 0.25)

    def start(self) -> None:
        with self._database.reading() as session:
            self._newest_frame = session.scalar(select(func.max(Frame.id))) or 0
        self._worker.start()

    def close(self) -> None:
        self._worker.close()

    def _is_new(self, kind: str, number: int) -> bool:
        if (kind, number) in self._known:
            return False
        if len(self._seen) == self._seen.maxlen:
            self._known.discard(self._seen[0])
        self._seen.append((kind, number))
        self._known.add((kind, number))
        return True

    def _step(self) -> None:
        since = max(now() - LOOK_BACK, self._started)
        with self._database.reading() as session:
            points = session.scalars(
                select(WaitingPoint)
                .where(WaitingPoint.accepted >= since, WaitingPoint.process != self._process)
                .order_by(WaitingPoint.id)
            ).all()
            events = session.scalars(
                select(Event).where(Event.time >= since, Event.process != self._process).order_by(Event.id)
            ).all()
            frames = session.scalars(select(Frame).where(Frame.id > self._newest_frame).order_by(Frame.id)).all()
        if new := [live_point(row) for row in points if self._is_new("point", row.id)]:
            self._feed.add(new)
        for event in events:
            if self._is_new("event", event.id):
                self._feed.tell(event.name, event.value, to_time(event.time))
        for frame in frames:
            self._newest_frame = frame.id
            self._frame(frame)
