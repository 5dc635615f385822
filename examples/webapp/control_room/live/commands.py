# SPDX-License-Identifier: BSD-3-Clause
"""Commands to devices, through the observatory's gate, with who asks as their issuer; and what became of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import astro
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue
from sqlalchemy import select

from ..callers import Caller, Right, needs
from ..database import now
from .answers import NUMBER, PRINTABLE, REFUSALS, JsonObject, Refusal
from .catalogue import Unfit, Unknown
from .messages import FINAL, STATUS, to_time
from .tables import LiveCommand
from .worker import Worker

if TYPE_CHECKING:
    from .service import Live

router = APIRouter(tags=["commands"])
LIVES = timedelta(minutes=1)  # what has not begun by then does not begin any more
MOST_OF_JOURNAL = 2000  # that are looked through, the newest
LATE = timedelta(seconds=30)  # for an answer that is on its way


class Commander:
    """Hands commands in, and sees to it that each comes to an end."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._subscription: Any = None
        self._worker = Worker("the end of commands", self._end_what_expired, 1.0)

    def start(self) -> None:
        self._subscription = self._live.site.subscribe(
            acknowledgment=self._live.journal.acknowledgment, notice=self._notice
        )
        self._settle_what_was_begun()
        self._worker.start()

    def close(self) -> None:
        self._worker.close()
        if self._subscription is not None:
            self._subscription.close()

    def _notice(self, told: astro.Notice) -> None:
        name = "log" if told.kind == "log" else "device_status"
        value = {"device": told.device, "kind": told.kind, "level": str(told.level), "message": told.message}
        self._live.journal.event(name, value, told.time.datetime)

    def give(self, caller: Caller, device: str, command: str, parameters: dict[str, Any]) -> LiveCommand:
        """Raises Unknown, Unfit, and HTTPException when somebody else drives; what the gate refuses is told as a
        confirmation."""
        self._live.catalogue.check(device, command, parameters)
        self._live.app.state.observations.control.allow(caller, device, command)
        issued = now()
        row = LiveCommand(
            id=astro.new_id(), device=device, command=command, parameters=parameters, issuer=caller.name,
            process=self._live.process, issued=issued, expires=issued + LIVES, state="received", changed=issued,
        )  # fmt: skip
        with self._live.database.session() as session:  # before it acts: an answer always finds it
            session.add(row)
        self._live.app.state.accounts.audit(caller, "command", f"{device}.{command}", {"command_id": row.id})
        self._live.site.execute(
            astro.Command(
                id=row.id,
                device=device,
                name=command,
                parameters=parameters,
                issuer=astro.Issuer(name=caller.name, rank="operator"),
                issued=to_time(row.issued),
                expires=to_time(row.expires),
            )  # fmt: skip
        )
        return row

    def _settle_what_was_begun(self) -> None:
        """After a kill: what the site's journal says, or that it never got there."""
        live = self._live
        with live.database.session() as session:
            begun = (
                select(LiveCommand)
                .where(LiveCommand.process == live.process, LiveCommand.to_module.is_(False))
                .where(LiveCommand.state.not_in(FINAL))
            )
            for row in session.scalars(begun):
                told = live.site.find_command(row.id)
                if told is not None and str(told.state) in FINAL:
                    live.journal.keep(session, told)
                elif told is None:
                    cut = "the control room was ended before the command reached the device: give it again"
                    live.journal.conclude(session, row, "failed", cut, "interrupted", None, now())

    def _end_what_expired(self) -> None:
        """Commands to modules at their expiry; of devices those whose answer stays away."""
        live, moment = self._live, now()
        open_ones = (
            select(LiveCommand)
            .where(LiveCommand.state.not_in(FINAL))
            .where(
                (LiveCommand.to_module.is_(True) & (LiveCommand.expires <= moment))
                | (LiveCommand.to_module.is_(False) & (LiveCommand.expires <= moment - LATE))
            )
        )
        with live.database.reading() as session:
            due = [row.id for row in session.scalars(open_ones)]
        told = []
        for number in due:
            with live.database.session() as session:
                row = session.get(LiveCommand, number)
                if row is None or row.state in FINAL or not (row.to_module or self._is_forgotten(row)):
                    continue
                says = (
                    "no status came from the module in time" if row.to_module else "the device did not answer in time"
                )
                told.append(live.journal.conclude(session, row, "timeout", says, "timeout", None, now()))
        for value in told:
            live.feed.tell("command_result", value, astro.Time.now())

    def _is_forgotten(self, row: LiveCommand) -> bool:
        """A device may take its time: as long as the site's journal has it open here, it is not."""
        if row.process != self._live.process:
            return False
        told = self._live.site.find_command(row.id)
        if told is not None and str(told.state) in FINAL:
            self._live.journal.acknowledgment(told)
            return False
        return told is None


class ParameterTemplate(BaseModel):
    type: Literal["string", "float", "int", "boolean"]
    required: bool
    enum: list[str] | None
    description: str | None
    unit: str | None
    range: dict[str, float] | None
    default: bool | int | float | str | None


class CommandTemplate(BaseModel):
    command: str
    device: str
    parameters: dict[str, ParameterTemplate]
    description: str


