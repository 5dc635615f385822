# SPDX-License-Identifier: BSD-3-Clause
"""/ws/spectra: live spectra of one observation, in binary frames (`watching.frame_of` says what is in them)."""

import asyncio
import time
from contextlib import suppress

from fastapi import APIRouter, HTTPException, WebSocket, WebSocketDisconnect
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketState

from ..callers import Right
from ..live.socket import NO_LONGER, may_still_watch, who
from .contract import ENDED
from .tables import Observation

router = APIRouter()

INTERNAL = 1011
ENDED_CODE = 4000  # the observation has ended
SEND_PATIENCE_S = 10.0
LOOK_EVERY_S = 2.0


@router.websocket("/ws/spectra")
async def spectra(socket: WebSocket, id: int = 0) -> None:
    """The frames that are kept, then each that comes. Closes with 4000 when the observation has ended."""
    try:
        await asyncio.to_thread(who, socket, Right.watch)
    except HTTPException as refused:
        await socket.send_denial_response(JSONResponse({"detail": refused.detail}, refused.status_code))
        return
    if not await asyncio.to_thread(_runs_or_waits, socket, id):
        await socket.accept(_protocol(socket))
        await socket.close(ENDED_CODE, "there is no such observation, or it has ended")
        return
    await socket.accept(_protocol(socket))
    watching = socket.app.state.observations.watching
    watcher = watching.begin(id)
    gone = asyncio.create_task(_until_gone(socket))
    look_at = 0.0
    try:
        while not gone.done():
            if time.monotonic() > look_at:
                if not await asyncio.to_thread(may_still_watch, socket):
                    await socket.close(NO_LONGER, "who opened it may watch no longer")
                    return
                look_at = time.monotonic() + LOOK_EVERY_S
            coming = asyncio.create_task(watcher.next())
            await asyncio.wait({coming, gone}, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                if not gone.done() and not await asyncio.to_thread(_runs_or_waits, socket, id):
                    await socket.close(ENDED_CODE, "the observation has ended")
                    return
                continue
            for frame in coming.result():
                async with asyncio.timeout(SEND_PATIENCE_S):
                    await socket.send_bytes(frame)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        pass  # it does not read, or has gone
    finally:
        watching.end(watcher)
        gone.cancel()
        if socket.application_state == WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(INTERNAL)


async def _until_gone(socket: WebSocket) -> None:
    """What it sends is of no interest."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive()
            if socket.client_state == WebSocketState.DISCONNECTED:
                return


def _runs_or_waits(socket: WebSocket, id: int) -> bool:
    with socket.app.state.database.reading() as session:
        row = session.get(Observation, id) if 0 < id < 2**31 else None
        return row is not None and row.status not in ENDED


def _protocol(socket: WebSocket) -> str | None:
    """A browser wants one of those that it offered; the token is none to send back, if there is another."""
    offered = socket.scope.get("subprotocols") or []
    return next((each for each in offered if not each.startswith("bearer.")), offered[0] if offered else None)
