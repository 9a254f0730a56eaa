"""The outbox over PostgreSQL, as a role that may call the protocol and do nothing else."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson
import psycopg

from smarter_connector.exceptions import ConfigurationError, OutboxTooOld, StoreUnavailable
from smarter_connector.secrets import read_secret
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.base import Identity
from smarter_connector.stores.protocol import ProtocolStore
from smarter_domain.outbox import PROTOCOL_FUNCTIONS

QUERIES = {
    name: f"SELECT smarteros.{name}(%s::jsonb)::text".encode() for name in PROTOCOL_FUNCTIONS
}
_MISSING = (psycopg.errors.UndefinedFunction, psycopg.errors.InsufficientPrivilege)
GUARD_SECONDS = 5.0
"""How much longer than the server's own time-out a statement may take until the line is cut."""


def connection_arguments(settings: Settings, database: str) -> dict[str, Any]:
    """Arguments of ``psycopg.connect``. Raises ConfigurationError when the password is missing."""
    given = {
        "host": settings.pg_host,
        "port": settings.pg_port,
        "sslmode": settings.pg_sslmode,
        "password": read_secret(settings.pg_password_file) if settings.pg_password_file else None,
    }
    return {
        "dbname": database,
        "user": settings.pg_user,
        "application_name": "smarter-connector",
        "connect_timeout": max(2, int(settings.pg_timeout)),
        "options": f"-c statement_timeout={int(settings.pg_timeout * 1000)} -c jit=off",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,  # a line that is dead but not closed; milliseconds
        **{key: value for key, value in given.items() if value is not None},
    }


class ConnectionBudget:
    """How many connections stay open: the one unused for longest gives way to a new one.

    A connection that is in use is never closed, so the limit may be passed while all are.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: OrderedDict[PostgresStore, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def used(self, store: PostgresStore) -> None:
        self._open.move_to_end(store)

    def closed(self, store: PostgresStore) -> None:
        self._open.pop(store, None)

    async def opening(self, store: PostgresStore) -> None:
        self._open[store] = None
        idle = [one for one in self._open if one is not store and not one.busy]
        for other in idle[: max(0, len(self._open) - self._limit)]:
            await other.disconnect()


class PostgresStore(ProtocolStore):
    """One connection, opened when it is needed and verified each time it is."""

    def __init__(
        self, tenant: TenantSettings, arguments: Mapping[str, Any], budget: ConnectionBudget
    ) -> None:
        super().__init__(tenant)
        self._arguments = dict(arguments)
        self._timeout = float(arguments.get("connect_timeout", 30)) + GUARD_SECONDS
        self._budget = budget
        self._lock = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None

    @property
    def busy(self) -> bool:
        return self._lock.locked()

    async def call(self, function: str, argument: Any) -> Any:
        payload = orjson.dumps(argument).decode()
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout):
                    connection = self._connection or await self._connect()
                    self._budget.used(self)
                    return await _fetch(connection, function, payload)
            except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
                await self._drop_if_broken(isinstance(error, TimeoutError))
                raise StoreUnavailable(_summary(error), status="database") from error
            except psycopg.Error as error:
                kind = OutboxTooOld if isinstance(error, _MISSING) else ConfigurationError
                raise kind(
                    f"database {self.tenant.database}: smarteros.{function}: {_summary(error)}",
                    status="database",
                ) from error
            except asyncio.CancelledError:
                # The statement may still be running: nobody may use its connection again.
                await self._drop_if_broken(True)
                raise

    async def close(self) -> None:
        async with self._lock:
            await self.disconnect()

    async def disconnect(self) -> None:
        """Close the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        self._budget.closed(self)
        if connection is not None:
            await connection.close()

    async def _connect(self) -> psycopg.AsyncConnection:
        await self._budget.opening(self)
        try:
            connection = await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
        except BaseException:
            self._budget.closed(self)
            raise
        connection.prepare_threshold = 0
        self._connection = connection
        try:
            Identity.from_document(await _fetch(connection, "identity", "{}")).verify(self.tenant)
        except BaseException:
            await self.disconnect()
            raise
        return connection

    async def _drop_if_broken(self, surely: bool) -> None:
        if surely or (self._connection is not None and self._connection.closed):
            await self.disconnect()


async def _fetch(connection: psycopg.AsyncConnection, function: str, payload: str) -> Any:
    cursor = await connection.execute(QUERIES[function], (payload,))
    row = await cursor.fetchone()
    return orjson.loads(row[0]) if row and row[0] is not None else None


def _summary(error: BaseException) -> str:
    """The first line of what the driver says; the rest repeats it for each address tried."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "the database did not answer in time"
