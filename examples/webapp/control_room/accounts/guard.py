# SPDX-License-Identifier: BSD-3-Clause
"""What stands before every route: from where it comes, how much and how slowly, and what is told of it after.

Plain ASGI: it adds some microseconds to a request and nothing to a message of a socket."""

import asyncio
import time
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..callers import NOBODY, Caller
from ..settings import Settings
from .audit import address_of_request
from .limits import Limit, TooOften
from .metrics import Metrics

Network = IPv4Network | IPv6Network
Audit = Callable[..., None]

SAFE = {"GET", "HEAD", "OPTIONS"}
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
TOLD = {403, 408, 413}  # answers that say that somebody has tried


class Guard:
    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, audit: Audit) -> None:
        self._app = app
        self._metrics = metrics
        self._audit = audit
        self._proxies = [ip_network(each, strict=False) for each in settings.proxies]
        self._origins = {each.rstrip("/") for each in settings.origins}
        self._own_origin = settings.address.rstrip("/")
        self._most_bytes = int(settings.most_body_mb * 1e6)
        self._body_s = settings.client_body_s
        self._requests = Limit(settings.requests_per_minute, 60.0)
        self._refusals = Limit(60, 60.0)  # told of one address: who floods us must not fill the disk with it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        address = self._find_out_address(scope, headers)
        given = address_of_request.set(address)
        try:
            refusal = self._refuse(scope, headers, address)
            if refusal is None:
                status = await self._pass_on(scope, headers, receive, send)
            else:
                status = refusal.status_code
                _add_headers(MutableHeaders(raw=refusal.raw_headers), scope)
                await refusal(scope, receive, send)
            if status in TOLD or "refused" in state:
                await self._tell(scope, status, address)
        finally:
            address_of_request.reset(given)

    # From where

    def _find_out_address(self, scope: Scope, headers: Headers) -> str:
        """The client's, behind the proxies that we believe. `forwarded_by`: somebody else claims to be one."""
        peer = (scope.get("client") or ("", 0))[0]
        claims = headers.get("x-forwarded-for", "")
        if not self._is_proxy(peer):
            scope["state"]["forwarded_by"] = peer if claims or "forwarded" in headers else ""
            return peer
        for claim in reversed([part.strip() for part in claims.split(",") if part.strip()]):
            peer = claim
            if not self._is_proxy(claim):
                break
        scope["client"] = (peer, 0)
        scope["state"]["forwarded_by"] = ""
        if headers.get("x-forwarded-proto", "").strip().lower() in ("https", "wss"):
            scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
        return peer

    def _is_proxy(self, address: str) -> bool:
        return any_holds(self._proxies, address)

    # What is refused before a route sees it

    def _refuse(self, scope: Scope, headers: Headers, address: str) -> JSONResponse | None:
        try:
            self._requests.take(address)
        except TooOften as why:
            return JSONResponse({"detail": str(why)}, 429, {"Retry-After": str(why.retry_after_s)})
        path = scope["path"]
        if "\0" in path or "\\" in path or ".." in path.split("/"):
            scope["state"]["refused"] = "a path that leads out"
            return JSONResponse({"detail": "that is no path"}, 400)
        if self._is_foreign(scope, headers):
            scope["state"]["refused"] = f"a page of {headers.get('origin', 'another site')[:200]} asked"
            return JSONResponse({"detail": "pages of other sites may not ask that: see the setting `origins`"}, 403)
        claimed = headers.get("content-length", "0")
        if claimed.isdigit() and int(claimed) > self._most_bytes:
            return JSONResponse({"detail": self._too_large()}, 413, {"Connection": "close"})
        return None

    def _is_foreign(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page of another site makes the browser ask for what changes something, or for a socket."""
        if scope["type"] == "http" and scope["method"] in SAFE:
            return False
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") == "cross-site"
        return not (
            origin in self._origins
            or (self._own_origin and origin == self._own_origin)
            or origin.partition("://")[2] == headers.get("host", "")
        )

    def _too_large(self) -> str:
        return f"a request's body may have {self._most_bytes} bytes: see the setting `most_body_mb`"

    # What is watched while it goes on

    async def _pass_on(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> int:
        started = time.perf_counter()
        status = 0
        stalled = False
        is_http = scope["type"] == "http"

        async def watched_send(message: Message) -> None:
            nonlocal status, stalled
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                _add_headers(MutableHeaders(raw=_headers_of(message)), scope)
            if is_http:
                try:
                    async with asyncio.timeout(self._body_s):  # a client that does not read holds us up no longer
                        await send(message)
                except TimeoutError:
                    stalled = True
                    raise
            else:
                await send(message)

        try:
            await self._app(scope, self._watch_body(headers, receive) if is_http else receive, watched_send)
        except BaseException:
            status = 408 if stalled else 500
            if not stalled:
                raise
        finally:
            if is_http:
                self._metrics.request(scope, status, time.perf_counter() - started)
        return status

    def _watch_body(self, headers: Headers, receive: Receive) -> Receive:
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return receive
        loop = asyncio.get_running_loop()
        end = loop.time() + self._body_s
        came = 0
        complete = False

        async def watched_receive() -> Message:
            nonlocal came, complete
            if complete:
                return await receive()  # waits for the client to go
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body came too slowly", {"Connection": "close"}) from None
            came += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if came > self._most_bytes:
                raise HTTPException(413, self._too_large(), {"Connection": "close"})
            return message

        return watched_receive

    # What is told after

    async def _tell(self, scope: Scope, status: int, address: str) -> None:
        self._metrics.refused.inc()
        try:
            self._refusals.take(address)
        except TooOften:
            return
        state = scope["state"]
        caller: Caller = state.get("caller", NOBODY)
        subject = f"{scope.get('method', 'WEBSOCKET')} {scope['path'][:400]}"
        details = {"status": status}
        if "refused" in state:
            details["reason"] = state["refused"]
        await run_in_threadpool(self._audit, caller, "request", subject, details, "refused")


def any_holds(networks: list[Network], address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


def _headers_of(message: Message) -> list[tuple[bytes, bytes]]:
    message["headers"] = list(message.get("headers", []))
    return message["headers"]


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope.get("scheme") in ("https", "wss"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if scope["path"].startswith(("/api/", "/v1/")):
        headers.setdefault("Cache-Control", "no-store")
