"""Work on tenants: who holds one, how far it came, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from smarter_connector.registry.access import Access, as_json
from smarter_connector.registry.errors import (
    Busy,
    Conflict,
    InvalidRequest,
    LockLost,
    UnknownTenant,
)
from smarter_connector.registry.rows import HistoryRow, OperationRow, TenantRow
from smarter_domain.rut import Rut

_ERROR_MAX = 4000


@dataclass(frozen=True)
class Lock:
    """A tenant that is held for as long as the session lives that took it."""

    connection: psycopg.Connection
    key: str

    def check(self) -> None:
        """Raises :class:`LockLost` when the server ended the session: it may have been restarted,
        and another process may work on the tenant by now."""
        try:
            self.connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            raise LockLost(f"the lock on {self.key} was lost: run the command again") from error


class Operations(Access):
    """The part of the registry that holds locks, operations and the history."""

    def tenant(self, key: str | int) -> TenantRow:
        raise NotImplementedError

    @contextmanager
    def lock(self, key: str | int) -> Iterator[Lock]:
        """Hold the tenant for the block, against every other process of this registry.

        ``key`` as for :meth:`tenant`; a key that names no tenant is held as the text it is. Raises
        :class:`Busy` at once when another holds it. The server lets go when the process dies.
        Locks do not nest: a holder that asks again is refused too.
        """
        name = self._lock_name(key)
        with self._connect() as connection:
            connection.autocommit = True
            # A lock may be held for an hour with nothing said.
            connection.execute("SET idle_session_timeout = 0")
            query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
            if not connection.execute(query, [name]).fetchone()[0]:
                raise Busy(f"another process works on {ascii(key)[:80]}")
            yield Lock(connection, ascii(key)[:80])

    def begin(
        self, tenant_id: int, kind: str, data: Mapping[str, Any] | None = None
    ) -> OperationRow:
        """Open an operation. Raises :class:`Busy` when one of this kind is open already."""
        query = (
            "INSERT INTO registry.operation (tenant, kind, data) VALUES (%s, %s, %s) RETURNING *"
        )
        try:
            return self._operation(query, [tenant_id, kind, as_json(data or {})])
        except Conflict as error:
            raise Busy(f"the last {kind} of tenant {tenant_id} is not finished") from error

    def step(
        self, op: OperationRow | int, step: str, data: Mapping[str, Any] | None = None
    ) -> OperationRow:
        """Record that ``step`` is done; ``data`` is added to what is there."""
        query = (
            "UPDATE registry.operation SET step = %s, data = data || %s,"
            " updated_at = clock_timestamp() WHERE id = %s AND state = 'running' RETURNING *"
        )
        return self._operation(query, [step, as_json(data or {}), _id(op)])

    def finish(self, op: OperationRow | int, error: str | None = None) -> OperationRow:
        """Close it as done, or as failed with ``error``."""
        query = (
            "UPDATE registry.operation SET state = %s, error = %s, updated_at = clock_timestamp(),"
            " finished_at = clock_timestamp() WHERE id = %s AND state = 'running' RETURNING *"
        )
        state = "done" if error is None else "failed"
        return self._operation(query, [state, (error or "")[:_ERROR_MAX], _id(op)])

    def open_operation(self, tenant_id: int, kind: str | None = None) -> OperationRow | None:
        """The newest operation that is neither done nor failed; its process may be dead."""
        query = (
            "SELECT * FROM registry.operation WHERE tenant = %s AND state = 'running'"
            " AND (%s::text IS NULL OR kind = %s) ORDER BY id DESC LIMIT 1"
        )
        with self._work() as connection, _operations(connection) as cursor:
            return cursor.execute(query, [tenant_id, kind, kind]).fetchone()

    def operations(self, tenant_id: int, limit: int = 20) -> list[OperationRow]:
        """The last operations of a tenant, newest first."""
        query = "SELECT * FROM registry.operation WHERE tenant = %s ORDER BY id DESC LIMIT %s"
        with self._work() as connection, _operations(connection) as cursor:
            return cursor.execute(query, [tenant_id, limit]).fetchall()

    def note(self, tenant_id: int, event: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write a line of history alone. Raises :class:`UnknownTenant`."""
        self.tenant(tenant_id)
        with self._work() as connection:
            self._record(connection, tenant_id, event, detail or {})

    def history(self, tenant_id: int, limit: int = 100) -> list[HistoryRow]:
        """The last lines about a tenant, newest first."""
        query = "SELECT * FROM registry.history WHERE tenant = %s ORDER BY id DESC LIMIT %s"
        with (
            self._work() as connection,
            connection.cursor(row_factory=class_row(HistoryRow)) as cursor,
        ):
            return cursor.execute(query, [tenant_id, limit]).fetchall()

    def _operation(self, query: str, values: list[Any]) -> OperationRow:
        with self._work() as connection, _operations(connection) as cursor:
            row = cursor.execute(query, values).fetchone()
        if row is None:
            raise InvalidRequest("the operation is not open")
        return row

    def _lock_name(self, key: str | int) -> str:
        try:
            return f"smarteros.tenant:{self.tenant(key).id}"
        except UnknownTenant:
            text = str(key).strip()
            return f"smarteros.key:{Rut.parse(text).plain if Rut.is_valid(text) else text}"


def _operations(connection: psycopg.Connection) -> psycopg.Cursor[OperationRow]:
    return connection.cursor(row_factory=class_row(OperationRow))


def _id(op: OperationRow | int) -> int:
    return op if isinstance(op, int) else op.id
