# SPDX-License-Identifier: BSD-3-Clause
"""What this process logs: on stderr as libastro does, and the newest lines, libastro's among them, for the page."""

import copy
import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import astro
from uvicorn.config import LOGGING_CONFIG

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
OURS = ("astro", "control_room")


class _Line(logging.Formatter):
    """As libastro writes its own: time in UTC, level, source, message."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(level)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.level = record.levelname.lower()
        return super().formatMessage(record)


def log_config(level: str) -> dict[str, Any]:
    """uvicorn's, with the control room's own lines beside its; libastro writes its lines itself."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["control_room"] = {"()": _Line}
    config["handlers"]["control_room"] = {"class": "logging.StreamHandler", "formatter": "control_room"}
    config["loggers"]["control_room"] = {"handlers": ["control_room"], "level": level.upper(), "propagate": False}
    return config


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
