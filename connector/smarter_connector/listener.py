"""Hears of commits: one LISTEN for all tenants, in the database where Odoo announces them.

What is missed while the connection is down is found by polling, and by a wake-up of every tenant
when it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import psycopg

from smarter_connector.clock import sleep
from smarter_connector.engine import Engine
from smarter_connector.exceptions import first_line
from smarter_domain.outbox import NOTIFY_CHANNEL

logger = logging.getLogger(__name__)

ALIVE_SECONDS = 30.0
"""How often a silent connection is asked whether it still stands."""
RECONNECT_FIRST, RECONNECT_MAX = 0.5, 15.0


class Listener:
    """Wakes the tenants of ``engine``. ``arguments`` as for ``psycopg.connect``."""

    def __init__(self, engine: Engine, arguments: Mapping[str, Any]) -> None:
        self._engine = engine
        self._arguments = dict(arguments)

    async def run(self) -> None:
        """Listen until cancelled, connecting again whenever it is needed."""
        shared, wait = self._engine.shared, RECONNECT_FIRST
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **self._arguments, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
                    shared.listening, wait = True, RECONNECT_FIRST
                    self._engine.wake_all()
                    await self._hear(connection)
            except (psycopg.Error, OSError) as error:
                logger.warning("commits are not announced, polling instead: %s", first_line(error))
            finally:
                shared.listening = False
            await sleep(shared.clock, wait)
            wait = min(wait * 2, RECONNECT_MAX)

    async def _hear(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for announcement in connection.notifies(timeout=ALIVE_SECONDS):
                self._engine.wake(announcement.payload)
            await connection.execute("SELECT 1")
