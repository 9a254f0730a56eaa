"""Which database a host belongs to: the registry's view ``routing.route``, kept in memory.

The whole view is read at once. A flood of invented hosts then costs no query, and a registry that
is away leaves every tenant reachable, not only those somebody happened to visit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields

from .connections import Unavailable

_logger = logging.getLogger(__name__)

#: Seconds after which the view is read again, and for which it serves when it cannot be read.
FRESH = 1.0
STALE = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Route:
    """What this server needs of a row of the view, columns by name."""

    host: str
    database: str
    plan: str
    status: str
    maintenance: str | None
    release: str

    @property
    def active(self) -> bool:
        return self.status == "active"

    def runs_on(self, release: str) -> bool:
        """Whether a server of this release may serve it; one without a release serves all."""
        return not release or self.release == release


COLUMNS = ", ".join(column.name for column in fields(Route))
STATEMENT = f"SELECT {COLUMNS} FROM routing.route"  # pylint: disable=sql-injection


@dataclass(frozen=True)
class Snapshot:
    """The view at one moment; ``since`` is when each database was first seen here."""

    taken_at: float
    by_host: dict[str, Route] = field(default_factory=dict)
    by_database: dict[str, Route] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)


class Routes:
    """Read when older than ``fresh``, by one thread at a time; the others use what there is."""

    def __init__(
        self,
        fetch: Callable[[], Iterable[tuple]],
        clock: Callable[[], float] = time.monotonic,
        *,
        fresh: float = FRESH,
        stale: float = STALE,
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._fresh, self._stale = fresh, stale
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._due = clock()
        self._failing = False

    def of_host(self, host: str) -> Route | None:
        """The tenant of a host in lower case. Raises :class:`Unavailable`."""
        return self.snapshot().by_host.get(host)

    def of_database(self, database: str) -> Route | None:
        """One of the tenant's routes. Raises :class:`Unavailable`."""
        return self.snapshot().by_database.get(database)

    def served_for(self, database: str) -> float:
        """Seconds since this process first saw the tenant."""
        now = self._clock()
        return now - self.snapshot().since.get(database, now)

    def snapshot(self) -> Snapshot:
        """What is known. Raises :class:`Unavailable` when that is nothing, or too old."""
        if self._clock() >= self._due and self._lock.acquire(blocking=self._snapshot is None):
            try:
                if self._clock() >= self._due:
                    self._refresh()
            finally:
                self._lock.release()
        known = self._snapshot
        if known is None or self._clock() - known.taken_at > self._stale:
            raise Unavailable("the registry of tenants cannot be read")
        return known

    def _refresh(self) -> None:
        started = self._clock()
        try:
            routes = [Route(*row) for row in self._fetch()]
        except Unavailable as error:
            if not self._failing:
                _logger.error("The registry of tenants cannot be read: %s", error)
            self._failing = True
        else:
            if self._failing:
                _logger.info("The registry of tenants can be read again")
            self._failing = False
            self._snapshot = self._made_of(routes, started)
        self._due = self._clock() + self._fresh

    def _made_of(self, routes: list[Route], now: float) -> Snapshot:
        before = self._snapshot.since if self._snapshot else {}
        databases = {route.database: route for route in routes}
        return Snapshot(
            taken_at=now,
            by_host={route.host: route for route in routes},
            by_database=databases,
            since={name: before.get(name, now) for name in databases},
        )
