# SPDX-License-Identifier: BSD-3-Clause
"""Coming in and going out: register, log in, refresh, log out, change or reset a password."""

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..callers import Caller, Role, Way, caller_of
from ..database import now
from .answers import refusals
from .audit import address_of_request
from .limits import Limit, TooOften
from .models import (
    Guest,
    Login,
    PasswordChange,
    Registration,
    ResetConfirmation,
    ResetRequest,
    Tokens,
    UserOut,
    Ways,
)
from .passwords import hash_password, is_outdated, is_password
from .service import Accounts
from .tables import OldRefresh, OneTimeLink, SignIn, User
from .tokens import hash_of, new_token

COOKIE = "control_room_refresh"
COOKIE_PATH = "/api/auth"
RESET_MINUTES = 60
TAKEN = "this name or e-mail is taken: choose another, or sign in"

router = APIRouter(tags=["signing in"], prefix="/api/auth")


def signed_in(request: Request) -> Caller:
    """Whoever has signed in, also before a one-time password was changed; no key, which is for machines."""
    caller = caller_of(request)
    if caller.way != Way.session:
        raise HTTPException(401, "sign in", {"WWW-Authenticate": "Bearer"})
    return caller


signed_in.right = "signed in"  # type: ignore[attr-defined]

SignedIn = Annotated[Caller, Depends(signed_in)]


def accounts_of(request: Request) -> Accounts:
    return request.app.state.accounts


OurAccounts = Annotated[Accounts, Depends(accounts_of)]


def as_http(why: TooOften) -> HTTPException:
    return HTTPException(429, str(why), {"Retry-After": str(why.retry_after_s)})


def take(limit: Limit, who: str) -> None:
    try:
        limit.take(who)
    except TooOften as why:
        raise as_http(why) from None


def tokens_of(accounts: Accounts, request: Request, response: Response, user: User, id: str, refresh: str) -> Tokens:
    set_cookie(accounts, request, response, refresh)
    return Tokens(
        access_token=accounts.access_token(user, id),
        expires_in=int(accounts.settings.access_minutes * 60),
        user=UserOut.model_validate(user),
    )


