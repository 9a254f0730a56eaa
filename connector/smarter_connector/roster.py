"""Brings the tenants of an engine in line with a list, while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from smarter_connector.engine import Engine
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry.served import Served
from smarter_connector.settings import TenantSettings
from smarter_connector.stores.base import Store

logger = logging.getLogger(__name__)


class Roster:
    """``make`` gives the store of a tenant; ``added`` is told of each that is served anew.

    Tenants that the engine has from elsewhere are left alone, unless the list names them too.
    """

    def __init__(
        self,
        engine: Engine,
        make: Callable[[TenantSettings], Store],
        added: Callable[[TenantSettings], None] = lambda tenant: None,
    ) -> None:
        self._engine = engine
        self._make = make
        self._added = added
        self._mine: set[str] = set()
        self._listed: tuple[Served, ...] = ()
        self._leaving: dict[str, asyncio.Task[None]] = {}

    def apply(self, listed: Iterable[Served]) -> None:
        """Add who is new, let go who is gone, and replace who became another.

        Who leaves finishes what is under way, in the background; a successor under the same name
        comes after it.
        """
        self._listed = tuple(listed)
        wanted = {item.tenant.database: item for item in self._listed}
        for database in self._mine - set(wanted):
            logger.info("tenant %s is no longer listed", database)
            self._let_go(database)
        for database, item in wanted.items():
            if database not in self._leaving:
                self._serve(database, item)

    async def close(self) -> None:
        """Wait for those who are leaving."""
        while self._leaving:
            await asyncio.wait(self._leaving.values())

    def _serve(self, database: str, item: Served) -> None:
        runner = self._engine.tenants.get(database)
        if runner is not None and runner.store.tenant != item.tenant:
            logger.warning("tenant %s is listed as another one now", database)
            self._let_go(database)
            return
        if runner is None:
            try:
                store = self._make(item.tenant)
            except ConfigurationError as error:
                logger.error("tenant %s cannot be served: %s", database, error)
                return
            store.webhooks_per_hour = item.webhooks_per_hour
            runner = self._engine.add(store)
            self._added(item.tenant)
        self._mine.add(database)
        runner.hold(item.hold)
        runner.allow(item.webhooks_per_hour)

    def _let_go(self, database: str) -> None:
        self._mine.discard(database)
        grace = self._engine.shared.settings.stop_seconds
        task = asyncio.create_task(self._engine.remove(database, grace))
        self._leaving[database] = task
        task.add_done_callback(lambda _: self._left(database))

    def _left(self, database: str) -> None:
        del self._leaving[database]
        again = [item for item in self._listed if item.tenant.database == database]
        for item in again:
            self._serve(database, item)
