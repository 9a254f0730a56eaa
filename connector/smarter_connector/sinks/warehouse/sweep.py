"""Burying what a rebuild did not confirm; :mod:`.backfill` says when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from smarter_connector.sinks.warehouse.naming import lock_names
from smarter_connector.sinks.warehouse.tables import TABLES, Table
from smarter_connector.sinks.warehouse.writer import Connection


@dataclass(frozen=True, slots=True)
class Line:
    """The version of the test event that divides the old from the confirmed."""

    epoch: int
    number: int
    event_id: str


_FIND_LINE = "SELECT epoch, number, event_id::text FROM wh.marks WHERE event_id = %s"
_OLD_MARKS = "DELETE FROM wh.marks WHERE tenant = %s AND received_at < now() - interval '30 days'"
_BELOW = """tenant = %(tenant)s AND NOT deleted AND (epoch, number) < (%(epoch)s, %(number)s)
    AND (%(rut)s::text IS NULL OR rut = %(rut)s)"""
_CONFIRMED = """rut IN (SELECT c.rut FROM {table} c WHERE c.tenant = %(tenant)s AND NOT c.deleted
    AND (c.epoch, c.number) > (%(epoch)s, %(number)s))"""
_BURY = f"""
UPDATE {{table}} SET {{values}}, deleted = true, epoch = %(epoch)s, number = %(number)s,
    event_id = %(event_id)s, event_time = now(), updated_at = now()
WHERE {_BELOW} AND {_CONFIRMED} RETURNING {{key}}"""
_LEFT = f"SELECT count(*) FROM {{table}} WHERE {_BELOW}"


async def find_line(connection: Connection, event_id: str) -> Line | None:
    """The line the test event drew, once it is in the warehouse."""
    cursor = await connection.execute(_FIND_LINE, [event_id])
    row = await cursor.fetchone()
    return Line(*row) if row else None


async def sweep(
    connection: Connection, tenant: str, line: Line, rut: str | None = None
) -> tuple[dict[str, int], dict[str, int]]:
    """Bury the rows below the line, all or none. Returns how many went and were left, by table."""
    removed: dict[str, int] = {}
    left: dict[str, int] = {}
    values = {
        "tenant": tenant,
        "rut": rut,
        "epoch": line.epoch,
        "number": line.number,
        "event_id": line.event_id,
    }
    async with connection.transaction():
        await lock_names(connection, tenant, TABLES)
        for table in TABLES.values():
            removed[table.name] = await _bury(connection, table, values)
            cursor = await connection.execute(_compose(_LEFT, table), values)
            left[table.name] = (await cursor.fetchone() or (0,))[0]
        await connection.execute(_OLD_MARKS, [tenant])
    return _positive(removed), _positive(left)


async def _bury(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    cursor = await connection.execute(_compose(_BURY, table), values)
    keys = [key for (key,) in await cursor.fetchall()]
    if table.lines and keys:
        statement = sql.SQL("DELETE FROM {} WHERE tenant = %s AND {} = ANY(%s)").format(
            sql.Identifier("wh", table.lines.name), sql.Identifier(table.key)
        )
        await connection.execute(statement, [values["tenant"], keys])
    return len(keys)


def _compose(statement: str, table: Table) -> sql.Composed:
    empty = [sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in table.columns]
    return sql.SQL(statement).format(
        table=sql.Identifier("wh", table.name),
        key=sql.Identifier(table.key),
        values=sql.SQL(", ").join(empty),
    )


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
