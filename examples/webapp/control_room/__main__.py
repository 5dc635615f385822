# SPDX-License-Identifier: BSD-3-Clause
"""python -m control_room: serves it, as the settings say."""

import sys
from typing import Any

import astro
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from .accounts.reports import report_to
from .app import make_app
from .connection import patient_for
from .live.frames import FrameProtocol
from .live.logs import log_config
from .settings import Settings, WrongSetting

OF_PEOPLE = (astro.Error, WrongSetting, ArgumentError, InterfaceError, OperationalError, OSError)  # who can mend it


class Started:
    """The application as it is served. A start that fails for what people can mend is said in a sentence: the server
    would log a traceback."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.wrong = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: list[Any] = []

        async def told(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, told)
        except BaseException as wrong:
            if failed and isinstance(wrong, OF_PEOPLE):
                self.wrong = _sentence(wrong)
                failed = [{"type": "lifespan.startup.failed", "message": ""}]
            for message in failed:
                await send(message)
            raise


def main() -> int:
    try:
        settings = Settings()
    except (ValidationError, FileNotFoundError) as wrong:
        print(f"control room: {_said(wrong)}", file=sys.stderr)
        return 2
    if Settings.unknown():
        print(f"control room: there is no setting {', '.join(Settings.unknown())}", file=sys.stderr)
        return 2
    try:
        astro.load_site(settings.site)  # what is wrong with it is said in a sentence, and not below a server's traceback
    except astro.Error as wrong:
        print(f"control room: {wrong}", file=sys.stderr)
        return 2
    report_to(settings)
    app = Started(make_app(settings))
    try:
        serve(app, settings)
    except SystemExit:
        if not app.wrong:
            raise
        print(f"control room: {app.wrong}", file=sys.stderr)
        return 2
    return 0


def serve(app: Started, settings: Settings) -> None:
    uvicorn.run(
        app,
        ws=FrameProtocol,
        ws_per_message_deflate=False,  # each client's own, it would cost more than all the rest
        ws_max_size=262_144,  # of what clients say
        host=settings.host,
        port=settings.port,
        http=patient_for(settings.client_headers_s),
        log_config=log_config(settings.log_level),
        log_level=settings.log_level,
        access_log=False,  # a link's signature stands in its address
        proxy_headers=False,  # the guard does that
        server_header=False,
        timeout_graceful_shutdown=5,  # streams have no end of their own
    )


def _sentence(wrong: BaseException) -> str:
    """Of a database the driver's own words: the rest is statement and parameters."""
    if isinstance(wrong, InterfaceError | OperationalError):
        return f"the database cannot be opened: {' '.join(str(wrong.orig).split())}"
    return str(wrong)


def _said(wrong: ValidationError | FileNotFoundError) -> str:
    """Without what was given: it may be a secret."""
    if isinstance(wrong, FileNotFoundError):
        return str(wrong)
    each = (f"CONTROL_ROOM_{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}" for error in wrong.errors())
    return "the settings are wrong:\n  " + "\n  ".join(each)


if __name__ == "__main__":
    sys.exit(main())
