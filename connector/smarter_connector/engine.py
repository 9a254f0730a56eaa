"""All tenants of one process, side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smarter_connector.clock import sleep
from smarter_connector.exceptions import ConnectorError
from smarter_connector.shared import Shared
from smarter_connector.stores.base import Store
from smarter_connector.tenant import AWAY, HELD, SERVING, STARTING, TenantRunner

logger = logging.getLogger(__name__)

STATS_SECONDS = 30.0
STATS_SPREAD = 0.02
"""Pause between two tenants, so that a hundred of them are not counted at the same moment."""


@dataclass(frozen=True)
class TenantStatus:
    """What ``/ready`` and the CLI show of a tenant."""

    database: str
    state: str
    problem: str


class Engine:
    """Runs every tenant until :meth:`stop`.

    A tenant that is away or refused is tried again by itself and does not touch the others.
    """

    def __init__(self, stores: Iterable[Store], shared: Shared) -> None:
        self.shared = shared
        self.tenants = {store.tenant.database: TenantRunner(store, shared) for store in stores}

    async def run(self) -> None:
        counting = asyncio.create_task(self._count())
        try:
            await asyncio.gather(*(tenant.run() for tenant in self.tenants.values()))
        finally:
            counting.cancel()
            await asyncio.gather(counting, return_exceptions=True)

    async def stop(self, grace: float) -> None:
        """Finish what is under way within ``grace`` seconds and release the rest.

        Calling it again with a shorter time breaks off at once.
        """
        await asyncio.gather(*(tenant.stop(grace) for tenant in self.tenants.values()))

    def wake(self, database: str) -> None:
        """Events were committed in this database; others' names are ignored."""
        tenant = self.tenants.get(database)
        if tenant is not None:
            tenant.wake()

    def wake_all(self) -> None:
        for tenant in self.tenants.values():
            tenant.wake()

    @property
    def ready(self) -> bool:
        """Every tenant was asked once and at least one is served; a refused one does not count."""
        states = [tenant.state for tenant in self.tenants.values()]
        return STARTING not in states and (not states or SERVING in states or HELD in states)

    def status(self) -> Sequence[TenantStatus]:
        return [
            TenantStatus(tenant.name, tenant.state, tenant.problem)
            for tenant in self.tenants.values()
        ]

    async def _count(self) -> None:
        while True:
            for tenant in list(self.tenants.values()):
                if tenant.state in (SERVING, HELD):
                    await self._count_one(tenant)
                    await sleep(self.shared.clock, STATS_SPREAD)
            await sleep(self.shared.clock, STATS_SECONDS)

    async def _count_one(self, tenant: TenantRunner) -> None:
        try:
            self.shared.metrics.stats(tenant.name, await tenant.store.stats())
        except ConnectorError as error:
            logger.debug("%s cannot be counted, it is %s: %s", tenant.name, AWAY, error)
