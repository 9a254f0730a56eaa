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
    webhooks_held: str = ""


class Engine:
    """Runs every tenant until :meth:`stop`; tenants may come and go meanwhile.

    A tenant that is away or refused is tried again by itself and does not touch the others.
    """

    def __init__(self, stores: Iterable[Store], shared: Shared) -> None:
        self.shared = shared
        self.tenants: dict[str, TenantRunner] = {}
        self._running: dict[TenantRunner, asyncio.Task[None]] = {}
        self._leaving: set[TenantRunner] = set()
        self._stopping = False
        self._end: asyncio.Future[None] | None = None
        for store in stores:
            self.add(store)

    async def run(self) -> None:
        """Serve until :meth:`stop`. Raises what a tenant raised that it should have mended."""
        self._end = asyncio.get_running_loop().create_future()
        counting = asyncio.create_task(self._count())
        for tenant in self.tenants.values():
            self._start(tenant)
        self._end_if_done()
        try:
            await self._end
        finally:
            work = [counting, *self._running.values()]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def stop(self, grace: float) -> None:
        """Finish what is under way within ``grace`` seconds and release the rest.

        Calling it again with a shorter time breaks off at once.
        """
        self._stopping = True
        tenants = {*self.tenants.values(), *self._leaving}
        await asyncio.gather(*(tenant.stop(grace) for tenant in tenants))
        self._end_if_done()

    def add(self, store: Store) -> TenantRunner:
        """Serve one more tenant from now on. Its database must not be served already."""
        tenant = TenantRunner(store, self.shared)
        if tenant.name in self.tenants:
            raise ValueError(f"{tenant.name} is served already")
        self.tenants[tenant.name] = tenant
        if self._end is not None and not self._stopping:
            tenant.late = True
            self._start(tenant)
        return tenant

    async def remove(self, database: str, grace: float) -> None:
        """Serve it no longer; returns when what was under way ended, after ``grace`` at most."""
        tenant = self.tenants.pop(database)
        self._leaving.add(tenant)
        try:
            await tenant.stop(grace)
            task = self._running.get(tenant)
            if task is not None:
                await asyncio.wait([task])
        finally:
            self._leaving.discard(tenant)
        if database not in self.tenants:
            self.shared.metrics.gone(database)

    def _start(self, tenant: TenantRunner) -> None:
        task = self._running[tenant] = asyncio.create_task(tenant.run())
        task.add_done_callback(lambda task: self._ended(tenant, task))

    def _ended(self, tenant: TenantRunner, task: asyncio.Task[None]) -> None:
        self._running.pop(tenant, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._end is not None and not self._end.done():
            self._end.set_exception(error)
        self._end_if_done()

    def _end_if_done(self) -> None:
        done = self._stopping and not self._running
        if done and self._end is not None and not self._end.done():
            self._end.set_result(None)

    def wake(self, database: str) -> None:
        """Events were committed in this database; others' names are ignored."""
        tenant = self.tenants.get(database)
        if tenant is not None:
            tenant.wake()

    def wake_all(self) -> None:
        for tenant in self.tenants.values():
            tenant.wake()

    def may_ask(self, database: str) -> bool | None:
        """Whether its database may be asked at the moment; None when it is not served here."""
        tenant = self.tenants.get(database)
        return None if tenant is None else not tenant.held

    @property
    def ready(self) -> bool:
        """Every tenant was asked once and at least one is served; a refused one does not count.

        Who came later than the first ones is not waited for.
        """
        states = [tenant.state for tenant in self.tenants.values()]
        first = [tenant.state for tenant in self.tenants.values() if not tenant.late]
        return STARTING not in first and (not states or SERVING in states or HELD in states)

    def status(self) -> Sequence[TenantStatus]:
        return [
            TenantStatus(tenant.name, tenant.state, tenant.problem, _waiting(tenant))
            for tenant in self.tenants.values()
        ]

    async def _count(self) -> None:
        while True:
            for tenant in list(self.tenants.values()):
                if tenant.state in (SERVING, HELD) and not tenant.held:
                    await self._count_one(tenant)
                    await sleep(self.shared.clock, STATS_SPREAD)
            await sleep(self.shared.clock, STATS_SECONDS)

    async def _count_one(self, tenant: TenantRunner) -> None:
        try:
            self.shared.metrics.stats(tenant.name, await tenant.store.stats())
        except ConnectorError as error:
            logger.debug("%s cannot be counted, it is %s: %s", tenant.name, AWAY, error)


def _waiting(tenant: TenantRunner) -> str:
    if tenant.allowance is None:
        return ""
    return f"the plan's {tenant.allowance.limit} webhooks an hour are used up"
