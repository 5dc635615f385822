# SPDX-License-Identifier: BSD-3-Clause
"""argon2id, with the library's parameters (RFC 9106, low memory): 64 MiB and some tens of milliseconds each."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher()
_nobody = _hasher.hash("whoever is not there takes as long as who is")
_at_once = threading.BoundedSemaphore(4)  # 64 MiB each: a crowd that signs in must not take the memory


def hash_password(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def is_password(kept: str | None, given: str) -> bool:
    """Takes as long when there is none: the time tells nobody who has an account."""
    try:
        with _at_once:
            return _hasher.verify(kept or _nobody, given) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    return _hasher.check_needs_rehash(kept)
