# SPDX-License-Identifier: BSD-3-Clause
"""Closes what is open before the interpreter ends: afterwards no thread of libastro may call Python."""

import atexit
import weakref

from . import _astro

_open = weakref.WeakSet()


def remember(observatory):
    """Has this observatory closed at the end."""
    _open.add(observatory)


def close_all():
    """Closes every observatory that is open in this process."""
    for observatory in list(_open):
        observatory.close()


def _end():
    close_all()
    _astro._set_log_listener(None)
    _astro._interpreter_ends()


atexit.register(_end)
