# SPDX-License-Identifier: BSD-3-Clause
"""The live part of one process: what is opened with it, and what other parts may ask of it."""

import asyncio
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import astro
from fastapi import FastAPI

from ..database import Database, now
from .alarms import AlarmBell
from .camera import Pictures
from .catalogue import Catalogue
from .commands import Commander
from .journal import Journal
from .keeper import Keeper
from .logs import Lines
from .messages import to_time
from .nodes import Nodes
from .relay import Relay
from .socket import Sockets


class Live:
    def __init__(self, app: FastAPI) -> None:
        settings, room = app.state.settings, app.state.room
        self.app = app
        self.database: Database = app.state.database
        self.site: astro.Observatory = room.site
        self.store: astro.StoreHandle = room.store
        self.hub: astro.telemetry.Hub | None = room.hub
        self.process = _process(settings.folder)
        self.lines = Lines()
        self.feed = astro.telemetry.LiveFeed(
            self.site, recent=settings.buffer, waiting=settings.client_queue, patience_s=settings.client_patience_s
        )
        self.catalogue = Catalogue(self.site, self.database)
        self.journal = Journal(self.database, self.process, self.catalogue.shown, settings.kept_messages)
        self.commander = Commander(self)
        self.keeper = Keeper(self.database, self.hub)
        self.pictures = Pictures()
        self.relay = Relay(self.database, self.process, self.feed, self.pictures.put)
        self.nodes = Nodes(self.site)
        self.bell = AlarmBell(self, room)
        self.sockets = Sockets(self.feed, settings.most_connections)

    async def start(self) -> None:
        self.pictures.start(asyncio.get_running_loop())
        self.sockets.start()
        self.lines.start()
        for part in (self.journal, self.keeper, self.relay, self.nodes, self.bell):
            part.start()
        await asyncio.to_thread(self.commander.start)

    async def close(self) -> None:
        self.sockets.close()
        self.pictures.close()

        def end() -> None:
            for part in (self.bell, self.nodes, self.relay, self.commander, self.keeper, self.journal):
                part.close()
            self.feed.close()
            self.lines.close()

        await asyncio.to_thread(end)

    def publish_message(self, name: str, value: dict[str, Any], time: datetime | None = None) -> None:
        """To all who watch, here and at the other processes, and into the history. From any thread, without waiting."""
        time = time or now()
        self.feed.tell(name, value, to_time(time))
        self.journal.event(name, value, time)


def _process(folder: Path) -> str:
    """The name of this process, the same after a restart: what it had begun is found by it."""
    file = folder / "process"
    if not file.exists():
        fresh = folder / "process.new"
        fresh.write_text(str(uuid.uuid4()))
        fresh.replace(file)
    return file.read_text().strip()
