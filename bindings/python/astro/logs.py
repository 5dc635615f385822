# SPDX-License-Identifier: BSD-3-Clause
"""libastro's log in Python's."""

from . import _astro

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def log_to_python(enabled=True):
    """Hands every line of libastro's log to the logger ``astro.SOURCE`` of Python's logging as well.

    Lines come from a thread of their own behind a queue, so that a slow handler delays no device; the
    record's ``astro_time`` is when the line was written.
    """
    if not enabled:
        _astro._set_log_listener(None)
        return
    import logging

    def forward(level, time, source, message):
        name = f"astro.{source}" if source else "astro"
        logging.getLogger(name).log(_LEVELS[str(level)], "%s", message, extra={"astro_time": time})

    _astro._set_log_listener(forward)
