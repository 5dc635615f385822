# SPDX-License-Identifier: BSD-3-Clause
"""Carries out the queue in the one process that holds its lease, and keeps our rows in step with it."""

import logging
import threading
from collections.abc import Callable

import astro
from sqlalchemy.exc import SQLAlchemyError

from ..database import Database
from ..room import Room
from .desk import Desk
from .lease import LeaseKeeper
from .watching import Watching

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
AGAIN_AFTER_S = 5.0
LIVE_EVERY_S = 0.1


class Runner:
    """The queue's two threads: one observes, one looks what has become of the requests."""

    def __init__(self, room: Room, database: Database, instance: str, desk: Desk, watching: Watching) -> None:
        self._room, self._desk, self._watching = room, desk, watching
        self._news = threading.Event()
        self._over = threading.Event()
        self._run: _Run | None = None
        self._lease: LeaseKeeper | None = None
        self._looking: threading.Thread | None = None
        settings = room.settings
        if settings.queue:
            self._looking = threading.Thread(target=self._look, name="observations", daemon=True)
            self._looking.start()
            self._lease = LeaseKeeper(database, "queue", instance, settings.lease_s, self._taken, self._lost)

    @property
    def is_ours(self) -> bool:
        return self._lease is not None and self._lease.is_ours

    def look(self) -> None:
        """Something has changed: looks at once."""
        self._news.set()

    def close(self) -> None:
        """What is under way waits again, and whoever comes next resumes it."""
        if self._lease is None or self._looking is None:
            return
        self._over.set()
        self._news.set()
        self._looking.join()
        self._lease.stop()
        self._lost()
        self._lease.give_back()

    def _taken(self) -> None:
        if not self._over.is_set():
            self._run = _Run(self._room, self._watching, self.look)
            self.look()

    def _lost(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()

    def _look(self) -> None:
        while not self._over.is_set():
            if self.is_ours:
                try:
                    self._desk.reconcile()
                except (astro.Error, SQLAlchemyError) as why:
                    log.warning("looking what became of the requests: %s", why)
                except Exception:
                    log.exception("looking what became of the requests")
            self._news.wait(LOOK_EVERY_S)
            self._news.clear()


class _Run:
    """`astro.run_queue`, again and again, from the taking of the lease to its end."""

    def __init__(self, room: Room, watching: Watching, look: Callable[[], None]) -> None:
        self._room, self._watching, self._look = room, watching, look
        self._over = threading.Event()
        self._control = astro.QueueControl()
        self._thread = threading.Thread(target=self._carry_out, name="queue", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._control.stop()
        self._thread.join()

    def _carry_out(self) -> None:
        while not self._over.is_set():
            try:
                astro.run_queue(
                    self._room.site,
                    self._room.store.name,
                    changed=lambda _: self._look(),
                    progress=self._watching.tell,
                    live_every_s=LIVE_EVERY_S,
                    control=self._control,
                )
            except Exception as why:  # its store does not answer, say: that passes
                if not self._over.is_set():
                    log.warning("the queue stands still, and is tried again: %s", why)
                    self._over.wait(AGAIN_AFTER_S)
