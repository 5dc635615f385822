# SPDX-License-Identifier: BSD-3-Clause
"""What runs now, for those who watch: its progress and its spectra, in this process and (once a second) in others."""

import asyncio
import logging
import math
import re
import struct
from typing import Any

import astro
import numpy
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from ..database import Database
from .tables import Running

log = logging.getLogger(__name__)

MAGIC = 0x43505341  # "ASPC" when it is read as text
HEADER = struct.Struct("<IIdddII")
KM_S, MHZ = 0, 1
KELVIN, HAS_ROW = 1, 2
SHARED_EVERY_S = 1.0
KEY = re.compile(r"([0-9]+)-[0-9a-f]{16}")  # of a request in the queue that came through us
ROWS_KEPT = 200
NOT_OURS = 0  # as an observation's number: what runs was asked for by `astro queue add`


def frame_of(live: "astro.LiveSpectrum") -> bytes:
    """header (magic, channels, unix time, first value and step of the axis, its kind, flags), power, sigma, perhaps row.

    `power` is the average of this step so far, `row` what came since the last frame: a line of the waterfall."""
    axis = live.axis
    if live.first_velocity_km_s is not None:
        first, step, kind = live.first_velocity_km_s, live.velocity_step_km_s, KM_S
    else:
        first, step, kind = axis.first.megahertz, axis.step.megahertz, MHZ
    has_row = len(live.row) == axis.channels
    flags = (KELVIN if live.unit == "K" else 0) | (HAS_ROW if has_row else 0)
    header = HEADER.pack(MAGIC, axis.channels, live.time.nanoseconds / 1e9, first, step, kind, flags)
    arrays = (live.value, live.sigma, live.row) if has_row else (live.value, live.sigma)
    return header + b"".join(numpy.asarray(each, "<f4").tobytes() for each in arrays)


class Watcher:
    """One socket's place: it gets the newest frames; one that does not read misses the older ones."""

    def __init__(self, loop: asyncio.AbstractEventLoop, observation: int, frames: list[bytes]) -> None:
        self._loop = loop
        self.observation = observation
        self._frames = frames[-ROWS_KEPT:]
        self._news = asyncio.Event()
        if frames:
            self._news.set()

    def give(self, frame: bytes) -> None:
        """From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._take, frame)
        except RuntimeError:
            pass  # its loop has ended

    def _take(self, frame: bytes) -> None:
        self._frames.append(frame)
        del self._frames[:-ROWS_KEPT]
        self._news.set()

    async def next(self) -> list[bytes]:
        await self._news.wait()
        self._news.clear()
        frames, self._frames = self._frames, []
        return frames


class Watching:
    def __init__(self, app: FastAPI, database: Database) -> None:
        self._app, self._database = app, database
        self._watchers: set[Watcher] = set()
        self._frames: list[bytes] = []  # of what runs, for those who come later
        self._observation = NOT_OURS
        self._progress: dict[str, Any] | None = None
        self._last: bytes = b""

    def tell(self, record: "astro.QueuedRequest", progress: "astro.Progress") -> None:
        """Called by the queue, from the thread that observes: it must not wait for anything."""
        ours = KEY.fullmatch(record.id)
        observation = int(ours[1]) if ours else NOT_OURS
        if observation != self._observation:
            self._observation, self._frames, self._last = observation, [], b""
        live = progress.live
        self._progress = _progress_of(observation, record, progress, live)
        if live is not None:
            self._last = frame_of(live)
            self._frames = [*self._frames[-ROWS_KEPT + 1 :], self._last]
            self._give(observation, self._last)

    def _give(self, observation: int, frame: bytes) -> None:
        for watcher in list(self._watchers):
            if watcher.observation == observation:
                watcher.give(frame)

    # for those who watch

    def progress(self, observation: int) -> dict[str, Any] | None:
        """Of the one that runs; None of others."""
        if self._app.state.observations.runner.is_ours:
            return self._progress if self._observation == observation else None
        row = self._others()
        return row.progress if row is not None and row.observation == observation else None

    def _others(self) -> Running | None:
        with self._database.reading() as session:
            return session.get(Running, "queue")

    def begin(self, observation: int) -> Watcher:
        frames = self._frames if observation == self._observation else []
        watcher = Watcher(asyncio.get_running_loop(), observation, list(frames))
        self._watchers.add(watcher)
        return watcher

    def end(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def share(self) -> None:
        """Once a second: the instance that observes tells the others, and they tell those who watch there."""
        told: dict[str, Any] | None = None
        seen = b""
        while True:
            await asyncio.sleep(SHARED_EVERY_S)
            try:
                if self._app.state.observations.runner.is_ours:
                    if self._progress is not None and self._progress is not told:
                        told = self._progress
                        await asyncio.to_thread(self._tell_others, told, self._last)
                elif self._watchers:
                    row = await asyncio.to_thread(self._others)
                    if row is not None and row.frame and row.frame != seen:
                        seen = row.frame
                        self._give(row.observation, row.frame)
            except SQLAlchemyError as why:
                log.warning("instances do not hear of each other's observations: %s", why)

    def _tell_others(self, progress: dict[str, Any], frame: bytes) -> None:
        with self._database.session() as session:
            session.merge(Running(name="queue", observation=progress["id"], progress=progress, frame=frame))


def _progress_of(
    observation: int, record: "astro.QueuedRequest", progress: "astro.Progress", live: "astro.LiveSpectrum | None"
) -> dict[str, Any]:
    mount = progress.mount
    power = None if live is None or not math.isfinite(live.total_power) else live.total_power
    return {
        "id": observation,
        "target": record.request.target_name or record.request.target,
        "user": record.user,
        "stage": live.stage if live is not None and live.stage else progress.stage,
        "phase": str((live or progress).phase),
        "fraction": min(max(progress.fraction, 0.0), 1.0),
        "left_s": max(progress.left_s, 0.0),
        "samples_lost": progress.samples_lost,
        "total_power": power,
        "unit": live.unit if live is not None else "",
        "rest_frequency_mhz": record.request.rest_frequency.megahertz,
        "exposure_s": live.exposure_s if live is not None else 0.0,
        "azimuth_deg": mount.place.azimuth.degrees if mount is not None else None,
        "altitude_deg": mount.place.altitude.degrees if mount is not None else None,
        "on_target": mount.on_target if mount is not None else None,
    }
