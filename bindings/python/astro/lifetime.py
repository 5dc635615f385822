# SPDX-License-Identifier: BSD-3-Clause
"""Closes what is open before the interpreter ends: afterwards no thread of libastro may call Python."""

import atexit
import weakref

from . import _astro

_open = weakref.WeakSet()


def remember(opened):
    """Has this observatory, node or client closed at the end."""
    _open.add(opened)


def close_all():
    """Closes every observatory, node and client of nodes that is open in this process."""
    for opened in list(_open):
        opened.close()


def _end():
    close_all()
    _astro._set_log_listener(None)
    _astro._interpreter_ends()


atexit.register(_end)
