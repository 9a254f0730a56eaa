"""Counting attempts and calls: in the registry's database, shared by all workers of all servers.

When the registry is away, each process counts for itself. Refusing everybody then would let an
outage of a counter lock all users out; not counting would make it an invitation to guess
passwords. Counting alone keeps the limits, multiplied by the number of processes.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .connections import Connections, Unavailable

_logger = logging.getLogger(__name__)

#: Seconds for which the registry is not asked again after it failed.
REST = 5.0
#: Keys one process counts by itself; when there are more, it starts again.
MOST_KEYS = 100_000


def key_of(*parts: object) -> str:
    """A key that shows nobody which login or address is counted."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def rest_of_window(seconds: int, now: float | None = None) -> int:
    """Seconds until the present window of that length ends, at least one."""
    moment = time.time() if now is None else now
    return max(1, int(seconds - moment % seconds))


@dataclass
class OwnCounters:
    """Counters of one process; windows begin where the registry's would."""

    clock: Callable[[], float] = time.time
    _counts: dict[tuple[str, str, int], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hit(self, bucket: str, key: str, seconds: int) -> int:
        place = self._place(bucket, key, seconds)
        with self._lock:
            if len(self._counts) >= MOST_KEYS:
                self._counts.clear()
            self._counts[place] = self._counts.get(place, 0) + 1
            return self._counts[place]

    def count(self, bucket: str, key: str, seconds: int) -> int:
        return self._counts.get(self._place(bucket, key, seconds), 0)

    def forget(self, bucket: str, key: str) -> None:
        with self._lock:
            for place in [place for place in self._counts if place[:2] == (bucket, key)]:
                del self._counts[place]

    def _place(self, bucket: str, key: str, seconds: int) -> tuple[str, str, int]:
        return bucket, key, int(self.clock() // seconds)


class Counters:
    """``hit`` and ``count`` return how many there are in the present window of ``seconds``."""

    def __init__(
        self, connections: Connections, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connections, self._clock = connections, clock
        self._own = OwnCounters()
        self._resting_until = clock()

    def hit(self, bucket: str, key: str, seconds: int) -> int:
        found = self._ask("SELECT routing.hit(%s, %s, %s)", (bucket, key, seconds))
        return self._own.hit(bucket, key, seconds) if found is None else found

    def count(self, bucket: str, key: str, seconds: int) -> int:
        found = self._ask("SELECT routing.count(%s, %s, %s)", (bucket, key, seconds))
        return self._own.count(bucket, key, seconds) if found is None else found

    def forget(self, bucket: str, key: str) -> None:
        self._own.forget(bucket, key)
        self._ask("SELECT routing.forget(%s, %s)", (bucket, key))

    def _ask(self, statement: str, parameters: tuple) -> int | None:
        """The registry's answer; None when it is away and this process must count by itself."""
        if self._clock() < self._resting_until:
            return None
        try:
            return self._connections.query(statement, parameters)[0][0]
        except Unavailable as error:
            _logger.warning("Counters are kept by this process alone: %s", error)
            self._resting_until = self._clock() + REST
            return None
