# SPDX-License-Identifier: BSD-3-Clause
"""Who is who: what the other parts and the routes ask of the accounts."""

import secrets
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from ..callers import NOBODY, RIGHTS, Caller, Right, Role, Way
from ..database import Database, now
from ..settings import Settings
from .audit import AuditLog
from .guard import any_holds
from .limits import Limit
from .mails import Mails
from .metrics import Metrics
from .passwords import hash_password
from .tables import ApiKey, OldRefresh, OneTimeLink, SignIn, User
from .tokens import Refused, Signer, hash_of, new_token

KEY_PREFIX = "cr_"
SEEN_EVERY = timedelta(minutes=1)  # `last_seen_at` is no finer: a write for each request would cost more than it tells
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class Accounts:
    def __init__(
        self, settings: Settings, database: Database, secret: bytes, audit: AuditLog, mails: Mails, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.database = database
        self.audit_log = audit
        self.audit = audit.add
        self.mails = mails
        self.metrics = metrics
        self.signer = Signer(secret)
        self._trusted = [ip_network(each, strict=False) for each in settings.trusted]
        self.failures = Limit(settings.attempts, 300.0)  # of a name from an address
        self.address_failures = Limit(10 * settings.attempts, 300.0)
        self.new_accounts = Limit(60, 3600.0)  # registrations, guests and resets of an address
        self.guest_requests = Limit(30, 3600.0)  # observations for who has no account, of an address

    # Who asks

    def identify(self, connection: HTTPConnection, *, is_open: bool = False) -> Caller:
        """`is_open`: a socket that was opened while its token held. The token may expire, its session may not end."""
        token = _token_of(connection)
        if not token:
            return NOBODY
        try:
            if token.startswith(KEY_PREFIX):
                return self._caller_of_key(token)
            return self._caller_of_access(token, is_open)
        except Refused as why:
            connection.state.refused = f"a token was sent: {why}"
            raise HTTPException(401, f"the token does not hold: {why}", {"WWW-Authenticate": "Bearer"}) from None

    def identify_trusted(self, connection: HTTPConnection) -> Caller | None:
        """By the address alone. Not through a proxy that we do not know, nor under a name that is none of ours: a page
        of another site could have brought the browser of somebody trusted here."""
        address = connection.client.host if connection.client else ""
        if getattr(connection.state, "forwarded_by", "") or not any_holds(self._trusted, address):
            return None
        host = _host_of(f"//{connection.headers.get('host', '')}")
        if host not in LOCAL_NAMES and host != _host_of(self.settings.public_address) and not _is_address(host):
            return None
        role = Role(self.settings.trusted_role)
        return Caller(name=f"trusted {address}", role=role, way=Way.trusted, rights=RIGHTS[role])

    def _caller_of_access(self, token: str, is_open: bool) -> Caller:
        claims = self.signer.claims("access", token, also_expired=is_open)
        with self.database.reading() as session:
            found = session.execute(
                select(User, SignIn).join(SignIn, SignIn.user_id == User.id).where(SignIn.id == str(claims.get("sid")))
            ).one_or_none()
        if found is None or found[1].revoked_at is not None or found[1].expires_at <= now():
            raise Refused("its session has ended")
        user = found[0]
        _refuse_disabled(user)
        self._seen(User, user.id, user.last_seen_at, User.last_seen_at)
        return self.caller_of_user(user, found[1].id)

    def _caller_of_key(self, token: str) -> Caller:
        with self.database.reading() as session:
            found = session.execute(
                select(ApiKey, User).join(User, User.id == ApiKey.user_id).where(ApiKey.hash == hash_of(token))
            ).one_or_none()
        if found is None:
            raise Refused("no such key")
        key, user = found
        if key.expires_at is not None and key.expires_at <= now():
            raise Refused("the key has expired")
        _refuse_disabled(user)
        self._seen(ApiKey, key.id, key.last_used_at, ApiKey.last_used_at)
        role = Role(key.role)
        return Caller(
            name=f"{user.username}/{key.name}"[:80],
            role=role,
            way=Way.key,
            user_id=user.id,
            email=user.email or "",
            # A key never outlives what its owner may.
            module=key.module if Right.operate in RIGHTS[Role(user.role)] else "",
            rights=RIGHTS[role] & RIGHTS[Role(user.role)],
        )

    def caller_of_user(self, user: User, session_id: str = "") -> Caller:
        role = Role(user.role)
        rights = frozenset() if user.must_change_password else RIGHTS[role]
        return Caller(user.username, role, Way.session, user.id, user.email or "", session_id, rights=rights)

    def _seen(self, table: Any, id: int, last: datetime | None, column: Any) -> None:
        if last is None or now() - last > SEEN_EVERY:
            with self.database.session() as session:
                session.execute(update(table).where(table.id == id).values({column: now()}))

    def user_mail(self, user_id: int) -> str:
        """The address of a user, or nothing."""
        with self.database.reading() as session:
            return session.scalar(select(User.email).where(User.id == user_id)) or ""

    # Links to files

    def sign(self, path: str, user_id: int, minutes: float | None = None) -> str:
        return self.signer.sign_path(path, user_id, 60.0 * (minutes or self.settings.link_minutes))

    def check_signed(self, request: Request) -> int:
        """The id of the user whose link this is; raises HTTPException (403)."""
        query = request.query_params
        try:
            user_id = self.signer.check_path(
                request.url.path, query.get("expires", ""), query.get("user", ""), query.get("signature", "")
            )
            with self.database.reading() as session:
                user = session.get(User, user_id)
            if user is None:
                raise Refused("its user is gone")
            _refuse_disabled(user)
        except Refused as why:
            request.state.refused = f"a link: {why}"
            raise HTTPException(403, f"this link does not hold: {why}; ask for a new one") from None
        return user_id

    # Sessions

    def begin_session(self, session: Session, user: User) -> tuple[str, str]:
        """The id of a new session and its first refresh token."""
        refresh = new_token()
        made = SignIn(
            id=secrets.token_hex(16),
            user_id=user.id,
            refresh=hash_of(refresh),
            expires_at=now() + timedelta(days=self.settings.refresh_days),
        )
        session.add(made)
        user.last_seen_at = now()
        return made.id, refresh

    def access_token(self, user: User, session_id: str) -> str:
        seconds = self.settings.access_minutes * 60
        return self.signer.token("access", seconds, sub=str(user.id), sid=session_id, jti=secrets.token_hex(8))

    def end_sessions(self, session: Session, user_id: int, but: str = "") -> None:
        session.execute(
            update(SignIn)
            .where(SignIn.user_id == user_id, SignIn.id != but, SignIn.revoked_at.is_(None))
            .values(revoked_at=now())
        )

    # First start, and what is swept out

    def add_first_admin(self) -> str | None:
        """The one-time password of the first admin, or nothing when there are users."""
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        try:
            with self.database.session() as session:
                if session.scalar(select(User.id).limit(1)) is not None:
                    return None
                session.add(
                    User(
                        username="admin",
                        password=hash_password(password),
                        role=Role.admin.value,
                        state="active",
                        must_change_password=True,
                    )
                )
        except IntegrityError:  # another instance was first
            return None
        return password

    def sweep(self) -> None:
        """Removes what is of no use any more."""
        with self.database.session() as session:
            gone = select(SignIn.id).where(
                or_(SignIn.expires_at < now(), SignIn.revoked_at < now() - timedelta(days=30))
            )
            session.execute(delete(OldRefresh).where(OldRefresh.sign_in_id.in_(gone)))
            session.execute(delete(SignIn).where(SignIn.id.in_(gone)))
            session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < now()))
            self.mails.sweep(session)


def _refuse_disabled(user: User) -> None:
    if user.state == "disabled":
        raise Refused("the account is disabled")


def _token_of(connection: HTTPConnection) -> str:
    """From the header of a key, from Authorization, or, as a browser's socket can say no header, a subprotocol."""
    key = connection.headers.get("x-api-key")
    if key:
        return key if key.startswith(KEY_PREFIX) else KEY_PREFIX + "none"
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip() or KEY_PREFIX + "none"
    if connection.scope["type"] == "websocket":
        for protocol in connection.scope.get("subprotocols", ()):
            if protocol.startswith("bearer."):
                return protocol.removeprefix("bearer.")
    return ""


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # half of an IPv6 address
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_network(host)
    except ValueError:
        return False
    return True
