# SPDX-License-Identifier: BSD-3-Clause
"""Clients that count what comes, as cheaply as Python can, so that they do not limit who is measured."""

import asyncio
import re
import socket
import time

MARK = b'"bench.p'
VALUE = re.compile(rb'"bench\.p\d+", ?"value": ?([0-9.]+),')


class Watcher(asyncio.Protocol):
    def __init__(self, port, batches, keeps_delays):
        self.batches, self.keeps_delays = batches, keeps_delays
        self.port, self.count, self.tail, self.delays = port, 0, b"", []
        self.is_open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        protocol = "Sec-WebSocket-Protocol: astro.batch.v1\r\n" if self.batches else ""
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n".encode()
        )

    def data_received(self, data):
        if not self.is_open.done():
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self.is_open.set_result(True)
        if self.keeps_delays:
            now = time.time()
            self.delays += [now - float(value) for value in VALUE.findall(data)]
        data = self.tail + data
        self.count += data.count(MARK)
        self.tail = data[-len(MARK) + 1 :]

    def connection_lost(self, error):
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError("the server hung up"))


def stalled(port):
    """Says hello, and reads nothing."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", port))
    one.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return one


async def watch(port, clients, seconds, batches=False, delays=False):
    """(points delivered a second to all together, sorted delays in seconds)."""
    loop = asyncio.get_running_loop()
    watchers = []
    for _ in range(clients):
        _, watcher = await loop.create_connection(lambda: Watcher(port, batches, delays), "127.0.0.1", port)
        watchers.append(watcher)
    await asyncio.wait_for(asyncio.gather(*(watcher.is_open for watcher in watchers)), 300)
    await asyncio.sleep(1.0)  # what waited before is out
    for watcher in watchers:
        watcher.delays.clear()
    begin, before = time.perf_counter(), sum(watcher.count for watcher in watchers)
    await asyncio.sleep(seconds)
    count = sum(watcher.count for watcher in watchers) - before
    elapsed = time.perf_counter() - begin
    for watcher in watchers:
        watcher.transport.abort()
    return count / elapsed, sorted(delay for watcher in watchers for delay in watcher.delays)
