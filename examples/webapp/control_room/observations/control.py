# SPDX-License-Identifier: BSD-3-Clause
"""Many watch, one drives: who has a mount, who would like to, and until when.

The table says who of us drives. libastro's own lease is taken with it, so that a handset outranks everybody here and an
observation that runs is ended by whoever takes over."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import astro
from fastapi import HTTPException
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from ..callers import Caller, Right
from ..database import Database, now
from ..room import Room
from .tables import Driver, DriveRequest


class NotInControl(Exception):
    """Says who is."""


@dataclass(frozen=True)
class Drive:
    """A mount as it is driven."""

    name: str
    holder: str | None
    rank: str | None  # operator, handset, observation
    since: datetime | None
    expires_at: datetime | None
    requests: list[tuple[str, datetime]]


class Control:
    def __init__(self, room: Room, database: Database, changed: Callable[[Drive], None]) -> None:
        self._room, self._database, self._changed = room, database, changed
        self._time = timedelta(minutes=room.settings.control_minutes)

    # how it is

    def mounts(self) -> list[str]:
        return self._room.site.names("mount")

    def drive(self, mount: str) -> Drive:
        with self._database.reading() as session:
            driver = session.get(Driver, mount)
        if driver is not None and driver.expires_at <= now():
            with self._database.session() as session:
                driver = self._driver(session, mount)
        with self._database.reading() as session:
            asking = session.scalars(_asking(mount)).all()
        requests = [(each.who, each.since) for each in asking]
        held = self._room.site.mount(mount).holder
        if held is not None and (driver is None or held[0].name != driver.who):
            issuer, until = held  # a handset, or an observation that runs
            if driver is not None:
                requests.insert(0, (driver.who, driver.since))  # it is his when they let go
            return Drive(mount, issuer.name or str(issuer.rank), str(issuer.rank), None, self._real(until), requests)
        if driver is None:
            return Drive(mount, None, None, None, None, requests)
        return Drive(mount, driver.who, "operator", driver.since, driver.expires_at, requests)

    def _real(self, until: "astro.Time") -> datetime:
        """A lease ends by the observatory's clock, which may be simulated."""
        clock = self._room.site.clock
        return now() + timedelta(seconds=min(max(until - clock.now(), 0.0) / clock.speed, 1e6))

    def check(self, caller: Caller, mount: str) -> None:
        """Raises NotInControl; else he drives on, and his time begins anew."""
        with self._database.session() as session:
            driver = self._driver(session, mount)
            if driver is None or driver.who != caller.name:
                raise NotInControl(
                    f"{driver.who} drives {mount}: ask for control" if driver else f"take control of {mount} first"
                )
            driver.expires_at = now() + self._time
        self._take_lease(caller.name, mount)

    def allow(self, caller: Caller, device: str, command: str) -> None:
        """Of commands beside the pad: as there, refuses (409) a mount's to who does not drive it. Stop always goes."""
        if command == "stop" or device not in self.mounts():
            return
        try:
            self.check(caller, device)
        except NotInControl as why:
            raise HTTPException(409, str(why)) from why

    # how it changes

    def request(self, caller: Caller, mount: str) -> Drive:
        """At once when nobody drives; else it stands with who does, and comes when it is free."""
        with self._database.session() as session:
            driver = self._driver(session, mount)
            if driver is None:
                self._give(session, mount, caller.name)
            elif driver.who == caller.name:
                driver.expires_at = now() + self._time
            elif session.get(DriveRequest, (mount, caller.name)) is None:
                session.add(DriveRequest(mount=mount, who=caller.name))
        return self._told(mount)

    def grant(self, caller: Caller, mount: str, to: str) -> Drive:
        """By who drives, to one who asked."""
        with self._database.session() as session:
            driver = self._driver(session, mount)
            if driver is None or (driver.who != caller.name and not caller.may(Right.administer)):
                raise NotInControl(f"only who drives {mount} can hand it on")
            if session.get(DriveRequest, (mount, to)) is None:
                raise NotInControl(f"{to} has not asked for {mount}")
            before = driver.who
            self._give(session, mount, to)
        self._drop_lease(before, mount)
        return self._told(mount)

    def release(self, caller: Caller, mount: str) -> Drive:
        """By who drives, or who asked: then it is his no more, and who asked first has it."""
        with self._database.session() as session:
            session.execute(delete(DriveRequest).where(DriveRequest.mount == mount, DriveRequest.who == caller.name))
            driver = self._driver(session, mount)
            if driver is not None and driver.who == caller.name:
                session.delete(driver)
                session.flush()
                self._pass_on(session, mount)
        self._drop_lease(caller.name, mount)
        return self._told(mount)

    def take(self, caller: Caller, mount: str) -> Drive:
        """By an admin, whoever drives."""
        with self._database.session() as session:
            driver = self._driver(session, mount)
            before = driver.who if driver is not None else ""
            self._give(session, mount, caller.name)
        if before and before != caller.name:
            self._drop_lease(before, mount)
        return self._told(mount)

    def _driver(self, session: Session, mount: str) -> Driver | None:
        """Whose time has passed drives no longer; who asked first does."""
        driver = session.get(Driver, mount, with_for_update=True)
        if driver is not None and driver.expires_at <= now():
            session.delete(driver)
            session.flush()
            self._drop_lease(driver.who, mount)
            driver = self._pass_on(session, mount)
        return driver

    def _pass_on(self, session: Session, mount: str) -> Driver | None:
        first = session.scalars(_asking(mount)).first()
        return None if first is None else self._give(session, mount, first.who)

    def _give(self, session: Session, mount: str, who: str) -> Driver:
        session.execute(delete(DriveRequest).where(DriveRequest.mount == mount, DriveRequest.who == who))
        return session.merge(Driver(mount=mount, who=who, since=now(), expires_at=now() + self._time))

    def _told(self, mount: str) -> Drive:
        told = self.drive(mount)
        if told.rank == "operator" and told.holder and self._room.site.mount(mount).holder is None:
            with suppress(astro.Error):  # he takes it when he moves; an observation that runs goes on until then
                self._take_lease(told.holder, mount)
        self._changed(told)
        return told

    # libastro's lease, in the observatory's time

    def handle(self, who: str, mount: str) -> "astro.MountHandle":
        return self._room.site.mount(mount, astro.Issuer(name=who, rank="operator"))

    def _take_lease(self, who: str, mount: str) -> None:
        self.handle(who, mount).take(self._time.total_seconds() * self._room.site.clock.speed)

    def _drop_lease(self, who: str, mount: str) -> None:
        with suppress(astro.Error):  # it was not his: a handset's, or ended
            self.handle(who, mount).release()


def _asking(mount: str) -> Select[tuple[DriveRequest]]:
    return select(DriveRequest).where(DriveRequest.mount == mount).order_by(DriveRequest.since, DriveRequest.who)
