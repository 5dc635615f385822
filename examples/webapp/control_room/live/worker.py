# SPDX-License-Identifier: BSD-3-Clause
"""A thread that does one thing again and again, as soon as it is woken and at least so often."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("control_room.live")


class Worker:
    def __init__(self, name: str, step: Callable[[], None], every_s: float) -> None:
        self._name, self._step, self._every_s = name, step, every_s
        self._woken, self._over = threading.Event(), False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        """After one last step."""
        self._over = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over:
            self._woken.wait(self._every_s)
            self._woken.clear()
            self._try()

    def _try(self) -> None:
        """A database that is away is waited for: one line when it goes, one when it is back."""
        try:
            self._step()
        except Exception as error:
            if str(error) != self._trouble:
                log.exception("%s: tries again", self._name)
            self._trouble = str(error)
        else:
            if self._trouble:
                log.info("%s goes on", self._name)
            self._trouble = ""
