# SPDX-License-Identifier: BSD-3-Clause
"""What the live part keeps in the database: modules, commands and their fate, messages, points on their way."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..database import Table

Counted = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts by itself only what it calls INTEGER


class Module(Table):
    """One who speaks HTTP. It is here from its first post on; until somebody admits it, it gets no commands."""

    __tablename__ = "live_module"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]
    last_seen: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    admitted_by: Mapped[str] = mapped_column(String(255), default="")
    says_offline: Mapped[bool] = mapped_column(default=False)
    boot: Mapped[int] = mapped_column(BigInteger)  # of its points: it differs when it was forgotten in between
    points: Mapped[int] = mapped_column(BigInteger, default=0)  # accepted so far, and the number of the last one
    versions: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ModulePoint(Table):
    """What a module measures, and its newest value."""

    __tablename__ = "live_module_point"

    id: Mapped[str] = mapped_column(String(129), primary_key=True)  # module.type
    module_id: Mapped[str] = mapped_column(ForeignKey("live_module.id", ondelete="CASCADE"), index=True)
    type: Mapped[str] = mapped_column(String(64), index=True)
    unit: Mapped[str] = mapped_column(String(64), default="")
    value: Mapped[Any] = mapped_column(JSON)
    time: Mapped[datetime]


class WaitingPoint(Table):
    """A point that was accepted. It waits here until the hub has it in the store, and for the other processes."""

    __tablename__ = "live_waiting_point"
    __table_args__ = (
        UniqueConstraint("source", "boot", "sequence"),
        Index("ix_live_waiting_point_kept_id", "kept", "id"),
    )

    id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    process: Mapped[str] = mapped_column(String(36))  # that accepted it: its clients have it already
    accepted: Mapped[datetime] = mapped_column(index=True)
    kept: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(64))
    boot: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    point: Mapped[str] = mapped_column(String(129))
    nanoseconds: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[Any] = mapped_column(JSON)
    unit: Mapped[str] = mapped_column(String(64))


class Event(Table):
    """A message of the stream that is no point: it stays, as points stay in the store."""

    __tablename__ = "live_event"

    id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    process: Mapped[str] = mapped_column(String(36))
    time: Mapped[datetime] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    value: Mapped[Any] = mapped_column(JSON)


class LiveCommand(Table):
    """A command to a device or to a module, and how far it is."""

    __tablename__ = "live_command"
    __table_args__ = (Index("ix_live_command_device_issued", "device", "issued"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    device: Mapped[str] = mapped_column(String(64))
    command: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    to_module: Mapped[bool] = mapped_column(default=False)
    issuer: Mapped[str] = mapped_column(String(255))
    process: Mapped[str] = mapped_column(String(36))
    issued: Mapped[datetime] = mapped_column(index=True)
    expires: Mapped[datetime]
    handed_out: Mapped[datetime | None]  # to a module: never a second time
    state: Mapped[str] = mapped_column(String(16), default="received", index=True)
    changed: Mapped[datetime]
    message: Mapped[str] = mapped_column(String(2000), default="")
    error_code: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Frame(Table):
    """A picture of a module; its bytes are an object of the store, or rest here when the store is away."""

    __tablename__ = "live_frame"

    id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("live_module.id", ondelete="CASCADE"), index=True)
    time: Mapped[datetime]
    media_type: Mapped[str] = mapped_column(String(32))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Silence(Table):
    """Until then an alarm of this rule sends no mails."""

    __tablename__ = "live_silence"

    alarm: Mapped[str] = mapped_column(String(255), primary_key=True)
    until: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(255))
