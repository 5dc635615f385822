# SPDX-License-Identifier: BSD-3-Clause
"""How often somebody may: buckets that fill with time. Each process counts for itself."""

import math
import threading
import time

MOST_KNOWN = 50_000


class TooOften(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"too often: try again in {math.ceil(seconds)} s")
        self.retry_after_s = max(1, math.ceil(seconds))


class Limit:
    """`times` at once, and as many again in `seconds`."""

    def __init__(self, times: float, seconds: float) -> None:
        self._times = float(times)
        self._seconds_each = seconds / times
        self._known: dict[str, tuple[float, float]] = {}  # by whom: what is left, and when that was so
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Takes one, or raises TooOften."""
        with self._lock:
            now = time.monotonic()
            left = self._left(who, now)
            if left < 1.0:
                raise TooOften((1.0 - left) * self._seconds_each)
            if len(self._known) >= MOST_KNOWN:
                self._forget(now)
            self._known[who] = (left - 1.0, now)

    def check(self, who: str) -> None:
        """Raises TooOften when none is left, and takes none."""
        with self._lock:
            left = self._left(who, time.monotonic())
        if left < 1.0:
            raise TooOften((1.0 - left) * self._seconds_each)

    def _left(self, who: str, now: float) -> float:
        left, since = self._known.get(who, (self._times, now))
        return min(self._times, left + (now - since) / self._seconds_each)

    def _forget(self, now: float) -> None:
        """Who has a full bucket again need not be known; if that is nobody, the half that came first goes."""
        self._known = {who: kept for who, kept in self._known.items() if self._left(who, now) < self._times}
        if len(self._known) >= MOST_KNOWN:
            self._known = dict(list(self._known.items())[MOST_KNOWN // 2 :])