def set_cookie(accounts: Accounts, request: Request, response: Response, refresh: str) -> None:
    response.set_cookie(
        COOKIE,
        refresh,
        max_age=int(accounts.settings.refresh_days * 86400),
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


@router.get("/ways", response_model=Ways, responses=refusals())
def ways(accounts: OurAccounts) -> Ways:
    settings = accounts.settings
    return Ways(
        registration=settings.registration,
        guests=settings.guests,
        oidc=bool(settings.oidc_issuer),
        oidc_name=settings.oidc_name,
        mail=accounts.mails.are_sent,
    )


@router.post("/register", status_code=201, response_model=UserOut, responses=refusals(403, 409))
def register(asked: Registration, accounts: OurAccounts) -> User:
    """At once an observer, or a guest until an admin admits, as the setting `registration` says."""
    if accounts.settings.registration == "closed":
        raise HTTPException(403, "nobody registers here by himself: ask an admin")
    take(accounts.new_accounts, address_of_request.get())
    user = new_user(accounts, asked.username, asked.email)
    user.password = hash_password(asked.password)
    try:
        with accounts.database.session() as session:
            if is_name_taken(session, user.username):
                raise HTTPException(409, TAKEN)
            session.add(user)
            session.flush()
            accounts.audit(accounts.caller_of_user(user), "register", user.username, session=session)
    except IntegrityError:
        raise HTTPException(409, TAKEN) from None
    return user


def is_name_taken(session: Session, name: str) -> bool:
    """Also by one that differs in its capitals alone: Admin would pass for admin."""
    return session.scalar(select(User.id).where(func.lower(User.username) == name.lower()).limit(1)) is not None


def new_user(accounts: Accounts, username: str, email: str | None) -> User:
    is_open = accounts.settings.registration == "open"
    role = Role.observer if is_open else Role.guest
    email = email.lower() if email else None
    state = "active" if is_open else "pending"
    return User(username=username, email=email, role=role.value, state=state, must_change_password=False)


@router.post("/login", response_model=Tokens, responses=refusals(401, 403))
def login(asked: Login, accounts: OurAccounts, request: Request, response: Response) -> Tokens:
    """By the name or the e-mail. The answer sets the cookie by which `refresh` goes on."""
    address = address_of_request.get()
    name = asked.username.strip()
    who = f"{address} {name.lower()}"
    try:
        accounts.failures.check(who)
        accounts.address_failures.check(address)
    except TooOften as why:
        raise as_http(why) from None
    with accounts.database.reading() as session:
        user = session.scalar(select(User).where(or_(User.username == name, User.email == name.lower())).limit(1))
    if not is_password(user.password if user else None, asked.password):
        for limit, key in ((accounts.failures, who), (accounts.address_failures, address)):
            take(limit, key)
        accounts.audit(Caller(name[:80], None, Way.nothing), "sign in", name, {"reason": "wrong"}, "refused")
        raise HTTPException(401, "the name or the password is wrong", {"WWW-Authenticate": "Bearer"})
    assert user is not None
    if user.state == "disabled":
        raise HTTPException(403, "this account is disabled: ask an admin")
    with accounts.database.session() as session:
        session.add(user)
        if user.password is not None and is_outdated(user.password):
            user.password = hash_password(asked.password)
        id, refresh = accounts.begin_session(session, user)
        accounts.audit(accounts.caller_of_user(user, id), "sign in", user.username, session=session)
    return tokens_of(accounts, request, response, user, id, refresh)


@router.post("/guest", response_model=Tokens, responses=refusals(403))
def come_as_guest(asked: Guest, accounts: OurAccounts, request: Request, response: Response) -> Tokens:
    """To watch, by a name alone. It is shown as a guest's, so that nobody passes for a user."""
    if not accounts.settings.guests:
        raise HTTPException(403, "there are no guests here: register, or ask an admin")
    take(accounts.new_accounts, address_of_request.get())
    with accounts.database.session() as session:
        user = User(
            username=f"{asked.username} (guest {secrets.token_hex(3)})",
            role=Role.guest.value,
            state="active",
            must_change_password=False,
        )
        session.add(user)
        session.flush()
        id, refresh = accounts.begin_session(session, user)
        accounts.audit(accounts.caller_of_user(user, id), "sign in", user.username, {"by": "guest"}, session=session)
    return tokens_of(accounts, request, response, user, id, refresh)


@router.post("/refresh", response_model=Tokens, responses=refusals(401, 409))
def refresh(accounts: OurAccounts, request: Request, response: Response) -> Tokens:
    """A new access token by the cookie, which is replaced. Who comes with a replaced one ends the whole session."""
    given = hash_of(request.cookies.get(COOKIE, ""))
    with accounts.database.session() as session:
        found = session.execute(
            select(SignIn, User)
            .join(User, User.id == SignIn.user_id)
            .where(SignIn.refresh == given)
            .with_for_update(of=SignIn)
        ).one_or_none()
        if found is not None and _is_good(*found):
            sign_in, user = found
            new = new_token()
            session.add(OldRefresh(refresh=given, sign_in_id=sign_in.id))
            sign_in.refresh = hash_of(new)
            sign_in.rotated_at = now()
            sign_in.expires_at = now() + timedelta(days=accounts.settings.refresh_days)
            user.last_seen_at = now()
            return tokens_of(accounts, request, response, user, sign_in.id, new)
    refuse_refresh(accounts, given)
    raise HTTPException(401, "the session has ended: sign in", {"WWW-Authenticate": "Bearer"})


def _is_good(sign_in: SignIn, user: User) -> bool:
    return sign_in.revoked_at is None and sign_in.expires_at > now() and user.state != "disabled"


def refuse_refresh(accounts: Accounts, given: str) -> None:
    """Sees whether a token was used before: two tabs at once are told to try again, later it is a copy."""
    with accounts.database.session() as session:
        found = session.execute(
            select(SignIn, User)
            .join(User, User.id == SignIn.user_id)
            .join(OldRefresh, OldRefresh.sign_in_id == SignIn.id)
            .where(OldRefresh.refresh == given, SignIn.revoked_at.is_(None))
        ).one_or_none()
        if found is None:
            return
        sign_in, user = found
        if now() - sign_in.rotated_at < timedelta(seconds=accounts.settings.refresh_leeway_s):
            raise HTTPException(
                409, "it was refreshed a moment ago: try again with the new cookie", {"Retry-After": "1"}
            )
        sign_in.revoked_at = now()
        details = {"reason": "an old refresh token came again: the session is ended"}
        accounts.audit(accounts.caller_of_user(user), "refresh", user.username, details, "refused", session=session)


@router.post("/logout", status_code=204, response_class=Response, responses=refusals(401))
def logout(accounts: OurAccounts, request: Request) -> Response:
    """Ends the session of the access token, or of the cookie; its tokens hold no more."""
    caller = caller_of(request)
    given = hash_of(request.cookies.get(COOKIE, ""))
    with accounts.database.session() as session:
        ended = session.scalars(
            update(SignIn)
            .where(or_(SignIn.id == (caller.session_id or "-"), SignIn.refresh == given), SignIn.revoked_at.is_(None))
            .values(revoked_at=now())
            .returning(SignIn.user_id)
        ).all()
        for user in session.scalars(select(User).where(User.id.in_(ended))):
            accounts.audit(accounts.caller_of_user(user), "sign out", user.username, session=session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="strict")
    return response


@router.get("/me", response_model=UserOut, responses=refusals(401))
def me(caller: SignedIn, accounts: OurAccounts) -> User:
    with accounts.database.reading() as session:
        return session.get_one(User, caller.user_id)


@router.post("/password", status_code=204, response_class=Response, responses=refusals(401, 403))
def change_password(asked: PasswordChange, caller: SignedIn, accounts: OurAccounts) -> Response:
    """Ends all other sessions of this user."""
    who = f"{address_of_request.get()} {caller.name.lower()}"
    try:
        accounts.failures.check(who)
    except TooOften as why:
        raise as_http(why) from None
    with accounts.database.reading() as session:
        user = session.get_one(User, caller.user_id)
    if not is_password(user.password, asked.old):
        take(accounts.failures, who)
        raise HTTPException(403, "the old password is wrong")
    if asked.old == asked.new:
        raise HTTPException(403, "the new password is the old one")
    with accounts.database.session() as session:
        _set_password(session, user.id, asked.new)
        accounts.end_sessions(session, user.id, but=caller.session_id)
        accounts.audit(caller, "change password", user.username, session=session)
    return Response(status_code=204)


def _set_password(session: Session, user_id: int, password: str) -> None:
    kept = {"password": hash_password(password), "must_change_password": False}
    session.execute(update(User).where(User.id == user_id).values(kept))
    session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user_id))


