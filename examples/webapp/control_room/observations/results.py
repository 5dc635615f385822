# SPDX-License-Identifier: BSD-3-Clause
"""What people see of the queue and of results, beside contract 4."""

import math
import threading
import time
from datetime import datetime
from typing import Annotated, Any

import astro
import numpy
from fastapi import APIRouter, Body, HTTPException, Path, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from ..accounts.answers import refusals
from .contract import ENDED, Asked, Status, to_request
from .desk import name_of
from .products import NoProduct
from .routes import Id, Watcher, find, invalid, may_see
from .tables import Observation
from .watching import NOT_OURS

router = APIRouter(tags=["observations"])

LAST_ENDED = 20
PLANNED_AGAIN_AFTER_S = 5.0


class Plan(BaseModel):
    """What a request would come to if it began now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "starts": "2026-01-15T20:00:15Z",
                    "ends": "2026-01-15T20:01:35Z",
                    "duration_s": 80.0,
                    "integrating_s": 60.0,
                    "noise_k": 0.31,
                    "bytes": 278528,
                    "sun_distance_deg": 95.2,
                    "possible_from": None,
                    "steps": [{"label": "target", "begins": "2026-01-15T20:00:55Z", "ends": "2026-01-15T20:01:35Z"}],
                    "problems": [],
                }
            ]
        }
    )
    starts: datetime
    ends: datetime
    duration_s: float
    integrating_s: float
    noise_k: float | None  # of a channel; null: the site's `calibration:` has no `tsys`
    bytes: int
    sun_distance_deg: float | None  # least; null: the receiver stands on no mount
    possible_from: datetime | None
    steps: list[dict[str, Any]]
    problems: list[str]


class Running(BaseModel):
    """How far an observation is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, "status": "PENDING", "reason": "it waits"}]})
    id: int | None = None  # null: not asked for here, but by `astro queue add`
    target: str = ""
    user: str = ""
    status: Status = Status.in_progress
    reason: str = ""
    stage: str = ""
    phase: str = ""
    fraction: float = 0.0
    left_s: float | None = None
    samples_lost: int = 0
    total_power: float | None = None
    unit: str = ""
    rest_frequency_mhz: float | None = None  # of the line that velocities are of
    exposure_s: float = 0.0
    azimuth_deg: float | None = None
    altitude_deg: float | None = None
    on_target: bool | None = None


class Waiting(BaseModel):
    key: str  # in the site's queue
    id: int | None  # null: not asked for here, but by `astro queue add`
    target: str
    user: str
    priority: int
    expected_start: datetime | None
    reason: str


class Ended(BaseModel):
    id: int
    target: str
    user: str
    status: Status
    reason: str
    completed_on: datetime | None
    visible: bool  # whether the caller may see its results


class Queue(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"running": None, "waiting": [], "ended": []}]})
    running: Running | None
    waiting: list[Waiting]
    ended: list[Ended]


class Product(BaseModel):
    name: str
    media_type: str
    bytes: int | None  # null: it is made when somebody asks for it
    url: str


class SpectrumOut(BaseModel):
    """To be drawn and compared. Numbers that are not known are null."""

    id: int
    target: str
    axis: list[float]
    axis_label: str
    axis_unit: str
    frequency_mhz: list[float]
    unit: str
    power: list[float | None]
    sigma: list[float | None]
    exposure_s: float
    tsys_k: float | None
    samples_lost: int
    peak: dict[str, float | None] | None
    start: datetime | None


def _time(time: "astro.Time") -> datetime:
    return time.datetime


@router.get("/api/observations/schema", response_model=dict[str, Any], responses=refusals(401, 403))
def schema(request: Request, caller: Watcher) -> dict[str, Any]:
    """JSON schema of a request, from which the form is made: with units, choices and defaults."""
    return Asked.model_json_schema()


