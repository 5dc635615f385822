# SPDX-License-Identifier: BSD-3-Clause
"""A connection of the server that waits for a request's headers only so long; uvicorn alone would do so for ever."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def patient_for(seconds: float) -> type[asyncio.Protocol]:
    class Connection(HttpToolsProtocol):
        late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.wait_for_headers()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.wait_for_headers()

        def on_headers_complete(self) -> None:
            self.wait_no_longer()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self.wait_no_longer()
            super().connection_lost(exc)

        def wait_for_headers(self) -> None:
            self.wait_no_longer()
            self.late = self.loop.call_later(seconds, self.transport.abort)

        def wait_no_longer(self) -> None:
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return Connection
