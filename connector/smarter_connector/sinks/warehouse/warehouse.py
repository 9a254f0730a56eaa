"""One warehouse and its pool of connections, shared by all tenants that use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from smarter_connector.exceptions import ConfigurationError, ConnectorError, Rejected
from smarter_connector.sinks.warehouse import statements, writer
from smarter_connector.sinks.warehouse.errors import classify
from smarter_connector.sinks.warehouse.mapping import Row

POOL_SIZE = 4
WAIT_SECONDS = 10.0
TRANSACTION_SECONDS = 60.0

_LIMITS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    " -c timezone=UTC"
)
_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "smarter-connector",
}


class Warehouse:
    """Writes batches. ``acquire`` one for a DSN and ``release`` it; the last release closes it."""

    _open: dict[tuple[asyncio.AbstractEventLoop, str], Warehouse] = {}

    def __init__(self, dsn: str) -> None:
        self.users = 0
        self._dsn = dsn
        self._ruts: set[tuple[str, str]] = set()
        self._ready = asyncio.Lock()
        self._pool = AsyncConnectionPool(
            _conninfo(dsn),
            min_size=0,
            max_size=POOL_SIZE,
            timeout=WAIT_SECONDS,
            max_idle=60,
            reconnect_timeout=WAIT_SECONDS,
            kwargs={"autocommit": True},
            open=False,
        )

    @classmethod
    def acquire(cls, dsn: str) -> Warehouse:
        """The warehouse of this DSN in the running loop."""
        key = (asyncio.get_running_loop(), dsn)
        if key not in cls._open:
            cls._open[key] = cls(dsn)
        found = cls._open[key]
        found.users += 1
        return found

    async def release(self) -> None:
        self.users -= 1
        if self.users <= 0:
            self._open.pop((asyncio.get_running_loop(), self._dsn), None)
            await self._pool.close(timeout=WAIT_SECONDS)

    async def refused(self, tenant: str, ruts: Iterable[str]) -> dict[str, ConnectorError]:
        """Which of the companies the tenant may not write for, and why; new ones are entered.

        Raises a classed error when the warehouse cannot be asked.
        """
        unknown = sorted({(tenant, rut) for rut in ruts} - self._ruts)
        refused: dict[str, ConnectorError] = {}
        for owner, rut in unknown:
            try:
                answer = await self._register(owner, rut)
            except Rejected as error:  # a company without RUT, or with one that is none
                refused[rut] = error
                continue
            if answer == "ok":
                self._ruts.add((owner, rut))
            else:
                refused[rut] = _refusal(answer, owner, rut)
        return refused

    async def write(self, tenant: str, rows: Sequence[Row]) -> None:
        """Write the rows in one transaction. Raises a classed error; then nothing was written."""
        async with self.connection() as connection:
            await writer.write(connection, tenant, rows)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[writer.Connection]:
        """A connection of the pool, autocommit; what goes wrong is raised as a classed error."""
        try:
            async with asyncio.timeout(TRANSACTION_SECONDS):
                await self._opened()
                async with self._pool.connection() as connection:
                    yield connection
        except (psycopg.Error, TimeoutError) as error:
            if isinstance(error, psycopg.errors.ForeignKeyViolation):
                self._ruts.clear()  # removed by an administrator since it was entered
            raise classify(error) from error

    async def _register(self, tenant: str, rut: str) -> str:
        async with self.connection() as connection:
            cursor = await connection.execute(statements.REGISTER_RUT, [tenant, rut])
            row = await cursor.fetchone()
        return row[0] if row else ""

    async def _opened(self) -> None:
        async with self._ready:
            if self._pool.closed:
                await self._pool.open()


def _refusal(answer: str, tenant: str, rut: str) -> ConnectorError:
    if answer == "taken":
        message = f"RUT {rut} belongs to another tenant of the warehouse"
        return Rejected(message, status="foreign RUT", answer=message)
    message = f"tenant {tenant} is not entered in the warehouse: smarter-connector warehouse tenant"
    return ConfigurationError(message, status="no tenant", answer=message)


def _conninfo(dsn: str) -> str:
    try:
        options = f"{conninfo_to_dict(dsn).get('options') or ''} {_LIMITS}".strip()
    except psycopg.ProgrammingError:
        # The driver's message would quote the DSN, and with it the password.
        raise ConfigurationError("the warehouse's DSN cannot be read", status="dsn") from None
    return make_conninfo(dsn, options=options, **_NETWORK)
