# SPDX-License-Identifier: BSD-3-Clause
"""Who is there: modules over HTTP and nodes in one list; who admits them, and what they told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, JsonValue
from sqlalchemy import delete, func, select

from ..callers import Caller, Right, needs
from ..database import now
from .answers import REFUSALS
from .messages import FINAL, to_time
from .modules import NOT_FOUND, ModuleName
from .tables import Event, Frame, LiveCommand, Module, ModulePoint

router = APIRouter(tags=["modules"])
Operating = Annotated[Caller, Depends(needs(Right.operate))]
Watch = Depends(needs(Right.watch))
LOOKED_THROUGH = 5000  # messages for one module's log


class ModuleKept(BaseModel):
    id: str
    kind: Literal["node", "http"]
    state: Literal["online", "stale", "offline", "pending"]
    admitted: bool
    admitted_by: str
    since: datetime | None
    last_seen: datetime | None
    boot: int | None
    versions: dict[str, str]
    devices: list[str]
    waiting: int | None
    stored: int | None
    shed: int | None
    camera: bool


class ModulesKept(BaseModel):
    modules: list[ModuleKept]


class LogEntry(BaseModel):
    time: datetime
    id: str
    value: dict[str, JsonValue]


class ModuleLog(BaseModel):
    entries: list[LogEntry]


@router.get("/api/modules", responses=REFUSALS, dependencies=[Watch])
def list_modules(request: Request) -> ModulesKept:
    """Nodes first."""
    live, silent = request.app.state.live, 3 * request.app.state.settings.module_interval_s
    found = [_of_node(node) for node in live.nodes.known()]
    with live.database.reading() as session:
        modules = session.scalars(select(Module).order_by(Module.id)).all()
        points = session.scalars(select(ModulePoint).order_by(ModulePoint.id)).all()
        cameras = set(session.scalars(select(Frame.module_id).distinct()))
        waiting = dict(
            session.execute(
                select(LiveCommand.device, func.count())
                .where(LiveCommand.to_module.is_(True), LiveCommand.state == "received")
                .where(LiveCommand.handed_out.is_(None))
                .group_by(LiveCommand.device)
            ).all()
        )
    for module in modules:
        types = [point.id for point in points if point.module_id == module.id]
        found.append(_of_http(module, silent, types, waiting.get(module.id, 0), module.id in cameras))
    return ModulesKept(modules=found)


def _of_http(module: Module, silent_s: float, types: list[str], waiting: int, camera: bool) -> ModuleKept:
    state = "online"
    if module.admitted_at is None:
        state = "pending"
    elif module.says_offline:
        state = "offline"
    elif now() - module.last_seen > timedelta(seconds=silent_s):
        state = "stale"
    return ModuleKept(
        id=module.id, kind="http", state=state, admitted=module.admitted_at is not None,
        admitted_by=module.admitted_by, since=module.since, last_seen=module.last_seen, boot=None,
        versions=module.versions, devices=types, waiting=waiting, stored=module.points, shed=0, camera=camera,
    )  # fmt: skip


NODE_STATES = {"online": "online", "silent": "stale"}


def _of_node(node: Any) -> ModuleKept:
    state = NODE_STATES.get(node.state, "offline") if node.admitted else "pending"
    versions = {"libastro": node.version, "host": node.host, "configuration": str(node.configuration)}
    return ModuleKept(
        id=node.name, kind="node", state=state, admitted=node.admitted, admitted_by=node.admitted_by,
        since=node.since and node.since.datetime, last_seen=node.heard and node.heard.datetime, boot=node.boot,
        versions={name: text for name, text in versions.items() if text}, devices=list(node.devices),
        waiting=None, stored=None, shed=None, camera=False,
    )  # fmt: skip


def _one(request: Request, module_id: str) -> ModuleKept:
    for each in list_modules(request).modules:
        if each.id == module_id:
            return each
    raise HTTPException(404, f"there is no module {module_id}")


@router.post("/api/modules/{module_id}/admit", responses={**REFUSALS, **NOT_FOUND})
def admit_module(module_id: ModuleName, caller: Operating, request: Request) -> ModuleKept:
    """From now on it may be commanded."""
    live = request.app.state.live
    _one(request, module_id)
    if live.nodes.find(module_id):
        live.nodes.admit(module_id, caller.name)
    else:
        with live.database.session() as session:
            module = session.get(Module, module_id, with_for_update=True)
            if module and module.admitted_at is None:
                module.admitted_at, module.admitted_by = now(), caller.name
    live.app.state.accounts.audit(caller, "admit module", module_id, None)
    live.publish_message("module", {"module_id": module_id, "state": "admitted", "message": f"by {caller.name}"})
    return _one(request, module_id)


@router.delete("/api/modules/{module_id}", status_code=204, responses={**REFUSALS, **NOT_FOUND})
def forget_module(module_id: ModuleName, caller: Operating, request: Request) -> None:
    """As if it was never heard; what it measured stays in the history. Commands that wait for it are cancelled."""
    live = request.app.state.live
    _one(request, module_id)
    if live.nodes.find(module_id):
        live.nodes.forget(module_id)
    else:
        told = []
        with live.database.session() as session:
            open_ones = select(LiveCommand).where(
                LiveCommand.device == module_id, LiveCommand.to_module.is_(True), LiveCommand.state.not_in(FINAL)
            )
            for row in session.scalars(open_ones):
                says = f"{caller.name} forgot the module"
                told.append(live.journal.conclude(session, row, "failed", says, "cancelled", None, now()))
            session.execute(delete(Module).where(Module.id == module_id))
        for value in told:
            live.feed.tell("command_result", value, to_time(now()))
        live.pictures.forget(module_id)
    live.app.state.accounts.audit(caller, "forget module", module_id, None)
    live.publish_message("module", {"module_id": module_id, "state": "forgotten", "message": f"by {caller.name}"})


@router.get("/api/modules/{module_id}/log", responses={**REFUSALS, **NOT_FOUND}, dependencies=[Watch])
def module_log(module_id: ModuleName, request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> ModuleLog:
    """What it told, what it was commanded, who admitted it; newest first."""
    module = _one(request, module_id)
    names = {module_id, *(module.devices if module.kind == "node" else ())}
    asked = (
        select(Event)
        .where(Event.name.in_(("module", "command_result", "device_status", "log")))
        .order_by(Event.id.desc())
        .limit(LOOKED_THROUGH)
    )
    with request.app.state.database.reading() as session:
        rows = session.scalars(asked).all()
    about = [row for row in rows if names & {row.value.get("module_id"), row.value.get("device")}]
    return ModuleLog(
        entries=[LogEntry(time=row.time.astimezone(UTC), id=row.name, value=row.value) for row in about[:limit]]
    )
