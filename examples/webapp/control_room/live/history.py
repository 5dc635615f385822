# SPDX-License-Identifier: BSD-3-Clause
"""What was measured and told: contract 2's types and history, charts, latest values."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import astro
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, JsonValue
from sqlalchemy import delete, func, select

from ..callers import Caller, Right, needs
from ..database import now
from .answers import PRINTABLE, REFUSALS, EmptyIsNone, Refusal
from .messages import after, event_message, to_time
from .tables import Event, ModulePoint

router = APIRouter(tags=["telemetry"])
Watch = Depends(needs(Right.watch))
TrustedWatch = Depends(needs(Right.watch, trusted=True))
Instant = Annotated[datetime | None, EmptyIsNone, Query(description="ISO 8601; without an offset: UTC; exclusive")]
STALE_AFTER = timedelta(seconds=60)


class Range(BaseModel):
    min: float | None = None
    max: float | None = None


class TelemetryType(BaseModel):
    unit: str | None
    data_type: Literal["int", "float", "string", "boolean", "array", "object"]
    range: Range | None
    description: str
    enum: list[str] | None


class TelemetryTypes(BaseModel):
    telemetry_types: dict[str, TelemetryType]
    last_updated: datetime


class StreamMessage(BaseModel, extra="allow"):
    """As it was sent over /ws; a point may have `unit` and `quality` too."""

    type: Literal["data", "message"]
    id: str = Field(examples=["temperature"])
    value: JsonValue = Field(examples=[22.5])
    timestamp: datetime


class HistoricalData(BaseModel):
    data: list[StreamMessage]
    total_records: int = Field(description="all that are kept")
    filtered_records: int = Field(description="in this answer")


class Cleared(BaseModel):
    message: str = Field(examples=["the history is empty"])
    removed: int = Field(examples=[1000])


class LatestPoint(BaseModel):
    id: str
    value: JsonValue
    unit: str | None
    timestamp: datetime
    quality: Literal["good", "doubtful", "bad"]
    stale: bool = Field(description="nothing came for so long as it should")


class Latest(BaseModel):
    points: list[LatestPoint]


class Limits(BaseModel):
    low_alarm: float | None = None
    low_warning: float | None = None
    high_warning: float | None = None
    high_alarm: float | None = None


class Chart(BaseModel):
    """Buckets of equal width; those in which nothing was measured are left out."""

    id: str
    unit: str | None
    from_: datetime = Field(alias="from")
    to: datetime
    step_s: float
    limits: Limits | None
    time: list[float] = Field(description="Unix time: the mean of what was measured in the bucket")
    mean: list[float]
    min: list[float]
    max: list[float]
    count: list[int]


@router.get("/telemetry-types", responses=REFUSALS, dependencies=[TrustedWatch])
def telemetry_types(request: Request) -> TelemetryTypes:
    """What devices and modules measure."""
    return TelemetryTypes(telemetry_types=request.app.state.live.catalogue.types(), last_updated=now())


@router.get(
    "/historical-data", response_model=HistoricalData, responses={**REFUSALS, 503: {"model": Refusal}},
    dependencies=[TrustedWatch],
)  # fmt: skip
def historical_data(
    request: Request,
    id: Annotated[
        str, Query(max_length=200, pattern=PRINTABLE, description="of a point or of a message; empty: all")
    ] = "",
    type: Annotated[Literal["", "data", "message"], Query(description="empty: both")] = "",
    limit: Annotated[int, Query(ge=1, le=100_000, description="the newest so many")] = 1000,
    from_timestamp: Instant = None,
    to_timestamp: Instant = None,
) -> Response:
    """Messages as they were sent, oldest first."""
    live = request.app.state.live
    since, until = _utc(from_timestamp), _utc(to_timestamp)
    data: list[dict[str, Any]] = []
    if type != "message":
        text = astro.telemetry.history_messages(
            live.store, id=id, limit=limit, from_=since and after(since), to=until and to_time(until)
        )
        data = json.loads(text)
    if type != "data":
        data += _events(live, id, limit, since, until)
        data.sort(key=_moment)
        data = data[-limit:]
    total = max(_Counted.of(live), len(data))  # some may have come since it was counted
    return Response(
        json.dumps({"data": data, "total_records": total, "filtered_records": len(data)}),
        media_type="application/json",
    )


def _events(live: Any, name: str, limit: int, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    asked = select(Event).order_by(Event.time.desc(), Event.id.desc()).limit(limit)
    if name:
        asked = asked.where(Event.name == name)
    if since:
        asked = asked.where(Event.time > since)
    if until:
        asked = asked.where(Event.time < until)
    with live.database.reading() as session:
        return [event_message(row.name, row.value, row.time) for row in reversed(session.scalars(asked).all())]


def _moment(message: dict[str, Any]) -> str:
    """Texts of one form sort by time; a whole second has no fraction, and `+` sorts before `.`."""
    return str(message["timestamp"])


class _Counted:
    """Counting millions takes its time: so often as not to matter."""

    total, until = 0, 0.0

    @classmethod
    def of(cls, live: Any) -> int:
        begin = time.monotonic()
        if begin >= cls.until:
            with live.database.reading() as session:
                events = session.scalar(select(func.count()).select_from(Event)) or 0
            cls.total = events + astro.telemetry.count_history(live.store)
            cls.until = time.monotonic() + 20 * (time.monotonic() - begin)
        return cls.total


@router.delete("/historical-data", responses={**REFUSALS, 503: {"model": Refusal}})
def clear_historical_data(
    caller: Annotated[Caller, Depends(needs(Right.administer, trusted=True))], request: Request
) -> Cleared:
    """Removes points and messages; averages stay, and so does who did this."""
    live = request.app.state.live
    removed = astro.telemetry.clear_history(live.store, caller.name)
    with live.database.session() as session:
        removed += session.execute(delete(Event)).rowcount
    _Counted.until = 0.0
    live.app.state.accounts.audit(caller, "clear the history", "historical-data", {"removed": removed})
    return Cleared(message="the history is empty", removed=removed)


@router.get("/api/latest", responses=REFUSALS, dependencies=[Watch])
def latest(request: Request) -> Latest:
    """The newest value of every point."""
    live, moment = request.app.state.live, now()
    silent = timedelta(seconds=3 * request.app.state.settings.module_interval_s)
    points = []
    for point in live.site.latest():
        measured = point.time.datetime
        points.append(
            LatestPoint(
                id=point.id,
                value=point.value,
                unit=point.unit or None,
                timestamp=measured,
                quality=str(point.quality),
                stale=moment - measured > STALE_AFTER,
            )  # fmt: skip
        )
    with live.database.reading() as session:
        for kept in session.scalars(select(ModulePoint).order_by(ModulePoint.id)):
            points.append(
                LatestPoint(
                    id=kept.id,
                    value=kept.value,
                    unit=kept.unit or None,
                    timestamp=kept.time,
                    quality="good",
                    stale=moment - kept.time > silent,
                )  # fmt: skip
            )
    return Latest(points=points)


@router.get("/api/chart", response_model=Chart, responses={**REFUSALS, 404: {"model": Refusal}}, dependencies=[Watch])
def chart(
    request: Request,
    id: Annotated[str, Query(max_length=200, pattern=PRINTABLE, examples=["temperature"])],
    from_: Annotated[datetime, Query(alias="from")],
    to: datetime,
    width: Annotated[int, Query(ge=1, le=10_000, description="buckets, about")] = 800,
) -> Response:
    """Least, greatest and average for a picture so wide, at any zoom from seconds to years."""
    live = request.app.state.live
    begin, end = _utc(from_), _utc(to)
    assert begin and end
    if begin >= end:
        raise HTTPException(422, [{"loc": ["query", "to"], "msg": "must be after `from`", "type": "value_error"}])
    drawn = astro.telemetry.chart(live.store, id, to_time(begin), to_time(end), width)
    body = {
        "id": id, "unit": drawn.unit or None, "from": begin.isoformat(), "to": end.isoformat(),
        "step_s": (end - begin).total_seconds() / width,
        "limits": limits_of(live.site, id), "time": drawn.time.tolist(), "mean": drawn.average.tolist(),
        "min": drawn.min.tolist(), "max": drawn.max.tolist(), "count": drawn.count.tolist(),
    }  # fmt: skip
    return Response(json.dumps(body), media_type="application/json")


def limits_of(site: astro.Observatory, point: str) -> dict[str, float | None] | None:
    """Of the first alarm that watches the point, as far as they are plain numbers."""
    rules = (site.site.sections.get("telemetry") or {}).get("alarms") or {}
    for rule in rules.values():
        if rule.get("point") == point:
            found = {name: _number(rule.get(name)) for name in Limits.model_fields}
            if any(limit is not None for limit in found.values()):
                return found
    return None


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


def _utc(given: datetime | None) -> datetime | None:
    if given is None:
        return None
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
