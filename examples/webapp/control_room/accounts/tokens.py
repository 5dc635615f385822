# SPDX-License-Identifier: BSD-3-Clause
"""Access tokens, random tokens and signed links: all from one secret, a key of its own for each purpose."""

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from ..settings import Settings, WrongSetting

LEAST_SECRET = 32


class Refused(Exception):
    """A token that does not hold: forged, expired, or for something else."""


def kept_secret(settings: Settings) -> bytes:
    """The one that is set, else the one in the folder, which the first start makes."""
    if settings.secret is not None:
        given = settings.secret.get_secret_value().encode()
        if len(given) < LEAST_SECRET:
            raise WrongSetting(f"CONTROL_ROOM_SECRET has {len(given)} bytes: give {LEAST_SECRET} or more, by chance")
        return given
    file = Path(settings.folder) / "secret"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    found = file.read_bytes().strip()
    if len(found) < LEAST_SECRET:
        raise WrongSetting(f"{file} is too short to sign with: remove it, and everybody signs in anew")
    return found


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """As it is kept. A plain hash does for what has 256 bits of chance in it."""
    return hashlib.sha256(token.encode()).hexdigest()


class Signer:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _key(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def token(self, purpose: str, seconds: float, **claims: Any) -> str:
        issued = time.time()
        return jwt.encode(
            {**claims, "aud": purpose, "iat": int(issued), "exp": int(issued + seconds)},
            self._key(purpose),
            algorithm="HS256",
        )

    def claims(self, purpose: str, token: str, *, also_expired: bool = False) -> dict[str, Any]:
        options = {"require": ["exp", "aud"], "verify_exp": not also_expired}
        try:
            return jwt.decode(token, self._key(purpose), algorithms=["HS256"], audience=purpose, options=options)
        except jwt.ExpiredSignatureError as why:
            raise Refused("it has expired") from why
        except jwt.PyJWTError as why:
            raise Refused("it is not one of ours") from why

    def sign_path(self, path: str, user_id: int, seconds: float) -> str:
        """A link to `path` that works without signing in until it expires."""
        expires = int(time.time() + seconds)
        query = {"expires": expires, "user": user_id, "signature": self._signature(path, expires, user_id)}
        return f"{quote(path)}?{urlencode(query)}"

    def check_path(self, path: str, expires: str, user: str, signature: str) -> int:
        """The id of the user who was given the link."""
        if not (expires.isascii() and expires.isdigit() and user.isascii() and user.isdigit() and len(expires) < 16):
            raise Refused("it is not one of ours")
        if not hmac.compare_digest(signature.encode(), self._signature(path, int(expires), int(user)).encode()):
            raise Refused("it is not one of ours")
        if int(expires) < time.time():
            raise Refused("it has expired")
        return int(user)

    def _signature(self, path: str, expires: int, user_id: int) -> str:
        return hmac.new(self._key("link"), f"{expires}\n{user_id}\n{path}".encode(), "sha256").hexdigest()
