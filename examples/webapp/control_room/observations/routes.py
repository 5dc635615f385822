# SPDX-License-Identifier: BSD-3-Clause
"""Contract 4: requests come in, are looked at and taken back."""

from typing import Annotated, Any

import astro
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ..accounts.answers import refusals
from ..accounts.audit import address_of_request
from ..accounts.sign_in import take
from ..callers import AnyCaller, Caller, Right, Way, needs
from .contract import ENDED, Health, Kept, Status, Submission
from .desk import CannotAccept, CannotCancel, name_of
from .products import base_name
from .tables import Observation

router = APIRouter(prefix="/v1", tags=["observations"])

Watcher = Annotated[Caller, Depends(needs(Right.watch))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[7])]


def as_kept(request: Request, row: Observation, caller: Caller) -> Kept:
    """With links that the caller alone is given, and that expire."""
    stem = f"/v1/files/{row.id}/{base_name(row)}"

    def link(ending: str, wanted: bool = True) -> str | None:
        if row.status != Status.completed or not wanted or caller.user_id is None:
            return None
        return request.app.state.accounts.sign(f"{stem}.{ending}", caller.user_id)

    target = row.asked["observation_type"] == "TARGET_OBSERVATION"
    return Kept.model_validate(
        {
            **row.asked,
            "target_name": name_of(row),
            "id": row.id,
            "user_id": row.user_id,
            "username": row.username,
            "status": row.status,
            "reason": row.reason,
            "created_on": row.created_on,
            "updated_on": row.updated_on,
            "completed_on": row.completed_on,
            "csv_download_url": link("csv", row.asked["receive_csv"]),
            "analysis_results_url": link("json", row.asked["perform_data_analysis"]),
            "data_download_url": link("fits" if target else "csv"),
        }
    )


def may_see(row: Observation, caller: Caller) -> bool:
    return (row.user_id is not None and row.user_id == caller.user_id) or caller.may(Right.curate)


def find(request: Request, id: int, caller: Caller, *, to_cancel: bool = False) -> Observation:
    """One that the caller may see; somebody else's is as if it were not there (404)."""
    with request.app.state.database.reading() as session:
        row = session.get(Observation, id)
    if row is None or not (may_see(row, caller) or (to_cancel and caller.may(Right.operate))):
        raise HTTPException(404, f"there is no observation {id} of yours")
    return row


def invalid(why: str, *where: str) -> RequestValidationError:
    """What only libastro found out, as FastAPI says what is not valid."""
    return RequestValidationError([{"type": "value_error", "loc": ("body", *where), "msg": why, "input": None}])


def ask_for(
    body: Submission,
    request: Request,
    caller: AnyCaller,
    idempotency_key: Annotated[
        str | None, Header(max_length=160, description="the same again: the same observation, and no second one")
    ] = None,
) -> Kept:
    """Accepted (202) means: it is written down, is done once, and survives whatever ends this server."""
    requestor = None if caller.may(Right.observe) else body.requestor
    if not caller.may(Right.observe):
        if caller.way == Way.nothing and (requestor is None or not request.app.state.settings.guests):
            raise HTTPException(401, "sign in, or say as `requestor` who asks", {"WWW-Authenticate": "Bearer"})
        if caller.way != Way.nothing and (requestor is None or not caller.may(Right.watch)):
            raise HTTPException(403, f"this needs the right to observe, or a requestor; {caller.name} is {caller.role}")
    if requestor is not None:  # a name costs nothing: it is the address that may fill the queue only so far
        take(request.app.state.accounts.guest_requests, address_of_request.get())
    state = request.app.state.observations
    try:
        row, is_new = state.desk.accept(body.observation, caller, requestor, idempotency_key)
    except CannotAccept as why:
        raise HTTPException(503, str(why), {"Retry-After": "60"}) from why
    except SQLAlchemyError as why:
        raise HTTPException(503, "the database does not answer; try again", {"Retry-After": "10"}) from why
    except astro.Error as why:
        if str(why.code) in ("invalid_argument", "unsupported", "out_of_limits"):
            raise invalid(str(why), "observation") from why
        raise HTTPException(503, f"it cannot be accepted now: {why}", {"Retry-After": "10"}) from why
    if is_new:
        state.runner.look()
        request.app.state.accounts.audit(caller, "observation.request", f"observation {row.id}", {"user": row.username})
    return as_kept(request, row, caller)


