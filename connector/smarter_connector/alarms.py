"""Moments at which a tenant wants to be woken."""

from __future__ import annotations

from heapq import heappop, heappush

from smarter_connector.clock import Clock

ALARMS_MAX = 10_000
"""What comes beyond them is found by polling."""
MARGIN = 0.05
"""Seconds after which something is surely due by the database's clock too."""


class Alarms:
    """The earliest of many moments, by ``clock``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[float] = []

    def add(self, seconds: float) -> None:
        """Wake in ``seconds``."""
        if len(self._due) < ALARMS_MAX:
            heappush(self._due, self._clock.monotonic() + seconds)

    def next(self) -> float | None:
        """Seconds until the next one, margin included; None when there is none to come."""
        now = self._clock.monotonic()
        while self._due and self._due[0] <= now:
            heappop(self._due)
        return self._due[0] - now + MARGIN if self._due else None
