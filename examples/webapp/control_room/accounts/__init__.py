# SPDX-License-Identifier: BSD-3-Clause
"""Users and what they may, keys, audit, mails, and the state of the whole.

tables      what is kept
tokens      access tokens, random tokens, signed links
limits      how often somebody may
guard       what stands before every route
service     `app.state.accounts`: what the other parts ask
sign_in, oidc, users, audit, state   routes
mails       templates and the queue
metrics     what Prometheus reads
reports     errors to a Sentry-compatible address
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from . import audit, oidc, reports, sign_in, state, users
from .audit import AuditLog
from .guard import Guard
from .mails import Mails
from .metrics import Metrics
from .service import Accounts
from .tokens import kept_secret

routers: list[APIRouter] = [sign_in.router, oidc.router, users.router, audit.router, state.router]

SWEPT_EVERY_S = 3600.0

log = logging.getLogger("control_room")


def add_middleware(app: FastAPI) -> None:
    settings = app.state.settings
    app.state.metrics = Metrics()
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key"],
        max_age=600,
    )
    # The audit log is there as soon as requests are.
    app.add_middleware(
        Guard, settings=settings, metrics=app.state.metrics, audit=lambda *said: app.state.accounts.audit(*said)
    )
    reports.add_handlers(app)


@asynccontextmanager
async def start(app: FastAPI) -> AsyncIterator[None]:
    settings, database, room = app.state.settings, app.state.database, app.state.room
    mails = Mails(settings, database, room.site.site.name)
    secret = kept_secret(settings)
    accounts = Accounts(settings, database, secret, AuditLog(database), mails, app.state.metrics)
    app.state.accounts = accounts
    app.state.oidc = oidc.Provider(settings) if settings.oidc_issuer else None
    app.state.health = state.HealthCheck(app)
    _measure(app)
    password = await run_in_threadpool(accounts.add_first_admin)
    if password:
        # To the terminal and not into the log: it is said once.
        print(
            f"\n  The first start. The address: {settings.public_address}\n"
            f"  Sign in as admin with the one-time password {password}\n",
            flush=True,
        )
    tasks = [asyncio.create_task(mails.run()), asyncio.create_task(_sweep(accounts))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def _measure(app: FastAPI) -> None:
    metrics = app.state.metrics
    metrics.gauge("control_room_mails_waiting", "Mails that have not gone yet", app.state.accounts.mails.waiting)
    metrics.gauge(
        "control_room_healthy", "1 when everything works", lambda: float(app.state.health().status == "healthy")
    )
    metrics.gauge(
        "control_room_disk_free_bytes", "Where the data lie", lambda: app.state.health().checks.disk.free_bytes
    )
    metrics.counts(
        "control_room_telemetry_points",
        "What the hub has done with points",
        "what",
        lambda: _numbers(app.state.room.hub),
    )


def _numbers(hub: object) -> dict[str, float]:
    status = hub.status() if hub is not None else {}  # type: ignore[attr-defined]
    return {name: float(value) for name, value in status.items() if isinstance(value, int) and value >= 0}


async def _sweep(accounts: Accounts) -> None:
    while True:
        try:
            await run_in_threadpool(accounts.sweep)
        except Exception:
            log.exception("sweeping out what is of no use any more: it is tried again")
        await asyncio.sleep(SWEPT_EVERY_S)
