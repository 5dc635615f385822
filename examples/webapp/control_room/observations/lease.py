# SPDX-License-Identifier: BSD-3-Clause
"""Of several instances one carries out the queue. Another takes over when it no longer lives."""

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..database import Database
from .tables import Lease

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Calls `taken` when the lease becomes ours and `lost` when it is no longer sure that it is: from one thread.

    libastro lets one process alone have a folder open, so that what an earlier `instance` of the name held is ours."""

    def __init__(
        self,
        database: Database,
        name: str,
        instance: str,
        seconds: float,
        taken: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._database, self._name, self._instance, self._seconds = database, name, instance, seconds
        self._taken, self._lost = taken, lost
        self._seen: tuple[str, int] | None = None  # of another holder
        self._seen_since = 0.0
        self._beaten = 0.0
        self._over = threading.Event()
        self.is_ours = False
        self._thread = threading.Thread(target=self._keep, name=f"lease {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Neither `taken` nor `lost` is called any more."""
        self._over.set()
        self._thread.join()

    def give_back(self) -> None:
        """After `stop`, and what was done under it has ended: who waits takes over at once."""
        if self.is_ours:
            self.is_ours = False
            try:
                with self._database.session() as session:
                    session.execute(
                        update(Lease).where(Lease.name == self._name, Lease.holder == self._instance).values(holder="")
                    )
            except SQLAlchemyError as why:
                log.warning("the lease of the %s was not given back: %s", self._name, why)

    def _keep(self) -> None:
        while not self._over.is_set():
            try:
                ours = self._beat()
            except SQLAlchemyError as why:
                log.warning("the lease of the %s: the database does not answer: %s", self._name, why)
                # Another may take it a little later than we give it up.
                ours = self.is_ours and time.monotonic() - self._beaten < 0.6 * self._seconds
            if ours != self.is_ours:
                self.is_ours = ours
                log.info("the lease of the %s is %s", self._name, "ours" if ours else "lost")
                (self._taken if ours else self._lost)()
            self._over.wait(self._seconds / 5)

    def _beat(self) -> bool:
        with self._database.session() as session:
            row = session.get(Lease, self._name)
            if row is None:
                try:
                    with session.begin_nested():
                        session.add(Lease(name=self._name, holder=self._instance, beat=1))
                except IntegrityError:
                    return False  # another was faster
            elif row.holder not in (self._instance, "") and not self._is_dead(row):
                return False
            else:
                changed = session.execute(
                    update(Lease)
                    .where(Lease.name == self._name, Lease.holder == row.holder, Lease.beat == row.beat)
                    .values(holder=self._instance, beat=row.beat + 1)
                    .execution_options(synchronize_session=False)
                )
                if changed.rowcount != 1:  # type: ignore[attr-defined]
                    return False
        self._beaten = time.monotonic()
        return True

    def _is_dead(self, row: Lease) -> bool:
        if self._seen != (row.holder, row.beat):
            self._seen = (row.holder, row.beat)
            self._seen_since = time.monotonic()
        return time.monotonic() - self._seen_since > self._seconds
