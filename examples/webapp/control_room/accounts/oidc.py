# SPDX-License-Identifier: BSD-3-Clause
"""Signing in by OpenID Connect: authorization code with PKCE, state and nonce; a signed cookie keeps them meanwhile."""

import base64
import hashlib
import hmac
import logging
import secrets
import threading
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import jwt
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..settings import Settings
from ..texts import PlainText
from .answers import refusals
from .service import Accounts
from .sign_in import OurAccounts, is_name_taken, new_user, set_cookie
from .tables import User
from .tokens import Refused

COOKIE = "control_room_oidc"
PATH = "/api/auth/oidc"
SECONDS = 600
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # never HS256: its key would be the provider's public one
KEYS_KEPT_S = 3600.0
KEYS_AGAIN_S = 30.0  # not oftener, whatever names of keys come

log = logging.getLogger("control_room.oidc")

router = APIRouter(tags=["signing in"])


class Provider:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.issuer = settings.oidc_issuer.rstrip("/")
        self._lock = threading.Lock()
        self._found: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_at = -KEYS_KEPT_S

    @property
    def redirect_uri(self) -> str:
        return f"{self._settings.public_address}{PATH}/callback"

    def start(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = self._discover()["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def claims_for(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """What the provider says of who came back with this code."""
        secret = self._settings.oidc_client_secret
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.oidc_client_id,
        }
        if secret is not None:
            asked["client_secret"] = secret.get_secret_value()
        answer = httpx.post(self._discover()["token_endpoint"], data=asked, timeout=10)
        if answer.status_code != 200:
            raise Refused("the provider does not take its code")
        token = str(answer.json().get("id_token", ""))
        try:
            claims = jwt.decode(
                token,
                self._key(str(jwt.get_unverified_header(token).get("kid", ""))),
                algorithms=ALGORITHMS,
                audience=self._settings.oidc_client_id,
                issuer=self._discover()["issuer"],
                leeway=30,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError) as why:
            raise Refused(f"the provider's token does not hold ({type(why).__name__})") from why
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise Refused("the provider's token is for another sign-in")
        return claims

    def _discover(self) -> dict[str, Any]:
        with self._lock:
            if not self._found:
                answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=10)
                answer.raise_for_status()
                found = answer.json()
                if str(found["issuer"]).rstrip("/") != self.issuer:
                    raise ValueError(
                        f"{self.issuer} says that it is {found['issuer']}: correct the setting oidc_issuer"
                    )
                self._found = found
            return self._found

    def _key(self, id: str) -> jwt.PyJWK:
        """The provider's key of this name; asks anew when it has changed them."""
        address = self._discover()["jwks_uri"]
        with self._lock:
            age = time.monotonic() - self._keys_at
            if age > KEYS_KEPT_S or (id not in self._keys and age > KEYS_AGAIN_S):
                answer = httpx.get(address, timeout=10)
                answer.raise_for_status()
                kept = jwt.PyJWKSet.from_dict(answer.json()).keys
                self._keys = {key.key_id or "": key for key in kept if key.public_key_use in (None, "sig")}
                self._keys_at = time.monotonic()
            if id not in self._keys:
                raise Refused("the provider's token is signed by an unknown key")
            return self._keys[id]


def provider_of(request: Request) -> Provider:
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise HTTPException(404, "OpenID Connect is not set up here: see the setting `oidc_issuer`")
    return provider


@router.get(PATH, status_code=307, response_class=RedirectResponse, responses=refusals(404, 502))
def begin(request: Request, accounts: OurAccounts) -> RedirectResponse:
    """To the provider."""
    provider = provider_of(request)
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    try:
        address = provider.start(**kept)
    except (httpx.HTTPError, ValueError, KeyError) as why:
        log.error("the provider %s: %s", provider.issuer, why)
        raise HTTPException(502, "the provider does not answer as it should: try again, or sign in otherwise") from None
    answer = RedirectResponse(address, 307)
    # Lax: the provider's page sends the browser back here, which is another site's doing.
    answer.set_cookie(
        COOKIE,
        accounts.signer.token("oidc", SECONDS, **kept),
        max_age=SECONDS,
        path=PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get(
    f"{PATH}/callback",
    status_code=303,
    response_class=RedirectResponse,
    responses=refusals(400, 401, 403, 404, 409, 502),
)
def come_back(
    request: Request,
    accounts: OurAccounts,
    code: Annotated[PlainText, Query(max_length=4096)] = "",
    state: Annotated[PlainText, Query(max_length=256)] = "",
    error: Annotated[PlainText, Query(max_length=256)] = "",
) -> RedirectResponse:
    """From the provider; goes on to the page, which finds the refresh cookie."""
    provider = provider_of(request)
    try:
        kept = accounts.signer.claims("oidc", request.cookies.get(COOKIE, ""))
    except Refused:
        raise HTTPException(400, "this sign-in was not begun here, or took too long: begin again") from None
    if not hmac.compare_digest(state.encode(), str(kept["state"]).encode()):
        request.state.refused = "the answer to another sign-in"
        raise HTTPException(400, "this answers another sign-in: begin again")
    if error or not code:
        raise HTTPException(401, f"the provider did not sign you in: {error or 'it sent no code'}")
    try:
        claims = provider.claims_for(code, kept["verifier"], kept["nonce"])
    except Refused as why:
        request.state.refused = str(why)
        raise HTTPException(401, f"{why}: begin again") from None
    except (httpx.HTTPError, ValueError, KeyError) as why:
        log.error("the provider %s: %s", provider.issuer, type(why).__name__)
        raise HTTPException(502, "the provider does not answer as it should: try again, or sign in otherwise") from None
    return _sign_in(request, accounts, provider, claims)


def _sign_in(request: Request, accounts: Accounts, provider: Provider, claims: dict[str, Any]) -> RedirectResponse:
    answer = RedirectResponse("/welcome", 303)  # where the page looks for the cookie
    try:
        with accounts.database.session() as session:
            user = _find_or_make(session, accounts, f"{provider.issuer} {claims['sub']}"[:512], claims)
            if user.state == "disabled":
                raise HTTPException(403, "this account is disabled: ask an admin")
            id, refresh = accounts.begin_session(session, user)
            accounts.audit(accounts.caller_of_user(user, id), "sign in", user.username, {"by": "oidc"}, session=session)
    except IntegrityError:
        raise HTTPException(409, "somebody here has this e-mail already: sign in with the password") from None
    set_cookie(accounts, request, answer, refresh)
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
    return answer


def _find_or_make(session: Session, accounts: Accounts, provider_id: str, claims: dict[str, Any]) -> User:
    """By the provider's own name for the person. Never by the e-mail: it would give away who else has that address."""
    user = session.scalar(select(User).where(User.provider_id == provider_id))
    if user is not None:
        return user
    if accounts.settings.registration == "closed":
        raise HTTPException(403, "nobody registers here by himself: ask an admin")
    email = str(claims.get("email") or "")[:254] if claims.get("email_verified") is True else ""
    user = new_user(accounts, _free_name(session, claims), email or None)
    user.provider_id = provider_id
    session.add(user)
    session.flush()
    return user


def _free_name(session: Session, claims: dict[str, Any]) -> str:
    wanted = str(claims.get("preferred_username") or claims.get("email") or "").partition("@")[0]
    name = "".join(each for each in wanted if each.isascii() and (each.isalnum() or each in "._-")).lstrip("._-")[:30]
    name = name if len(name) >= 2 else "user"
    if not is_name_taken(session, name):
        return name
    return f"{name}-{secrets.token_hex(3)}"
