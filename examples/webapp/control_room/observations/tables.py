# SPDX-License-Identifier: BSD-3-Clause
"""What the part `observations` keeps beside the queue of the site's store."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..database import Table, now


class Observation(Table):
    """A request as it was accepted, and what has become of it. `key` is its id in the queue."""

    __tablename__ = "observations"
    __table_args__ = {"sqlite_autoincrement": True}  # an id is never given twice: links and mails name it
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)  # None: a guest without an account
    username: Mapped[str] = mapped_column(String(80))
    requestor: Mapped[dict | None] = mapped_column(JSON)
    asked: Mapped[dict] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    queued: Mapped[bool] = mapped_column(default=False)  # whether the queue is known to have it
    archived: Mapped[str] = mapped_column(String(64), default="")  # the observation's id in the store
    idempotency_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_on: Mapped[datetime] = mapped_column(default=now)
    updated_on: Mapped[datetime] = mapped_column(default=now)
    completed_on: Mapped[datetime | None]


class Lease(Table):
    """Which instance carries out the queue. `beat` grows as long as it lives; clocks are not compared."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    beat: Mapped[int]


class Running(Table):
    """What the instance that observes tells the others, once a second."""

    __tablename__ = "running"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    observation: Mapped[int]
    progress: Mapped[dict] = mapped_column(JSON)
    frame: Mapped[bytes] = mapped_column(LargeBinary)


class Driver(Table):
    """Who drives a mount."""

    __tablename__ = "drivers"
    mount: Mapped[str] = mapped_column(String(64), primary_key=True)
    who: Mapped[str] = mapped_column(String(80))
    since: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class DriveRequest(Table):
    """Who would like to."""

    __tablename__ = "drive_requests"
    mount: Mapped[str] = mapped_column(String(64), primary_key=True)
    who: Mapped[str] = mapped_column(String(80), primary_key=True)
    since: Mapped[datetime] = mapped_column(default=now)
