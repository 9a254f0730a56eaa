"""Proof, at the start and on demand, that our database role can do no more than it must."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial

import psycopg

from smarter_connector.exceptions import ConfigurationError, first_line
from smarter_connector.metrics import Metrics
from smarter_connector.provisioning import audit_role
from smarter_connector.registry.audit import audit_registry_role
from smarter_connector.registry.served import arguments, describe
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.postgres import connection_arguments

logger = logging.getLogger(__name__)

AUDITS_AT_ONCE = 4
CONNECT_SECONDS = 5
"""A connector that is told to stop waits for a connection that is being made here."""


def role_problem(settings: Settings, database: str) -> str:
    """What the role can do beyond the protocol, or cannot do of it; empty when all is well."""
    try:
        return _ask(settings, database)
    except psycopg.OperationalError as error:
        return first_line(error)


def registry_problem(settings: Settings) -> str:
    """What keeps the registry from being read, or what the role can do there beyond reading."""
    try:
        return _ask_registry(settings)
    except (ConfigurationError, psycopg.OperationalError) as error:
        return describe(error)


def _ask_registry(settings: Settings) -> str:
    """Raises ``psycopg.OperationalError`` when the registry cannot be reached."""
    try:
        with psycopg.connect(**arguments(settings)) as connection:
            return "; ".join(audit_registry_role(connection))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return describe(error)


def _ask(settings: Settings, database: str) -> str:
    """Raises ``psycopg.OperationalError`` when the database cannot be reached."""
    given = connection_arguments(settings, database) | {"connect_timeout": CONNECT_SECONDS}
    try:
        with psycopg.connect(**given) as connection:
            return "; ".join(audit_role(connection))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return first_line(error)


class Auditor:
    """Says loudly where the role is not as it must be; works in the background, for the block.

    Events are delivered all the same: a right too many is for an administrator to take away, and
    stopping a business's events would not take it away. ``may_ask`` says of a database whether it
    may be asked now (False: later) or is none of ours any more (None).
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        may_ask: Callable[[str], bool | None] = lambda database: True,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._may_ask = may_ask
        self._places = asyncio.Semaphore(AUDITS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Auditor:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def add(self, tenant: TenantSettings) -> None:
        self._spawn(self.audit(tenant))

    def add_registry(self) -> None:
        self._spawn(self.audit_registry())

    async def audit(self, tenant: TenantSettings) -> None:
        """Audit one database; it is asked again while it is away or must not be asked."""
        if tenant.store != "postgres":
            return
        ask = partial(_ask, self._settings, tenant.database)
        while (may := self._may_ask(tenant.database)) is not None:
            if may and await self._audit(tenant.database, ask):
                return
            await asyncio.sleep(self._settings.identity_seconds)

    async def audit_registry(self) -> None:
        """The same of the registry; its figure is labelled ``registry``."""
        ask = partial(_ask_registry, self._settings)
        while not await self._audit("registry", ask):
            await asyncio.sleep(self._settings.identity_seconds)

    async def _audit(self, place: str, ask: Callable[[], str]) -> bool:
        async with self._places:
            try:
                problem = await asyncio.to_thread(ask)
            except psycopg.OperationalError:
                logger.warning("the role of %s cannot be audited yet", place)
                return False
        self._metrics.role(place, not problem)
        if problem:
            logger.error("the role of %s is not safe: %s", place, problem)
        return True

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