@router.post("/api/observations/plan", response_model=Plan, responses=refusals(401, 403, 503))
def plan(request: Request, caller: Watcher, observation: Annotated[Asked, Body(embed=True)]) -> Plan:
    """What it would be like: when, how long, with what noise, and what is in its way. Keeps nothing."""
    room = request.app.state.room
    wish = to_request(observation, name=observation.target_name or "request", store=room.store.name, user=caller.name)
    start = astro.Time(observation.planned_start) if observation.planned_start else None
    try:
        made = astro.plan(room.site, wish, start)
    except astro.Error as why:
        if str(why.code) in ("invalid_argument", "unsupported", "out_of_limits"):
            raise invalid(str(why), "observation") from why
        raise HTTPException(503, f"it cannot be planned now: {why}", {"Retry-After": "10"}) from why
    steps = [
        {
            "label": each.step.label or str(each.step.phase),
            "begins": _time(each.begin).isoformat(),
            "ends": _time(each.end).isoformat(),
            "azimuth_deg": each.place.azimuth.degrees if each.has_place else None,
            "altitude_deg": each.place.altitude.degrees if each.has_place else None,
            "problem": each.refusal,
        }
        for each in made.steps
    ]
    return Plan(
        starts=_time(made.start),
        ends=_time(made.end),
        duration_s=made.end - made.start,
        integrating_s=made.integrating_s,
        noise_k=made.expected_rms_k or None,
        bytes=made.bytes,
        sun_distance_deg=made.sun_distance.degrees if made.sun_distance is not None else None,
        possible_from=_time(made.possible_from) if made.possible_from else None,
        steps=steps,
        problems=list(made.refusals),
    )


