"""When to try again, as data: a schedule, decided in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smarter_connector.exceptions import ConnectorError, Rejected, Retryable
from smarter_connector.stores.base import OutcomeName


@dataclass(frozen=True, slots=True)
class Decision:
    """``retry_in`` in seconds, None when the delivery is dead."""

    outcome: OutcomeName
    retry_in: float | None = None


DEAD = Decision("dead")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits of up to ``schedule[n - 1]`` seconds after attempt n; after the last comes the end.

    The wait is drawn from the whole range ("full jitter"), so that what failed together does not
    come back together. A receiver that names a time (Retry-After) is never asked before it.
    """

    schedule: Sequence[float]
    retry_after_max: float
    random: Callable[[], float]

    def decide(self, attempt: int, error: ConnectorError) -> Decision:
        """``attempt`` counts from 1, the failed one included."""
        if isinstance(error, Rejected):
            return DEAD
        if attempt > len(self.schedule):
            return DEAD
        wait = self.schedule[max(attempt, 1) - 1] * self.random()
        asked = error.retry_after if isinstance(error, Retryable) else None
        if asked is not None:
            asked = min(max(asked, 0.0), self.retry_after_max)
            wait = max(wait, asked + min(5.0, asked / 10) * self.random())
        return Decision("retry", wait)
