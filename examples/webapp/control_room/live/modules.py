# SPDX-License-Identifier: BSD-3-Clause
"""Small modules over HTTP (contract 3): what they measure, and commands that wait until they ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import astro
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from ..callers import Caller, Right, caller_of, needs
from ..database import now
from ..texts import PlainText
from .answers import PRINTABLE, REFUSALS, EmptyIsNone, JsonObject, Keepable, Refusal
from .keeper import live_point
from .messages import FINAL, after, to_time
from .tables import LiveCommand, Module, ModulePoint, WaitingPoint

router = APIRouter(tags=["modules over HTTP"])

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
TYPE = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
MOST_MODULES = 1000
KEPT_WITHIN_S = 2.0  # how long an answer waits for the store; the point is safe before that
AHEAD = timedelta(days=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

ModuleName = Annotated[str, Path(pattern=NAME, examples=["temp-sensor-01"])]
TypeName = Annotated[str, Path(pattern=TYPE, examples=["temperature"])]
NOT_FOUND = {404: {"model": Refusal}}
CONFLICT = {409: {"model": Refusal}}


def _posting(connection: HTTPConnection) -> Caller:
    """A module by its own key, or whoever may operate."""
    caller = caller_of(connection)
    return caller if caller.module else _operating(connection)


_operating = needs(Right.operate, trusted=True)
_posting.right, _posting.trusted = Right.operate, True  # type: ignore[attr-defined]
Posting = Annotated[Caller, Depends(_posting)]
Operating = Annotated[Caller, Depends(_operating)]
TrustedWatch = Depends(needs(Right.watch, trusted=True))


class Measured(BaseModel):
    module_id: str = Field(pattern=NAME, examples=["temp-sensor-01"])
    value: Annotated[bool | int | float | Annotated[PlainText, Field(max_length=4000)], Keepable] = Field(
        examples=[21.3]
    )
    unit: PlainText = Field("", max_length=64, examples=["celsius"])
    timestamp: float | None = Field(None, allow_inf_nan=False, description="Unix time; without: now", examples=[1.7e9])


class Stored(BaseModel):
    status: Literal["stored", "repeated"]
    id: str = Field(description="of the point in the history", examples=["temp-sensor-01.temperature"])
    timestamp: float


class SensorRecord(BaseModel):
    module_id: str
    type: str
    unit: str
    timestamp: float = Field(description="Unix time; of an average the begin of its hour or day")
    value: JsonValue = Field(description="of an average: the mean")
    min: float | None = None
    max: float | None = None
    count: int | None = None


class Control(BaseModel):
    command: PlainText = Field(min_length=1, max_length=64, examples=["set_led"])
    parameters: JsonObject = Field(default={}, max_length=64, examples=[{"on": True}])


class Controlled(BaseModel):
    command_id: str
    status: Literal["pending"]
    expires_at: float


class WaitingCommand(BaseModel):
    command_id: str
    command: str
    parameters: dict[str, JsonValue]
    issued_at: float
    expires_at: float


class WaitingCommands(BaseModel):
    commands: list[WaitingCommand]


class Status(BaseModel):
    command_id: str | None = Field(None, max_length=36)
    status: Literal["started", "completed", "failed", "online", "offline"]
    message: PlainText | None = Field(None, max_length=2000)
    details: JsonObject | None = Field(None, max_length=64)


class Heard(BaseModel):
    status: Literal["heard"]


def check_module(caller: Caller, request: Request, module_id: str) -> None:
    if caller.module and caller.module != module_id:
        raise HTTPException(403, f"this key belongs to the module {caller.module}, and speaks for no other")
    if module_id in request.app.state.live.catalogue.commands:
        raise HTTPException(409, f"{module_id} is a device of the site: give the module another name")


def seen(session: Session, module_id: str) -> tuple[Module, bool]:
    """The module, heard just now, and whether it is new."""
    moment = now()
    row = session.get(Module, module_id, with_for_update=True)
    if row is not None:
        row.last_seen = moment
        return row, False
    if (session.scalar(select(func.count()).select_from(Module)) or 0) >= MOST_MODULES:
        raise HTTPException(409, f"there are {MOST_MODULES} modules already: forget some")
    row = Module(id=module_id, since=moment, last_seen=moment, boot=int(moment.timestamp() * 1000), points=0)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another process was faster
        return seen(session, module_id)[0], False
    return row, True


def tell_of_new(request: Request, module_id: str) -> None:
    request.app.state.live.publish_message(
        "module", {"module_id": module_id, "state": "pending", "message": "posted for the first time"}
    )


@router.post(
    "/api/sensors/{type}", responses={**REFUSALS, **CONFLICT, 503: {"model": Refusal}}, summary="A module measured"
)
def post_sensor(type: TypeName, measured: Measured, caller: Posting, request: Request) -> Stored:
    """Keeps a value as the point `module_id.type`. The same module, type and timestamp again is kept once."""
    check_module(caller, request, measured.module_id)
    moment = _moment(measured.timestamp)
    row, is_new = _accept(request, type, measured, moment)
    point = f"{measured.module_id}.{type}"
    if is_new:
        tell_of_new(request, measured.module_id)
    if row is None:
        return Stored(status="repeated", id=point, timestamp=_unix(moment))
    live = request.app.state.live
    live.feed.add([live_point(row)])
    live.keeper.wait(row.id, KEPT_WITHIN_S)
    return Stored(status="stored", id=point, timestamp=_unix(moment))


def _moment(timestamp: float | None) -> int:
    """In nanoseconds. A module whose clock is far off is told so, or its points would lie where nobody looks."""
    if timestamp is None:
        return to_time(now()).nanoseconds
    if not EARLIEST.timestamp() <= timestamp <= (now() + AHEAD).timestamp():
        raise HTTPException(
            422,
            [{"loc": ["body", "timestamp"], "type": "value_error",
              "msg": "not between 2000 and tomorrow: seconds since 1970, or leave it out"}],
        )  # fmt: skip
    return round(timestamp * 1e6) * 1000


def _accept(request: Request, type: str, measured: Measured, moment: int) -> tuple[WaitingPoint | None, bool]:
    """In one transaction; none: it is there already."""
    live = request.app.state.live
    point = f"{measured.module_id}.{type}"
    if measured.timestamp is not None and _is_kept(live.store, point, moment):
        return None, False
    with live.database.session() as session:
        module, is_new = seen(session, measured.module_id)
        module.says_offline = False
        same = select(WaitingPoint.id).where(
            WaitingPoint.source == module.id, WaitingPoint.point == point, WaitingPoint.nanoseconds == moment
        )
        if measured.timestamp is not None and session.scalar(same) is not None:
            return None, is_new
        module.points += 1
        row = WaitingPoint(
            process=live.process, accepted=now(), source=module.id, boot=module.boot, sequence=module.points,
            point=point, nanoseconds=moment, value=measured.value, unit=measured.unit,
        )  # fmt: skip
        session.add(row)
        time = datetime.fromtimestamp(_unix(moment), UTC)
        newest = session.get(ModulePoint, point)
        if newest is None:
            newest = ModulePoint(id=point, module_id=module.id, type=type, time=time, value=measured.value)
            session.add(newest)
        if newest.time <= time:
            newest.time, newest.value, newest.unit = time, measured.value, measured.unit
    return row, is_new


def _is_kept(store: astro.StoreHandle, point: str, moment: int) -> bool:
    around = {"from_": astro.Time.from_nanoseconds(moment - 1), "to": astro.Time.from_nanoseconds(moment + 1)}
    return bool(astro.telemetry.find_history(store, id=point, limit=1, **around))


@router.get("/api/sensors/{type}", responses={**REFUSALS, 503: {"model": Refusal}}, dependencies=[TrustedWatch])
def get_sensors(
    type: TypeName,
    request: Request,
    module_id: Annotated[str, Query(max_length=64, pattern=PRINTABLE)] = "",
    from_: Annotated[
        datetime | None, EmptyIsNone, Query(alias="from", description="Unix time or ISO 8601; exclusive")
    ] = None,
    to: Annotated[datetime | None, EmptyIsNone] = None,
    limit: Annotated[int, Query(ge=1, le=100_000, description="the newest so many")] = 1000,
    aggregate: Annotated[Literal["hour", "day"] | None, EmptyIsNone, Query(description="averages instead")] = None,
) -> list[SensorRecord]:
    """Of all modules that measure this, or of one; oldest first."""
    live = request.app.state.live
    asked = select(ModulePoint).where(ModulePoint.type == type).order_by(ModulePoint.id)
    if module_id:
        asked = asked.where(ModulePoint.module_id == module_id)
    with live.database.reading() as session:
        points = session.scalars(asked).all()
    between = {"from_": from_ and after(_utc(from_)), "to": to and to_time(_utc(to))}
    records: list[SensorRecord] = []
    for point in points:
        if aggregate is None:
            for each in astro.telemetry.find_history(live.store, id=point.id, limit=limit, **between):
                records.append(_record(point, each.unit, each.time, each.value))
        else:
            for of in astro.telemetry.find_aggregates(live.store, id=point.id, period=aggregate, **between):
                records.append(_record(point, of.unit, of.begin, of.average, min=of.min, max=of.max, count=of.count))
    records.sort(key=lambda record: record.timestamp)
    return records[-limit:]


def _record(point: ModulePoint, unit: str, time: astro.Time, value: Any, **more: Any) -> SensorRecord:
    return SensorRecord(
        module_id=point.module_id, type=point.type, unit=unit, timestamp=_unix(time.nanoseconds), value=value, **more
    )


def _unix(nanoseconds: int) -> float:
    """To the microsecond, which a float still has exactly."""
    return nanoseconds // 1000 / 1e6


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@router.post("/api/modules/{module_id}/control", responses={**REFUSALS, **NOT_FOUND, **CONFLICT})
def control_module(module_id: ModuleName, control: Control, caller: Operating, request: Request) -> Controlled:
    """Puts a command where the module finds it. Until the module is admitted it is not handed out."""
    live, moment = request.app.state.live, now()
    check_module(caller, request, module_id)
    expires = moment + timedelta(seconds=request.app.state.settings.command_expiry_s)
    with live.database.session() as session:
        if session.get(Module, module_id) is None:
            raise HTTPException(404, f"no module {module_id} has ever posted" + _but_node(live, module_id))
        row = LiveCommand(
            id=astro.new_id(), device=module_id, command=control.command, parameters=control.parameters,
            to_module=True, issuer=caller.name, process=live.process, issued=moment, expires=expires, changed=moment,
        )  # fmt: skip
        session.add(row)
        value = live.journal.conclude(session, row, "received", "waits for the module", "", None, moment)
    live.feed.tell("command_result", value, to_time(moment))
    live.app.state.accounts.audit(caller, "command", f"{module_id}.{control.command}", {"command_id": row.id})
    return Controlled(command_id=row.id, status="pending", expires_at=expires.timestamp())


def _but_node(live: Any, name: str) -> str:
    return "; it is a node: command its devices by POST /api/commands" if live.nodes.find(name) else ""


@router.get("/api/modules/{module_id}/commands", responses={**REFUSALS, **CONFLICT})
def take_commands(module_id: ModuleName, caller: Posting, request: Request) -> WaitingCommands:
    """What waits for the module, oldest first. Each is handed out once, whatever becomes of this answer."""
    check_module(caller, request, module_id)
    live, moment = request.app.state.live, now()
    waiting = (
        select(LiveCommand)
        .where(LiveCommand.device == module_id, LiveCommand.to_module.is_(True), LiveCommand.state == "received")
        .where(LiveCommand.handed_out.is_(None), LiveCommand.expires > moment)
        .order_by(LiveCommand.issued, LiveCommand.id)
    )
    with live.database.reading() as session:
        known = session.get(Module, module_id)
        is_idle = session.scalar(waiting.limit(1)) is None or not (known and known.admitted_at)
        if known and is_idle and moment - known.last_seen < timedelta(seconds=5) and not known.says_offline:
            return WaitingCommands(commands=[])  # who asks often costs no writing
    with live.database.session() as session:
        module, is_new = seen(session, module_id)
        module.says_offline = False
        rows = session.scalars(waiting.with_for_update()).all() if module.admitted_at else []
        for row in rows:
            row.handed_out = moment
    if is_new:
        tell_of_new(request, module_id)
    return WaitingCommands(
        commands=[
            WaitingCommand(
                command_id=row.id, command=row.command, parameters=row.parameters,
                issued_at=row.issued.timestamp(), expires_at=row.expires.timestamp(),
            )
            for row in rows
        ]
    )  # fmt: skip


@router.post("/api/modules/{module_id}/status", responses={**REFUSALS, **NOT_FOUND, **CONFLICT})
def post_status(module_id: ModuleName, status: Status, caller: Posting, request: Request) -> Heard:
    """What became of a command, or that the module comes or goes."""
    check_module(caller, request, module_id)
    live = request.app.state.live
    is_of_command = status.status in ("started", "completed", "failed")
    if is_of_command and status.command_id is None:
        raise HTTPException(
            422, [{"loc": ["body", "command_id"], "type": "value_error", "msg": f"{status.status}: of which command?"}]
        )
    value = None
    with live.database.session() as session:
        module, is_new = seen(session, module_id)
        module.says_offline = status.status == "offline"
        if status.status == "online" and status.details:
            module.versions = {name[:64]: str(each)[:200] for name, each in status.details.items()}
        if is_of_command:
            value = _conclude(live, session, module_id, status)
    if is_new:
        tell_of_new(request, module_id)
    if value:
        live.feed.tell("command_result", value, astro.Time.now())
    if not is_of_command:
        told = {"module_id": module_id, "state": status.status, "message": status.message or status.status}
        live.publish_message("module", told)
    return Heard(status="heard")


def _conclude(live: Any, session: Session, module_id: str, status: Status) -> dict[str, Any] | None:
    row = session.get(LiveCommand, status.command_id, with_for_update=True)
    if row is None or not row.to_module or row.device != module_id:
        raise HTTPException(404, f"the module {module_id} was given no command {status.command_id}")
    if row.state == status.status:
        return None  # told again, because the answer was lost
    if row.state in FINAL:
        raise HTTPException(409, f"the command {row.id} has ended already: {row.state}")
    if row.handed_out is None:
        raise HTTPException(409, f"the command {row.id} was not handed out")
    if row.expires <= now():
        raise HTTPException(409, f"the command {row.id} has expired")
    code = "module" if status.status == "failed" else ""
    return live.journal.conclude(session, row, status.status, status.message or "", code, status.details, now())