def list_own(request: Request, caller: Watcher) -> list[Kept]:
    """The caller's own, newest first."""
    if caller.user_id is None:
        return []
    with request.app.state.database.reading() as session:
        rows = session.scalars(
            select(Observation).where(Observation.user_id == caller.user_id).order_by(Observation.id.desc())
        ).all()
    return [as_kept(request, row, caller) for row in rows]


for path, shown in (("/observations/", True), ("/observations", False)):  # clients write both
    router.add_api_route(
        path, ask_for, methods=["POST"], status_code=202, response_model=Kept, include_in_schema=shown,
        responses=refusals(401, 403, 503),
    )  # fmt: skip
    router.add_api_route(
        path, list_own, methods=["GET"], response_model=list[Kept], include_in_schema=shown,
        responses=refusals(401, 403),
    )  # fmt: skip


@router.get("/observations/{id}", response_model=Kept, responses=refusals(401, 403, 404))
def get_one(id: Id, request: Request, caller: Watcher) -> Kept:
    """One of the caller's own; of everybody for who may curate."""
    return as_kept(request, find(request, id, caller), caller)


@router.delete("/observations/{id}", status_code=204, responses=refusals(401, 403, 404, 409, 503))
def cancel(id: Id, request: Request, caller: Watcher) -> None:
    """Takes it off the queue; one that runs is stopped. Operators may do so with everybody's."""
    row = find(request, id, caller, to_cancel=True)
    if row.user_id != caller.user_id and not caller.may(Right.operate):
        raise HTTPException(403, f"observation {id} is not yours: an operator can cancel it")
    state = request.app.state.observations
    try:
        state.desk.cancel(row, caller.name)
    except CannotCancel as why:
        raise HTTPException(409, str(why)) from why
    except astro.Error as why:
        raise HTTPException(503, f"it cannot be cancelled now: {why}", {"Retry-After": "10"}) from why
    state.runner.look()
    request.app.state.accounts.audit(caller, "observation.cancel", f"observation {id}", {"user": row.username})


@router.get("/web/health", response_model=Health, responses=refusals())
def health(request: Request) -> dict[str, Any]:
    """Whether requests can be taken."""
    checks: dict[str, Any] = {}
    for name, look in (("database", _look_at_database), ("queue", _look_at_queue)):
        try:
            checks[name] = {"ok": True, **look(request)}
        except (SQLAlchemyError, astro.Error) as why:
            checks[name] = {"ok": False, "message": type(why).__name__}
    well = all(each["ok"] for each in checks.values())
    message = "requests are taken" if well else "requests cannot be taken now"
    return {"status": "healthy" if well else "degraded", "message": message, "data": checks}


def _look_at_database(request: Request) -> dict[str, Any]:
    with request.app.state.database.reading() as session:
        session.execute(select(1))
    return {}


def _look_at_queue(request: Request) -> dict[str, Any]:
    request.app.state.room.store.count(astro.QueuedRequest)
    return {}


@router.get("/web/status", response_model=Health, responses=refusals())
def status(request: Request) -> dict[str, Any]:
    """How much is waiting, and what runs."""
    with request.app.state.database.reading() as session:
        rows = session.scalars(select(Observation.status).where(Observation.status.not_in(ENDED))).all()
    running = rows.count(Status.in_progress)
    data = {
        "waiting": len(rows) - running,
        "running": running,
        "site": request.app.state.room.site.site.name,
        "observes": request.app.state.observations.runner.is_ours,  # this instance of several
    }
    return {"status": "observing" if running else "idle", "message": f"{len(rows)} requests in the queue", "data": data}
