# SPDX-License-Identifier: BSD-3-Clause
"""The newest lines of this process's log, libastro's among them."""

import logging
from collections import deque
from datetime import UTC, datetime
from typing import Any

import astro

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
OURS = ("astro", "control_room")


class Lines(logging.Handler):
    def __init__(self, most: int = 2000) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[dict[str, Any]] = deque(maxlen=most)

    def start(self) -> None:
        astro.log_to_python()
        for name in OURS:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            if logger.getEffectiveLevel() > logging.INFO:
                logger.setLevel(logging.INFO)

    def close(self) -> None:
        astro.log_to_python(False)
        for name in OURS:
            logging.getLogger(name).removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        written: astro.Time | None = getattr(record, "astro_time", None)
        self._lines.append(
            {
                "time": written.datetime if written else datetime.fromtimestamp(record.created, UTC),
                "level": "error" if record.levelno >= 40 else record.levelname.lower(),
                "source": record.name.removeprefix("astro."),
                "message": record.getMessage(),
            }
        )

    def newest(self, level: str, limit: int) -> list[dict[str, Any]]:
        """Newest first, of this level and above."""
        least = LEVELS[level]
        found = [line for line in reversed(list(self._lines)) if LEVELS.get(line["level"], 20) >= least]
        return found[:limit]
