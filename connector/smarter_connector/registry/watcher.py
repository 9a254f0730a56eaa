"""Follows the registry: hears of its changes, and keeps what it knows while it is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from smarter_connector.clock import Clock, sleep
from smarter_connector.registry.install import CHANNEL
from smarter_connector.registry.served import QUERY, Served, describe, served

logger = logging.getLogger(__name__)

RECONNECT_FIRST, RECONNECT_MAX = 0.5, 15.0
READ_SECONDS = 10.0
GATHER_SECONDS = 0.05
"""Changes that come together are read once."""


class Watcher:
    """Calls ``apply`` with the whole list at the start and whenever it may have changed.

    ``arguments`` as for ``psycopg.connect``. ``known`` is true once the list was read, ``problem``
    is empty while the registry answers.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        apply: Callable[[list[Served]], None],
        *,
        clock: Clock,
        reread: float = 30.0,
        told: Callable[[bool], None] = lambda up: None,
    ) -> None:
        self._arguments = dict(arguments)
        self._apply = apply
        self._clock = clock
        self._reread = reread
        self._told = told
        self.known = False
        self.problem = "the registry was not read yet"

    async def run(self) -> None:
        """Follow the registry until cancelled, connecting again whenever it is needed."""
        wait = RECONNECT_FIRST
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **self._arguments, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    await self._take(connection)
                    wait = RECONNECT_FIRST
                    await self._follow(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._away(describe(error))
            await sleep(self._clock, wait)
            wait = min(wait * 2, RECONNECT_MAX)

    async def _follow(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for _ in connection.notifies(timeout=self._reread, stop_after=1):
                pass
            async for _ in connection.notifies(timeout=GATHER_SECONDS):
                pass
            await self._take(connection)

    async def _take(self, connection: psycopg.AsyncConnection) -> None:
        async with asyncio.timeout(READ_SECONDS):
            rows = await (await connection.execute(QUERY)).fetchall()
        self._apply(served(rows))
        if self.problem:
            logger.info("the registry lists %d tenants", len(rows))
        self.known, self.problem = True, ""
        self._told(True)

    def _away(self, text: str) -> None:
        if text != self.problem:
            kept = "what was read last is kept" if self.known else "nothing of it is known yet"
            logger.error("%s; %s", text, kept)
        self.problem = text
        self._told(False)