class Planned:
    """When each that waits is expected to begin. Planning takes a while, so that several who look share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made_for: tuple[tuple[str, int], ...] | None = None
        self._made_at = 0.0
        self._starts: dict[str, datetime] = {}
        self._reasons: dict[str, str] = {}

    def of(self, site: "astro.Observatory", queue: list["astro.QueuedRequest"]) -> tuple[dict, dict]:
        active = [each for each in queue if str(each.state) == "waiting"]
        state = tuple((each.id, each.revision) for each in queue)
        with self._lock:
            fresh = time.monotonic() - self._made_at < PLANNED_AGAIN_AFTER_S
            if not (fresh and state == self._made_for):
                self._starts, self._reasons = {}, {}
                if active:
                    made = astro.schedule(site.site, queue, site.clock.now(), evaluations=2000)
                    self._starts = {each.id: _time(each.start) for each in made.entries}
                    self._reasons = {each.id: each.why for each in [*made.entries, *made.waiting]}
                self._made_for, self._made_at = state, time.monotonic()
            return self._starts, self._reasons


@router.get("/api/queue", response_model=Queue, responses=refusals(401, 403, 503))
def queue(request: Request, caller: Watcher) -> Queue:
    """Who is observing what, what waits and why, and what has ended last."""
    room, state = request.app.state.room, request.app.state.observations
    try:
        records = astro.list_requests(room.store)
        starts, reasons = state.planned.of(room.site, records)
    except astro.Error as why:
        raise HTTPException(503, f"the queue does not answer: {why}", {"Retry-After": "10"}) from why
    with request.app.state.database.reading() as session:
        active = session.scalars(select(Observation).where(Observation.status.not_in(ENDED))).all()
        ended = session.scalars(
            select(Observation).where(Observation.status.in_(ENDED)).order_by(Observation.completed_on.desc())
            .limit(LAST_ENDED)
        ).all()  # fmt: skip
    ids = {row.key: row.id for row in active}
    running, waiting = None, []
    for each in records:
        id, told = ids.get(each.id), str(each.state)
        if told == "running":
            running = _progress(request, id, name_of_record(each), each.user, Status.in_progress, each.reason)
        elif told == "waiting":
            waiting.append(
                Waiting(
                    key=each.id,
                    id=id,
                    target=name_of_record(each),
                    user=each.user,
                    priority=each.priority,
                    expected_start=starts.get(each.id),
                    reason=reasons.get(each.id) or each.reason,
                )
            )
    waiting.sort(key=lambda each: (each.expected_start is None, each.expected_start))
    return Queue(
        running=running,
        waiting=waiting,
        ended=[
            Ended(
                id=row.id,
                target=name_of(row),
                user=row.username,
                status=Status(row.status),
                reason=row.reason,
                completed_on=row.completed_on,
                visible=may_see(row, caller),
            )
            for row in ended
        ],
    )


def name_of_record(record: "astro.QueuedRequest") -> str:
    return record.request.target_name or record.request.target


def _progress(request: Request, id: int | None, target: str, user: str, status: Status, reason: str) -> Running:
    known = request.app.state.observations.watching.progress(id or NOT_OURS) if status == Status.in_progress else None
    return Running.model_validate(
        {**(known or {}), "id": id, "target": target, "user": user, "status": status, "reason": reason}
    )


@router.get("/api/observations/{id}/progress", response_model=Running, responses=refusals(401, 403, 404))
def progress(id: Id, request: Request, caller: Watcher) -> Running:
    """How far it is: everybody may watch."""
    with request.app.state.database.reading() as session:
        row = session.get(Observation, id)
    if row is None:
        raise HTTPException(404, f"there is no observation {id}")
    return _progress(request, id, name_of(row), row.username, Status(row.status), row.reason)


@router.get("/api/observations/{id}/products", response_model=list[Product], responses=refusals(401, 403, 404))
def products(id: Id, request: Request, caller: Watcher) -> list[Product]:
    """Its files, each with a link that expires."""
    row = find(request, id, caller)
    state, accounts = request.app.state.observations, request.app.state.accounts
    if row.status != Status.completed or caller.user_id is None:
        return []
    return [
        Product(
            name=name,
            media_type=state.products.media_type(name),
            bytes=state.products.size(row, name),
            url=accounts.sign(f"/v1/files/{row.id}/{name}", caller.user_id),
        )
        for name in state.products.names(row)
    ]


@router.get("/api/observations/{id}/spectrum", response_model=SpectrumOut, responses=refusals(401, 403, 404, 409))
def spectrum(id: Id, request: Request, caller: Watcher) -> SpectrumOut:
    """The calibrated spectrum, to be drawn and compared with others; of one that runs, as far as it came."""
    row = find(request, id, caller)
    try:
        result = request.app.state.observations.products.result(row)
    except NoProduct as why:
        raise HTTPException(409, str(why)) from why
    found = result.spectrum
    if found.axis.channels == 0:
        raise HTTPException(409, f"observation {id} has no calibrated spectrum")
    frequencies = numpy.asarray(found.frequency_hz) / 1e6
    velocities = numpy.asarray(found.velocities_km_s())
    peak = result.peak
    # Of a band without the line, velocities by it would say nothing.
    has_velocities = bool(numpy.isfinite(velocities).all()) and math.isfinite(peak.peak_k)
    return SpectrumOut(
        id=id,
        target=name_of(row),
        axis=(velocities if has_velocities else frequencies).tolist(),
        axis_label=f"Velocity ({row.asked['velocity_frame']})" if has_velocities else "Frequency",
        axis_unit="km/s" if has_velocities else "MHz",
        frequency_mhz=frequencies.tolist(),
        unit="K",
        power=_numbers(found.temperature_k),
        sigma=_numbers(found.sigma_k),
        exposure_s=found.exposure_s,
        tsys_k=_numbers([found.tsys_k])[0],
        samples_lost=found.samples_lost,
        peak=dict(
            zip(
                ("temperature_k", "temperature_error_k", "velocity_km_s", "velocity_error_km_s", "noise_k"),
                _numbers([peak.peak_k, peak.sigma_k, peak.peak_velocity_km_s, peak.sigma_velocity_km_s, peak.rms_k]),
                strict=True,
            )
        ),
        start=_time(found.start),
    )


def _numbers(values: Any) -> list[float | None]:
    given = numpy.asarray(values, "f8")
    return [float(each) if ok else None for each, ok in zip(given, numpy.isfinite(given), strict=True)]


@router.get("/v1/files/{id}/{name}", response_class=FileResponse, responses=refusals(403, 404))
def file(id: Id, name: Annotated[str, Path(max_length=200, examples=["cygnus.fits"])], request: Request) -> Any:
    """A file of an observation, by a signed link: no other sign of who asks is needed."""
    request.app.state.accounts.check_signed(request)  # the link was given to somebody who may see it
    with request.app.state.database.reading() as session:
        row = session.get(Observation, id)
    if row is None:
        raise HTTPException(404, f"there is no observation {id}")
    try:
        path, media_type = request.app.state.observations.products.file(row, name)
    except NoProduct as why:
        raise HTTPException(404, str(why)) from why
    return FileResponse(path, media_type=media_type, filename=name, headers={"Cache-Control": "private, no-store"})
