# SPDX-License-Identifier: BSD-3-Clause
"""uvicorn's WebSocket protocol with a door for frames that are encoded already.

The feed makes a message's bytes once for all clients; handed to the transport as they are, a message costs each client
one write. Through ASGI's `send` it would be a task, a string and a frame of its own for each."""

import socket
import struct
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "control_room.frames"
SEND_BUFFER = 65536


class FrameProtocol(WebSocketsSansIOProtocol):
    """`scope["extensions"][EXTENSION]` is the protocol itself. No extension of the frames (compression) may be in use."""

    when_writable: Callable[[], None] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # What lies in the kernel can no longer be thinned, and a stalled client is not seen until that is full.
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self  # type: ignore[typeddict-unknown-key]

    @property
    def is_writable(self) -> bool:
        return self.writable.is_set() and not self.is_over

    @property
    def is_over(self) -> bool:
        return self.disconnected or self.close_sent or self.transport.is_closing()

    def write_frames(self, frames: bytes) -> None:
        """Without waiting: ask `is_writable` first."""
        self.transport.write(frames)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.when_writable is not None:
            self.when_writable()

    def abort(self) -> None:
        """Ends the connection without what waits in it, in the kernel as well."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
