"""A tenant's database at one moment: what is in it, held still for as long as it is copied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from smarter_connector.tenants.archive import FILE
from smarter_connector.tenants.platform import Platform

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_FILES = "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL ORDER BY 1"
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"
_UUID = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
_EPOCH = "SELECT epoch FROM smarter_outbox_state WHERE id = 1"


@dataclass(frozen=True)
class Snapshot:
    """``id`` lets another session, ``pg_dump``, see exactly this state. ``files`` are the stored
    files that it names; ``elsewhere`` counts those that lie in no filestore."""

    id: str
    uuid: str
    epoch: int
    rows: dict[str, int]
    files: tuple[str, ...]
    elsewhere: int
    extensions: tuple[str, ...]


@contextmanager
def snapshot(platform: Platform, database: str) -> Iterator[Snapshot]:
    """Nobody is kept from working meanwhile, but no file that the state names is thrown away:
    Odoo's collector of garbage wants a lock that conflicts with ours, and comes back later."""
    with platform.admin(database) as connection:
        connection.execute("SET lock_timeout = '60s'")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            if _exists(connection, "ir_attachment"):
                connection.execute("LOCK TABLE ir_attachment IN ROW EXCLUSIVE MODE")
            yield _read(connection)


def row_counts(connection: psycopg.Connection) -> dict[str, int]:
    """The rows of every table, extensions' own left out."""
    tables = connection.execute(_TABLES).fetchall()
    if not tables:
        return {}
    count = sql.SQL("SELECT {}, count(*) FROM {}")
    parts = [count.format(_name(*table), sql.Identifier(*table)) for table in tables]
    return dict(connection.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall())


def _read(connection: psycopg.Connection) -> Snapshot:
    files = _column(connection, _FILES) if _exists(connection, "ir_attachment") else []
    own = tuple(name for name in files if FILE.fullmatch(name))
    epoch = _column(connection, _EPOCH) if _exists(connection, "smarter_outbox_state") else []
    return Snapshot(
        id=_column(connection, "SELECT pg_export_snapshot()")[0],
        uuid=(_column(connection, _UUID) or [""])[0],
        epoch=(epoch or [0])[0],
        rows=row_counts(connection),
        files=own,
        elsewhere=len(files) - len(own),
        extensions=tuple(_column(connection, _EXTENSIONS)),
    )


def _name(schema: str, table: str) -> sql.Literal:
    return sql.Literal(table if schema == "public" else f"{schema}.{table}")


def _column(connection: psycopg.Connection, query: str) -> list:
    return [value for (value,) in connection.execute(query).fetchall()]


def _exists(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"]).fetchone()
    return row == (True,)
