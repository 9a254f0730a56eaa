"""The leases a connector holds for one tenant: when they end, and how much hangs on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smarter_connector.clock import Clock
from smarter_connector.stores.base import Delivery

HOLD_MAX = 3600.0
"""Seconds for which a lease is extended. Whatever keeps it open then, another may try."""


@dataclass(slots=True)
class _Lease:
    since: float
    ends: float
    open: int


class LeaseBook:
    """Deadlines by the monotonic clock, counted from before the claim was asked for.

    So a lease is taken for over before the database thinks so, never after.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._leases: dict[str, _Lease] = {}

    def __len__(self) -> int:
        """Deliveries in hand: claimed and not yet settled."""
        return sum(lease.open for lease in self._leases.values())

    def add(self, deliveries: Iterable[Delivery], asked_at: float) -> None:
        for delivery in deliveries:
            lease = self._leases.get(delivery.lease)
            if lease is None:
                lease = self._leases[delivery.lease] = _Lease(asked_at, asked_at + self._seconds, 0)
            lease.open += 1

    def settled(self, leases: Iterable[str]) -> None:
        for name in leases:
            lease = self._leases.get(name)
            if lease is not None:
                lease.open -= 1
                if lease.open <= 0:
                    del self._leases[name]

    def valid(self, name: str) -> bool:
        """Whether there is time to send under this lease."""
        lease = self._leases.get(name)
        margin = self._seconds / 20
        return lease is not None and self._clock.monotonic() < lease.ends - margin

    def ending(self) -> list[str]:
        """Leases of which more than half is over, to be extended."""
        now = self._clock.monotonic()
        return [
            name
            for name, lease in self._leases.items()
            if lease.ends <= now + self._seconds / 2 and now - lease.since < HOLD_MAX
        ]

    def extended(self, names: Iterable[str], asked_at: float) -> None:
        for name in names:
            if name in self._leases:
                self._leases[name].ends = asked_at + self._seconds

    def drop(self, name: str) -> None:
        self._leases.pop(name, None)
