# SPDX-License-Identifier: BSD-3-Clause
"""How the control room itself is: health, metrics, and what the page must know of it before anybody signs in."""

import shutil
import socket
import threading
import time
from typing import Annotated, Literal
from urllib.parse import urlsplit

import astro
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ..callers import RIGHTS, Caller, Right, Role, needs
from .answers import refusals
from .service import Accounts

LEAST_FREE_BYTES = 500_000_000
ASKED_EVERY_S = 2.0

router = APIRouter()


class Check(BaseModel):
    ok: bool
    message: str


class DiskCheck(Check):
    free_bytes: int


class Checks(BaseModel):
    database: Check
    broker: Check
    store: Check
    objects: Check
    disk: DiskCheck


class Health(BaseModel):
    status: Literal["healthy", "degraded"]
    message: str
    checks: Checks


class Place(BaseModel):
    latitude: float
    longitude: float
    height: float


class PageSettings(BaseModel):
    name: str
    location: Place
    registration: Literal["open", "admitted", "closed"]
    guests: bool
    roles: dict[Role, list[Right]]
    version: str


class HealthCheck:
    """Asked by balancers every second: looks again only after a while, and one at a time."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._last: Health | None = None
        self._until = 0.0

    def __call__(self) -> Health:
        with self._lock:
            if self._last is None or time.monotonic() > self._until:
                self._last = self._look()
                self._until = time.monotonic() + ASKED_EVERY_S
            return self._last

    def _look(self) -> Health:
        state = self._app.state
        checks = Checks(
            database=_database(state),
            broker=_broker(state),
            store=_store(state),
            objects=_objects(state),
            disk=_disk(state.settings.folder),
        )
        bad = [name for name in Checks.model_fields if not getattr(checks, name).ok]
        message = "everything works" if not bad else f"not well: {', '.join(bad)}"
        return Health(status="degraded" if bad else "healthy", message=message, checks=checks)


# What went wrong is said in words of ours: an error's own text may name addresses and users.


def _database(state: object) -> Check:
    try:
        with state.database.reading() as session:  # type: ignore[attr-defined]
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return Check(ok=False, message="the database does not answer")
    return Check(ok=True, message="it answers")


def _store(state: object) -> Check:
    try:
        state.room.store.count("observation")  # type: ignore[attr-defined]
    except astro.Error:
        return Check(ok=False, message="the store does not answer")
    return Check(ok=True, message="it answers")


def _objects(state: object) -> Check:
    """Where stores keep their objects, if that is a server of its own."""
    for name, (host, port) in object_servers(state.room.site.site).items():  # type: ignore[attr-defined]
        if not _answers(host, port):
            return Check(ok=False, message=f"the object store of {name} does not answer")
    return Check(ok=True, message="it answers")


def object_servers(site: astro.Site) -> dict[str, tuple[str, int]]:
    """Of each store that keeps its objects in S3: where that is."""
    found: dict[str, tuple[str, int]] = {}
    for device in site.devices:
        if device.kind == "store" and device.settings.get("objects") == "s3":
            url = urlsplit((device.settings.get("s3") or {}).get("endpoint", "https://s3.amazonaws.com"))
            found[device.name] = (url.hostname or "localhost", url.port or (80 if url.scheme == "http" else 443))
    return found


def _broker(state: object) -> Check:
    addresses = broker_addresses(state.room.site.site)  # type: ignore[attr-defined]
    if not addresses:
        return Check(ok=True, message="this site has none")
    for name, brokers in addresses.items():
        if not any(_answers(host, port) for host, port in brokers):
            return Check(ok=False, message=f"the broker of the transport {name} does not answer")
    return Check(ok=True, message="it answers")


def broker_addresses(site: astro.Site) -> dict[str, list[tuple[str, int]]]:
    """Of each transport that has a broker: where it is."""
    found: dict[str, list[tuple[str, int]]] = {}
    for device in site.devices:
        if device.kind != "transport":
            continue
        if device.driver == "mqtt":
            url = urlsplit(device.settings.get("url", "mqtt://localhost:1883"))
            found[device.name] = [(url.hostname or "localhost", url.port or (8883 if url.scheme == "mqtts" else 1883))]
        elif device.driver == "kafka":
            brokers = [
                urlsplit(f"//{each.strip()}") for each in device.settings.get("brokers", "localhost:9092").split(",")
            ]
            found[device.name] = [(each.hostname or "localhost", each.port or 9092) for each in brokers]
    return found


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1.0).close()
    except OSError:
        return False
    return True


def _disk(folder: object) -> DiskCheck:
    free = shutil.disk_usage(folder).free  # type: ignore[call-overload]
    ok = free >= LEAST_FREE_BYTES
    return DiskCheck(ok=ok, message="there is room" if ok else "it is nearly full", free_bytes=free)


@router.get(
    "/health",
    tags=["state"],
    response_model=Health,
    responses={503: {"model": Health, "description": "The database or the store does not answer"}, **refusals()},
)
def health(request: Request, response: Response) -> Health:
    """503 when this process cannot do its work, so that a balancer asks another one."""
    found: Health = request.app.state.health()
    if not (found.checks.database.ok and found.checks.store.ok):
        response.status_code = 503
    return found


@router.get(
    "/metrics",
    tags=["state"],
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "For Prometheus"},
        **refusals(401, 403),
    },
)
def metrics(request: Request, _: Annotated[Caller, Depends(needs(Right.operate, trusted=True))]) -> Response:
    accounts: Accounts = request.app.state.accounts
    return Response(accounts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/settings", tags=["state"], response_model=PageSettings, responses=refusals())
def page_settings(request: Request) -> PageSettings:
    settings = request.app.state.settings
    site = request.app.state.room.site.site
    return PageSettings(
        name=site.name,
        location=Place(
            latitude=site.location.latitude.degrees,
            longitude=site.location.longitude.degrees,
            height=site.location.height_m,
        ),
        registration=settings.registration,
        guests=settings.guests,
        roles={role: sorted(RIGHTS[role]) for role in Role},
        version=astro.__version__,
    )
