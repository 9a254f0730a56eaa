"""Bounded memory and rate windows for the sandbox."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(OrderedDict[K, V], Generic[K, V]):
    """A dictionary that drops its oldest entry when it would grow beyond ``limit``."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.dropped = 0

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self.limit:
            self.popitem(last=False)
            self.dropped += 1


class Window:
    """Counts calls in fixed windows of ``period`` seconds, as Rack::Attack does."""

    def __init__(self, limit: int, period: float, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self.period = period
        self._monotonic = monotonic
        self._start = -math.inf
        self._count = 0

    def wait(self) -> float:
        """Count one call; 0 when it is allowed, else the seconds until the window ends."""
        now = self._monotonic()
        if now - self._start >= self.period:
            self._start, self._count = now, 0
        self._count += 1
        return 0.0 if self._count <= self.limit else self._start + self.period - now
