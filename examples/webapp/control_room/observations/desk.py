# SPDX-License-Identifier: BSD-3-Clause
"""Requests from their coming to their end: our rows, and the site's queue that carries them out.

A request is accepted when its row is committed. Whatever ends this process between that and the queue's record, the
next look (`reconcile`) puts it there, by the same key: never lost, never twice."""

import logging
import secrets
import threading
from datetime import timedelta
from typing import Any

import astro
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..callers import Caller
from ..database import now
from .contract import ENDED, STATUS_OF, Asked, Requestor, Status, to_request
from .products import Products
from .tables import Observation

log = logging.getLogger(__name__)

ADDING = timedelta(seconds=5)  # in which whoever accepted a request puts it into the queue
REFUSED = ("invalid_argument", "unsupported", "busy")  # by the queue, for good


class CannotAccept(Exception):
    """The queue does not take it now: its user has too many, or its store does not answer."""


class CannotCancel(Exception):
    """It has ended."""


class Desk:
    """One for each process; all of it may be called from any thread."""

    def __init__(self, app: FastAPI, products: Products) -> None:
        self._app = app
        self._database = app.state.database
        self._room = app.state.room
        self._products = products
        self._reconciling = threading.Lock()

    # what comes in

    def accept(
        self, asked: Asked, caller: Caller, requestor: Requestor | None, idempotency_key: str | None
    ) -> tuple[Observation, bool]:
        """The row, and whether it is new. Raises astro.Error for what cannot be, CannotAccept."""
        user = caller.name or f"guest {requestor.username}" if requestor else caller.name
        # What no time would make possible is said before anything is kept.
        astro.plan(self._room.site.site, to_request(asked, name="request", store=self._store.name, user=user))
        with self._database.session() as session:
            if idempotency_key is not None:
                idempotency_key = f"{user}\n{idempotency_key}"
                found = session.scalar(select(Observation).where(Observation.idempotency_key == idempotency_key))
                if found is not None:
                    return found, False
            row = Observation(
                user_id=caller.user_id,
                username=user,
                requestor=requestor.model_dump(mode="json") if requestor else None,
                asked=asked.model_dump(mode="json"),
                status=Status.pending,
                idempotency_key=idempotency_key,
            )
            session.add(row)
            session.flush()
            row.key = f"{row.id}-{secrets.token_hex(8)}"
        try:
            self._enqueue(row)
        except astro.Error as why:
            if str(why.code) not in REFUSED:
                log.warning("observation %d is accepted, and comes into the queue later: %s", row.id, why)
                return row, True
            with self._database.session() as session:
                session.delete(session.merge(row))
            if str(why.code) == "busy":
                raise CannotAccept(str(why)) from why
            raise
        self._mark_queued(row)
        return row, True

    @property
    def _store(self) -> "astro.StoreHandle":
        return self._room.store

    def _enqueue(self, row: Observation) -> None:
        """Idempotent: the key is there once, whoever adds it and however often."""
        asked = Asked.model_validate(row.asked)
        request = to_request(asked, name=name_of(row), store=self._store.name, user=row.username)
        start = astro.Time(asked.planned_start) if asked.planned_start else None
        queued = astro.QueuedRequest(id=row.key, request=request, user=row.username, planned_start=start)
        try:
            astro.add_request(self._store, queued, now=self._room.site.clock.now(), site=self._room.site.site)
        except astro.Error:
            if self.record_of(row) is None:
                raise

    def _mark_queued(self, row: Observation) -> None:
        with self._database.session() as session:
            kept = session.get(Observation, row.id, with_for_update=True)
            if kept is None or kept.queued:
                return
            kept.queued = row.queued = True
            self._send_mail(session, kept, "request_accepted")
            cancelled = kept.status == Status.cancelled
        if cancelled:  # while it was on its way
            self._cancel_record(row, "cancelled")
        self._publish(row)

    def record_of(self, row: Observation) -> "astro.QueuedRequest | None":
        found = self._store.find(astro.QueuedRequest, {"id": row.key})
        return found[0] if found else None

    # what is taken back

    def cancel(self, row: Observation, by: str) -> None:
        reason = f"cancelled by {by}"
        with self._database.session() as session:
            kept = session.get_one(Observation, row.id, with_for_update=True)
            if kept.status in ENDED:
                raise CannotCancel(f"observation {row.id} has ended already; it is {kept.status}")
            queued = kept.queued
        if queued and not self._cancel_record(row, reason):
            raise CannotCancel(f"observation {row.id} has ended already")
        self._end(row, Status.cancelled, reason)

    def _cancel_record(self, row: Observation, reason: str) -> bool:
        try:
            astro.cancel_request(self._store, row.key or "", reason=reason, now=self._room.site.clock.now())
        except astro.Error as why:
            if str(why.code) == "not_found":
                return True
            record = self.record_of(row)
            if record is None or str(record.state) not in ("waiting", "running"):
                return record is not None and str(record.state) == "cancelled"
            raise
        return True

    # what has become of them

    def reconcile(self) -> None:
        """Brings our rows to what the queue says, and into the queue what is not there yet."""
        with self._reconciling:
            with self._database.reading() as session:
                rows = session.scalars(
                    select(Observation).where(Observation.status.not_in(ENDED)).order_by(Observation.id)
                ).all()
            if not rows:
                return
            records = {each.id: each for each in astro.list_requests(self._store)}
            for row in rows:
                record = records.get(row.key)
                if record is not None:
                    if not row.queued:
                        self._mark_queued(row)
                    self._follow(row, record)
                elif row.queued:
                    self._end(row, Status.failed, "the queue has no record of it")
                elif now() - row.created_on > ADDING:
                    self._bring_in(row)

    def _bring_in(self, row: Observation) -> None:
        """What a process accepted that ended before it was in the queue."""
        try:
            self._enqueue(row)
        except astro.Error as why:
            if str(why.code) in REFUSED:
                self._end(row, Status.failed, str(why))
            else:
                log.warning("observation %d does not come into the queue yet: %s", row.id, why)
            return
        self._mark_queued(row)

    def _follow(self, row: Observation, record: "astro.QueuedRequest") -> None:
        status = STATUS_OF[str(record.state)]
        archived = record.observation_id or row.archived
        if status in ENDED:
            self._end(row, status, record.reason, archived)
        elif (status, record.reason, archived) != (row.status, row.reason, row.archived):
            with self._database.session() as session:
                kept = session.get(Observation, row.id, with_for_update=True)
                if kept is None or kept.status in ENDED:
                    return
                changed = kept.status != status
                kept.status, kept.reason, kept.archived, kept.updated_on = status, record.reason, archived, now()
            if changed:
                self._publish(kept)

    def _end(self, row: Observation, status: Status, reason: str, archived: str = "") -> None:
        """Its end, its mail and its products' picture; whoever comes second changes nothing."""
        archived = archived or row.archived
        mailed = row.user_id is not None and self._app.state.accounts.mails.are_sent
        plot = self._products.plot(row, archived) if mailed and status == Status.completed else None
        with self._database.session() as session:
            kept = session.get(Observation, row.id, with_for_update=True)
            if kept is None or kept.status in ENDED:
                return
            kept.status, kept.reason, kept.archived = status, reason, archived
            kept.updated_on = kept.completed_on = now()
            if status == Status.completed:
                self._send_mail(session, kept, "request_finished", plot=plot)
            elif status == Status.failed:
                self._send_mail(session, kept, "request_failed")
        self._publish(kept)

    # who hears of it

    def _send_mail(self, session: Session, row: Observation, kind: str, **values: Any) -> None:
        """To people with an account alone: a guest's address may be anybody's."""
        if row.user_id is None:
            return
        accounts = self._app.state.accounts
        to = accounts.user_mail(row.user_id)
        if to:
            url = f"{self._app.state.settings.public_address}/observe/{row.id}"
            about = {"id": row.id, "target": name_of(row), "url": url, "reason": row.reason}
            accounts.mails.send(kind, to, session=session, **about, **values)

    def _publish(self, row: Observation) -> None:
        value = {"id": row.id, "target": name_of(row), "user": row.username, "status": row.status, "reason": row.reason}
        self._app.state.live.publish_message("observation", value)


def name_of(row: Observation) -> str:
    return row.asked.get("target_name") or f"Observation {row.id}"
