# SPDX-License-Identifier: BSD-3-Clause
"""Who drives, and the pad's moves."""

from datetime import datetime
from typing import Annotated, Any

import astro
from fastapi import APIRouter, Depends, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..accounts.answers import refusals
from ..callers import Caller, Right, needs
from ..texts import PlainText
from .control import Control, Drive, NotInControl
from .routes import Watcher, invalid

router = APIRouter(prefix="/api/control", tags=["control"])

Operator = Annotated[Caller, Depends(needs(Right.operate))]
Admin = Annotated[Caller, Depends(needs(Right.administer))]
Mount = Annotated[str, Path(max_length=64, examples=["dish"])]
LONGEST_RATE_S = 2.0  # a finger that has let go, and a page that has gone, stop the mount


class Asking(BaseModel):
    who: str
    since: datetime


class DriveOut(BaseModel):
    name: str
    holder: str | None
    rank: str | None
    since: datetime | None
    expires_at: datetime | None
    requests: list[Asking]
    is_mine: bool


class ControlOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mounts": [
                        {
                            "name": "dish",
                            "holder": "ben",
                            "rank": "operator",
                            "since": "2026-01-15T20:00:00Z",
                            "expires_at": "2026-01-15T20:10:00Z",
                            "requests": [{"who": "eva", "since": "2026-01-15T20:05:00Z"}],
                            "is_mine": True,
                        }
                    ]
                }
            ]
        }
    )
    mounts: list[DriveOut]


class Grant(BaseModel):
    to: PlainText = Field(max_length=80, examples=["eva"])


class Move(BaseModel):
    """One of three: at a rate for a while, to a place, or to a target that is then followed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"azimuth_deg": 180.0, "altitude_deg": 45.0}, {"target": "Cas A"}]}
    )
    rate_azimuth_deg_s: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    rate_altitude_deg_s: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    for_s: float = Field(0.5, gt=0, le=LONGEST_RATE_S, allow_inf_nan=False, description="repeat it to go on")
    azimuth_deg: float | None = Field(None, ge=-360, le=720, allow_inf_nan=False)
    altitude_deg: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    target: PlainText | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def is_one(self) -> "Move":
        by_rate = self.rate_azimuth_deg_s is not None or self.rate_altitude_deg_s is not None
        to_place = self.azimuth_deg is not None and self.altitude_deg is not None
        if by_rate + to_place + (self.target is not None) != 1:
            raise ValueError("say rates, or azimuth_deg and altitude_deg, or a target")
        return self


class Moving(BaseModel):
    mount: str
    state: str
    azimuth_deg: float
    altitude_deg: float


def as_out(drive: Drive, caller: Caller) -> DriveOut:
    return DriveOut(
        name=drive.name,
        holder=drive.holder,
        rank=drive.rank,
        since=drive.since,
        expires_at=drive.expires_at,
        requests=[Asking(who=who, since=since) for who, since in drive.requests],
        is_mine=drive.rank == "operator" and drive.holder == caller.name,
    )


def _control(request: Request, mount: str) -> Control:
    control: Control = request.app.state.observations.control
    if mount not in control.mounts():
        raise HTTPException(404, f"there is no mount {mount!r}; there is {', '.join(control.mounts()) or 'none'}")
    return control


@router.get("", response_model=ControlOut, responses=refusals(401, 403))
def who_drives(request: Request, caller: Watcher) -> Any:
    """Each mount: who drives it, until when, and who would like to."""
    control: Control = request.app.state.observations.control
    return ControlOut(mounts=[as_out(control.drive(mount), caller) for mount in control.mounts()])


@router.post("/{mount}/request", response_model=DriveOut, responses=refusals(401, 403, 404))
def ask(mount: Mount, request: Request, caller: Operator) -> Any:
    """Control at once when nobody has it; else it is asked of who has."""
    return _changed(request, caller, "control.request", _control(request, mount).request(caller, mount))


@router.post("/{mount}/grant", response_model=DriveOut, responses=refusals(401, 403, 404, 409))
def grant(mount: Mount, body: Grant, request: Request, caller: Operator) -> Any:
    """Hands control on to one who asked."""
    try:
        drive = _control(request, mount).grant(caller, mount, body.to)
    except NotInControl as why:
        raise HTTPException(409, str(why)) from why
    return _changed(request, caller, "control.grant", drive, {"to": body.to})


@router.post("/{mount}/release", response_model=DriveOut, responses=refusals(401, 403, 404))
def release(mount: Mount, request: Request, caller: Operator) -> Any:
    """Gives control back, or no longer asks for it."""
    return _changed(request, caller, "control.release", _control(request, mount).release(caller, mount))


@router.post("/{mount}/take", response_model=DriveOut, responses=refusals(401, 403, 404))
def take(mount: Mount, request: Request, caller: Admin) -> Any:
    """Takes control from whoever has it."""
    return _changed(request, caller, "control.take", _control(request, mount).take(caller, mount))


def _changed(
    request: Request, caller: Caller, action: str, drive: Drive, details: dict[str, Any] | None = None
) -> DriveOut:
    request.app.state.accounts.audit(caller, action, drive.name, {"holder": drive.holder, **(details or {})})
    return as_out(drive, caller)


@router.post("/{mount}/move", response_model=Moving, status_code=202, responses=refusals(401, 403, 404, 409, 503))
def move(mount: Mount, body: Move, request: Request, caller: Operator) -> Any:
    """Moves it, for who drives. What safety forbids is refused (409), with what is in the way."""
    control = _control(request, mount)
    try:
        control.check(caller, mount)
        handle = control.handle(caller.name, mount)
        if body.target is not None:
            handle.track(astro.parse_target(body.target))
        elif body.azimuth_deg is not None and body.altitude_deg is not None:
            place = astro.AltAz(azimuth=astro.degrees(body.azimuth_deg), altitude=astro.degrees(body.altitude_deg))
            handle.slew_to(place)
        else:
            rates = astro.AxisRates(
                first=astro.degrees(body.rate_azimuth_deg_s or 0.0),
                second=astro.degrees(body.rate_altitude_deg_s or 0.0),
            )
            speed = request.app.state.room.site.clock.speed  # of a simulated one
            handle.move_rate(rates, min(body.for_s * speed, LONGEST_RATE_S))
        status = handle.status()
    except NotInControl as why:
        raise HTTPException(409, str(why)) from why
    except astro.Error as why:
        code = str(why.code)
        if code in ("invalid_argument", "invalid_site"):
            raise invalid(str(why)) from why
        if code in ("not_holder", "unsafe", "out_of_limits", "not_visible", "busy", "unsupported"):
            raise HTTPException(409, str(why)) from why
        raise HTTPException(503, str(why), {"Retry-After": "5"}) from why
    if body.rate_azimuth_deg_s is None and body.rate_altitude_deg_s is None:  # rates come twice a second
        where = body.model_dump(include={"azimuth_deg", "altitude_deg", "target"}, exclude_none=True)
        request.app.state.accounts.audit(caller, "control.move", mount, where)
    return Moving(
        mount=mount,
        state=str(status.state),
        azimuth_deg=status.place.azimuth.degrees,
        altitude_deg=status.place.altitude.degrees,
    )
