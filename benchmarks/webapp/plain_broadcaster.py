# SPDX-License-Identifier: BSD-3-Clause
"""Contract 2 as one writes it with FastAPI alone: a list of connections, and each message to one after the other.

Usage: plain_broadcaster.py PORT POINTS_A_SECOND (0: as fast as they go)
"""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

AT_ONCE = 50
connections: list[WebSocket] = []


def point(number: int) -> dict[str, object]:
    return {
        "type": "data",
        "id": f"bench.p{number}",
        "value": time.time(),
        "timestamp": datetime.now(UTC).isoformat(),
        "unit": "s",
    }


async def broadcast(message: dict[str, object]) -> None:
    for connection in list(connections):
        try:
            await connection.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            connections.remove(connection)


async def measure(rate: float) -> None:
    number = 0
    while True:
        if not connections:
            await asyncio.sleep(0.01)
            continue
        for number in range(1 if rate else AT_ONCE):
            await broadcast(point(number))
        await asyncio.sleep(1.0 / rate if rate else 0.0)


@asynccontextmanager
async def lifespan(_: FastAPI):
    task = asyncio.create_task(measure(float(sys.argv[2])))
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    connections.append(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        if websocket in connections:
            connections.remove(websocket)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", ws_per_message_deflate=False)
