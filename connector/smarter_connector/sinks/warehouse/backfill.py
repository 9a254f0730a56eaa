"""Rebuilding a tenant's warehouse from Odoo while it goes on being fed.

1. A test event draws the line: its version, read back from the warehouse, is older than anything
   captured from now on and newer than anything before.
2. Odoo captures all records again; each becomes an event above the line, with the record as it is.
3. When all of them have been delivered, a row still below the line has no record in Odoo any more.
   It becomes a tombstone *at* the line, so that no older event can bring it back.

Nothing is removed when the capture failed, or when any delivery became a dead letter meanwhile. A
table without a single confirmed row of a company is left alone there: more likely the subscription
does not carry its events than that all its records are gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smarter_connector.clock import Clock, sleep
from smarter_connector.exceptions import ConnectorError
from smarter_connector.sinks.warehouse.sweep import Line, find_line, sweep
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_connector.stores.base import Store

POLL_SECONDS = 1.0
#: The outbox says the age of its oldest open delivery by its own clock, to the second.
_MARGIN_SECONDS = 2.0


class NotRebuilt(ConnectorError):
    """The rebuild was given up; nothing was removed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``step``: mark, capture, deliver, sweep; records captured and deliveries open so far."""

    step: str
    captured: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``removed`` rows by table; ``unconfirmed`` tables with rows that were left alone."""

    captured: int
    removed: Mapping[str, int]
    unconfirmed: Mapping[str, int]


@dataclass
class Rebuild:
    """One rebuild of what a subscription carries. ``rut`` limits the removal to one company.

    The subscription must carry all companies (or the one of ``rut``), unfiltered, and a connector
    must be running. ``report`` is told of every step.
    """

    store: Store
    warehouse: Warehouse
    subscription: int
    clock: Clock
    rut: str | None = None
    timeout: float = 3600.0
    report: Callable[[Progress], None] = lambda _: None
    _until: float = field(default=0.0, init=False)
    _captured: int = field(default=0, init=False)

    async def run(self) -> Rebuilt:
        """Raises :class:`NotRebuilt`, and what the store and the warehouse raise."""
        self._until = self.clock.monotonic() + self.timeout
        dead = (await self._stats())["dead"]
        line = await self._draw_line()
        await self._capture()
        await self._delivered()
        if (await self._stats())["dead"] > dead:
            raise NotRebuilt("some events became dead letters: mend and replay them, then rebuild")
        self.report(Progress("sweep", self._captured))
        async with self.warehouse.connection() as connection:
            removed, unconfirmed = await sweep(connection, self.store.tenant.rut, line, self.rut)
        return Rebuilt(self._captured, removed, unconfirmed)

    async def _draw_line(self) -> Line:
        event_id = await self.store.send_test(self.subscription, "rebuild")

        async def arrived() -> Line | None:
            self.report(Progress("mark"))
            async with self.warehouse.connection() as connection:
                return await find_line(connection, event_id)

        return await self._wait(arrived, "the test event did not reach the warehouse")

    async def _capture(self) -> None:
        request = await self.store.backfill(self.subscription)

        async def captured() -> bool:
            found = await self.store.backfill_status(request)
            self._captured = found.get("captured") or 0
            self.report(Progress("capture", self._captured))
            if found.get("state") == "failed":
                raise NotRebuilt(f"Odoo could not capture the records: {found.get('error')}")
            return found.get("state") == "done"

        await self._wait(captured, "Odoo did not capture all records")

    async def _delivered(self) -> None:
        """Everything enqueued before now is through; what came later need not be."""
        since = self.clock.monotonic()

        async def delivered() -> bool:
            stats = await self._stats()
            open_ = stats["pending"] + stats["leased"]
            self.report(Progress("deliver", self._captured, open_))
            age = self.clock.monotonic() - since - _MARGIN_SECONDS
            return not open_ or (stats["oldest_seconds"] or 0) < age

        await self._wait(delivered, "not everything was delivered")

    async def _stats(self) -> Mapping[str, Any]:
        for stats in (await self.store.stats())["subscriptions"]:
            if stats["id"] == self.subscription:
                return stats
        raise NotRebuilt(f"there is no subscription {self.subscription}")

    async def _wait(self, question: Callable[[], Awaitable[Any]], problem: str) -> Any:
        while not (answer := await question()):
            if self.clock.monotonic() >= self._until:
                raise NotRebuilt(f"{problem} within {self.timeout:.0f} seconds")
            await sleep(self.clock, POLL_SECONDS)
        return answer
