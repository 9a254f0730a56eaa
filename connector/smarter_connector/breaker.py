"""A circuit breaker: a target that keeps failing is left alone for a while, then probed once."""

from __future__ import annotations

from smarter_connector.clock import Clock

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"


class Breaker:
    """Closed until ``failures`` in a row; then open for ``rest`` seconds, twice as long each time.

    ``rest`` is bounded by ``rest_max``. When it is over, one probe passes (half-open).
    """

    def __init__(self, clock: Clock, *, failures: int, rest: float, rest_max: float) -> None:
        self._clock = clock
        self._limit = failures
        self._first_rest = rest
        self._rest_max = rest_max
        self._rest = rest
        self._failed = 0
        self._until: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        if self._until is None:
            return CLOSED
        return OPEN if self._clock.monotonic() < self._until else HALF_OPEN

    @property
    def reopens_in(self) -> float | None:
        """Seconds until the next probe is due; None while closed or while one is under way."""
        if self._until is None or self._probing:
            return None
        return max(0.0, self._until - self._clock.monotonic())

    @property
    def closed(self) -> bool:
        return self._until is None

    def may_probe(self) -> bool:
        return self.state == HALF_OPEN and not self._probing

    def begin_probe(self) -> None:
        self._probing = True

    def end_probe(self) -> None:
        """None is under way: the next may begin."""
        self._probing = False

    def abandon_probe(self) -> None:
        """There was nothing to send: close, but let the next failure open it again."""
        self._probing = False
        self._until = None
        self._failed = self._limit - 1

    def succeeded(self) -> None:
        self._failed = 0
        self._rest = self._first_rest
        self._until = None
        self._probing = False

    def failed(self) -> bool:
        """Count a failure; returns True when the breaker opens by it."""
        self._failed += 1
        if self.closed and self._failed < self._limit:
            return False
        if self.state == OPEN:
            return False  # a request that was under way when it opened
        opened = self.closed
        self.rest(self._rest)
        self._rest = min(self._rest * 2, self._rest_max)
        return opened

    def rest(self, seconds: float) -> None:
        """Stay away for at least ``seconds``, as the receiver asked or as failures suggest."""
        until = self._clock.monotonic() + seconds
        self._until = max(until, self._until or until)
        self._probing = False
