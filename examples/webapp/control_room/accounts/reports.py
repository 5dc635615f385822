# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong here: told to the log and, by setting, to a Sentry-compatible address; clients hear little of it."""

import logging

import sentry_sdk
from fastapi import FastAPI, Request
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sentry_sdk.types import Event, Hint
from sqlalchemy.exc import InterfaceError, OperationalError

from ..settings import Settings
from ..texts import MARKUP, has_markup

log = logging.getLogger("control_room")


def report_to(settings: Settings) -> None:
    """Before the app is made. Nothing of a request goes out but its method and its path's template."""
    if settings.sentry_dsn is None:
        return
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        send_default_pii=False,
        include_local_variables=False,  # they may hold passwords
        max_request_body_size="never",
        before_send=_without_secrets,
    )


def _without_secrets(event: Event, _: Hint) -> Event:
    request = event.get("request", {})
    for part in ("headers", "cookies", "query_string", "data", "env"):
        request.pop(part, None)
    return event


def add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(OperationalError, _without_database)
    app.add_exception_handler(InterfaceError, _without_database)
    app.add_exception_handler(Exception, _unexpected)


async def _invalid(request: Request, why: RequestValidationError) -> Response:
    if any(error["type"] == MARKUP or has_markup(error.get("input")) for error in why.errors()):
        request.state.refused = "markup in a text"
    # What was sent is not sent back: it may be a password, or nothing that JSON can say.
    return await request_validation_exception_handler(
        request, RequestValidationError([{key: error[key] for key in ("type", "loc", "msg")} for error in why.errors()])
    )


async def _without_database(request: Request, why: Exception) -> Response:
    log.error("%s: the database: %s", request.url.path, type(why).__name__, exc_info=why)
    return JSONResponse({"detail": "the database does not answer: try again"}, 503, {"Retry-After": "5"})


async def _unexpected(request: Request, _: Exception) -> Response:
    # The server's log has it already, with its traceback.
    return JSONResponse({"detail": "something went wrong here; it is in the log"}, 500)
