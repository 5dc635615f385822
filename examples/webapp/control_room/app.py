# SPDX-License-Identifier: BSD-3-Clause
"""All of it together: what is opened at the start and closed at the end, and which routes there are."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import MetaData

from . import accounts, live, observations, pages
from .accounts.answers import refusals
from .database import Database, Table
from .room import Room
from .settings import Settings

PARTS = (
    accounts,
    live,
    observations,
)  # in this order; each has `tables`, `routers`, `add_middleware(app)` and `start(app)`


def tables() -> MetaData:
    """What the migrations lead to: importing the parts has filled it."""
    return Table.metadata


class ControlRoom(FastAPI):
    """Its description says of refused input what is true: FastAPI's list of fields, or a sentence of the library's."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        refused = described.get("components", {}).get("schemas", {}).get("HTTPValidationError", {}).get("properties", {})
        if "anyOf" not in refused.get("detail", {"anyOf": []}):
            refused["detail"] = {"anyOf": [{"type": "string"}, refused["detail"]], "title": "Detail"}
        return described


def make_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:
            settings.folder.mkdir(parents=True, exist_ok=True)
            app.state.database = Database(settings.database_url)
            ends.callback(app.state.database.close)
            app.state.database.migrate()
            app.state.room = Room(settings)
            ends.callback(app.state.room.close)
            for part in PARTS:
                await ends.enter_async_context(part.start(app))
            yield

    app = ControlRoom(
        title="Control room",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # it would load its scripts from elsewhere
        openapi_url="/api/openapi.json",
        redoc_url=None,
        responses=refusals(400, 403, 408, 413),  # the guard's, to any request
    )
    app.state.settings = settings
    for part in PARTS:
        part.add_middleware(app)
        for router in part.routers:
            app.include_router(router)
    app.include_router(pages.router)
    return app
