# SPDX-License-Identifier: BSD-3-Clause
"""/ws: points and messages to all who watch, commands from those who may. Contract 2."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import astro
from fastapi import APIRouter, HTTPException, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from ..callers import NOBODY, Caller, Right, Way
from .answers import keepable
from .catalogue import Unfit, Unknown
from .frames import EXTENSION, FrameProtocol

log = logging.getLogger("control_room.live")
router = APIRouter()
BATCHES = "astro.batch.v1"
MOST_IDS = 1000
LOOK_EVERY_S = 5.0
NO_LONGER = 1008  # RFC 6455: against the rules


class Watching:
    """One connection and its place in the feed."""

    def __init__(self, sockets: Sockets, protocol: FrameProtocol, batches: bool) -> None:
        self._sockets, self._protocol, self.batches = sockets, protocol, batches
        self.client = self._enter(None, batches, "recent")

    def _enter(self, ids: list[str] | None, batches: bool, start: str) -> astro.telemetry.LiveClient:
        client = self._sockets.feed.client(ids=ids, batches=batches, start=start)
        self._sockets.watching[client.id] = self
        self._protocol.when_writable = self.send
        return client

    def subscribe(self, ids: list[str] | None, batches: bool) -> None:
        """From now on these points alone; the newest of each at once."""
        self.leave()
        self.client = self._enter(ids, batches, "latest")
        self.send()

    def send(self) -> None:
        """What waits for it, if it reads. If not, the feed thins what waits, and says when it was too long."""
        if self._protocol.is_writable and (frames := self.client.take_websocket()):
            self._protocol.write_frames(frames)
        elif self.client.is_dropped:
            log.warning("a client of the live socket read nothing for too long, and was dropped")
            self._protocol.abort()

    def leave(self) -> None:
        self._protocol.when_writable = None
        self._sockets.watching.pop(self.client.id, None)
        self.client.close()


class Sockets:
    """All connections: the feed wakes the loop once for all of them."""

    def __init__(self, feed: astro.telemetry.LiveFeed, most: int) -> None:
        self.feed, self.most = feed, most
        self.watching: dict[int, Watching] = {}

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self.feed.fileno(), self._send)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.feed.fileno())

    def _send(self) -> None:
        for client in self.feed.ready():
            if watching := self.watching.get(client):
                watching.send()


@router.websocket("/ws")
async def live_socket(ws: WebSocket) -> None:
    sockets: Sockets = ws.app.state.live.sockets
    try:
        await run_in_threadpool(who, ws, Right.watch)
        if len(sockets.watching) >= sockets.most:
            raise HTTPException(503, f"{sockets.most} watch already; come again later")
        protocol = ws.scope["extensions"].get(EXTENSION)
        if protocol is None:
            raise HTTPException(500, "this server has no frames: serve the control room by `python -m control_room`")
    except HTTPException as refused:
        await ws.send_denial_response(JSONResponse({"detail": refused.detail}, refused.status_code))
        return
    offered = ws.scope.get("subprotocols", [])
    bearer = next((each for each in offered if each.startswith("bearer.")), None)
    batches = BATCHES in offered
    await ws.accept(subprotocol=BATCHES if batches else bearer)
    watching = Watching(sockets, protocol, batches)
    looking = asyncio.create_task(_close_with_its_session(ws))
    try:
        watching.send()
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            if error := await heard(ws, watching, message.get("text")):
                await ws.send_text(json.dumps({"error": error}))
    except WebSocketDisconnect:
        pass
    finally:
        looking.cancel()
        watching.leave()


async def _close_with_its_session(ws: WebSocket) -> None:
    while await run_in_threadpool(may_still_watch, ws):
        await asyncio.sleep(LOOK_EVERY_S)
    with suppress(RuntimeError, WebSocketDisconnect):
        await ws.close(NO_LONGER, "who opened it may watch no longer")


def may_still_watch(ws: WebSocket) -> bool:
    try:
        who(ws, Right.watch, is_open=True)
    except HTTPException:
        return False
    return True


def who(ws: WebSocket, right: Right, *, is_open: bool = False) -> Caller:
    """Asked anew for each command: a session that was ended commands no more over a socket that is still open."""
    accounts = ws.app.state.accounts
    caller: Caller = accounts.identify(ws, is_open=is_open)
    if caller.way == Way.nothing:
        caller = accounts.identify_trusted(ws) or NOBODY
    if not caller.may(right):
        raise HTTPException(*((403, f"this needs the right to {right}") if caller.role else (401, "sign in")))
    return caller


async def heard(ws: WebSocket, watching: Watching, text: str | None) -> str | None:
    """What a client said; returns what is wrong with it."""
    try:
        said = json.loads(text or "")
    except (ValueError, RecursionError):
        return "not JSON: send one object, as text"
    try:
        keepable(said)
    except ValueError as wrong:
        return str(wrong)
    if not isinstance(said, dict):
        return 'not an object: send {"type": "command", "command": ..., "parameters": {...}}'
    if said.get("type") == "subscribe":
        return subscribe(watching, said)
    if said.get("type") != "command":
        return f"unknown type {said.get('type')!r:.100}: a message in is a command" + (
            " or subscribe" if watching.batches else ""
        )
    return await command(ws, said)


def subscribe(watching: Watching, said: dict[str, Any]) -> str | None:
    ids, batch = said.get("ids"), said.get("batch", True)
    if not watching.batches:
        return f"subscribe needs the WebSocket subprotocol {BATCHES}"
    if ids is not None and not (
        isinstance(ids, list) and len(ids) <= MOST_IDS and all(isinstance(each, str) for each in ids)
    ):
        return f"ids: a list of at most {MOST_IDS} texts, or null for all points"
    if not isinstance(batch, bool):
        return "batch: true or false"
    watching.subscribe(ids, batch)
    return None


async def command(ws: WebSocket, said: dict[str, Any]) -> str | None:
    name, parameters = said.get("command"), said.get("parameters", {})
    if not isinstance(name, str):
        return "command: the name of one, as text"
    if not isinstance(parameters, dict):
        return "parameters: an object"
    live = ws.app.state.live

    def give() -> None:
        caller = who(ws, Right.operate)
        device, known = live.catalogue.find(name)
        live.commander.give(caller, device, known.name, parameters)

    try:
        await run_in_threadpool(give)
    except HTTPException as refused:
        return str(refused.detail)
    except (Unknown, Unfit, astro.Error) as wrong:
        return str(wrong)
    return None
