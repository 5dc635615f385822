# SPDX-License-Identifier: BSD-3-Clause
"""Contract 4, the queue, results, the sky, who drives.

contract        requests as they come and as they are kept
desk            from a request's coming to its end: our rows and the site's queue
lease, runner   the queue is carried out in one instance
watching, spectra_socket  what runs now: progress and live spectra
products        files, made from the store
routes, results, sky, driving  what can be asked
control         who drives
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from . import driving, results, routes, sky, spectra_socket
from .control import Control, Drive
from .desk import Desk
from .products import Products
from .runner import Runner
from .watching import Watching

routers: list[APIRouter] = [routes.router, results.router, sky.router, driving.router, spectra_socket.router]


@dataclass
class Observations:
    desk: Desk
    products: Products
    watching: Watching
    runner: Runner
    control: Control
    planned: results.Planned


def add_middleware(app: FastAPI) -> None:
    pass


@asynccontextmanager
async def start(app: FastAPI) -> AsyncIterator[None]:
    room, database = app.state.room, app.state.database

    def control_changed(drive: Drive) -> None:
        value = {"mount": drive.name, "holder": drive.holder, "requests": [who for who, _ in drive.requests]}
        app.state.live.publish_message("control", value)

    products = Products(room)
    desk = Desk(app, products)
    watching = Watching(app, database)
    control = Control(room, database, control_changed)
    runner = await asyncio.to_thread(Runner, room, database, app.state.live.process, desk, watching)
    app.state.observations = Observations(desk, products, watching, runner, control, results.Planned())
    sharing = asyncio.create_task(watching.share())
    try:
        yield
    finally:
        sharing.cancel()
        await asyncio.to_thread(runner.close)
