# SPDX-License-Identifier: BSD-3-Clause
"""Users as an admin sees them, and keys for machines."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..callers import RIGHTS, Caller, Right, Role, Way, needs
from ..database import now
from .answers import refusals
from .models import Key, KeyRequest, NewKey, UserChange, UserOut
from .service import KEY_PREFIX
from .sign_in import OurAccounts
from .tables import ApiKey, SignIn, User
from .tokens import hash_of, new_token

router = APIRouter()

Admin = Annotated[Caller, Depends(needs(Right.administer))]
Owner = Annotated[Caller, Depends(needs(Right.observe))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/api/users", tags=["users"], response_model=list[UserOut], responses=refusals(401, 403))
def list_users(
    _: Admin,
    accounts: OurAccounts,
    state: Annotated[Literal["active", "pending", "disabled"] | None, Query()] = None,
) -> list[User]:
    wanted = select(User).where(User.deleted_at.is_(None)).order_by(User.id)
    if state:
        wanted = wanted.where(User.state == state)
    with accounts.database.reading() as session:
        return list(session.scalars(wanted))


@router.patch("/api/users/{id}", tags=["users"], response_model=UserOut, responses=refusals(401, 403, 404, 409))
def change_user(id: Id, asked: UserChange, caller: Admin, accounts: OurAccounts) -> User:
    """Admits (state active; without a role: as observer), disables, gives a role. It holds at once."""
    with accounts.database.session() as session:
        user = _find(session, id)
        before = {"role": user.role, "state": user.state}
        admitted = user.state == "pending" and asked.state == "active"
        role = asked.role or (Role.observer if admitted and user.role == Role.guest else None)
        if role is not None:
            user.role = role.value
        if asked.state is not None:
            user.state = asked.state
        _keep_an_admin(session, user)
        if user.state == "disabled":
            accounts.end_sessions(session, user.id)
        if admitted and user.email:
            accounts.mails.send("admitted", user.email, session=session, username=user.username, role=user.role)
        details = {"before": before, "after": {"role": user.role, "state": user.state}}
        accounts.audit(caller, "change user", user.username, details, session=session)
        return user


@router.delete(
    "/api/users/{id}", tags=["users"], status_code=204, response_class=Response, responses=refusals(401, 403, 404, 409)
)
def delete_user(id: Id, caller: Admin, accounts: OurAccounts) -> Response:
    """Name, address, sessions and keys go; what the user has observed stays."""
    with accounts.database.session() as session:
        user = _find(session, id)
        accounts.audit(caller, "delete user", user.username, {"id": id}, session=session)
        user.state = "disabled"
        _keep_an_admin(session, user)
        for table in (SignIn, ApiKey):
            session.execute(delete(table).where(table.user_id == id))
        user.username, user.email, user.password, user.provider_id = f"deleted {id}", None, None, None
        user.deleted_at = now()
    return Response(status_code=204)


def _find(session: Session, id: int) -> User:
    user = session.get(User, id, with_for_update=True)
    if user is None or user.deleted_at is not None:
        raise HTTPException(404, f"there is no user {id}")
    return user


def _keep_an_admin(session: Session, changed: User) -> None:
    session.flush()
    admins = select(func.count()).where(User.role == Role.admin, User.state == "active")
    if not session.scalar(admins):
        raise HTTPException(409, f"{changed.username} is the last admin: make another one first")


@router.get("/api/keys", tags=["keys"], response_model=list[Key], responses=refusals(401, 403))
def list_keys(caller: Owner, accounts: OurAccounts) -> list[ApiKey]:
    """One's own; an admin's list has everybody's."""
    wanted = select(ApiKey).order_by(ApiKey.id)
    if not caller.may(Right.administer):
        wanted = wanted.where(ApiKey.user_id == caller.user_id)
    with accounts.database.reading() as session:
        return list(session.scalars(wanted))


@router.post("/api/keys", tags=["keys"], status_code=201, response_model=NewKey, responses=refusals(401, 403, 409))
def make_key(asked: KeyRequest, caller: Owner, accounts: OurAccounts) -> NewKey:
    """For a service, or for one module. It may do what its role may, and never more than its owner."""
    if caller.way != Way.session or caller.user_id is None:
        raise HTTPException(403, "a key makes no keys: sign in")
    if not RIGHTS[asked.role] <= caller.rights:
        raise HTTPException(403, f"you may not give the role {asked.role}: you do not have all its rights")
    if asked.module and not caller.may(Right.operate):
        raise HTTPException(403, f"a module's key needs the right to {Right.operate}: what it posts counts as a device's")
    if asked.expires_at is not None and asked.expires_at <= now():
        raise HTTPException(409, "it would have expired already")
    secret = KEY_PREFIX + new_token()
    with accounts.database.session() as session:
        key = ApiKey(
            user_id=caller.user_id,
            name=asked.name,
            hash=hash_of(secret),
            role=asked.role.value,
            module=asked.module,
            expires_at=asked.expires_at,
        )
        session.add(key)
        session.flush()
        details = {"id": key.id, "role": key.role, "module": key.module}
        accounts.audit(caller, "make key", key.name, details, session=session)
    return NewKey(**Key.model_validate(key).model_dump(), key=secret)


@router.delete(
    "/api/keys/{id}", tags=["keys"], status_code=204, response_class=Response, responses=refusals(401, 403, 404)
)
def delete_key(id: Id, caller: Owner, accounts: OurAccounts) -> Response:
    with accounts.database.session() as session:
        key = session.get(ApiKey, id)
        if key is None or not (key.user_id == caller.user_id or caller.may(Right.administer)):
            raise HTTPException(404, f"there is no key {id}")
        session.delete(key)
        accounts.audit(caller, "delete key", key.name, {"id": id}, session=session)
    return Response(status_code=204)