@router.post("/reset", status_code=202, response_class=Response, responses=refusals())
def ask_for_reset(asked: ResetRequest, accounts: OurAccounts) -> Response:
    """Sends a link by mail. The answer is the same whether somebody has this address or not."""
    take(accounts.new_accounts, address_of_request.get())
    if accounts.mails.are_sent:
        with accounts.database.session() as session:
            user = session.scalar(select(User).where(User.email == asked.email, User.state != "disabled"))
            if user is not None and user.email:
                token = new_token()
                until = now() + timedelta(minutes=RESET_MINUTES)
                session.add(OneTimeLink(hash=hash_of(token), user_id=user.id, expires_at=until))
                url = f"{accounts.settings.public_address}/reset#token={token}"  # what is behind # browsers send to nobody
                accounts.mails.send(
                    "password_reset", user.email, session=session, username=user.username, url=url,
                    until=f"{until:%Y-%m-%d %H:%M}",
                )  # fmt: skip
                accounts.audit(accounts.caller_of_user(user), "ask for a new password", user.username, session=session)
    return Response(status_code=202)


@router.post("/reset/confirm", status_code=204, response_class=Response, responses=refusals(400))
def confirm_reset(asked: ResetConfirmation, accounts: OurAccounts) -> Response:
    """Sets the password by the link of the mail, which works once; all sessions end."""
    take(accounts.new_accounts, address_of_request.get())
    with accounts.database.session() as session:
        user_id = session.scalar(
            delete(OneTimeLink)
            .where(OneTimeLink.hash == hash_of(asked.token), OneTimeLink.expires_at > now())
            .returning(OneTimeLink.user_id)
        )
        user = session.get(User, user_id) if user_id is not None else None
        if user is None or user.state == "disabled":
            raise HTTPException(400, "this link was used or has expired: ask for a new one")
        _set_password(session, user.id, asked.password)
        accounts.end_sessions(session, user.id)
        accounts.audit(accounts.caller_of_user(user), "reset password", user.username, session=session)
    return Response(status_code=204)
