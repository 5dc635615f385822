# SPDX-License-Identifier: BSD-3-Clause
"""The site's nodes: who is there, asked again and again over its transports."""

import threading

import astro
from astro import messaging

from .worker import Worker


class Nodes:
    """Without a transport that leaves this process there are none."""

    def __init__(self, site: astro.Observatory) -> None:
        self._site = site.site
        self._has_any = any(str(entry.kind) == "transport" and entry.driver != "local" for entry in self._site.devices)
        self._client: messaging.NodeClient | None = None
        self._lock = threading.Lock()
        self._known: list[messaging.KnownNode] = []
        self._worker = Worker("asking who is there", self._ask, 5.0)

    def start(self) -> None:
        if self._has_any:
            self._worker.start()
            self._worker.wake()

    def close(self) -> None:
        self._worker.close()
        if self._client is not None:
            self._client.close()

    def known(self) -> list[messaging.KnownNode]:
        return self._known

    def find(self, name: str) -> messaging.KnownNode | None:
        return next((node for node in self._known if node.name == name), None)

    def admit(self, name: str, by: str) -> None:
        self._opened().admit(name, by)
        self._ask()

    def forget(self, name: str) -> None:
        self._opened().forget(name)
        self._ask()

    def _opened(self) -> messaging.NodeClient:
        if self._client is None:
            self._client = messaging.NodeClient.open(self._site)
        return self._client

    def _ask(self) -> None:
        with self._lock:
            self._known = self._opened().nodes(1.0)
