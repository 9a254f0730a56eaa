"""Writes outcomes back: at once when there are few, together when there are many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from smarter_connector.clock import Clock, sleep
from smarter_connector.exceptions import ConnectorError
from smarter_connector.stores.base import Outcome, Settled, Store

logger = logging.getLogger(__name__)

BATCH_MAX = 500
LINGER_SECONDS = 0.25
LINGER_UNTIL = 200
"""Under load an outcome waits for so many others, or so long: one call with 100 costs what ten with
one do, and each waits for the disk."""
RETRY_FIRST, RETRY_MAX = 0.2, 5.0  # seconds


class Settler:
    """Queue of outcomes of one tenant.

    ``busy()``: more is to come soon. ``done(outcomes, settled, unclear)`` is told of each batch.
    ``unclear``: the call was repeated after a failure, so what is reported as lost may have been
    settled by the first try. Nothing is dropped while the store is away.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        busy: Callable[[], bool],
        done: Callable[[Sequence[Outcome], Settled, bool], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._busy = busy
        self._done = done
        self._outcomes: list[Outcome] = []
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._closing = False

    def __len__(self) -> int:
        return len(self._outcomes)

    def add(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._some.set()
        if len(self._outcomes) >= LINGER_UNTIL or not self._busy():
            self._enough.set()

    def close(self) -> None:
        """Let :meth:`run` end when all is written."""
        self._closing = True
        self._some.set()
        self._enough.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            if not self._outcomes and self._closing:
                return
            if self._busy() and not self._closing:
                await self._linger()
            batch, self._outcomes = self._outcomes[:BATCH_MAX], self._outcomes[BATCH_MAX:]
            if not self._outcomes and not self._closing:
                self._some.clear()
                self._enough.clear()
            if batch:
                await self._write_safely(batch)

    async def _linger(self) -> None:
        timer = self._clock.call_later(LINGER_SECONDS, self._enough.set)
        await self._enough.wait()
        timer.cancel()

    async def _write_safely(self, batch: list[Outcome]) -> None:
        """A defect met with one outcome keeps neither the others nor the tenant from going on."""
        try:
            await self._write(batch)
        except Exception:
            logger.exception("outcomes of %d deliveries could not be written", len(batch))
            if len(batch) > 1:
                for outcome in batch:
                    await self._write_safely([outcome])
            else:  # delivered again when its lease is over
                self._done(batch, Settled(0), True)

    async def _write(self, batch: list[Outcome]) -> None:
        wait = RETRY_FIRST
        unclear = False
        while True:
            try:
                settled = await self._store.settle(batch)
            except ConnectorError as error:
                logger.warning("outcomes of %d deliveries wait: %s", len(batch), error)
                if self._closing:
                    logger.error("%d deliveries will be made again after their lease", len(batch))
                    return
                unclear = True
                await sleep(self._clock, wait)
                wait = min(wait * 2, RETRY_MAX)
            else:
                self._done(batch, settled, unclear)
                return
