# SPDX-License-Identifier: BSD-3-Clause
"""Alarms: told to who watches, mailed, acknowledged, silenced. And the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import astro
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue
from sqlalchemy import select

from ..callers import Caller, Right, needs
from ..database import now
from ..texts import PlainText
from .answers import NUMBER, REFUSALS, Refusal
from .tables import Silence

if TYPE_CHECKING:
    from ..room import Room
    from .service import Live

router = APIRouter(tags=["alarms"])
Operating = Annotated[Caller, Depends(needs(Right.operate))]
Watch = Depends(needs(Right.watch))
NOT_FOUND = {404: {"model": Refusal}}
AlarmId = Annotated[str, Path(pattern=NUMBER)]


class AlarmCommandKept(BaseModel):
    id: str
    device: str
    command: str
    state: str
    message: str


class AlarmKept(BaseModel):
    id: str = Field(description="of this occurrence")
    name: str = Field(description="of the rule in the site file")
    point: str
    level: Literal["normal", "warning", "alarm"]
    state: Literal["raised", "cleared"]
    message: str
    value: JsonValue
    unit: str
    raised: datetime
    changed: datetime
    cleared: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str
    note: str
    commands: list[AlarmCommandKept]
    silenced_until: datetime | None


class AlarmsKept(BaseModel):
    alarms: list[AlarmKept]


class Acknowledge(BaseModel):
    note: PlainText = Field("", max_length=2000, examples=["the roof is shut"])


class SilenceAsked(BaseModel):
    minutes: float = Field(gt=0, le=10080, allow_inf_nan=False, examples=[30])


class LogLine(BaseModel):
    time: datetime
    level: Literal["debug", "info", "warning", "error"]
    source: str
    message: str


class LogLines(BaseModel):
    lines: list[LogLine]


class AlarmBell:
    """Hears of the hub's alarms, and tells."""

    def __init__(self, live: Live, room: Room) -> None:
        self._live, self._room = live, room
        self._mailed: dict[str, str] = {}  # of each occurrence: the level that was mailed

    def start(self) -> None:
        self._room.alarm_listeners.append(self.changed)

    def close(self) -> None:
        self._room.alarm_listeners.remove(self.changed)

    def changed(self, alarm: astro.telemetry.Alarm) -> None:
        shown = kept(alarm, None)
        self._live.publish_message("alarm", shown.model_dump(mode="json"))
        if shown.state == "cleared":
            self._mailed.pop(shown.id, None)
        elif self._mailed.get(shown.id) != shown.level:
            self._mailed[shown.id] = shown.level
            if shown.acknowledged is None:  # else somebody knows: it rose before this process did
                self._mail(shown)

    def _mail(self, alarm: AlarmKept) -> None:
        to = self._live.app.state.settings.alarm_mails
        if not to:
            return
        with self._live.database.session() as session:
            silence = session.get(Silence, alarm.name)
            if silence and silence.until > now():
                return
            for each in to:
                self._live.app.state.accounts.mails.send("alarm", each, session=session, alarm=alarm.model_dump())


def kept(alarm: astro.telemetry.Alarm, silenced_until: datetime | None) -> AlarmKept:
    def moment(time: astro.Time | None) -> datetime | None:
        return time and time.datetime

    return AlarmKept(
        id=alarm.id, name=alarm.name, point=alarm.point, level=str(alarm.level), state=str(alarm.state),
        message=alarm.message, value=alarm.value, unit=alarm.unit, raised=alarm.raised.datetime,
        changed=alarm.changed.datetime, cleared=moment(alarm.cleared), acknowledged=moment(alarm.acknowledged),
        acknowledged_by=alarm.acknowledged_by, note=alarm.note, silenced_until=silenced_until,
        commands=[
            AlarmCommandKept(id=each.id, device=each.device, command=each.command, state=each.state, message=each.message)
            for each in alarm.commands
        ],
    )  # fmt: skip


def _alarms(request: Request, ended: bool) -> list[astro.telemetry.Alarm]:
    """What the hub knows is newer than what it has written."""
    live = request.app.state.live
    fresh = live.hub.alarms() if live.hub is not None else []
    known = {alarm.id for alarm in fresh}
    rest = astro.telemetry.list_alarms(live.store, ended) if ended or live.hub is None else []
    return sorted(
        [*fresh, *(each for each in rest if each.id not in known)], key=lambda each: each.raised, reverse=True
    )


def _one(request: Request, number: str) -> astro.telemetry.Alarm:
    for alarm in _alarms(request, True):
        if alarm.id == number:
            return alarm
    raise HTTPException(404, f"there is no alarm {number}")


def _silenced(request: Request) -> dict[str, datetime]:
    with request.app.state.database.reading() as session:
        return {row.alarm: row.until for row in session.scalars(select(Silence).where(Silence.until > now()))}


@router.get("/api/alarms", responses={**REFUSALS, 503: {"model": Refusal}}, dependencies=[Watch])
def list_alarms(
    request: Request,
    ended: Annotated[bool, Query(description="those too that are over and acknowledged")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> AlarmsKept:
    """Newest first."""
    silenced = _silenced(request)
    return AlarmsKept(alarms=[kept(each, silenced.get(each.name)) for each in _alarms(request, ended)[:limit]])


@router.post("/api/alarms/{id}/acknowledge", responses={**REFUSALS, **NOT_FOUND, 503: {"model": Refusal}})
def acknowledge_alarm(id: AlarmId, asked: Acknowledge, caller: Operating, request: Request) -> AlarmKept:
    """Somebody has seen it."""
    live = request.app.state.live
    _one(request, id)
    if live.hub is not None:
        alarm = live.hub.acknowledge(id, caller.name, asked.note)
    else:
        alarm = astro.telemetry.acknowledge_alarm(live.store, id, caller.name, asked.note)
    live.app.state.accounts.audit(caller, "acknowledge alarm", alarm.name, {"alarm": id, "note": asked.note})
    return kept(alarm, _silenced(request).get(alarm.name))


@router.post("/api/alarms/{id}/silence", responses={**REFUSALS, **NOT_FOUND})
def silence_alarm(id: AlarmId, asked: SilenceAsked, caller: Operating, request: Request) -> AlarmKept:
    """No mails of this rule for a while; it is shown all the same."""
    alarm = _one(request, id)
    until = now() + timedelta(minutes=asked.minutes)
    with request.app.state.database.session() as session:
        session.merge(Silence(alarm=alarm.name, until=until, by=caller.name))
    live = request.app.state.live
    live.app.state.accounts.audit(caller, "silence alarm", alarm.name, {"alarm": id, "minutes": asked.minutes})
    shown = kept(alarm, until)
    live.publish_message("alarm", shown.model_dump(mode="json"))
    return shown


@router.get("/api/log", responses=REFUSALS, dependencies=[Depends(needs(Right.operate))])
def log_lines(
    request: Request,
    level: Literal["debug", "info", "warning", "error"] = "info",
    limit: Annotated[int, Query(ge=1, le=2000)] = 200,
) -> LogLines:
    """The newest lines of this process's log, newest first."""
    return LogLines(lines=[LogLine(**line) for line in request.app.state.live.lines.newest(level, limit)])
