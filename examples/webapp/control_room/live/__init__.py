# SPDX-License-Identifier: BSD-3-Clause
"""Contracts 2 and 3, and what the page shows live.

tables     what is kept in the database
service    the parts below, opened together
socket     /ws
catalogue  what devices and modules measure, and which commands devices know
commands   commands to devices
history    what was measured and told, charts, latest values
modules    modules over HTTP
known_modules  who is there, nodes too
camera     pictures of modules
alarms     alarms, their mails, the log
journal, keeper, relay, worker   threads behind them
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import astro
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from . import alarms, camera, commands, history, known_modules, modules, socket, tables
from .service import Live

__all__ = ["Live", "add_middleware", "routers", "start", "tables"]

routers: list[APIRouter] = [
    socket.router,
    history.router,
    commands.router,
    camera.router,
    modules.router,
    known_modules.router,
    alarms.router,
]

STATUSES = {
    "not_found": 404,
    "invalid_argument": 422,
    "out_of_limits": 422,
    "invalid_site": 422,
    "unsupported": 409,
    "not_holder": 409,
    "unsafe": 409,
    "cancelled": 409,
}


def add_middleware(app: FastAPI) -> None:
    """What libastro raises is an answer that says so; a store or device that is away is no fault of who asks."""

    @app.exception_handler(astro.Error)
    def answer(_: Request, error: astro.Error) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, STATUSES.get(str(error.code), 503))


@asynccontextmanager
async def start(app: FastAPI) -> AsyncIterator[None]:
    app.state.live = live = Live(app)
    await live.start()
    try:
        yield
    finally:
        await live.close()
