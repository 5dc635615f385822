# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of modules: the newest for those who look, and a few back in the database. Contract 3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import delete, select
from starlette.concurrency import run_in_threadpool

from ..callers import Right, needs
from ..database import now
from .answers import REFUSALS, Refusal
from .modules import NAME, NOT_FOUND, Posting, check_module, seen, tell_of_new
from .tables import Frame

router = APIRouter(tags=["modules over HTTP"])
TrustedWatch = Depends(needs(Right.watch, trusted=True))
ModuleQuery = Annotated[str, Query(pattern=NAME, examples=["camera-01"])]
BOUNDARY = "frame"
QUIET_S = 10.0  # a viewer of a silent camera gets the same picture again, so that a broken connection is noticed


class FrameKept(BaseModel):
    status: str
    module_id: str
    bytes: int
    timestamp: datetime


class Pictures:
    """The newest picture of each module in this process. Viewers wait for the next one."""

    def __init__(self) -> None:
        self._newest: dict[str, Frame] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._came: asyncio.Condition | None = None
        self.is_over = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._came = loop, asyncio.Condition()

    def close(self) -> None:
        self.is_over = True
        self._wake()

    def put(self, frame: Frame) -> None:
        """From any thread."""
        self._newest[frame.module_id] = frame
        self._wake()

    def forget(self, module_id: str) -> None:
        self._newest.pop(module_id, None)

    def newest(self, module_id: str) -> Frame | None:
        return self._newest.get(module_id)

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._tell()))

    async def _tell(self) -> None:
        assert self._came is not None
        async with self._came:
            self._came.notify_all()

    async def after(self, module_id: str, number: int) -> Frame | None:
        """The next one, or after a while the same."""
        assert self._came is not None
        async with self._came:
            try:
                await asyncio.wait_for(
                    self._came.wait_for(
                        lambda: (
                            self.is_over or (self._newest[module_id].id if module_id in self._newest else -1) > number
                        )
                    ),
                    QUIET_S,
                )
            except TimeoutError:
                pass
        return None if self.is_over else self._newest.get(module_id)


def media_type_of(content: bytes) -> str | None:
    """By what it begins with: what a sender says is not believed."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if content.startswith(b"\x89PNG\r\n\x1a\n") else None


@router.post(
    "/api/camera/frame",
    responses={**REFUSALS, 409: {"model": Refusal}, 413: {"model": Refusal}, 415: {"model": Refusal}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"frame": {"type": "string", "format": "binary"}}}
                },
            },
        }
    },
)
async def post_frame(module_id: ModuleQuery, caller: Posting, request: Request) -> FrameKept:
    """A picture: the body itself, or the first file of a form."""
    check_module(caller, request, module_id)
    content = await _content(request)
    media_type = media_type_of(content)
    if media_type is None:
        raise HTTPException(415, "neither a JPEG nor a PNG: send the picture's bytes, or a form with it as a file")
    frame, is_new = await run_in_threadpool(_keep, request, module_id, media_type, content)
    if is_new:
        tell_of_new(request, module_id)
    request.app.state.live.pictures.put(frame)
    return FrameKept(status="stored", module_id=module_id, bytes=len(content), timestamp=frame.time)


async def _content(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form(max_files=1, max_fields=8) as form:
        for part in form.values():
            if not isinstance(part, str):
                return await part.read()
    raise HTTPException(415, "the form has no file: send the picture as one")


def _keep(request: Request, module_id: str, media_type: str, content: bytes) -> tuple[Frame, bool]:
    with request.app.state.database.session() as session:
        module, is_new = seen(session, module_id)
        module.says_offline = False
        frame = Frame(module_id=module_id, time=now(), media_type=media_type, content=content)
        session.add(frame)
        session.flush()
        kept = (
            select(Frame.id)
            .where(Frame.module_id == module_id)
            .order_by(Frame.id.desc())
            .limit(request.app.state.settings.kept_frames)
        )
        oldest = min(session.scalars(kept))
        session.execute(delete(Frame).where(Frame.module_id == module_id, Frame.id < oldest))
    return frame, is_new


def _newest(request: Request, module_id: str) -> Frame:
    pictures: Pictures = request.app.state.live.pictures
    frame = pictures.newest(module_id)
    if frame is None:
        with request.app.state.database.reading() as session:
            frame = session.scalar(select(Frame).where(Frame.module_id == module_id).order_by(Frame.id.desc()).limit(1))
        if frame is not None:
            pictures.put(frame)
    if frame is None:
        raise HTTPException(404, f"no picture came from a module {module_id}")
    return frame


@router.get(
    "/api/camera/frame",
    response_class=Response,
    responses={**REFUSALS, **NOT_FOUND, 200: {"content": {"image/jpeg": {}, "image/png": {}}}},
    dependencies=[TrustedWatch],
)
def get_frame(module_id: ModuleQuery, request: Request) -> Response:
    """The newest picture."""
    frame = _newest(request, module_id)
    return Response(
        frame.content,
        media_type=frame.media_type,
        headers={"Cache-Control": "no-store", "Last-Modified": frame.time.strftime("%a, %d %b %Y %H:%M:%S GMT")},
    )


@router.get(
    "/api/camera/stream",
    response_class=StreamingResponse,
    responses={**REFUSALS, **NOT_FOUND, 200: {"content": {"multipart/x-mixed-replace": {}}}},
    dependencies=[TrustedWatch],
)
async def stream_frames(module_id: ModuleQuery, request: Request) -> StreamingResponse:
    """MJPEG: the newest picture, and each that comes, as fast as the viewer reads."""
    first = await run_in_threadpool(_newest, request, module_id)

    async def parts() -> AsyncIterator[bytes]:
        frame: Frame | None = first
        while frame is not None:
            head = f"--{BOUNDARY}\r\nContent-Type: {frame.media_type}\r\nContent-Length: {len(frame.content)}\r\n\r\n"
            yield head.encode() + frame.content + b"\r\n"
            frame = await request.app.state.live.pictures.after(module_id, frame.id)
        yield f"--{BOUNDARY}--\r\n".encode()

    return StreamingResponse(
        parts(),
        media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
        headers={"Cache-Control": "no-store"},
    )
