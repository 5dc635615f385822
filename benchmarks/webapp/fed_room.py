# SPDX-License-Identifier: BSD-3-Clause
"""The control room as it is, and beside it points as many as wanted.

Usage: fed_room.py PORT POINTS_A_SECOND (0: as fast as half of the clients take them) CLIENTS SITE FOLDER
"""

import asyncio
import sys
import time
from pathlib import Path

import astro
import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "webapp"))

from control_room.app import make_app
from control_room.live.frames import FrameProtocol
from control_room.settings import Settings

AT_ONCE = 50
AHEAD = 500  # messages; more would be thinned for who is slow


def point(number: int) -> astro.Point:
    now = astro.Time.now()
    return astro.Point(
        id=f"bench.p{number}", device="bench", value=time.time(), unit="s", time=now, quality="good", sequence=0
    )


async def measure(live, rate: float, clients: int) -> None:
    while len(live.sockets.watching) < clients:
        await asyncio.sleep(0.01)
    begun = _of_the_middle(live)
    told = 0
    while True:
        points = [point(number) for number in range(1 if rate else AT_ONCE)]
        live.feed.add(points)
        told += len(points)
        if rate:
            await asyncio.sleep(1.0 / rate)
            continue
        while _of_the_middle(live) - begun < told - AHEAD:
            await asyncio.sleep(0.0005)


def _of_the_middle(live) -> int:
    """Messages that the client in the middle has taken since it came."""
    taken = sorted(watching.client.taken for watching in live.sockets.watching.values())
    return taken[len(taken) // 2] if taken else 0


def main() -> None:
    port, rate, clients = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    site, folder = map(Path, sys.argv[4:])
    app = make_app(Settings(site=site, folder=folder, port=port, buffer=0, client_patience_s=60, requests_per_minute=1e6))
    tasks = []

    async def fed(scope, receive, send):
        if scope["type"] == "websocket" and not tasks:
            tasks.append(asyncio.create_task(measure(app.state.live, rate, clients)))
        await app(scope, receive, send)

    uvicorn.run(fed, port=port, log_level="warning", ws=FrameProtocol, ws_per_message_deflate=False)


if __name__ == "__main__":
    main()