class CommandTemplates(BaseModel):
    command_templates: dict[str, CommandTemplate]
    last_updated: datetime


class CommandAsked(BaseModel):
    device: str = Field(max_length=64, examples=["dish"])
    command: str = Field(max_length=64, examples=["move_to"])
    parameters: JsonObject = Field(default={}, max_length=64, examples=[{"first": 120.0, "second": 45.0}])


class CommandKept(BaseModel):
    command_id: str
    device: str
    command: str
    parameters: dict[str, JsonValue]
    issuer: str
    issued: datetime
    expires: datetime
    status: Literal["pending", "success", "error"]
    state: Literal["received", "started", "completed", "failed", "rejected", "timeout"]
    changed: datetime
    message: str
    error_code: str
    details: dict[str, JsonValue] | None


class CommandsKept(BaseModel):
    commands: list[CommandKept]


class Stopped(BaseModel):
    stopped: list[str] = Field(description="every device was told to stop", examples=[["dish", "hydrogen"]])


def kept(row: LiveCommand, parameters: dict[str, Any] | None = None) -> CommandKept:
    return CommandKept(
        command_id=row.id, device=row.device, command=row.command, parameters=parameters or row.parameters,
        issuer=row.issuer, issued=row.issued, expires=row.expires, status=STATUS[row.state], state=row.state, changed=row.changed,
        message=row.message, error_code=row.error_code, details=row.details,
    )  # fmt: skip


def given_elsewhere(live: Live, rows: list[LiveCommand]) -> dict[str, dict[str, Any]]:
    """By id, the parameters of commands of the queue, of an alarm, of the handset: an acknowledgment does not tell
    them, the site's journal does. What was given here lives for a while, and needs no look."""
    ours = [row for row in rows if row.process == live.process and not row.parameters and row.issued == row.expires]
    if not ours:
        return {}
    devices = {row.device for row in ours}
    try:
        found = astro.messaging.find_commands(
            live.site.state_folder, device=devices.pop() if len(devices) == 1 else "", limit=MOST_OF_JOURNAL
        )
    except astro.Error:  # there is none yet, or it is being written
        return {}
    wanted = {row.id for row in ours}
    return {each.id: each.parameters for each in found if each.id in wanted and isinstance(each.parameters, dict)}


Watcher = Annotated[Caller, Depends(needs(Right.watch))]
Operator = Annotated[Caller, Depends(needs(Right.operate))]
Observer = Annotated[Caller, Depends(needs(Right.observe))]


@router.get("/command-templates", responses=REFUSALS, dependencies=[Depends(needs(Right.watch, trusted=True))])
def command_templates(request: Request) -> CommandTemplates:
    """What may be commanded, with the parameters."""
    return CommandTemplates(command_templates=request.app.state.live.catalogue.templates(), last_updated=now())


@router.post(
    "/api/commands", status_code=202,
    responses={**REFUSALS, 404: {"model": Refusal}, 409: {"model": Refusal}, 503: {"model": Refusal}},
)  # fmt: skip
def give_command(asked: CommandAsked, caller: Operator, request: Request) -> CommandKept:
    """Hands a command to a device. What becomes of it comes over /ws as a command_result, and is kept."""
    try:
        return kept(request.app.state.live.commander.give(caller, asked.device, asked.command, asked.parameters))
    except Unknown as unknown:
        raise HTTPException(404, str(unknown)) from None
    except Unfit as unfit:
        raise HTTPException(422, [{"loc": ["body", "parameters"], "msg": str(unfit), "type": "value_error"}]) from None


@router.get("/api/commands", responses=REFUSALS)
def list_commands(
    caller: Watcher,
    request: Request,
    device: Annotated[str, Query(max_length=64, pattern=PRINTABLE)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CommandsKept:
    """The newest first."""
    asked = select(LiveCommand).order_by(LiveCommand.issued.desc(), LiveCommand.id.desc()).limit(limit)
    if device:
        asked = asked.where(LiveCommand.device == device)
    with request.app.state.database.reading() as session:
        rows = list(session.scalars(asked))
    journal = given_elsewhere(request.app.state.live, rows)
    return CommandsKept(commands=[kept(row, journal.get(row.id)) for row in rows])


@router.get("/api/commands/{command_id}", responses={**REFUSALS, 404: {"model": Refusal}})
def get_command(command_id: Annotated[str, Path(pattern=NUMBER)], caller: Watcher, request: Request) -> CommandKept:
    with request.app.state.database.reading() as session:
        row = session.get(LiveCommand, command_id)
    if row is None:
        raise HTTPException(404, f"there is no command {command_id}")
    return kept(row, given_elsewhere(request.app.state.live, [row]).get(row.id))


@router.post("/api/stop", responses=REFUSALS)
def stop_everything(caller: Observer, request: Request) -> Stopped:
    """Every device, at once, past queue and authority. Whoever is signed in as more than a guest may."""
    live = request.app.state.live
    live.site.stop_all()
    live.app.state.accounts.audit(caller, "stop", "every device", None)
    live.publish_message("notice", {"level": "warning", "message": f"{caller.name} stopped every device"})
    return Stopped(stopped=sorted(live.catalogue.commands))
